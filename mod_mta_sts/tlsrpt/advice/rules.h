/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_RULES_H
#define TLSRPT_ADVICE_RULES_H

#include "tlsrpt/report/result_type.h"

/* The table of explanations of failures. tlsrpt/advice/explain.h applies it. */

/* The party that can fix the cause of a failure. */
typedef enum tlsrpt_owner {
    TLSRPT_OWNER_POLICY_HOST, /* the web server of mta-sts.DOMAIN: this httpd */
    TLSRPT_OWNER_MX,          /* the receiving mail server */
    TLSRPT_OWNER_PROVIDER,    /* the receiving mail server, if a mail provider runs it
                                 (core/policy/provider.h) */
    TLSRPT_OWNER_DNS,         /* the DNS zone of the domain or of its MX hosts */
    TLSRPT_OWNER_SENDER,      /* probably the sender, or the network between it and this server */
    TLSRPT_OWNER_UNKNOWN,     /* the report does not specify enough */
} tlsrpt_owner;

#define TLSRPT_ANY_TYPE (-1)

/* One rule. In its texts, {domain}, {mx} and {type} are replaced. */
typedef struct tlsrpt_rule {
    int result_type;         /* tlsrpt_result_type, or TLSRPT_ANY_TYPE */
    const char *policy_type; /* NULL: any */
    const char *hint;        /* one of these strings, separated by "|", must occur in the reason;
                                NULL: the reason does not matter. Numbers match only as a whole:
                                "404" does not occur in "14041", nor "num=9" in "num=90" */
    const char *cause;       /* stable id; NULL: the id of the result type */
    tlsrpt_owner owner;
    const char *what;     /* what happened: sentences */
    const char *action;   /* what to do: sentences */
    const char *command;  /* shows the current state, or fixes it */
    int may_be_at_sender; /* see tlsrpt_explanation */
} tlsrpt_rule;

/* The first rule that matches a failure explains it, so rules with a hint precede those without.
 * The last rule matches everything. */
extern const tlsrpt_rule tlsrpt_rules[];

/* For an MX host that the policy in the report does not cover. */
extern const tlsrpt_rule tlsrpt_rule_not_covered;

/* For failed sessions without details. */
extern const tlsrpt_rule tlsrpt_rule_no_details;

#endif

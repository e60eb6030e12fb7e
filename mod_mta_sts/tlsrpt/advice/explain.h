/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_EXPLAIN_H
#define TLSRPT_ADVICE_EXPLAIN_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "tlsrpt/advice/rules.h"
#include "tlsrpt/summary/summary.h"

/*
 * What a failure in a TLS report means, in plain language: what happened, which party can fix it,
 * and how. `mta-sts report`, `mta-sts ready` and the status page all use these texts.
 *
 * From the report itself, only host names and an unknown result type get into a text: invalid host
 * names are left out, so that a command can be pasted into a shell; an unknown type is quoted and
 * escaped for a terminal (core/base/text.h). For HTML, the texts still have to be escaped.
 */

/* "policy-host", "mx", "mail-provider", "dns", "sender" or "unknown", for programs. */
const char *tlsrpt_owner_name(tlsrpt_owner owner);

/* For people: "your policy host (the web server)", "your mail server (MX)", ... */
const char *tlsrpt_owner_text(tlsrpt_owner owner);

/* What a report contains about a failure. A member that is not specified is NULL. */
typedef struct tlsrpt_facts {
    const char *result_type;            /* as sent */
    const char *policy_type;            /* "sts", "tlsa", "no-policy-found" */
    const char *reason;                 /* failure-reason-code, as sent */
    const char *domain;                 /* policy domain */
    const char *mx;                     /* receiving-mx-hostname */
    const char *ip;                     /* receiving-ip */
    const apr_array_header_t *policies; /* of const char *: the MTA-STS policies that the senders
                                           applied, the lines of policy-string joined by LF */
} tlsrpt_facts;

typedef struct tlsrpt_explanation {
    const char *cause; /* stable id: "certificate-expired"; a string constant */
    tlsrpt_owner owner;
    const char *what;     /* what happened: sentences */
    const char *action;   /* what to do: sentences */
    const char *command;  /* shows the current state, or fixes it; NULL if there is none */
    int may_be_at_sender; /* whether, if only one sender reports the failure, the cause is probably
                             at that sender or in the network between it and this server */
} tlsrpt_explanation;

/*
 * Explains a failure by its result type, or by its reason if that is more specific ("404",
 * X509_V_ERR_CERT_HAS_EXPIRED, MX_HOSTS_MISMATCH), or by the fact that the policy in the report
 * does not cover the MX host, if no more specific cause is known.
 *
 * @param p pool of the texts; facts are borrowed
 * @return never NULL; cause "unknown" for a type that is not registered
 */
const tlsrpt_explanation *tlsrpt_explain(apr_pool_t *p, const tlsrpt_facts *facts);

/*
 * Explains failures that were added up: one explanation for each distinct cause that their reasons
 * reveal, or if there is none, the explanation of the result type.
 *
 * @param p      pool of the list
 * @param domain policy domain
 * @return of const tlsrpt_explanation *, never empty
 */
apr_array_header_t *tlsrpt_explain_cause(apr_pool_t *p, const char *domain,
                                         const tlsrpt_cause *cause);

/* Explains failed sessions without details. */
const tlsrpt_explanation *tlsrpt_explain_no_details(apr_pool_t *p, const char *domain);

/*
 * Says for people where the cause of a failure is: probably at the sender, if that is possible and
 * no other sender reports it.
 *
 * @param p      pool of the text
 * @param others number of senders without failures (tlsrpt_others_without_failure)
 */
const char *tlsrpt_where_text(apr_pool_t *p, const tlsrpt_explanation *explanation, int others);

/*
 * The type of policy that failed, to be appended to its result type and MX host: ", under DANE"; ""
 * for MTA-STS, and if it is not specified.
 *
 * @param p           pool of the text
 * @param policy_type as sent; an unknown one is quoted and escaped for a terminal
 */
const char *tlsrpt_policy_type_text(apr_pool_t *p, const char *policy_type);

/* " (300 by the details of the failures)" if these contain more failed sessions than the totals;
 * else "". Allocated from p. */
const char *tlsrpt_detailed_text(apr_pool_t *p, apr_int64_t failed, apr_int64_t detailed);

#endif

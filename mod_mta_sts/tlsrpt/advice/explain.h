/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_EXPLAIN_H
#define TLSRPT_ADVICE_EXPLAIN_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/policy/policy.h"

/*
 * What a failure in a TLS report means, in plain words: what happened, whose business it is, and
 * what to do about it. `mta-sts report`, `mta-sts ready` and the status page all take their words
 * from here.
 *
 * The words are ours; of what the sender told only host names, and an unknown result type, get into
 * them: host names that are none are left out, so that a command can be pasted into a shell; an
 * unknown type comes quoted and escaped for a terminal (core/text.h). HTML has still to be escaped.
 */

/* Where the cause is. */
typedef enum tlsrpt_owner {
    TLSRPT_OWNER_POLICY_HOST, /* the web server of mta-sts.DOMAIN: our own httpd */
    TLSRPT_OWNER_MX,          /* the mail server that receives */
    TLSRPT_OWNER_DNS,         /* the zone of the domain or of its MX */
    TLSRPT_OWNER_SENDER,      /* likely the sender's own, or its way to us */
    TLSRPT_OWNER_UNKNOWN,     /* the report does not tell */
} tlsrpt_owner;

/* "policy-host", "mx", "dns", "sender" or "unknown", for machines. */
const char *tlsrpt_owner_name(tlsrpt_owner owner);

/* For people: "your policy host", "your mail server", ... */
const char *tlsrpt_owner_text(tlsrpt_owner owner);

/* What a report tells of a failure. A member that was not told is NULL. */
typedef struct tlsrpt_facts {
    const char *result_type; /* as sent */
    const char *policy_type; /* "sts", "tlsa", "no-policy-found" */
    const char *reason;      /* failure-reason-code, as sent */
    const char *domain;      /* policy domain */
    const char *mx;          /* receiving-mx-hostname */
    const char *ip;          /* receiving-ip */
} tlsrpt_facts;

typedef struct tlsrpt_explanation {
    const char *cause; /* stable id in words: "certificate-expired"; a string constant */
    tlsrpt_owner owner;
    const char *what;    /* what happened: sentences */
    const char *action;  /* what to do: sentences */
    const char *command; /* shows the state of the thing now, or mends it; NULL: there is none */
    int may_be_senders;  /* if one sender alone tells it, it is likely its own, or its way to us */
} tlsrpt_explanation;

/*
 * Explains a failure. Its result type chooses the words; where the reason gives away more ("404",
 * X509_V_ERR_CERT_HAS_EXPIRED, MX_HOSTS_MISMATCH), that does.
 *
 * @param p pool of the texts; facts are borrowed
 * @return never NULL; cause "unknown" for a type that is not known
 */
const tlsrpt_explanation *tlsrpt_explain(apr_pool_t *p, const tlsrpt_facts *facts);

struct tlsrpt_cause;

/*
 * Explains failures that were summed up: what their reasons give away, each once; what the type
 * alone tells only if that is nothing.
 *
 * @param p      pool of the list
 * @param domain policy domain
 * @return of const tlsrpt_explanation *, never empty
 */
apr_array_header_t *tlsrpt_explain_cause(apr_pool_t *p, const char *domain,
                                         const struct tlsrpt_cause *cause);

/* Failed sessions of which the sender told no details. */
const tlsrpt_explanation *tlsrpt_explain_no_details(apr_pool_t *p, const char *domain);

/*
 * Where the cause of a failure is, for people; likely at the sender, where that may be and it alone
 * tells it.
 *
 * @param p      pool of the text
 * @param others how many senders had no failure (tlsrpt_others_without_failure)
 */
const char *tlsrpt_where_text(apr_pool_t *p, const tlsrpt_explanation *explanation, int others);

/*
 * Under what a failure was told, to stand behind its result type and MX host: ", under DANE"; ""
 * for MTA-STS, and where it is not told.
 *
 * @param p           pool of the text
 * @param policy_type as sent; one that is not known comes quoted, escaped for a terminal
 */
const char *tlsrpt_under_text(apr_pool_t *p, const char *policy_type);

/* How the policy that a sender had stands to the one that is served now. */
typedef enum tlsrpt_policy_match {
    TLSRPT_MATCH_CURRENT,     /* the same */
    TLSRPT_MATCH_OTHER,       /* another one: an older one in its cache */
    TLSRPT_MATCH_NONE,        /* none found, although one is served */
    TLSRPT_MATCH_UNSPECIFIED, /* it had one, but does not tell which: it could not be fetched or
                                 read */
    TLSRPT_MATCH_DANE,        /* TLSA records, which have nothing to do with the policy */
    TLSRPT_MATCH_UNKNOWN,     /* it is not known which policy is served now */
} tlsrpt_policy_match;

/*
 * @param p      scratch
 * @param type   policy type, as sent
 * @param policy the lines of policy-string, joined by LF; "" if none (as tlsrpt_seen has it)
 * @param served the policy served now, or NULL if that is not known
 */
tlsrpt_policy_match tlsrpt_policy_match_compare(apr_pool_t *p, const char *type, const char *policy,
                                                const mta_sts_policy *served);

/* "current", "other", "none", "unspecified", "dane" or "unknown", for machines. */
const char *tlsrpt_policy_match_name(tlsrpt_policy_match held);

/*
 * The same in a sentence, with what to do where something is to be done.
 *
 * @param p      pool of the text
 * @param domain policy domain; left out if it is no host name
 */
const char *tlsrpt_policy_match_text(apr_pool_t *p, tlsrpt_policy_match held, const char *policy,
                                     const mta_sts_policy *served, const char *domain);

/* A policy in a few words: "mode enforce, mx mx1.example.com *.example.net, max_age 604800"; of
 * policy-string, its lines quoted if they are none. Allocated from p. */
const char *tlsrpt_policy_summary(apr_pool_t *p, const char *policy);

#endif

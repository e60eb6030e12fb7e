/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_CHECK_H
#define CORE_CHECK_CHECK_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/dns/answer.h"
#include "core/base/finding.h"
#include "core/check/mx_probe.h"
#include "core/policy/policy.h"
#include "core/check/policy_fetch.h"

/*
 * Checks the live deployment of one policy domain as a sender sees it. This header defines the
 * facts and their assessment, which needs no network access; cli/check/run.h gathers the facts.
 */

/* One MX host; shared by all domains that use it. */
typedef struct mta_sts_check_mx {
    const char *host; /* as in DNS: not necessarily a valid name */
    mta_sts_answer a, aaaa, tlsa;
    apr_array_header_t *probes; /* of mta_sts_mx_probe *, one for each address */
} mta_sts_check_mx;

typedef enum mta_sts_check_smtp {
    MTA_STS_CHECK_SMTP_PROBED,
    MTA_STS_CHECK_SMTP_SKIPPED, /* by the caller's choice */
    MTA_STS_CHECK_SMTP_BLOCKED, /* port 25 is blocked for this machine: see
                                   mta_sts_check_smtp_is_blocked() */
} mta_sts_check_smtp;

/* A name at which records are often published by mistake. */
typedef struct mta_sts_check_misplaced {
    const char *name;
    int is_tlsrpt; /* whether it is mistaken for the name of the TLSRPT record; else of the MTA-STS
                      record */
    mta_sts_answer answer;
} mta_sts_check_misplaced;

typedef struct mta_sts_check_facts {
    const char *domain;      /* policy domain */
    const char *host;        /* policy host */
    const char *record_name; /* _mta-sts.DOMAIN */
    const char *tlsrpt_name; /* _smtp._tls.DOMAIN */
    mta_sts_answer record;   /* TXT of the MTA-STS record */
    mta_sts_answer tlsrpt;   /* TXT of the TLSRPT record */
    mta_sts_answer mx;       /* MX of the domain */
    mta_sts_answer host_a;   /* addresses of the policy host */
    mta_sts_answer host_aaaa;
    apr_array_header_t *fetches;   /* of mta_sts_policy_fetch *, one for each address */
    apr_array_header_t *misplaced; /* of mta_sts_check_misplaced *, if a record is missing; or
                                      NULL */
    apr_array_header_t *mxs;       /* of mta_sts_check_mx *, by preference; the domain itself if
                                      it has addresses but no MX (RFC 5321 section 5.1) */
    mta_sts_check_smtp smtp;
    const char *endpoint; /* URL at which this machine's httpd accepts reports about the domain; or
                             NULL */
    const char *configured_id; /* id of the policy that this machine's httpd is configured to
                                  serve, or NULL if it is not known */
    int is_hosted;             /* whether that policy is a row in its database (MTASTSHosting) */
    const char *row_wrong;     /* why that row is not valid, or NULL if it is valid */
} mta_sts_check_facts;

typedef enum mta_sts_check_part {
    MTA_STS_CHECK_DNS,
    MTA_STS_CHECK_POLICY_HOST,
    MTA_STS_CHECK_POLICY,
    MTA_STS_CHECK_MX,
    MTA_STS_CHECK_TLSRPT,
} mta_sts_check_part;

typedef enum mta_sts_safety {
    MTA_STS_SAFETY_YES,     /* mode enforce would not delay any mail */
    MTA_STS_SAFETY_NO,      /* it would delay mail, or it has no effect */
    MTA_STS_SAFETY_UNKNOWN, /* could not be determined from here */
} mta_sts_safety;

/* The results for one part of the deployment. */
typedef struct mta_sts_check_section {
    mta_sts_check_part part;
    const char *subject;            /* the host for MTA_STS_CHECK_POLICY_HOST and MTA_STS_CHECK_MX,
                                       else the domain */
    mta_sts_findings *findings;     /* of every severity, including MTA_STS_OK */
    mta_sts_mx_effect effect;       /* of an MX host: what senders do there, independent of the
                                       current mode; else MTA_STS_MX_SECURE */
    mta_sts_safety enforce;         /* of an MX host: whether senders still deliver there in mode
                                       enforce; MTA_STS_SAFETY_UNKNOWN also if it accepts no mail in
                                       any mode, and for all other parts */
    const mta_sts_finding *trouble; /* the error because of which senders do not deliver there; or
                                       NULL */
} mta_sts_check_section;

/* What a sender that supports MTA-STS currently does with mail to the domain. */
typedef enum mta_sts_outcome {
    MTA_STS_OUTCOME_DELIVERS,    /* over verified TLS to every MX (or it would in mode enforce) */
    MTA_STS_OUTCOME_PARTLY,      /* to some MX hosts only */
    MTA_STS_OUTCOME_REFUSES,     /* it delivers to no MX host */
    MTA_STS_OUTCOME_UNPROTECTED, /* it sees no policy, so delivery is not protected by one */
    MTA_STS_OUTCOME_NO_MAIL,     /* the domain accepts no mail from anyone */
    MTA_STS_OUTCOME_UNKNOWN,     /* could not be determined from here */
} mta_sts_outcome;

typedef struct mta_sts_verdict {
    mta_sts_outcome outcome;
    const char *summary; /* one line: what a sender does, and why */
    mta_sts_safety enforce;
    const char *advice; /* one line about switching to mode enforce */
    const char *dane;   /* how senders that support DANE differ from that, in any mode; or NULL */
} mta_sts_verdict;

typedef struct mta_sts_check_result {
    const char *domain;
    apr_array_header_t *sections; /* of mta_sts_check_section; the first sections of
                                     MTA_STS_CHECK_MX are those of the MX hosts, in the order of
                                     the facts */
    const mta_sts_policy *policy; /* what senders get now; NULL: no valid policy */
    mta_sts_severity severity;    /* of the whole domain: MTA_STS_OK, MTA_STS_WARNING,
                                     MTA_STS_ERROR, or MTA_STS_UNKNOWN if something is unknown
                                     and nothing is worse */
    mta_sts_verdict verdict;
} mta_sts_check_result;

/*
 * Judges the facts about one domain.
 *
 * @param p      pool of the result
 * @param facts  borrowed by the result
 * @param limits the current time, and when certificates count as expiring soon
 */
mta_sts_check_result *mta_sts_check_judge(apr_pool_t *p, const mta_sts_check_facts *facts,
                                          const mta_sts_check_limits *limits);

/*
 * Whether this machine's network blocks outgoing connections to port 25: there were probes, and
 * every one of them timed out while connecting.
 *
 * @param facts array of mta_sts_check_facts *: all domains of one run
 */
int mta_sts_check_smtp_is_blocked(const apr_array_header_t *facts);

/* Whether none of the TXT records of an answer was meant as a record of this kind, so that the
 * record is missing or was published at another name. */
int mta_sts_check_lacks_record(const mta_sts_answer *answer, int is_tlsrpt);

/* "dns", "policy-host", "policy", "mx" or "tlsrpt". */
const char *mta_sts_check_part_name(mta_sts_check_part part);

/* "delivers", "partly", "refuses", "unprotected", "no-mail" or "unknown". */
const char *mta_sts_outcome_name(mta_sts_outcome outcome);

/* "yes", "no" or "unknown". */
const char *mta_sts_safety_name(mta_sts_safety safety);

#endif

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
 * The live deployment of one policy domain, as a sender sees it: the facts, and the judgement of
 * them, which asks nobody and changes nothing. cli/check/run.h gathers the facts.
 */

/* One MX host. Domains that have the same MX host share it. */
typedef struct mta_sts_check_mx {
    const char *host; /* as it stands in DNS: not necessarily a valid name */
    mta_sts_answer a, aaaa, tlsa;
    apr_array_header_t *probes; /* of mta_sts_mx_probe *, one for each address */
} mta_sts_check_mx;

typedef enum mta_sts_check_smtp {
    MTA_STS_CHECK_SMTP_PROBED,
    MTA_STS_CHECK_SMTP_SKIPPED, /* the caller did not want it */
    MTA_STS_CHECK_SMTP_BLOCKED, /* nothing gets out on that port: see
                                   mta_sts_check_smtp_is_blocked() */
} mta_sts_check_smtp;

/* A name where records are published by mistake. */
typedef struct mta_sts_check_misplaced {
    const char *name;
    int is_tlsrpt; /* it is meant for the TLSRPT record; else for the MTA-STS record */
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
    apr_array_header_t *misplaced; /* of mta_sts_check_misplaced *, where a record is missing; or
                                      NULL */
    apr_array_header_t *mxs;       /* of mta_sts_check_mx *, in the order of preference; the domain
                                      itself where it has addresses, but no MX (RFC 5321 section 5.1) */
    mta_sts_check_smtp smtp;
    const char *endpoint; /* URL at which this machine's httpd accepts reports about the domain; or
                             NULL */
    const char *configured_id; /* policy id of what this machine's httpd is configured to serve, or
                                  NULL if that is not known */
} mta_sts_check_facts;

typedef enum mta_sts_check_part {
    MTA_STS_CHECK_DNS,
    MTA_STS_CHECK_POLICY_HOST,
    MTA_STS_CHECK_POLICY,
    MTA_STS_CHECK_MX,
    MTA_STS_CHECK_TLSRPT,
} mta_sts_check_part;

typedef enum mta_sts_safety {
    MTA_STS_SAFETY_YES,     /* mode enforce would hold up no mail */
    MTA_STS_SAFETY_NO,      /* it would, or has no effect */
    MTA_STS_SAFETY_UNKNOWN, /* could not be determined from here */
} mta_sts_safety;

/* What was found about one part of the deployment. */
typedef struct mta_sts_check_section {
    mta_sts_check_part part;
    const char *subject;        /* the host of MTA_STS_CHECK_POLICY_HOST and MTA_STS_CHECK_MX, else
                                   the domain */
    mta_sts_findings *findings; /* of every severity: also of what is right */
    mta_sts_mx_effect effect;   /* of an MX host: what senders make of it, whatever the mode is now;
                                   else MTA_STS_MX_SECURE */
    mta_sts_safety enforce;     /* of an MX host: whether mode enforce takes it away from senders;
                                   MTA_STS_SAFETY_UNKNOWN also where it takes no mail in any mode,
                                   and for all other parts */
    const mta_sts_finding *trouble; /* why senders do not deliver there: an error; else NULL */
} mta_sts_check_section;

/* What a sender that honours MTA-STS does with mail to the domain now. */
typedef enum mta_sts_outcome {
    MTA_STS_OUTCOME_DELIVERS,    /* over verified TLS to every MX (or it would in mode enforce) */
    MTA_STS_OUTCOME_PARTLY,      /* to some MX only */
    MTA_STS_OUTCOME_REFUSES,     /* to none */
    MTA_STS_OUTCOME_UNPROTECTED, /* as ever: it sees no policy */
    MTA_STS_OUTCOME_NO_MAIL,     /* the domain takes no mail from anybody */
    MTA_STS_OUTCOME_UNKNOWN,     /* could not be determined from here */
} mta_sts_outcome;

typedef struct mta_sts_verdict {
    mta_sts_outcome outcome;
    const char *summary; /* one line: what a sender does, and why */
    mta_sts_safety enforce;
    const char *advice; /* one line about going to mode enforce */
    const char *dane; /* what senders that support DANE do other than that, in any mode; or NULL */
} mta_sts_verdict;

typedef struct mta_sts_check_result {
    const char *domain;
    apr_array_header_t *sections; /* of mta_sts_check_section; those of the MX hosts first of all
                                     MTA_STS_CHECK_MX, in the order of the facts */
    const mta_sts_policy *policy; /* that senders get now; NULL: no valid one */
    mta_sts_severity severity;    /* of the domain as a whole: MTA_STS_OK, _WARNING, _ERROR, or
                                     MTA_STS_UNKNOWN if nothing worse, but something unknown */
    mta_sts_verdict verdict;
} mta_sts_check_result;

/*
 * Judges the facts about one domain.
 *
 * @param p     pool of the result
 * @param facts borrowed by the result
 */
mta_sts_check_result *mta_sts_check_judge(apr_pool_t *p, const mta_sts_check_facts *facts,
                                          const mta_sts_check_limits *limits);

/*
 * Whether the network of this machine lets nobody out to port 25: of all the probes there were,
 * each ended without a connection in time.
 *
 * @param facts array of mta_sts_check_facts *: all domains of one run
 */
int mta_sts_check_smtp_is_blocked(const apr_array_header_t *facts);

/* "dns", "policy-host", "policy", "mx" or "tlsrpt". */
const char *mta_sts_check_part_name(mta_sts_check_part part);

/* "delivers", "partly", "refuses", "unprotected", "no-mail" or "unknown". */
const char *mta_sts_outcome_name(mta_sts_outcome outcome);

/* "yes", "no" or "unknown". */
const char *mta_sts_safety_name(mta_sts_safety safety);

#endif

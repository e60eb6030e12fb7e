/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_ANSWER_H
#define CORE_DNS_ANSWER_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/base/finding.h"

/*
 * One answer from DNS: its status, its values, and whether DNSSEC validated it. cli/net/resolver.h
 * creates answers. Everything here is allocated from the pool of the query, or borrowed from the
 * caller that fills it in.
 */

typedef enum mta_sts_answer_status {
    MTA_STS_ANSWER_NOT_QUERIED, /* no query was sent (yet) */
    MTA_STS_ANSWER_OK,          /* there is at least one value */
    MTA_STS_ANSWER_NXDOMAIN,    /* the name does not exist */
    MTA_STS_ANSWER_NODATA,      /* the name exists, but has no record of this type */
    MTA_STS_ANSWER_SERVFAIL,    /* the name servers failed or refused to answer */
    MTA_STS_ANSWER_BOGUS,       /* DNSSEC validation failed, so the answer must not be used */
    MTA_STS_ANSWER_TIMEOUT,     /* no answer arrived in time */
} mta_sts_answer_status;

typedef enum mta_sts_dnssec {
    MTA_STS_DNSSEC_UNKNOWN,  /* not validated */
    MTA_STS_DNSSEC_INSECURE, /* the zone is not signed */
    MTA_STS_DNSSEC_SECURE,   /* validated up to a trust anchor */
} mta_sts_dnssec;

typedef struct mta_sts_answer {
    mta_sts_answer_status status;
    mta_sts_dnssec dnssec;
    apr_uint32_t ttl;           /* in seconds; only with MTA_STS_ANSWER_OK */
    int ttl_is_authoritative;   /* whether ttl is the TTL in the zone; otherwise it is the time
                                   left in a cache */
    const char *alias;          /* the end of the chain of CNAMEs, or NULL if there are none */
    const char *detail;         /* why it is bogus, if known, or NULL */
    apr_array_header_t *values; /* of const char *, as core/dns/rdata.h renders them; empty unless
                                   MTA_STS_ANSWER_OK, NULL if not queried. MX hosts are in order of
                                   preference */
} mta_sts_answer;

/* "ok", "nxdomain", "nodata", "servfail", "bogus", "timeout" or "skipped". */
const char *mta_sts_answer_status_name(mta_sts_answer_status status);

/* "secure", "insecure" or "unknown". */
const char *mta_sts_dnssec_name(mta_sts_dnssec dnssec);

/* Whether DNS answered that there is no such name or record. */
int mta_sts_answer_is_empty(const mta_sts_answer *answer);

/*
 * Adds a finding if no usable answer arrived: dns-servfail, dns-bogus (errors), dns-timeout
 * (unknown). Adds nothing for any other answer, empty or not.
 *
 * @param subject the name that was queried; borrowed
 * @param what    what was queried, like "TXT" or "addresses"
 * @return whether something was added
 */
int mta_sts_answer_check(const mta_sts_answer *answer, const char *subject, const char *what,
                         mta_sts_findings *findings);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_PUBLICATION_H
#define CORE_DNS_PUBLICATION_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/dns/answer.h"
#include "core/base/finding.h"
#include "core/policy/policy.h"
#include "core/policy/rollout.h"
#include "core/dns/record_type.h"

/*
 * The records that a policy domain should publish for its policy (RFC 8461 sections 3.1 and 3.3,
 * RFC 8460 section 3), compared with those that DNS has now. A pure function of facts that the
 * caller gathers.
 *
 * core/dns/zone_text.h renders the records, core/dns/steps.h gives the order of the steps.
 */

/* What https://mta-sts.DOMAIN/.well-known/mta-sts.txt currently serves. */
typedef enum mta_sts_served {
    MTA_STS_SERVED_UNKNOWN, /* not fetched */
    MTA_STS_SERVED_NOTHING, /* not a valid policy */
    MTA_STS_SERVED_OTHER,   /* a policy other than the one to be published */
    MTA_STS_SERVED_SAME,
} mta_sts_served;

#define MTA_STS_TTL_UNCHANGED (-1) /* the current TTL in DNS, else MTA_STS_TTL_DEFAULT */
#define MTA_STS_TTL_OF_ZONE (-2)   /* the default TTL of the zone */
#define MTA_STS_TTL_DEFAULT 3600
#define MTA_STS_TTL_MAX 604800 /* in seconds; more would delay changes by weeks */

/* What should be published, and the current state. Everything is borrowed. */
typedef struct mta_sts_publication_facts {
    const char *domain;            /* policy domain, canonical */
    const char *id;                /* policy id */
    const mta_sts_policy *policy;  /* must be valid */
    apr_int64_t ttl;               /* seconds, or MTA_STS_TTL_UNCHANGED, MTA_STS_TTL_OF_ZONE */
    const apr_array_header_t *rua; /* of const char *, each in the form of mta_sts_rua_parse; NULL:
                                      the existing TLSRPT record is left unchanged */
    const char *endpoint; /* URL at which the policy host accepts reports, or NULL; it is proposed
                             if there is no record and rua is NULL */
    const apr_array_header_t *addresses; /* of const char *: the policy host's addresses, in the
                                            form of inet_ntop; NULL: the existing ones are left
                                            unchanged */
    const char *cname; /* the name that the policy host should be an alias of, canonical; or NULL.
                          Not together with addresses */
    mta_sts_served served;
    const char *served_id;                    /* id of the policy that is served; NULL if none is */
    mta_sts_answer now[MTA_STS_RECORD_TYPES]; /* the records in DNS */
    const mta_sts_rollout_date *copies; /* until when senders may use copies of earlier policies;
                                           NULL: not known */
} mta_sts_publication_facts;

/* How a record compares with the one in DNS. */
typedef enum mta_sts_record_state {
    MTA_STS_RECORD_UNKNOWN, /* the DNS query was not answered */
    MTA_STS_RECORD_SAME,
    MTA_STS_RECORD_DIFFERS,     /* it replaces another value */
    MTA_STS_RECORD_MISSING,     /* it is not in DNS yet */
    MTA_STS_RECORD_SUPERFLUOUS, /* it must be deleted from DNS */
} mta_sts_record_state;

/* "unknown", "same", "differs", "missing" or "superfluous". */
const char *mta_sts_record_state_name(mta_sts_record_state state);

typedef struct mta_sts_publication_record {
    mta_sts_record_type type;
    const char *name;  /* without a final dot */
    apr_int64_t ttl;   /* in seconds; negative: the zone's default */
    const char *value; /* as core/dns/rdata.h renders it */
    mta_sts_record_state state;
    const char *now;       /* the value that it replaces, or NULL */
    int is_example;        /* whether the value is an example, because only the admin knows
                                the real one */
    const char *delegated; /* the name in the policy domain whose CNAME points to this record, which
                              is in the zone of another party and so is never updated from here; or
                              NULL */
    int is_dead; /* whether it is delegated to a name that does not exist, so that the CNAME must be
                    deleted */
} mta_sts_publication_record;

typedef struct mta_sts_publication {
    const mta_sts_publication_facts *facts; /* borrowed */
    apr_array_header_t *records;            /* of mta_sts_publication_record */
    const char *hold;              /* why the MTA-STS record must not be published yet; or NULL */
    apr_array_header_t *uncovered; /* of const char *: MX hosts that the policy does not cover */
    apr_array_header_t *unused;    /* of const char *: mx patterns that no MX host matches */
} mta_sts_publication;

/*
 * Determines the records.
 *
 * @param p        pool of the result
 * @param facts    borrowed: must live as long as the result
 * @param findings obstacles to publishing, and notes on the records, are added here
 */
mta_sts_publication *mta_sts_publication_make(apr_pool_t *p, const mta_sts_publication_facts *facts,
                                              mta_sts_findings *findings);

/* The i-th record, 0 being the first. i must be less than records->nelts. */
const mta_sts_publication_record *mta_sts_publication_at(const mta_sts_publication *publication,
                                                         int i);

/* The MTA-STS record to be published: never NULL, never an example. */
const mta_sts_publication_record *
mta_sts_publication_id_record(const mta_sts_publication *publication);

#endif

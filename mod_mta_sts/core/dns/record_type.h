/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_RECORD_TYPE_H
#define CORE_DNS_RECORD_TYPE_H

#include <apr_pools.h>

/*
 * The DNS records of a policy domain, their names and types (RFC 8461 sections 3.1 and 3.3, RFC
 * 8460 section 3).
 */

typedef enum mta_sts_record_type {
    MTA_STS_TYPE_MTA_STS, /* TXT of _mta-sts.DOMAIN */
    MTA_STS_TYPE_CNAME,   /* CNAME of mta-sts.DOMAIN */
    MTA_STS_TYPE_A,       /* A of mta-sts.DOMAIN */
    MTA_STS_TYPE_AAAA,    /* AAAA of mta-sts.DOMAIN */
    MTA_STS_TYPE_TLSRPT,  /* TXT of _smtp._tls.DOMAIN */
    MTA_STS_TYPE_MX,      /* MX of DOMAIN */
    MTA_STS_RECORD_TYPES, /* their number */
} mta_sts_record_type;

/* "A", "TXT", ...; a string constant. */
const char *mta_sts_record_type_rdata_name(mta_sts_record_type type);

/* MTA_STS_RDATA_TXT and so on. */
int mta_sts_record_type_rdata(mta_sts_record_type type);

/* The name of the record, without a final dot; allocated from p. */
const char *mta_sts_record_type_name(apr_pool_t *p, mta_sts_record_type type, const char *domain);

/* Whether a TXT record at the name of an MTA-STS or TLSRPT record is meant as one, even if it is
 * malformed. Other TXT records at that name are ignored. */
int mta_sts_record_type_is_published(mta_sts_record_type type, const char *text);

#endif

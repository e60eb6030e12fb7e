/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_RECORD_H
#define CORE_POLICY_RECORD_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/base/finding.h"
#include "core/policy/rua.h"

/*
 * The two TXT records of a policy domain: the MTA-STS record at _mta-sts.DOMAIN (RFC 8461 section
 * 3.1), which gives senders the policy id, and the TLSRPT record at _smtp._tls.DOMAIN (RFC 8460
 * section 3), which says where reports are sent.
 */

/* The length limit of a TXT record in DNS, in bytes (the 16 bits of RDLENGTH). */
#define MTA_STS_RECORD_MAX 65535

/* The text of an MTA-STS record with this policy id, allocated from p. */
const char *mta_sts_record_render(apr_pool_t *p, const char *id);

/*
 * Reads the TXT records found at _mta-sts.DOMAIN. Records that do not begin with "v=STSv1;" are
 * ignored; exactly one must remain.
 *
 * @param p        pool of the result
 * @param texts    array of const char *: one text for each record: its strings, joined
 * @param findings results are added here; the set is valid unless one of them is an error
 * @return the policy id, or NULL if the set is not valid
 */
const char *mta_sts_record_read(apr_pool_t *p, const apr_array_header_t *texts,
                                mta_sts_findings *findings);

/*
 * Reads the TXT records found at _smtp._tls.DOMAIN, by the same rules, with "v=TLSRPTv1;".
 *
 * @param p, texts, findings: as for mta_sts_record_read
 * @return array of const char *: the mailto and https URIs of all rua= fields, as written; NULL if
 *         the set is not valid
 */
apr_array_header_t *mta_sts_tlsrpt_record_read(apr_pool_t *p, const apr_array_header_t *texts,
                                               mta_sts_findings *findings);

/* The text of a TLSRPT record, allocated from p.
 *
 * @param rua array of const char *: at least one URI, each in the form of mta_sts_rua_parse
 */
const char *mta_sts_tlsrpt_record_render(apr_pool_t *p, const apr_array_header_t *rua);

/*
 * The TLSRPT record to propose where none is published. Google and Microsoft send reports by mail
 * only, and only signed mail can be verified: so it always contains a mail address.
 *
 * @param endpoint URL at which the policy host accepts reports, or NULL
 * @return its text, allocated from p, with the placeholder "YOU@DOMAIN" for the mail address, which
 *         the admin has to replace
 */
const char *mta_sts_tlsrpt_record_propose(apr_pool_t *p, const char *domain, const char *endpoint);

#endif

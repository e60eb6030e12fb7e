/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_RUA_H
#define CORE_POLICY_RUA_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Report addresses: the URIs of a TLSRPT record (RFC 8460 section 3), mailto: or https:. */

/*
 * Checks a report URI of a record.
 *
 * @param p       pool of the text
 * @param is_used out: whether its scheme is one that senders use
 * @return NULL, or what is wrong with it and what to write: "contains ..."
 */
const char *mta_sts_rua_check(apr_pool_t *p, const char *uri, int *is_used);

/*
 * Reads a report URI as an admin types it. The bytes that part URIs in a record, "," "!" and ";",
 * become percent-encoded, as RFC 8460 section 3 asks, and U-labels of its domain A-labels; whatever
 * else no URI may have is refused.
 *
 * @param p   pool of the result and of the error text
 * @param uri out: a URI of the scheme mailto or https
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_rua_parse(apr_pool_t *p, const char *text, const char **uri);

/*
 * Reads a list of them as it is in a record: separated by commas, with or without blanks. A comma
 * that no scheme follows belongs to the URI before it.
 *
 * @param rua array of const char *, to which the URIs are added
 * @return as above
 */
const char *mta_sts_rua_parse_list(apr_pool_t *p, const char *text, apr_array_header_t *rua);

#endif

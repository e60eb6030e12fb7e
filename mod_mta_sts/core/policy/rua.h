/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_RUA_H
#define CORE_POLICY_RUA_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Report addresses: the URIs of a TLSRPT record (RFC 8460 section 3), mailto: or https:. */

/*
 * Checks a report URI found in a record.
 *
 * @param p       pool of the error text
 * @param is_used out: whether its scheme is one that senders use
 * @return NULL, or what is wrong and what to write: "contains ..."
 */
const char *mta_sts_rua_check(apr_pool_t *p, const char *uri, int *is_used);

/*
 * Reads a report URI as an admin enters it. The separators of a record, "," "!" and ";", are
 * percent-encoded (RFC 8460 section 3), and the domain is converted to A-labels; anything else that
 * is not allowed in a URI is rejected.
 *
 * @param p   pool of the result and of the error text
 * @param uri out: a mailto or https URI
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_rua_parse(apr_pool_t *p, const char *text, const char **uri);

/*
 * Reads a list of URIs as it is in a record: separated by commas, with or without blanks. A comma
 * that no scheme follows belongs to the URI before it.
 *
 * @param rua array of const char *, to which the URIs are added
 * @return as for mta_sts_rua_parse
 */
const char *mta_sts_rua_parse_list(apr_pool_t *p, const char *text, apr_array_header_t *rua);

#endif

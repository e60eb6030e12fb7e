/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_SCOPE_H
#define TLSRPT_SPOOL_SCOPE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * STATE-DIR/domains.txt: the names that reports may be about, written by the module when httpd
 * starts, so that `mta-sts import` applies the same rule. One name per line, sorted byte by byte,
 * so that a binary search is possible: policy domains, domains of MTASTSReportDomain, MX hosts and
 * mx patterns; at the end, each after a tilde, wildcard aliases of policy hosts.
 */

#define TLSRPT_SCOPE_FILE "domains.txt"
#define TLSRPT_SCOPE_ALIAS '~'

/*
 * Renders the text of the file.
 *
 * @param names   array of const char *: canonical; sorted by this call
 * @param aliases array of const char *, likewise
 */
const char *tlsrpt_scope_render(apr_pool_t *p, apr_array_header_t *names,
                                apr_array_header_t *aliases);

/*
 * Whether a name is covered by the text of the file, either itself or by a pattern.
 *
 * @param p    scratch
 * @param text len bytes, not necessarily NUL-terminated
 * @param name canonical
 */
int tlsrpt_scope_has(apr_pool_t *p, const char *text, apr_size_t len, const char *name);

#endif

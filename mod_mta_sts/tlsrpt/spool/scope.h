/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_SCOPE_H
#define TLSRPT_SPOOL_SCOPE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * STATE-DIR/domains.txt: the names that reports may be about, written by httpd's module at start so
 * that `mta-sts import` has the same rule. Sorted by bytes, one name a line, so that it can be
 * searched without being read: a policy domain, a domain of MTASTSReportDomain, an MX host or MX
 * pattern; last, with a tilde in front, aliases of policy hosts that have wildcards.
 */

#define TLSRPT_SCOPE_FILE "domains.txt"
#define TLSRPT_SCOPE_ALIAS '~'

/*
 * The text of the file.
 *
 * @param names   array of const char *: canonical; sorted by this call
 * @param aliases array of const char *, likewise
 */
const char *tlsrpt_scope_render(apr_pool_t *p, apr_array_header_t *names,
                                apr_array_header_t *aliases);

/*
 * Whether a name is in the text of such a file, itself or by a pattern.
 *
 * @param p    scratch
 * @param text need not end with NUL
 * @param name canonical
 */
int tlsrpt_scope_has(apr_pool_t *p, const char *text, apr_size_t len, const char *name);

#endif

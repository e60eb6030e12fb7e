/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_FOREIGN_H
#define TLSRPT_SPOOL_FOREIGN_H

#include <apr_pools.h>

/*
 * Detects directories that are not state directories but belong to something else: /etc, /var/lib.
 * Nothing must be created in them, and no message may advise changing their owner.
 */

/* The directory that `mta-sts watch` creates in a state directory, even in an empty one. */
#define TLSRPT_FOREIGN_WATCH "watch"

/*
 * The quoted name of a file in a directory that contains files but none of a state directory. NULL
 * for a state directory, for a directory that is empty except for what a new volume contains, and
 * for one that cannot be read. Allocated from p.
 */
const char *tlsrpt_foreign_file(apr_pool_t *p, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_FOREIGN_H
#define TLSRPT_SPOOL_FOREIGN_H

#include <apr_pools.h>

/*
 * Directories that are not state directories, but of something else: /etc, /var/lib. Nothing must
 * be created in them, and nobody be advised to change their owner.
 */

/* What `mta-sts watch` makes in a state directory, even in an empty one. */
#define TLSRPT_FOREIGN_WATCH "watch"

/*
 * The quoted name of a file in a directory that has other files and none of a state directory; NULL
 * for a state directory, one that is empty but for what a new volume has, and one that cannot be
 * read.
 */
const char *tlsrpt_foreign_file(apr_pool_t *p, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_INTERNAL_H
#define TLSRPT_SPOOL_INTERNAL_H

#include "tlsrpt/spool/spool.h"

/* What the two halves of the spool share: spool.c keeps, spool_read.c looks at what is kept. */

#define TLSRPT_SPOOL_TMP "tmp"

struct tlsrpt_spool {
    const char *state_dir;
    ino_t settled[TLSRPT_AREAS][TLSRPT_SPOOL_DIRECTORIES]; /* directories whose entry this process
                                                              brought to disk */
};

/* What a file of so many bytes takes on disk, in bytes. */
static inline apr_int64_t tlsrpt_spool_blocks(apr_int64_t size)
{
    return (size + 4095) / 4096 * 4096;
}

/* The names of the areas' directories. */
extern const char *const tlsrpt_spool_areas[];

/* Opens the directory of an area: a descriptor to be closed, or -1 after a finding. */
int tlsrpt_spool_open_area(const tlsrpt_spool *spool, tlsrpt_area area, int make,
                           mta_sts_findings *findings);

/* Whether a name is 64 lower-case hex digits. */
int tlsrpt_spool_is_digest(const char *name);

#endif

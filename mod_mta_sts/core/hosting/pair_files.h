/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_FILES_H
#define CORE_HOSTING_PAIR_FILES_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/hosting/pair.h"

/*
 * The files of key pairs, as ACME clients write them: a directory with fullchain.pem and
 * privkey.pem (certbot, dehydrated), or NAME.crt and NAME.key (lego; acme.sh with --install-cert).
 */

typedef struct mta_sts_pair_files {
    const char *certificate;
    const char *key;
} mta_sts_pair_files;

/* What stat() says about both files: if it is the same, so are the files. Compared as bytes. */
typedef struct mta_sts_pair_stamp {
    struct {
        apr_int64_t device, inode, size, modified, changed; /* times in nanoseconds */
    } file[2];
} mta_sts_pair_stamp;

/*
 * What globs match, except for NAME.issuer.crt, which lego writes. A match that is not a .crt file
 * counts as a directory, so that there may be no certificate file:
 * mta_sts_pair_stamp_has_certificate says.
 *
 * @param globs of const char *: absolute patterns of glob(3)
 * @param p     pool of the result
 * @return array of mta_sts_pair_files
 */
apr_array_header_t *mta_sts_pair_files_find(apr_pool_t *p, const apr_array_header_t *globs);

/*
 * Fills in the stamp.
 *
 * @return 0 if neither file has been changed in the two seconds before now, so that a later change
 *         is a change of the stamp, too; else 1. One that does not exist counts as not changed:
 * when it appears, the stamp changes.
 */
int mta_sts_pair_files_stamp(const mta_sts_pair_files *files, apr_time_t now,
                             mta_sts_pair_stamp *stamp);

/* Whether there is a certificate file. */
int mta_sts_pair_stamp_has_certificate(const mta_sts_pair_stamp *stamp);

/*
 * Reads both files, of a limited size.
 *
 * @param p     pool of the text, which contains the key: see mta_sts_pair_text_wipe
 * @param error out: the reason, from p, with the file
 * @return 0, or 1 after an error
 */
int mta_sts_pair_files_read(const mta_sts_pair_files *files, apr_pool_t *p, mta_sts_pair_text *text,
                            const char **error);

/* Overwrites the key. */
void mta_sts_pair_text_wipe(mta_sts_pair_text *text);

#endif

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

/* Data from stat() about both files: if it is unchanged, so are the files. Compared with
 * memcmp(). */
typedef struct mta_sts_pair_stamp {
    struct {
        apr_int64_t device, inode, size, modified, changed; /* times in nanoseconds */
    } file[2];
} mta_sts_pair_stamp;

/*
 * Expands globs to pairs of files. NAME.issuer.crt, which lego writes, is left out. A match that is
 * not a .crt file is taken for a directory; whether that contains a certificate file,
 * mta_sts_pair_stamp_has_certificate() returns.
 *
 * @param globs of const char *: absolute patterns for glob(3)
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

/* Whether the certificate file exists. */
int mta_sts_pair_stamp_has_certificate(const mta_sts_pair_stamp *stamp);

/*
 * Reads both files, up to a maximum size.
 *
 * @param p     pool of the text, which contains the private key: see mta_sts_pair_text_wipe
 * @param error out: why the files cannot be read, with the path, allocated from p
 * @return 0, or 1 after an error
 */
int mta_sts_pair_files_read(const mta_sts_pair_files *files, apr_pool_t *p, mta_sts_pair_text *text,
                            const char **error);

/* Overwrites the private key in the text. */
void mta_sts_pair_text_wipe(mta_sts_pair_text *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PEEK_H
#define CORE_HOSTING_PEEK_H

#include "core/hosting/list.h"

/*
 * One look into the snapshot of hosted domains, also by root, for the commands and the dump of the
 * configuration: as root, a process of its own reads it as the owner of the state directory, so
 * that no file in it ever belongs to root, and no data of another user is read with root's rights.
 */
typedef struct mta_sts_peek {
    int exists;                   /* 0: there is no snapshot, or not for this user, and everything
                                     else is empty */
    mta_sts_snapshot_state state; /* only the numbers and times */
    apr_array_header_t *rows;     /* of mta_sts_list_row: those that were found, sorted as asked */
} mta_sts_peek;

/* The most domains that mta_sts_peek_all reads. */
#define MTA_STS_PEEK_MAX 100000

/*
 * Reads the state, and what is known of some domains. Always ends within half a minute.
 *
 * @param p         pool of the result and of the error text
 * @param state_dir the state directory
 * @param domains   of const char *, in lower case; may be empty
 * @return NULL, or why the snapshot cannot be read
 */
const char *mta_sts_peek_find(apr_pool_t *p, const char *state_dir,
                              const apr_array_header_t *domains, mta_sts_peek *peek);

/* The same with the first MTA_STS_PEEK_MAX of all domains. */
const char *mta_sts_peek_all(apr_pool_t *p, const char *state_dir, mta_sts_peek *peek);

#endif

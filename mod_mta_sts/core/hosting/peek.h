/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PEEK_H
#define CORE_HOSTING_PEEK_H

#include "core/hosting/list.h"

/*
 * Reads the snapshot of hosted domains once, for the command and for the dump of the configuration,
 * even as root: then a child process reads it as the owner of the state directory, so that no file
 * in it ever belongs to root, and data of another user is not read with the privileges of root.
 */
typedef struct mta_sts_peek {
    int exists; /* 0: there is no snapshot, or none that this user can read, and everything else is
                   empty */
    mta_sts_snapshot_state state; /* only the numbers and times */
    apr_array_header_t *rows;     /* of mta_sts_list_row: those that were found, in the order of the
                                     domains */
} mta_sts_peek;

/* The maximum number of domains that mta_sts_peek_all reads. */
#define MTA_STS_PEEK_MAX 100000

/*
 * Reads the state, and the rows of some domains. Returns within half a minute.
 *
 * @param p         pool of the result and of the error text
 * @param state_dir the state directory
 * @param domains   of const char *, in lower case; may be empty
 * @return NULL, or why the snapshot cannot be read
 */
const char *mta_sts_peek_find(apr_pool_t *p, const char *state_dir,
                              const apr_array_header_t *domains, mta_sts_peek *peek);

/* The same for the first MTA_STS_PEEK_MAX of all domains. */
const char *mta_sts_peek_all(apr_pool_t *p, const char *state_dir, mta_sts_peek *peek);

#endif

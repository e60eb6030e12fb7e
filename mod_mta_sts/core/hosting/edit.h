/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_EDIT_H
#define CORE_HOSTING_EDIT_H

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * Changes the rows of hosted domains, for the command; a provider's panel may use its own SQL
 * instead. All functions return NULL, or an error (core/database/database.h).
 */

/* Begins a transaction that changes rows; the caller ends it with mta_sts_database_commit. */
const char *mta_sts_edit_begin(mta_sts_database *db);

/* Reads, in the current transaction, the position (core/hosting/source.h) from which on a machine
 * serves the last change of a domain; 0 if that change was more than a day ago. */
const char *mta_sts_edit_position(mta_sts_database *db, const char *domain, apr_int64_t *position);

/* Locks the row of a domain, if there is one, until the transaction ends: a provider's panel may
 * change rows with its own SQL at any time. */
const char *mta_sts_edit_hold(mta_sts_database *db, const char *domain);

/* Inserts a row, unless the domain already has one; the caller reads the row again to see which one
 * is stored. */
const char *mta_sts_edit_add(mta_sts_database *db, const mta_sts_hosted_row *row);

/* Inserts or replaces a row. */
const char *mta_sts_edit_set(mta_sts_database *db, const mta_sts_hosted_row *row);

/* Deletes a row, if there is one. */
const char *mta_sts_edit_delete(mta_sts_database *db, const char *domain);

/* Reads a row, allocated from p; row->domain is NULL if there is none. An alias has the values of
 * its target domain. */
const char *mta_sts_edit_find(mta_sts_database *db, const char *domain, apr_pool_t *p,
                              mta_sts_hosted_row *row);

/* Reads at most max aliases of a domain. aliases: out: array of const char *, allocated from p. */
const char *mta_sts_edit_list_aliases(mta_sts_database *db, const char *domain, int max,
                                      apr_pool_t *p, apr_array_header_t **aliases);

/* Reads the first alias of a domain. alias: out: allocated from p; NULL if there is none. */
const char *mta_sts_edit_find_alias(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                    const char **alias);

#endif

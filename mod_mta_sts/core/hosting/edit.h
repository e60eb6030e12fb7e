/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_EDIT_H
#define CORE_HOSTING_EDIT_H

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * Changes the rows of hosted domains, as the command does for an admin; a provider's panel may use
 * its own SQL instead.
 */

/* Begins a transaction that changes rows; end it with mta_sts_database_commit. */
const char *mta_sts_edit_begin(mta_sts_database *db);

/* The position (core/hosting/source.h) that a machine has reached when it serves the last change of
 * a domain, as a part of the transaction; 0 if that was more than a day ago. */
const char *mta_sts_edit_position(mta_sts_database *db, const char *domain, apr_int64_t *position);

/* Keeps others from changing the row of a domain until the transaction ends, if there is one. A
 * provider's panel may use its own SQL meanwhile. */
const char *mta_sts_edit_hold(mta_sts_database *db, const char *domain);

/* Inserts a row, unless the domain has one; read it again to see what is stored. */
const char *mta_sts_edit_add(mta_sts_database *db, const mta_sts_hosted_row *row);

/* Inserts or replaces a row. */
const char *mta_sts_edit_set(mta_sts_database *db, const mta_sts_hosted_row *row);

/* Deletes a row, if there is one. */
const char *mta_sts_edit_delete(mta_sts_database *db, const char *domain);

/* Reads a row into p; row->domain is NULL if there is none. The values of an alias are those of the
 * domain that it is an alias of. */
const char *mta_sts_edit_find(mta_sts_database *db, const char *domain, apr_pool_t *p,
                              mta_sts_hosted_row *row);

/* The aliases of a domain, at most max: an array of const char *, in p. */
const char *mta_sts_edit_list_aliases(mta_sts_database *db, const char *domain, int max,
                                      apr_pool_t *p, apr_array_header_t **aliases);

/* The first of the aliases of a domain, in p; NULL if there is none. */
const char *mta_sts_edit_find_alias(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                    const char **alias);

#endif

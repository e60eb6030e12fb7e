/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_COPIES_H
#define HTTPD_POLICY_COPIES_H

#include <httpd.h>
#include <apr_tables.h>

/*
 * Until when senders may hold earlier policies, for who looks at the configuration: mostly root,
 * who must not open the database, since he would leave files in it that are not the children's. So
 * a process of its own becomes the owner of the state directory, and tells what it read.
 */

/*
 * Reads them.
 *
 * @param p     pool of the result
 * @param error out: why the history cannot be read, or NULL
 * @return array of mta_sts_history_copy, as mta_sts_history_until takes it; empty if there is no
 *         history, or we are neither root nor its owner
 */
apr_array_header_t *mts_copies_read(server_rec *main, apr_pool_t *p, const char **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_ENFORCED_H
#define HTTPD_UPKEEP_ENFORCED_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * Warns about domains whose policy has mode enforce although verified reports about the last days
 * contain failures for which senders then refuse to deliver.
 *
 * @param main the main server
 * @param p    scratch
 * @return NULL, or why the index could not be read (see core/database/database.h)
 */
const char *mts_enforced_check(server_rec *main, mta_sts_database *db, apr_pool_t *p);

#endif

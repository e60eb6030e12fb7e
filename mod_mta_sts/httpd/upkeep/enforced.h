/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_ENFORCED_H
#define HTTPD_UPKEEP_ENFORCED_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * Logs warnings about domains with mode enforce if verified reports about the last days contain
 * failures because of which senders refuse to deliver.
 *
 * @param main the main server
 * @param p    scratch
 * @return NULL, or why the index could not be read (see core/database/database.h)
 */
const char *mts_enforced_check(server_rec *main, mta_sts_database *db, apr_pool_t *p);

#endif

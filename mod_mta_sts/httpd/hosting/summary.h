/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_SUMMARY_H
#define HTTPD_HOSTING_SUMMARY_H

#include <apr_time.h>
#include <httpd.h>

/* The numbers of hosted domains for the dump of the configuration, which runs at configtest,
 * without child processes. */
typedef struct mts_hosting_summary {
    const char *problem;             /* why the numbers are not known, or NULL */
    apr_int64_t served, wrong, held; /* as in mta_sts_snapshot_state */
    apr_time_t synced;               /* 0: never */
} mts_hosting_summary;

/* Reads the snapshot as the owner of the state directory. Returns NULL if MTASTSHosting is off;
 * allocated from p. */
const mts_hosting_summary *mts_hosting_summary_read(apr_pool_t *p, const server_rec *main);

#endif

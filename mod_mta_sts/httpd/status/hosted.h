/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HOSTED_H
#define HTTPD_STATUS_HOSTED_H

#include <jansson.h>

#include "core/hosting/list.h"
#include "httpd/status/view.h"

/*
 * The data about hosted domains (MTASTSHosting) for the status page: numbers, and one page of a
 * list. There may be a million hosted domains, so nothing reads all of them.
 */
struct mts_status_hosted {
    const char *problem;          /* why the rest is unknown; NULL if it is known */
    mta_sts_snapshot_state state; /* of the snapshot */
    apr_array_header_t *rows; /* of mta_sts_list_row: the rows on the page, or on the overview the
                                 worst ones */
    apr_int64_t found;        /* number of rows that match the query; on the overview of all rows */
    int pages;                /* at least 1 */
    int only_wrong;           /* whether only rows that are not valid are listed */
};

/* The maximum age of the last sync that is not a problem, in microseconds. */
#define MTS_STATUS_HOSTED_STALE apr_time_from_sec(300)

/* Reads the data, allocated from the request's pool; NULL if MTASTSHosting is off. */
const mts_status_hosted *mts_status_hosted_read(const mts_status_view *view);

/* The member "hosted" of the status page as JSON, a new reference; null if MTASTSHosting is off. */
json_t *mts_status_hosted_json(const mts_status_view *view);

/* The verdict on the hosted domains; MTA_STS_OK if there are none. */
mta_sts_severity mts_status_hosted_verdict(const mts_status_view *view);

/* The verdict in a few sentences; "" if there are no problems. */
const char *mts_status_hosted_text(const mts_status_view *view);

#endif

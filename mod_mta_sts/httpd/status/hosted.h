/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HOSTED_H
#define HTTPD_STATUS_HOSTED_H

#include <jansson.h>

#include "core/hosting/list.h"
#include "httpd/status/view.h"

/*
 * What the status page shows of hosted domains (MTASTSHosting): numbers, and one page of a list.
 * There may be a million of them, so nothing ever reads all.
 */
struct mts_status_hosted {
    const char *problem;          /* why the rest is unknown; NULL if it is known */
    mta_sts_snapshot_state state; /* of the snapshot */
    apr_array_header_t *rows;     /* of mta_sts_list_row: those of the page, or the worst ones on
                                     the overview */
    apr_int64_t found;            /* how many match the query; on the overview all */
    int pages;                    /* at least 1 */
    int only_wrong;               /* whether only wrong rows are listed */
};

/* How old the snapshot may become before that is a problem. */
#define MTS_STATUS_HOSTED_STALE apr_time_from_sec(300)

/* Reads them into the request's pool; NULL if MTASTSHosting is off. */
const mts_status_hosted *mts_status_hosted_read(const mts_status_view *view);

/* The member "hosted" of the page as JSON; null if MTASTSHosting is off. */
json_t *mts_status_hosted_json(const mts_status_view *view);

/* The verdict on them; MTA_STS_OK if there are none. */
mta_sts_severity mts_status_hosted_verdict(const mts_status_view *view);

/* The same in a few sentences; "" if all is well. */
const char *mts_status_hosted_text(const mts_status_view *view);

#endif

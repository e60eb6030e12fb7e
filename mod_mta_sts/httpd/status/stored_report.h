/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_STORED_REPORT_H
#define HTTPD_STATUS_STORED_REPORT_H

#include "httpd/status/view.h"
#include "tlsrpt/spool/file.h"

/*
 * One report as it was received, which the lists of the latest reports link to. Only reports of the
 * index are shown, from the spool of this machine, and on the page of a customer only those that
 * are about that domain and no other.
 */

typedef struct mts_status_stored {
    tlsrpt_stored_file file;
    apr_size_t len; /* bytes of its JSON */
} mts_status_stored;

/*
 * Finds the report of the query.
 *
 * @param stored out
 * @param status out: after an error, the status of the answer
 * @return NULL, or a sentence that says why it cannot be shown
 */
const char *mts_status_stored_find(const mts_status_view *view, mts_status_stored *stored,
                                   int *status);

/* Sends it as a file to save. The caller has set the headers that all answers have. */
int mts_status_stored_send(request_rec *r, const mts_status_stored *stored);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_STORED_REPORT_H
#define HTTPD_STATUS_STORED_REPORT_H

#include "httpd/status/view.h"
#include "tlsrpt/spool/file.h"

/*
 * One report as it was received, to which the lists of the latest reports link. Only reports that
 * are in the index and in the spool of this machine are shown; on the page of a customer, only
 * those about this domain and no other.
 */

typedef struct mts_status_stored {
    tlsrpt_stored_file file;
    apr_size_t len; /* size of its JSON in bytes */
} mts_status_stored;

/*
 * Finds the report of the query.
 *
 * @param stored out
 * @param status out: after an error, the HTTP status of the response
 * @return NULL, or a sentence that says why it cannot be shown
 */
const char *mts_status_stored_find(const mts_status_view *view, mts_status_stored *stored,
                                   int *status);

/* Sends the report as a file to save. The caller must have set the headers that all responses have.
 * Returns the value for the handler to return. */
int mts_status_stored_send(request_rec *r, const mts_status_stored *stored);

#endif

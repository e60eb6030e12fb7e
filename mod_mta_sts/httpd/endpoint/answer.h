/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_ANSWER_H
#define HTTPD_ENDPOINT_ANSWER_H

#include <httpd.h>

#include "httpd/shared/counters.h"

/*
 * The response of the endpoint: status, headers and one sentence, depending on the outcome. The
 * outcome is counted and logged; rejections at most once a minute for each client address, in this
 * format:
 *
 *   [client 192.0.2.1:4711] report rejected: REASON [report-limited]
 */

/*
 * Sends the response.
 *
 * @param outcome one of MTS_REPORT_...
 * @param status  the HTTP status; 0: the default of the outcome
 * @param why     the reason for a rejection or quarantine, for the log and the client: one line of
 *                printable text. NULL: the default sentence of the outcome
 * @return the return value for the handler
 */
int mts_report_answer(request_rec *r, mts_counter outcome, int status, const char *why);

#endif

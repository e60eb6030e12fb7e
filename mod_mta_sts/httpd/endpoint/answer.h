/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_ANSWER_H
#define HTTPD_ENDPOINT_ANSWER_H

#include <httpd.h>

#include "httpd/shared/counters.h"

/*
 * What the endpoint says to a client: status, headers and one sentence, told by the outcome. The
 * same is counted, and logged: a refusal once a minute for each client address, in one form:
 *
 *   [client 192.0.2.1:4711] report refused: WHY [report-limited]
 */

/*
 * Answers the request.
 *
 * @param outcome one of MOD_REPORT_...
 * @param status  0: the usual one of the outcome
 * @param why     of a refusal or quarantine, for the log and for the client: one line, fit to be
 *                shown. NULL: the usual sentence of the outcome
 * @return what a handler returns
 */
int mts_report_answer(request_rec *r, mts_counter outcome, int status, const char *why);

#endif

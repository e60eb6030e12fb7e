/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_JSON_REPORTS_H
#define HTTPD_STATUS_JSON_REPORTS_H

#include <jansson.h>

#include "httpd/status/view.h"

/* The member "reports" of the status page as JSON: a new reference. */
json_t *mts_status_reports_json(const mts_status_view *view);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_ACCESS_H
#define HTTPD_ENDPOINT_ACCESS_H

#include <httpd.h>

/*
 * Directives in a <Location> or <LocationMatch> for the path of the endpoint, and in an <If> inside
 * such a section, apply to the endpoint: Require, AuthType, LimitRequestBody, Header, SetEnvIf.
 * Sections for the whole site ("/") do not apply, because the endpoint takes precedence over
 * everything else in the virtual host: a password-protected site must still receive reports.
 */

/*
 * Applies these sections to the request, and checks access. Modules that ban clients in the access
 * checker hook (mod_evasive), or limit requests in the header parser hook (mod_qos), run as well.
 *
 * @return OK, or the HTTP status with which the request is rejected
 */
int mts_access_check(request_rec *r);

#endif

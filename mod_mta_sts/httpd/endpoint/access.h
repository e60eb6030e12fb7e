/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_ACCESS_H
#define HTTPD_ENDPOINT_ACCESS_H

#include <httpd.h>

/*
 * Directives in a <Location> or <LocationMatch> for the path of the endpoint, and in an <If> in
 * such a section, apply to it: Require, AuthType, LimitRequestBody, Header, SetEnvIf. The endpoint
 * is handled before everything else in the virtual host, so sections for the whole site ("/") do
 * not count: a site with a password must still receive reports.
 */

/*
 * Applies those sections to the request, and checks access; modules that ban clients in that hook
 * (mod_evasive), or limit requests while headers are parsed (mod_qos), run as well.
 *
 * @return OK, or the status of a refusal
 */
int mts_access_check(request_rec *r);

#endif

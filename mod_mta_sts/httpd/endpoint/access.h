/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_ACCESS_H
#define HTTPD_ENDPOINT_ACCESS_H

#include <httpd.h>

/*
 * What an admin configures in a <Location> or <LocationMatch> for the path of the endpoint holds
 * for it: Require, AuthType, LimitRequestBody, Header. The endpoint answers ahead of everything
 * else in the virtual host, so sections that are about the whole site ("/") do not count: a site
 * with a password must still receive reports.
 */

/*
 * Applies those sections to the request, and checks its access; modules that ban clients at that
 * point (mod_evasive) are asked too.
 *
 * @return OK, or the status of a refusal
 */
int mts_access_check(request_rec *r);

#endif

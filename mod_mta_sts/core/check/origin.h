/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_ORIGIN_H
#define CORE_CHECK_ORIGIN_H

#include "core/check/policy_fetch.h"

/*
 * What seems to have answered instead of the module, as far as the body of the response shows it: a
 * web application firewall, a proxy or another web server, or httpd itself.
 */
typedef struct mta_sts_origin {
    const char *text; /* "; ...", to follow a message; "" if nothing is recognized */
    const char *fix;  /* what to do about it; NULL: nothing more than about the status */
} mta_sts_origin;

/* What to do about a firewall that is in front of the policy. */
extern const char mta_sts_origin_firewall_fix[];

mta_sts_origin mta_sts_origin_of(apr_pool_t *p, const mta_sts_policy_fetch *fetch);

#endif

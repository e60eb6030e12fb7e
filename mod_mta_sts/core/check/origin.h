/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_ORIGIN_H
#define CORE_CHECK_ORIGIN_H

#include "core/check/policy_fetch.h"

/*
 * What seems to have answered instead of the module, as far as the body of the response reveals it:
 * a web application firewall, a proxy or another web server, or httpd itself.
 */
typedef struct mta_sts_origin {
    const char *text; /* "; ...", to be appended to a message; "" if nothing is recognized */
    const char *fix;  /* what to do about it; NULL: the fix for the HTTP status applies */
} mta_sts_origin;

/* What to do about a web application firewall in front of the policy host. */
extern const char mta_sts_origin_firewall_fix[];

/* Determines the origin of a response; its texts are allocated from p or constants. */
mta_sts_origin mta_sts_origin_of(apr_pool_t *p, const mta_sts_policy_fetch *fetch);

#endif

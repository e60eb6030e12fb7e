/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_HOST_H
#define CORE_POLICY_HOST_H

#include "core/policy/certificate.h"
#include "core/base/finding.h"

/*
 * What a web server is configured to do for one policy host, and the check whether a sender would
 * get the configured policy from it.
 */

typedef struct mta_sts_location {
    const char *file; /* NULL: none */
    int line;         /* 0: file is a description of the location, not a path */
} mta_sts_location;

/* A policy as one virtual host serves it. */
typedef struct mta_sts_configured {
    const char *text;    /* the policy text, or NULL if the virtual host serves none */
    mta_sts_location at; /* the directive; without a policy, the virtual host */
} mta_sts_configured;

/* The facts about one policy host. Everything is borrowed. */
typedef struct mta_sts_policy_host {
    const char *domain;      /* policy domain */
    const char *host;        /* policy host */
    mta_sts_configured http; /* the policy of the http virtual host of that name, if there is one */
    int has_https;           /* whether an https virtual host answers for it */
    mta_sts_location https_at;
    mta_sts_configured https;               /* what senders get */
    const apr_array_header_t *certificates; /* of mta_sts_certificate *: those that the https
                                               virtual host presents; NULL: not known */
    int has_other_chain; /* whether the intermediate certificates are in other files */
} mta_sts_policy_host;

/* Adds a finding for each problem of a policy host; none if there are no problems.
 *
 * @param now the time at which its certificates should be valid
 */
void mta_sts_policy_host_check(const mta_sts_policy_host *facts, apr_time_t now,
                               mta_sts_findings *findings);

#endif

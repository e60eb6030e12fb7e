/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_ROW_H
#define CORE_HOSTING_ROW_H

#include "core/base/finding.h"
#include "core/policy/policy.h"

/*
 * A row of the table mta_sts_policy: the policy of one hosted domain, as a provider's panel wrote
 * it. All values are text, so that a row with a wrong value can be stored and reported. The same
 * row gives the same policy text on every machine: nothing is inherited from httpd's configuration.
 */

/* In bytes. Longer values are truncated when they are read, and then are not valid. */
#define MTA_STS_HOSTED_MX_MAX (MTA_STS_POLICY_TEXT_MAX + 60)
#define MTA_STS_HOSTED_VALUE_MAX 100

#define MTA_STS_HOSTED_MODE "testing" /* the table's defaults */
#define MTA_STS_HOSTED_MAX_AGE "604800"

typedef struct mta_sts_hosted_row {
    const char *domain;              /* the key: in lower case, as A-labels */
    const char *mode, *mx, *max_age; /* mx: patterns separated by blanks. NULL: not set */
    const char *alias_of;            /* the domain whose values are used; NULL: the row's own */
    int is_alias_broken;             /* whether alias_of has no row, or is itself an alias */
} mta_sts_hosted_row;

typedef struct mta_sts_hosted_policy {
    mta_sts_policy policy;
    const char *text, *id; /* as mta_sts_policy_render and mta_sts_policy_id make them */
    apr_size_t len;
} mta_sts_hosted_policy;

/*
 * Reads a row.
 *
 * @param p        pool of the policy
 * @param findings an error row-wrong is added for each wrong value
 * @return the policy, or NULL if anything is wrong
 */
const mta_sts_hosted_policy *mta_sts_hosted_row_read(apr_pool_t *p, const mta_sts_hosted_row *row,
                                                     mta_sts_findings *findings);

/* A digest of all values of the row except the domain, never 0. Different rows have different
 * digests, apart from rare collisions. p: scratch memory. */
apr_int64_t mta_sts_hosted_row_digest(apr_pool_t *p, const mta_sts_hosted_row *row);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_ROW_H
#define CORE_HOSTING_ROW_H

#include "core/base/finding.h"
#include "core/policy/policy.h"

/*
 * A row of the table mta_sts_policy: the policy of one hosted domain, as a provider's panel wrote
 * it. All values are text, so that a wrong row can be reported instead of stopping anything. The
 * same row gives the same policy text on every machine: nothing is inherited from httpd's
 * configuration.
 */

/* Longer values are cut when they are read, and refused. */
#define MTA_STS_HOSTED_MX_MAX (MTA_STS_POLICY_TEXT_MAX + 60)
#define MTA_STS_HOSTED_VALUE_MAX 100

#define MTA_STS_HOSTED_MODE "testing" /* the table's defaults */
#define MTA_STS_HOSTED_MAX_AGE "604800"

typedef struct mta_sts_hosted_row {
    const char *domain;              /* the key: in lower case, as A-labels */
    const char *mode, *mx, *max_age; /* mx: patterns separated by blanks; NULL: not set */
    const char *alias_of;            /* the domain from which the other values are; NULL: its own */
    int is_alias_broken;             /* whether that domain has no row, or is itself an alias */
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
 * @param findings an error row-wrong is added for each value that is wrong
 * @return the policy, or NULL if anything is wrong
 */
const mta_sts_hosted_policy *mta_sts_hosted_row_read(apr_pool_t *p, const mta_sts_hosted_row *row,
                                                     mta_sts_findings *findings);

/* A number that depends on all values of the row but the domain; different rows have different
 * numbers, apart from rare coincidences. Never 0. p: scratch. */
apr_int64_t mta_sts_hosted_row_digest(apr_pool_t *p, const mta_sts_hosted_row *row);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/base/finding.h"

/*
 * An MTA-STS policy (RFC 8461 section 3.2), its text and its id. core/policy/text.h reads policy
 * texts.
 */

#define MTA_STS_MAX_AGE_MIN 1
#define MTA_STS_MAX_AGE_MAX 31557600 /* RFC 8461 section 3.2: about a year */

/* chasquid reads the first 10 KiB of a policy and silently ignores the rest. */
#define MTA_STS_POLICY_TEXT_MAX 10240

typedef enum mta_sts_mode {
    MTA_STS_MODE_UNSET, /* not set yet; never in a finished policy */
    MTA_STS_MODE_NONE,
    MTA_STS_MODE_TESTING,
    MTA_STS_MODE_ENFORCE,
} mta_sts_mode;

typedef struct mta_sts_policy {
    mta_sts_mode mode;
    apr_int64_t max_age;    /* for how many seconds senders may cache it */
    apr_array_header_t *mx; /* of const char *: canonical mx patterns (core/base/name.h) */
} mta_sts_policy;

/* "none", "testing" or "enforce". mode must not be MTA_STS_MODE_UNSET. */
const char *mta_sts_mode_name(mta_sts_mode mode);

/* The mode with exactly this name (len bytes), or MTA_STS_MODE_UNSET. */
mta_sts_mode mta_sts_mode_from_name(const char *name, apr_size_t len);

/*
 * Reads a mode as an admin enters it.
 *
 * @param p    pool of the error text
 * @param mode out: the mode
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_mode_parse(apr_pool_t *p, const char *text, mta_sts_mode *mode);

/*
 * Reads a max_age as an admin enters it: seconds, or hours, days or weeks with the suffix h, d or
 * w; from MTA_STS_MAX_AGE_MIN to MTA_STS_MAX_AGE_MAX seconds.
 *
 * @param p       pool of the error text
 * @param seconds out: the value
 * @return NULL, or what is wrong with the text and what is allowed
 */
const char *mta_sts_max_age_parse(apr_pool_t *p, const char *text, apr_int64_t *seconds);

/*
 * Renders the policy text in the form that all known senders accept: ASCII, with CRLF after each
 * line: version, mode, the mx lines and max_age; nothing else.
 *
 * @param p      pool of the text
 * @param policy must have a mode other than MTA_STS_MODE_UNSET, a max_age in range, and at least
 *               one mx pattern
 * @param len    out: length of the text in bytes, without its terminating NUL
 */
const char *mta_sts_policy_render(apr_pool_t *p, const mta_sts_policy *policy, apr_size_t *len);

/* The mode of a text that mta_sts_policy_render rendered. */
mta_sts_mode mta_sts_policy_rendered_mode(const char *text);

/*
 * The policy id of a policy text: the first 20 hex digits of the SHA-256 of its bytes, so that
 * admins can compute it with `curl -s URL | sha256sum | cut -c1-20`.
 *
 * @param p pool of the id
 */
const char *mta_sts_policy_id(apr_pool_t *p, const char *text, apr_size_t len);

/* Whether one of the policy's mx patterns matches the host (RFC 8461 section 4.1). */
int mta_sts_policy_covers(const mta_sts_policy *policy, const char *host);

/*
 * Adds findings about a valid policy that may not do what the admin intends.
 *
 * @param subject the policy domain, or another name for the policy; borrowed by the findings
 */
void mta_sts_policy_check(const mta_sts_policy *policy, const char *subject,
                          mta_sts_findings *findings);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_COPIES_H
#define TLSRPT_ADVICE_COPIES_H

#include <jansson.h>

#include "core/policy/rollout.h"

/*
 * Until when senders may use copies of an earlier policy, for programs: the same object wherever a
 * command or the status page says it.
 *
 * @param p         scratch
 * @param date      NULL: nothing is known of earlier policies
 * @param has_hosts whether machines may be named
 * @return null, or an object: worst_case_until, certain, recorded_since, unrecorded, log_complete,
 *         by_log_until, served_by. The caller owns the reference
 */
json_t *tlsrpt_copies_to_json(apr_pool_t *p, const mta_sts_rollout_date *date, int has_hosts);

#endif

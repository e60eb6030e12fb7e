/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_COPIES_H
#define TLSRPT_ADVICE_COPIES_H

#include <jansson.h>

#include "core/policy/rollout.h"

/*
 * Until when senders may use copies of an earlier policy, as JSON for programs: the same object in
 * the output of all commands and on the status page.
 *
 * @param p         scratch
 * @param date      NULL: nothing is known about earlier policies
 * @param has_hosts whether the object may name machines
 * @return null, or an object: worst_case_until, certain, recorded_since, unrecorded, log_complete,
 *         by_log_until, served_by. The caller owns the reference
 */
json_t *tlsrpt_copies_to_json(apr_pool_t *p, const mta_sts_rollout_date *date, int has_hosts);

#endif

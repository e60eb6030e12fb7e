/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ROLLOUT_CALL_H
#define CLI_ROLLOUT_CALL_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "cli/common/output.h"
#include "cli/fetches/names.h"
#include "core/policy/rollout.h"

/*
 * Shared by the parts of `mta-sts rollout`. cli/rollout/rollout.c reads the command line and the
 * database, cli/rollout/show.c and cli/rollout/json.c print.
 */

typedef struct cli_rollout_domain {
    const char *domain;       /* canonical */
    mta_sts_rollout *rollout; /* NULL: nothing is known about its policies */
} cli_rollout_domain;

typedef struct cli_rollout_call {
    apr_pool_t *p;
    int as_json;
    const char *state_dir, *database; /* values of the options, or NULL */
    apr_int64_t max_age;              /* value of --previous-max-age; negative: not given */
    apr_time_t now;
    apr_array_header_t *domains; /* of cli_rollout_domain */
    cli_names_options names_options;
    const cli_names *names; /* names of the networks that fetched policies */
} cli_rollout_call;

/* Whether senders may still have a copy of an earlier policy: 1, 0, or -1 if it is not known. */
static inline int cli_rollout_is_outstanding(const cli_rollout_domain *domain)
{
    mta_sts_rollout_date date;

    if (!domain->rollout) {
        return -1;
    }
    date = mta_sts_rollout_copies(domain->rollout);
    return mta_sts_rollout_is_outstanding(&date);
}

/* Prints the result for people, or in the format documented in mta-sts-rollout(1). */
void cli_rollout_print(const cli_rollout_call *call, const cli_style *style);
void cli_rollout_print_json(const cli_rollout_call *call);

#endif

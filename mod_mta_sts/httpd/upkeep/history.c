/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/history.h"

#include <apr_strings.h>
#include <http_log.h>

#include "core/base/monotonic.h"
#include "core/database/history.h"
#include "core/policy/policy.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/log.h"
#include "httpd/shared/module.h"
#include "httpd/config/policies.h"

APLOG_USE_MODULE(mta_sts);

/* Since when this configuration has been served: by the system clock, as it was then or when the
 * history was last written, and by the monotonic clock. Child processes inherit both from the
 * parent; in a child process, only the watchdog's thread uses them. */
static apr_time_t stamped, elapsed;

void mts_history_prepare(void)
{
    stamped = apr_time_now();
    elapsed = mta_sts_monotonic_now();
}

int mts_history_is_wrong(void)
{
    return mta_sts_monotonic_date(stamped, elapsed) != stamped;
}

static mta_sts_history_machine this_machine(const mta_sts_database *db)
{
    return (mta_sts_history_machine){.host = mta_sts_database_host(db),
                                     .running = mts_counters_since(),
                                     .started = mta_sts_monotonic_date(stamped, elapsed),
                                     .stamped = stamped,
                                     .now = apr_time_now()};
}

/* Lists the policies that are served under an exact name, not a pattern: an array of mts_served,
 * each domain once, with the policy that takes precedence. */
static apr_array_header_t *list_served(server_rec *main, apr_pool_t *p)
{
    const apr_array_header_t *list = mts_policies_list(p, main);
    apr_array_header_t *served = apr_array_make(p, list->nelts, sizeof(mts_served));
    const char *last = "";
    int i;

    for (i = 0; i < list->nelts; i++) {
        const mts_served *one = &APR_ARRAY_IDX(list, i, mts_served);

        if (!one->is_pattern && mts_policies_reach_senders(one) && strcmp(one->domain, last) != 0) {
            APR_ARRAY_PUSH(served, mts_served) = *one;
            last = one->domain;
        }
    }
    return served;
}

static apr_array_header_t *texts_served(server_rec *main, apr_pool_t *p)
{
    const apr_array_header_t *list = list_served(main, p);
    apr_array_header_t *texts = apr_array_make(p, list->nelts, sizeof(mta_sts_history_served));
    int i;

    for (i = 0; i < list->nelts; i++) {
        const mts_served *one = &APR_ARRAY_IDX(list, i, mts_served);
        const mta_sts_history_served text = {
            one->domain, mta_sts_policy_id(p, one->policy->text, one->policy->len),
            one->policy->text, one->policy->len};

        APR_ARRAY_PUSH(texts, mta_sts_history_served) = text;
    }
    return texts;
}

static void log_change(server_rec *main, const mta_sts_history_change *change)
{
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main,
                 "%s: the policy changed: publish the new id %s (replaces %s) now: "
                 "_mta-sts.%s. IN TXT \"v=STSv1; id=%s;\" [id-changed]",
                 change->domain, change->id, change->old_id, change->domain, change->id);
}

static void log_changes(server_rec *main, const apr_array_header_t *changes)
{
    int i;

    if (changes->nelts > MTS_LOG_LISTED_MAX) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main,
                     "the policies of %d domains changed: publish their new ids now; "
                     "apachectl -t -D DUMP_MTA_STS lists them [id-changed]",
                     changes->nelts);
        return;
    }
    for (i = 0; i < changes->nelts; i++) {
        log_change(main, &APR_ARRAY_IDX(changes, i, mta_sts_history_change));
    }
}

const char *mts_history_record(server_rec *main, mta_sts_database *db, apr_pool_t *p)
{
    const mta_sts_history_machine machine = this_machine(db);
    apr_array_header_t *changes;
    const char *error = mta_sts_history_record(db, &machine, texts_served(main, p), p, &changes);

    log_changes(main, changes);
    stamped = error ? stamped : machine.started;
    return error;
}

const char *mts_history_confirm(mta_sts_database *db)
{
    const mta_sts_history_machine machine = this_machine(db);
    const char *error = mta_sts_history_confirm(db, &machine);

    stamped = error ? stamped : machine.started;
    return error;
}

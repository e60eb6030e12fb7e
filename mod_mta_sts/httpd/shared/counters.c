/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/counters.h"

#include <apr_general.h>

#include "httpd/shared/memory.h"

#define RECOUNTS 20
#define RECOUNT_PAUSE apr_time_from_msec(2)

static mod_counters unshared;
mod_counters *mod_counters_shared = &unshared;

void mod_counters_make(server_rec *main)
{
    mod_counters_shared = mod_shared_make(main, sizeof(mod_counters));
    if (mod_counters_shared->since == 0) {
        mod_counters_shared->since = apr_time_now();
        apr_generate_random_bytes(mod_counters_shared->secret, sizeof(mod_counters_shared->secret));
    }
    mod_counters_shared->counted = 0;
}

apr_uint64_t mod_counters_value(mod_counter counter)
{
    return __atomic_load_n(&mod_counters_shared->values[counter], __ATOMIC_RELAXED);
}

const char *mod_counters_name(mod_counter counter)
{
    static const char *const names[] = {
        [MOD_POLICY_SERVED] = "policy-served",     [MOD_POLICY_METHOD] = "policy-method",
        [MOD_POLICY_BAD_BODY] = "policy-bad-body", [MOD_REPORT_NEW] = "report-new",
        [MOD_REPORT_REPEATED] = "report-repeated", [MOD_REPORT_QUARANTINED] = "report-quarantined",
        [MOD_REPORT_METHOD] = "report-method",     [MOD_REPORT_LIMITED] = "report-limited",
        [MOD_REPORT_CUT] = "report-cut",           [MOD_REPORT_TOO_LARGE] = "report-too-large",
        [MOD_REPORT_FOREIGN] = "report-foreign",   [MOD_REPORT_NO_POLICIES] = "report-no-policies",
        [MOD_REPORT_QUOTA] = "report-quota",       [MOD_REPORT_NOT_KEPT] = "report-not-kept",
    };

    return names[counter];
}

apr_time_t mod_counters_since(void)
{
    return mod_counters_shared->since;
}

mod_usage mod_counters_usage(tlsrpt_area area)
{
    mod_usage usage = {__atomic_load_n(&mod_counters_shared->octets[area], __ATOMIC_RELAXED),
                       __atomic_load_n(&mod_counters_shared->files[area], __ATOMIC_RELAXED)};

    return usage;
}

apr_int64_t mod_counters_use(tlsrpt_area area, apr_int64_t octets, int files)
{
    __atomic_add_fetch(&mod_counters_shared->files[area], files, __ATOMIC_RELAXED);
    return __atomic_add_fetch(&mod_counters_shared->octets[area], octets, __ATOMIC_RELAXED);
}

void mod_counters_keeping(int begins)
{
    __atomic_add_fetch(&mod_counters_shared->changes, 1, __ATOMIC_ACQ_REL);
    __atomic_add_fetch(&mod_counters_shared->keeping, begins ? 1 : -1, __ATOMIC_ACQ_REL);
}

/* Replaces a number by what was counted, unless it was changed meanwhile. */
static int replace(apr_int64_t *number, apr_int64_t known, apr_int64_t counted)
{
    return __atomic_compare_exchange_n(number, &known, counted, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

/* One count of one area; false if a report was kept meanwhile, which may be in it or not. */
static int recount(const tlsrpt_spool *spool, tlsrpt_area area, int whatever_happens)
{
    mod_counters *shared = mod_counters_shared;
    apr_uint32_t changes = __atomic_load_n(&shared->changes, __ATOMIC_ACQUIRE);
    mod_usage known = mod_counters_usage(area);
    int quiet = __atomic_load_n(&shared->keeping, __ATOMIC_ACQUIRE) == 0;
    apr_int64_t octets, files;

    tlsrpt_spool_usage(spool, area, &octets, &files);
    quiet = quiet && __atomic_load_n(&shared->changes, __ATOMIC_ACQUIRE) == changes;
    return (quiet || whatever_happens) && replace(&shared->octets[area], known.octets, octets) &&
           replace(&shared->files[area], known.files, files);
}

void mod_counters_recount(const tlsrpt_spool *spool)
{
    static const tlsrpt_area areas[] = {TLSRPT_REPORTS, TLSRPT_QUARANTINE};
    apr_size_t i;
    int left;

    for (i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        /* A child that was killed while it kept a report leaves it so for ever: then the last
         * count is taken as it is. */
        for (left = RECOUNTS; !recount(spool, areas[i], left == 0) && left > 0; left--) {
            apr_sleep(RECOUNT_PAUSE);
        }
    }
    __atomic_store_n(&mod_counters_shared->counted, 1, __ATOMIC_RELEASE);
}

int mod_counters_are_counted(void)
{
    return __atomic_load_n(&mod_counters_shared->counted, __ATOMIC_ACQUIRE);
}

void mod_counters_count_once(const tlsrpt_spool *spool)
{
    if (!mod_counters_are_counted()) {
        mod_counters_recount(spool);
    }
}

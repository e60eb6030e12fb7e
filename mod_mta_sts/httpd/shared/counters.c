/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/counters.h"

#include <apr_general.h>

#include "httpd/shared/memory.h"

#define RECOUNTS 5
#define RECOUNT_PAUSE apr_time_from_msec(2)

static const struct {
    const char *name, *text;
} counters[MTS_COUNTERS] = {
#define COUNTER(enumerator, name, text) [enumerator] = {name, text},
    MTS_COUNTER_LIST(COUNTER)
#undef COUNTER
};

static mts_counters unshared;
mts_counters *mts_counters_shared = &unshared;

void mts_counters_make(server_rec *main)
{
    mts_counters_shared = mts_memory_make(main, "counters", sizeof(mts_counters));
    if (mts_counters_shared->since == 0) {
        mts_counters_shared->since = apr_time_now();
        apr_generate_random_bytes(mts_counters_shared->secret, sizeof(mts_counters_shared->secret));
    }
}

apr_uint64_t mts_counters_value(mts_counter counter)
{
    return __atomic_load_n(&mts_counters_shared->values[counter], __ATOMIC_RELAXED);
}

const char *mts_counters_name(mts_counter counter)
{
    return counters[counter].name;
}

const char *mts_counters_text(mts_counter counter)
{
    return counters[counter].text;
}

apr_time_t mts_counters_since(void)
{
    return mts_counters_shared->since;
}

mts_usage mts_counters_usage(tlsrpt_area area)
{
    mts_usage usage = {__atomic_load_n(&mts_counters_shared->bytes[area], __ATOMIC_RELAXED),
                       __atomic_load_n(&mts_counters_shared->files[area], __ATOMIC_RELAXED)};

    return usage;
}

apr_int64_t mts_counters_add_usage(tlsrpt_area area, int directory, apr_int64_t bytes, int files)
{
    mts_counters *shared = mts_counters_shared;
    mts_directory_usage *usage = &shared->directories[area][directory];

    __atomic_add_fetch(&usage->bytes, bytes, __ATOMIC_RELAXED);
    __atomic_add_fetch(&usage->files, files, __ATOMIC_RELAXED);
    __atomic_add_fetch(&shared->files[area], files, __ATOMIC_RELAXED);
    return __atomic_add_fetch(&shared->bytes[area], bytes, __ATOMIC_RELAXED);
}

apr_int64_t mts_counters_used(tlsrpt_area area)
{
    apr_int64_t bytes = mts_counters_usage(area).bytes;

    return area == TLSRPT_QUARANTINE
               ? bytes
               : bytes + __atomic_load_n(&mts_counters_shared->index_bytes, __ATOMIC_RELAXED);
}

void mts_counters_note_storing(tlsrpt_area area, int directory, int begins)
{
    mts_directory_usage *usage = &mts_counters_shared->directories[area][directory];

    __atomic_add_fetch(&mts_counters_shared->changes, 1, __ATOMIC_ACQ_REL);
    __atomic_add_fetch(&usage->changes, 1, __ATOMIC_ACQ_REL);
    __atomic_add_fetch(&usage->storing, begins ? 1 : -1, __ATOMIC_ACQ_REL);
}

/* Replaces a number by the counted one, unless it has changed in the meantime, and adjusts the
 * sum. */
static int replace(apr_int64_t *number, apr_int64_t known, apr_int64_t counted, apr_int64_t *sum)
{
    if (!__atomic_compare_exchange_n(number, &known, counted, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return 0;
    }
    __atomic_add_fetch(sum, counted - known, __ATOMIC_RELAXED);
    return 1;
}

/* Counts one directory. Returns 0 if a report was stored in the meantime, which may or may not be
 * included. */
static int recount(const tlsrpt_spool *spool, tlsrpt_area area, int directory)
{
    mts_counters *shared = mts_counters_shared;
    mts_directory_usage *usage = &shared->directories[area][directory];
    apr_uint32_t changes = __atomic_load_n(&usage->changes, __ATOMIC_ACQUIRE);
    apr_int64_t known_bytes = __atomic_load_n(&usage->bytes, __ATOMIC_RELAXED);
    apr_int64_t known_files = __atomic_load_n(&usage->files, __ATOMIC_RELAXED);
    int quiet = __atomic_load_n(&usage->storing, __ATOMIC_ACQUIRE) == 0;
    apr_int64_t bytes, files;

    if (!quiet) {
        return 0;
    }
    tlsrpt_spool_directory_usage(spool, area, directory, &bytes, &files);
    return __atomic_load_n(&usage->changes, __ATOMIC_ACQUIRE) == changes &&
           replace(&usage->bytes, known_bytes, bytes, &shared->bytes[area]) &&
           replace(&usage->files, known_files, files, &shared->files[area]);
}

/* A child process that was killed while it was storing a report has not decremented `storing`. This
 * is detected because nothing has changed since the previous recount failed for the same reason. */
static void end_storing_of_killed(mts_directory_usage *usage)
{
    apr_int32_t storing = __atomic_load_n(&usage->storing, __ATOMIC_ACQUIRE);

    if (storing && __atomic_load_n(&usage->changes, __ATOMIC_ACQUIRE) ==
                       __atomic_load_n(&usage->busy_at, __ATOMIC_ACQUIRE)) {
        __atomic_compare_exchange_n(&usage->storing, &storing, 0, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
    }
}

static void recount_area(const tlsrpt_spool *spool, tlsrpt_area area, int directory)
{
    mts_directory_usage *usage = &mts_counters_shared->directories[area][directory];
    int left = RECOUNTS;

    end_storing_of_killed(usage);
    while (!recount(spool, area, directory)) {
        if (left-- == 0) {
            /* The current numbers remain: they include reports that are being stored. */
            __atomic_store_n(&usage->busy_at, __atomic_load_n(&usage->changes, __ATOMIC_ACQUIRE),
                             __ATOMIC_RELEASE);
            return;
        }
        apr_sleep(RECOUNT_PAUSE);
    }
}

void mts_counters_recount(const tlsrpt_spool *spool, int directory)
{
    tlsrpt_area area;

    for (area = TLSRPT_REPORTS; area <= TLSRPT_QUARANTINE; area++) {
        recount_area(spool, area, directory);
    }
    if (directory == TLSRPT_SPOOL_DIRECTORIES - 1) {
        __atomic_store_n(&mts_counters_shared->counted, 1, __ATOMIC_RELEASE);
    }
}

int mts_counters_are_counted(void)
{
    return __atomic_load_n(&mts_counters_shared->counted, __ATOMIC_ACQUIRE);
}

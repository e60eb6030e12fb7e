/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_COUNTERS_H
#define HTTPD_SHARED_COUNTERS_H

#include <httpd.h>

#include "httpd/shared/tokens.h"
#include "tlsrpt/index/clock.h"
#include "tlsrpt/spool/spool.h"

/*
 * Counters since the server was started, across all child processes and graceful restarts: outcomes
 * of requests, and the disk usage of the spool. They are atomic, so counting costs no more than an
 * addition; a value that is read while others write may be slightly out of date.
 */

/*
 * COUNTER(enumerator, name, text): all counters of outcomes of requests. The name is the member in
 * the JSON of the status page. In the metrics, its first part selects the metric of policies or of
 * reports, and the part after the first "-" is the label. The name is also the finding id, if the
 * outcome is logged. The text is for people.
 */
#define MTS_COUNTER_LIST(COUNTER)                                                                  \
    COUNTER(MTS_POLICY_SERVED, "policy-served", "Policies served (200)")                           \
    COUNTER(MTS_POLICY_METHOD, "policy-method",                                                    \
            "Policy requests refused: neither GET nor HEAD (405)")                                 \
    COUNTER(MTS_POLICY_BAD_BODY, "policy-bad-body",                                                \
            "Policy requests refused: request body could not be read (400)")                       \
    COUNTER(MTS_POLICY_UNAVAILABLE, "policy-unavailable",                                          \
            "Policy requests rejected: hosted domains could not be looked up (503)")               \
    COUNTER(MTS_REPORT_NEW, "report-new", "Reports stored (201)")                                  \
    COUNTER(MTS_REPORT_REPEATED, "report-repeated", "Reports already stored (200)")                \
    COUNTER(MTS_REPORT_QUARANTINED, "report-quarantined", "Reports quarantined (202)")             \
    COUNTER(MTS_REPORT_METHOD, "report-method", "Reports refused: not a POST (405)")               \
    COUNTER(MTS_REPORT_LIMITED, "report-limited",                                                  \
            "Reports refused: too many requests from one address (503)")                           \
    COUNTER(MTS_REPORT_INCOMPLETE, "report-cut",                                                   \
            "Reports refused: incomplete request body (400, 408)")                                 \
    COUNTER(MTS_REPORT_TOO_LARGE, "report-too-large", "Reports refused: too large (413)")          \
    COUNTER(MTS_REPORT_NOT_A_REPORT, "report-invalid", "Reports refused: not a TLS report (415)")  \
    COUNTER(MTS_REPORT_NO_POLICIES, "report-no-policies",                                          \
            "Reports refused: JSON without policies (400)")                                        \
    COUNTER(MTS_REPORT_BUSY, "report-busy", "Reports rejected: too many at the same time (503)")   \
    COUNTER(MTS_REPORT_SHARE, "report-share",                                                      \
            "Reports rejected: share of the network reached (503)")                                \
    COUNTER(MTS_REPORT_QUOTA, "report-quota", "Reports rejected: quota reached (503)")             \
    COUNTER(MTS_REPORT_NOT_STORED, "report-not-stored",                                            \
            "Reports rejected: cannot be written to disk (503)")

typedef enum mts_counter {
#define COUNTER(enumerator, name, text) enumerator,
    MTS_COUNTER_LIST(COUNTER)
#undef COUNTER
        MTS_COUNTERS
} mts_counter;

/* The disk usage of an area of the spool. */
typedef struct mts_usage {
    apr_int64_t bytes; /* as tlsrpt_spool_cost computes them */
    apr_int64_t files;
} mts_usage;

/* Rate limits; see httpd/shared/limit.c. */
#define MTS_LIMIT_SLOTS 16384
#define MTS_LIMIT_WAYS 8 /* number of slots in which an address may be stored */

/* Disk space used by networks; see httpd/shared/room.c. */
#define MTS_ROOM_ROWS 4
#define MTS_ROOM_COLUMNS 4096

typedef struct mts_room {
    apr_int64_t held[2][MTS_ROOM_ROWS][MTS_ROOM_COLUMNS]; /* bytes */
    apr_int32_t today[MTS_ROOM_ROWS][MTS_ROOM_COLUMNS];   /* number of reports stored on `day` */
    apr_int64_t day;                                      /* since 1970 */
    int table;                                            /* index of the current table in `held` */
    int is_recounting;                                    /* whether the other table is being
                                                             filled */
} mts_room;

/* Bodies that were received before; see httpd/endpoint/known.c. */
#define MTS_KNOWN_MAX 4096
#define MTS_KNOWN_WORDS 12

typedef struct mts_known {
    apr_uint64_t changes; /* odd while the entry is being written */
    apr_uint64_t words[MTS_KNOWN_WORDS];
} mts_known;

/* One directory of the spool. */
typedef struct mts_directory_usage {
    apr_int64_t bytes, files;
    apr_uint32_t changes; /* incremented at the beginning and at the end of storing a report */
    apr_int32_t storing;  /* number of reports that are being stored */
    apr_uint32_t busy_at; /* the value of `changes` when a recount failed because reports were
                             being stored */
} mts_directory_usage;

typedef struct mts_counters {
    apr_uint64_t values[MTS_COUNTERS];
    apr_time_t since;                /* when counting began */
    apr_int64_t bytes[TLSRPT_AREAS]; /* sums of the directories */
    apr_int64_t files[TLSRPT_AREAS];
    mts_directory_usage directories[TLSRPT_AREAS][TLSRPT_SPOOL_DIRECTORIES];
    apr_int64_t index_bytes;       /* size of the database, if it is SQLite */
    int counted;                   /* whether all directories have been counted on disk */
    int quota_level[TLSRPT_AREAS]; /* the usage level of an area that was last logged: 0, 1, 2 */
    apr_uint32_t changes;          /* counter of changes in all directories */
    apr_uint32_t configurations;   /* number of configurations served so far */
    apr_time_t fetches_since; /* since when requests have been recorded; 0: they are not recorded */
    apr_time_t fetches_elapsed;    /* mta_sts_monotonic_now() of that time */
    apr_uint32_t database_trouble; /* see httpd/upkeep/database.c; 0: none */
    tlsrpt_clock clock;            /* of the watchdog, in any child process */
    apr_uint64_t limits[MTS_LIMIT_SLOTS];
    apr_uint64_t limits_of_others[MTS_LIMIT_SLOTS / MTS_LIMIT_WAYS];
    unsigned char secret[16]; /* key of the hash of addresses */
    mts_room room;
    mts_known known[MTS_KNOWN_MAX];
    mts_token tokens[MTS_TOKEN_SHARED][MTS_TOKENS_MAX];
} mts_counters;

/* Never NULL: before post_config it is private memory that is never read. */
extern mts_counters *mts_counters_shared;

/* Must be called in post_config: creates the counters, or finds those of the previous start. */
void mts_counters_make(server_rec *main);

/* Increments a counter. */
static inline void mts_counters_add(mts_counter counter)
{
    __atomic_fetch_add(&mts_counters_shared->values[counter], 1, __ATOMIC_RELAXED);
}

/* The value of a counter. */
apr_uint64_t mts_counters_value(mts_counter counter);

/* The stable name of a counter: "policy-served", "report-new", "report-too-large". */
const char *mts_counters_name(mts_counter counter);

/* For people: "Policies served (200)". */
const char *mts_counters_text(mts_counter counter);

/* The time when counting began. */
apr_time_t mts_counters_since(void);

/* The usage of an area: as it was last counted on disk, plus what has been added since. */
mts_usage mts_counters_usage(tlsrpt_area area);

/* Whether all directories have been counted on disk since httpd was started. */
int mts_counters_are_counted(void);

/*
 * Adds to the usage of an area, or subtracts from it.
 *
 * @param directory 0..TLSRPT_SPOOL_DIRECTORIES-1
 * @return the new number of bytes of the area
 */
apr_int64_t mts_counters_add_usage(tlsrpt_area area, int directory, apr_int64_t bytes, int files);

/* The number of bytes that count against MTASTSReportQuota: of the reports and their index, or of
 * the quarantine. */
apr_int64_t mts_counters_used(tlsrpt_area area);

/* Must be called with begins = 1 before a report is stored in a directory, and with 0 afterwards,
 * so that a recount can detect that it may be incomplete. */
void mts_counters_note_storing(tlsrpt_area area, int directory, int begins);

/*
 * Counts one directory of both areas on disk; again if reports are stored there in the meantime.
 * Takes a few milliseconds for 1,000 files. After a call for the last directory, all count as
 * counted.
 *
 * @param directory 0..TLSRPT_SPOOL_DIRECTORIES-1
 */
void mts_counters_recount(const tlsrpt_spool *spool, int directory);

#endif

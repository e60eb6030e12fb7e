/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_COUNTERS_H
#define HTTPD_SHARED_COUNTERS_H

#include <httpd.h>

#include "tlsrpt/index/clock.h"
#include "tlsrpt/spool/spool.h"

/*
 * What happened since the server was started, over all children and graceful restarts: outcomes of
 * requests, and how full the spool is. All of it is plain atomic numbers, so counting costs an
 * addition; what is read while others write may be a moment old.
 */

typedef enum mts_counter {
    /* requests for policies */
    MTS_POLICY_SERVED,
    MTS_POLICY_METHOD,   /* 405 */
    MTS_POLICY_BAD_BODY, /* 400: a body that could not be read */
    /* reports that came over https, by what became of them */
    MTS_REPORT_NEW,          /* 201 */
    MTS_REPORT_REPEATED,     /* 200 */
    MTS_REPORT_QUARANTINED,  /* 202 */
    MTS_REPORT_METHOD,       /* 405 */
    MTS_REPORT_LIMITED,      /* 503: too many from one address */
    MTS_REPORT_CUT,          /* 400, 408: the body did not come whole */
    MTS_REPORT_TOO_LARGE,    /* 413 */
    MTS_REPORT_NOT_A_REPORT, /* 415: no report at all */
    MTS_REPORT_NO_POLICIES,  /* 400 */
    MTS_REPORT_QUOTA,        /* 503: the spool or the quarantine is full */
    MTS_REPORT_NOT_STORED,   /* 503: the disk is full, or cannot be written to */
    MTS_COUNTERS
} mts_counter;

/* How much is in an area of the spool. */
typedef struct mts_usage {
    apr_int64_t bytes; /* as tlsrpt_spool_cost counts them */
    apr_int64_t files;
} mts_usage;

/* One minute of one client address; see httpd/report_limit.c. */
#define MTS_LIMIT_SLOTS 8192

typedef struct mts_counters {
    apr_uint64_t values[MTS_COUNTERS];
    apr_time_t since;               /* when counting began */
    apr_int64_t bytes[2], files[2]; /* by tlsrpt_area */
    int counted;                    /* whether they were counted on disk */
    int keeping;                    /* reports that are being kept now */
    apr_uint32_t changes;           /* grows where one begins and where one ends */
    apr_uint32_t database_trouble;  /* see httpd/database.c; 0: none */
    tlsrpt_clock clock;             /* of the watchdog, whichever child it is in */
    apr_uint64_t limits[MTS_LIMIT_SLOTS];
    unsigned char secret[16]; /* of the hash of addresses */
} mts_counters;

/* Never NULL: before a start's post_config, a piece of memory that nobody looks at. */
extern mts_counters *mts_counters_shared;

/* Hook function for post_config: makes them, or finds those of the start before. */
void mts_counters_make(server_rec *main);

static inline void mts_counters_add(mts_counter counter)
{
    __atomic_fetch_add(&mts_counters_shared->values[counter], 1, __ATOMIC_RELAXED);
}

apr_uint64_t mts_counters_value(mts_counter counter);

/* Stable, in words: "policy-served", "report-new", "report-too-large". */
const char *mts_counters_name(mts_counter counter);

/* When counting began. */
apr_time_t mts_counters_since(void);

/* How full an area is: as counted last on disk, and what was added since. */
mts_usage mts_counters_usage(tlsrpt_area area);

/* Whether the areas were counted on disk since the last start. */
int mts_counters_are_counted(void);

/* Adds to it, or takes away. Returns the bytes then. */
apr_int64_t mts_counters_use(tlsrpt_area area, apr_int64_t bytes, int files);

/* Stands around what keeps one report, so that a count on disk knows what it cannot see. */
void mts_counters_storing(int begins);

/* Counts both areas on disk, again and again if reports are kept meanwhile. Takes about a second
 * for a quarter of a million files. */
void mts_counters_recount(const tlsrpt_spool *spool);

/* The same, unless it was done since the start. */
void mts_counters_count_once(const tlsrpt_spool *spool);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_COUNTERS_H
#define HTTPD_SHARED_COUNTERS_H

#include <httpd.h>

#include "tlsrpt/index/clock.h"
#include "tlsrpt/spool/spool.h"

/*
 * Counters since the server was started, over all children and graceful restarts: outcomes of
 * requests, and how full the spool is. They are atomic numbers, so counting costs an addition; a
 * value that is read while others write may be slightly out of date.
 */

typedef enum mts_counter {
    /* requests for policies */
    MTS_POLICY_SERVED,
    MTS_POLICY_METHOD,   /* 405 */
    MTS_POLICY_BAD_BODY, /* 400: a body that could not be read */
    /* reports over HTTPS, by outcome */
    MTS_REPORT_NEW,          /* 201 */
    MTS_REPORT_REPEATED,     /* 200 */
    MTS_REPORT_QUARANTINED,  /* 202 */
    MTS_REPORT_METHOD,       /* 405 */
    MTS_REPORT_LIMITED,      /* 503: too many from one address */
    MTS_REPORT_INCOMPLETE,   /* 400, 408: the body is incomplete */
    MTS_REPORT_TOO_LARGE,    /* 413 */
    MTS_REPORT_NOT_A_REPORT, /* 415: not a report */
    MTS_REPORT_NO_POLICIES,  /* 400 */
    MTS_REPORT_QUOTA,        /* 503: the spool or the quarantine is full */
    MTS_REPORT_NOT_STORED,   /* 503: the disk is full or not writable */
    MTS_COUNTERS
} mts_counter;

/* How much an area of the spool holds. */
typedef struct mts_usage {
    apr_int64_t bytes; /* as tlsrpt_spool_cost counts them */
    apr_int64_t files;
} mts_usage;

/* One minute of one client address; see httpd/shared/limit.c. */
#define MTS_LIMIT_SLOTS 8192

typedef struct mts_counters {
    apr_uint64_t values[MTS_COUNTERS];
    apr_time_t since;               /* when counting began */
    apr_int64_t bytes[2], files[2]; /* by tlsrpt_area */
    int counted;                    /* whether they were counted on disk */
    int storing;                    /* reports that are being stored now */
    apr_uint32_t changes;           /* incremented when storing one begins and when it ends */
    apr_uint32_t database_trouble;  /* see httpd/upkeep/database.c; 0: none */
    tlsrpt_clock clock;             /* of the watchdog, in any child */
    apr_uint64_t limits[MTS_LIMIT_SLOTS];
    unsigned char secret[16]; /* of the hash of addresses */
} mts_counters;

/* Never NULL: before post_config, private memory that nothing reads. */
extern mts_counters *mts_counters_shared;

/* For post_config: creates the counters, or finds those of the previous start. */
void mts_counters_make(server_rec *main);

static inline void mts_counters_add(mts_counter counter)
{
    __atomic_fetch_add(&mts_counters_shared->values[counter], 1, __ATOMIC_RELAXED);
}

apr_uint64_t mts_counters_value(mts_counter counter);

/* The stable name of a counter: "policy-served", "report-new", "report-too-large". */
const char *mts_counters_name(mts_counter counter);

/* When counting began. */
apr_time_t mts_counters_since(void);

/* How full an area is: as last counted on disk, plus what was added since. */
mts_usage mts_counters_usage(tlsrpt_area area);

/* Whether the areas have been counted on disk since the last start. */
int mts_counters_are_counted(void);

/* Adds to the usage of an area, or subtracts from it. Returns the new number of bytes. */
apr_int64_t mts_counters_add_usage(tlsrpt_area area, apr_int64_t bytes, int files);

/* To be called with 1 before a report is stored and with 0 afterwards, so that a count on disk
 * knows that files may be missing from it. */
void mts_counters_note_storing(int begins);

/* Counts both areas on disk; repeatedly, if reports are stored meanwhile. Takes about a second for
 * 250,000 files. */
void mts_counters_recount(const tlsrpt_spool *spool);

/* The same, unless it was done since the last start. */
void mts_counters_count_once(const tlsrpt_spool *spool);

#endif

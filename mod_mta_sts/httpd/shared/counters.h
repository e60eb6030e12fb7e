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

typedef enum mod_counter {
    /* requests for policies */
    MOD_POLICY_SERVED,
    MOD_POLICY_METHOD,   /* 405 */
    MOD_POLICY_BAD_BODY, /* 400: a body that could not be read */
    /* reports that came over https, by what became of them */
    MOD_REPORT_NEW,         /* 201 */
    MOD_REPORT_REPEATED,    /* 200 */
    MOD_REPORT_QUARANTINED, /* 202 */
    MOD_REPORT_METHOD,      /* 405 */
    MOD_REPORT_LIMITED,     /* 503: too many from one address */
    MOD_REPORT_CUT,         /* 400, 408: the body did not come whole */
    MOD_REPORT_TOO_LARGE,   /* 413 */
    MOD_REPORT_FOREIGN,     /* 415: no report at all */
    MOD_REPORT_NO_POLICIES, /* 400 */
    MOD_REPORT_QUOTA,       /* 503: the spool or the quarantine is full */
    MOD_REPORT_NOT_KEPT,    /* 503: the disk is full, or cannot be written to */
    MOD_COUNTERS
} mod_counter;

/* How much is in an area of the spool. */
typedef struct mod_usage {
    apr_int64_t octets; /* as tlsrpt_spool_cost counts them */
    apr_int64_t files;
} mod_usage;

/* One minute of one client address; see httpd/report_limit.c. */
#define MOD_LIMIT_SLOTS 8192

typedef struct mod_counters {
    apr_uint64_t values[MOD_COUNTERS];
    apr_time_t since;                /* when counting began */
    apr_int64_t octets[2], files[2]; /* by tlsrpt_area */
    int counted;                     /* whether they were counted on disk */
    int keeping;                     /* reports that are being kept now */
    apr_uint32_t changes;            /* grows where one begins and where one ends */
    apr_uint32_t database_trouble;   /* see httpd/database.c; 0: none */
    tlsrpt_clock clock;              /* of the watchdog, whichever child it is in */
    apr_uint64_t limits[MOD_LIMIT_SLOTS];
    unsigned char secret[16]; /* of the hash of addresses */
} mod_counters;

/* Never NULL: before a start's post_config, a piece of memory that nobody looks at. */
extern mod_counters *mod_counters_shared;

/* Hook function for post_config: makes them, or finds those of the start before. */
void mod_counters_make(server_rec *main);

static inline void mod_counters_add(mod_counter counter)
{
    __atomic_fetch_add(&mod_counters_shared->values[counter], 1, __ATOMIC_RELAXED);
}

apr_uint64_t mod_counters_value(mod_counter counter);

/* Stable, in words: "policy-served", "report-new", "report-too-large". */
const char *mod_counters_name(mod_counter counter);

/* When counting began. */
apr_time_t mod_counters_since(void);

/* How full an area is: as counted last on disk, and what was added since. */
mod_usage mod_counters_usage(tlsrpt_area area);

/* Whether the areas were counted on disk since the last start. */
int mod_counters_are_counted(void);

/* Adds to it, or takes away. Returns the octets then. */
apr_int64_t mod_counters_use(tlsrpt_area area, apr_int64_t octets, int files);

/* Stands around what keeps one report, so that a count on disk knows what it cannot see. */
void mod_counters_keeping(int begins);

/* Counts both areas on disk, again and again if reports are kept meanwhile. Takes about a second
 * for a quarter of a million files. */
void mod_counters_recount(const tlsrpt_spool *spool);

/* The same, unless it was done since the start. */
void mod_counters_count_once(const tlsrpt_spool *spool);

#endif

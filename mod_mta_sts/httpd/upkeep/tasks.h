/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_TASKS_H
#define HTTPD_UPKEEP_TASKS_H

#include <httpd.h>

#include "httpd/upkeep/database.h"
#include "httpd/shared/log_once.h"
#include "tlsrpt/index/index.h"

/*
 * What the watchdog does, and how often.
 */

/* What a task works with: of one child, used by one thread at a time. */
typedef struct mts_work {
    server_rec *main;
    mts_database *database;
    mta_sts_database *db;     /* open, if the task needs it */
    apr_pool_t *scratch;      /* of this step */
    int is_first;             /* the task was not done yet by this child, or not since the
                                 database was opened anew */
    int (*is_ending)(void *); /* whether the child waits for the end of the step */
    apr_uint32_t changes;     /* of the spool, when it was indexed last */
    mts_log_once *told;       /* of what is wrong with the spool */
    int is_emptier;           /* than it was counted: reports were removed from the spool */
    tlsrpt_index_task index;  /* how far the index is */
} mts_work;

typedef enum mts_step {
    MTS_STEP_DONE,
    MTS_STEP_GO_ON,  /* more is to be done at once */
    MTS_STEP_FAILED, /* try again with the next round */
} mts_step;

/* One thing to do now and then, in steps that are over in a moment, since the end of a child waits
 * for one. */
typedef struct mts_task {
    mts_step (*run)(mts_work *now);
    int (*is_wanted)(const mts_work *now); /* earlier than the interval tells; may be NULL */
    apr_interval_time_t interval;
    int needs_database;
    apr_time_t done; /* mta_sts_monotonic_now; 0: not yet by this child, or not since the database
                        was opened anew */
} mts_task;

/* In the order in which they are done. */
extern mts_task mts_tasks[];
extern const int mts_task_count;

/*
 * Prepares what tasks work with.
 *
 * @param p of the child, used by the watchdog alone
 */
void mts_tasks_prepare(mts_work *work, server_rec *main, apr_pool_t *p, int (*is_ending)(void *));

#endif

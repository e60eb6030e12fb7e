/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_TASKS_H
#define HTTPD_UPKEEP_TASKS_H

#include <httpd.h>

#include "httpd/upkeep/database.h"
#include "httpd/upkeep/quota.h"
#include "httpd/shared/log_once.h"
#include "tlsrpt/index/index.h"

/*
 * The tasks of the watchdog and their intervals.
 */

/* The context of the tasks: of one child, used by one thread at a time. */
typedef struct mts_work {
    server_rec *main;
    mts_database *database;
    mta_sts_database *db;     /* open, if the task needs it */
    apr_pool_t *scratch;      /* of this step */
    int is_first;             /* first run of the task in this child, or since the database
                                 was reopened */
    int (*is_ending)(void *); /* whether the child is waiting for the end of the step */
    apr_uint32_t changes;     /* of the spool, when it was last indexed */
    mts_log_once *log;        /* of errors of the spool */
    int has_removed_reports;  /* reports were removed from the spool since it was counted */
    int directory;            /* of the spool: the next one that is counted */
    mts_quota *quota;
    tlsrpt_index_task index; /* the progress of the index */
} mts_work;

typedef enum mts_step {
    MTS_STEP_DONE,
    MTS_STEP_GO_ON,  /* call again at once */
    MTS_STEP_FAILED, /* try again in the next round */
} mts_step;

/* One periodic task. Its steps are short, since a child that stops waits for the end of one. */
typedef struct mts_task {
    mts_step (*run)(mts_work *now);
    int (*is_due)(const mts_work *now); /* before the interval has passed; may be NULL */
    apr_interval_time_t interval;
    int needs_database;
    apr_time_t done; /* mta_sts_monotonic_now; 0: not yet by this child, or not since the database
                        was reopened */
} mts_task;

/* In the order in which they run. */
extern mts_task mts_tasks[];
extern const int mts_task_count;

/*
 * Prepares the context of the tasks.
 *
 * @param p of the child, used by the watchdog alone
 */
void mts_tasks_prepare(mts_work *work, server_rec *main, apr_pool_t *p, int (*is_ending)(void *));

#endif

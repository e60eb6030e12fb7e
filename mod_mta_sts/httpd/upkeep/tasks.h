/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_TASKS_H
#define HTTPD_UPKEEP_TASKS_H

#include <httpd.h>

#include "httpd/upkeep/database.h"
#include "httpd/upkeep/fetches.h"
#include "httpd/upkeep/hosting.h"
#include "httpd/upkeep/quota.h"
#include "httpd/shared/log_once.h"
#include "tlsrpt/index/index.h"

/*
 * The tasks of the watchdog and their intervals.
 */

/* The context of the tasks, which belongs to one child and is used by one thread at a time. */
typedef struct mts_work {
    server_rec *main;
    mts_database *database;
    mta_sts_database *db;     /* the open database, if the task needs it */
    apr_pool_t *scratch;      /* cleared after this step */
    int is_first;             /* whether it is the first run of the task in this child, or since
                                 the database was reopened */
    int (*is_ending)(void *); /* whether the child process is stopping and waits for this step */
    apr_uint32_t changes;     /* the spool's counter of changes when it was last indexed */
    mts_log_once *log;        /* for errors of the spool */
    mts_log_once *log_fetches, *log_history; /* for what is not removed as the date may be wrong */
    int has_removed_reports; /* whether reports were removed from the spool since it was counted */
    int directory;           /* the next directory of the spool to be counted */
    mts_quota *quota;
    mts_hosting_work *hosting;
    mts_fetches_work fetches;
    tlsrpt_index_task index; /* the progress of the index */
} mts_work;

typedef enum mts_step {
    MTS_STEP_DONE,
    MTS_STEP_GO_ON,  /* call the task again at once */
    MTS_STEP_FAILED, /* call the task again in the next round */
} mts_step;

/* A periodic task. Its steps are short, because a child process that is stopping must wait for the
 * current one. */
typedef struct mts_task {
    mts_step (*run)(mts_work *work);
    int (*is_due)(const mts_work *work); /* whether to run before the interval has passed; may be
                                           NULL */
    apr_interval_time_t interval;
    int needs_database;
    int has_more;    /* whether its turn ended before it was finished */
    apr_time_t done; /* when it last ran (mta_sts_monotonic_now); 0: not yet in this child, or
                        since the database was reopened */
} mts_task;

/* The tasks in the order in which they run. */
extern mts_task mts_tasks[];
extern const int mts_task_count;

/*
 * Initializes the context of the tasks.
 *
 * @param p a pool of the child process, used only by the watchdog
 */
void mts_tasks_prepare(mts_work *work, server_rec *main, apr_pool_t *p, int (*is_ending)(void *));

#endif

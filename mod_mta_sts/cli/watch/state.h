/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_STATE_H
#define CLI_WATCH_STATE_H

#include "cli/watch/item.h"
#include "tlsrpt/spool/foreign.h"

/*
 * What earlier runs of `mta-sts watch` saw and reported: the file watch.json in a directory of its
 * own. It is replaced as a whole and synced to disk, so that an interrupted run leaves the old one
 * or the new one; a lock makes one run at a time read, report and write.
 */

#define CLI_WATCH_FILE "watch.json"
#define CLI_WATCH_DIR TLSRPT_FOREIGN_WATCH               /* in the module's state directory */
#define CLI_WATCH_DIR_ELSEWHERE "/var/lib/mta-sts-watch" /* where there is none */

/* A domain that was watched. */
typedef struct cli_watch_domain {
    const char *name;
    int is_configured; /* found in httpd's configuration, rather than named */
} cli_watch_domain;

/* What was not reported to one of the channels yet, and whether anything arrives there. */
typedef struct cli_watch_delivery {
    int is_first;       /* there was no file, and that was not reported yet */
    int is_damaged;     /* it could not be used, and that was not reported yet */
    apr_time_t failing; /* since when changes do not arrive there; 0: they do */
    apr_time_t said;    /* when that was last said */
} cli_watch_delivery;

typedef struct cli_watch_state {
    apr_pool_t *p;
    const char *dir;
    int fd;              /* of the directory */
    apr_hash_t *items;   /* key -> cli_watch_item * */
    apr_hash_t *domains; /* name -> cli_watch_domain * */
    const char *damage;  /* why it could not be used and where it is now, while is_damaged */
    cli_watch_delivery deliveries[CLI_WATCH_CHANNELS];
} cli_watch_state;

/*
 * Opens the directory, which is created if it does not exist, waits for the lock, and reads the
 * file. A file that is damaged is renamed, and `damage` says so. The lock is released when the
 * process ends.
 *
 * @param p     pool of the state
 * @param dir   the directory
 * @param wait  seconds to wait for another run
 * @param state out
 * @return NULL, or why nothing can be compared, and what to do
 */
const char *cli_watch_state_open(apr_pool_t *p, const char *dir, int wait, cli_watch_state **state);

/* Writes the file durably. Returns NULL, or why it cannot be written. */
const char *cli_watch_state_save(const cli_watch_state *state);

#endif

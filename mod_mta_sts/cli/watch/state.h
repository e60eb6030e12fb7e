/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_STATE_H
#define CLI_WATCH_STATE_H

#include "cli/watch/item.h"
#include "tlsrpt/spool/foreign.h"

/*
 * The state of `mta-sts watch`, which is what earlier runs observed and reported: the file
 * watch.json in a separate directory. It is replaced atomically and synced to disk, so that an
 * interrupted run leaves the old or the new one. A lock ensures that only one run at a time reads,
 * reports and writes.
 */

#define CLI_WATCH_FILE "watch.json"
/* Name of the directory in the module's state directory. */
#define CLI_WATCH_DIR TLSRPT_FOREIGN_WATCH
#define CLI_WATCH_DIR_ELSEWHERE "/var/lib/mta-sts-watch" /* used if there is no state directory */

/* A domain that was watched. */
typedef struct cli_watch_domain {
    const char *name;
    int is_configured; /* whether it was found in httpd's configuration, and not named */
} cli_watch_domain;

/* What has not been reported to a channel yet, and whether delivery works. */
typedef struct cli_watch_delivery {
    int is_first;       /* whether there was no file, which was not reported yet */
    int is_damaged;     /* whether the file could not be used, which was not reported yet */
    apr_time_t failing; /* since when delivery has failed; 0: delivery works */
    apr_time_t said;    /* when the failure was last printed */
} cli_watch_delivery;

typedef struct cli_watch_state {
    apr_pool_t *p;
    const char *dir;
    int fd;              /* of the directory */
    apr_hash_t *items;   /* key -> cli_watch_item * */
    apr_hash_t *domains; /* name -> cli_watch_domain * */
    const char *damage;  /* why the file could not be used and where it is now, while is_damaged is
                            set */
    cli_watch_delivery deliveries[CLI_WATCH_CHANNELS];
} cli_watch_state;

/*
 * Opens the directory, which is created if it does not exist, waits for the lock, and reads the
 * file. A damaged file is renamed, which `damage` then describes. The lock is released when the
 * process ends.
 *
 * @param p     pool of the state
 * @param dir   the directory
 * @param wait  maximum number of seconds to wait for another run
 * @param state out
 * @return NULL, or why the state cannot be read, and what to do
 */
const char *cli_watch_state_open(apr_pool_t *p, const char *dir, int wait, cli_watch_state **state);

/* Writes the file durably. Returns NULL, or why it cannot be written. */
const char *cli_watch_state_save(const cli_watch_state *state);

#endif

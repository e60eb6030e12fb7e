/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_LOOK_H
#define CLI_WATCH_LOOK_H

#include "cli/check/domains.h"
#include "cli/watch/item.h"

/*
 * What one run of `mta-sts watch` looked at, and what it found: cli/watch/network.c looks at the
 * live deployment, cli/watch/hosting.c at the configuration of httpd and at hosted domains,
 * cli/watch/reports.c and cli/watch/machine.c at what this machine stores.
 */

#define CLI_WATCH_ITEMS_MAX 50000 /* of one look and of the state; all others are left out */

typedef struct cli_watch_look {
    apr_pool_t *p;
    apr_time_t began;
    int runs; /* how many runs in a row make something certain that is seen over a network */
    apr_hash_t *items;     /* key -> cli_watch_item *: what is wrong */
    apr_hash_t *domains;   /* name -> const cli_check_domain *: those that are watched; without
                              result if they were not checked */
    int is_full;           /* whether something was left out, so that nothing is certainly over */
    const char *problem;   /* why the configuration could not be read; or NULL */
    const char *nothing;   /* why the configuration, which was read, has no domain; or NULL */
    int is_configured;     /* whether the domains are those of httpd's configuration */
    int has_hosted;        /* whether it was read which domains are hosted */
    int is_hosting_unread; /* whether that could not be read */
    int has_checked;       /* whether DNS answered, so that the domains were checked */
    int has_store;         /* whether there are stored reports, in a directory that can be read */
    int has_reports;       /* whether all of them could be opened */
    int has_room;          /* whether the quota is known to be used up by much less than reported */
    int has_database;      /* whether the database was used */
    int has_fetch_log;     /* whether the room of the fetch log was read */
    int has_pairs;         /* whether the key pairs of the configuration were read */
    apr_hash_t *reporters; /* DOMAIN/NAME -> "" : those that reported lately */
    apr_hash_t *crowded;   /* DOMAIN -> "" : those with more kinds of failure than are noted */
} cli_watch_look;

/* An empty look; everything is allocated from p. */
cli_watch_look *cli_watch_look_make(apr_pool_t *p, int runs);

/*
 * Adds something that is wrong. If it was added before, the more severe one counts.
 *
 * @param item  the first five members, severity, fix and needed; borrowed
 * @param message borrowed
 */
void cli_watch_look_add(cli_watch_look *look, const cli_watch_item *item, const char *message);

/* Something of this machine that could not be looked at, and therefore is unknown. Without fix:
 * NULL. All texts are borrowed. */
void cli_watch_look_add_blind(cli_watch_look *look, const char *subject, const char *message,
                              const char *fix);

/* Whether the look shows that something which it did not find is over. Otherwise it was not looked
 * at, and is as it was. */
int cli_watch_look_covers(const cli_watch_look *look, const cli_watch_item *item);

/* How the command line describes the look. */
typedef struct cli_watch_request {
    cli_check_domains *domains; /* named ones; empty: those of httpd's configuration */
    int with_hosted;            /* --hosted */
    cli_check_options network;
    const char *state_dir, *database; /* or NULL */
    int is_offline;                   /* look up no names of networks */
} cli_watch_request;

/*
 * Checks the live deployment of all domains, as `mta-sts check` does.
 *
 * @return NULL, or why the request cannot be carried out
 */
const char *cli_watch_look_network(cli_watch_look *look, cli_watch_request *request);

/* Looks at hosted domains and key pairs as a whole, and at what else is wrong with the
 * configuration of httpd, which was read. */
void cli_watch_look_hosting(cli_watch_look *look, const cli_apache *apache);

/* Reads the stored reports. As root, the process switches permanently to the owner of the state
 * directory. */
void cli_watch_look_reports(cli_watch_look *look, const cli_watch_request *request);

/* Looks at the quota of the reports, at the database, and at the room of the fetch log. */
void cli_watch_look_machine(cli_watch_look *look, const cli_watch_request *request);

#endif

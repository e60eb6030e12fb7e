/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_LOOK_H
#define CLI_WATCH_LOOK_H

#include "cli/check/domains.h"
#include "cli/watch/item.h"

/*
 * The observations of one run of `mta-sts watch`, and what it could check: cli/watch/network.c
 * checks the live deployment, cli/watch/hosting.c the configuration of httpd and hosted domains,
 * cli/watch/reports.c the stored reports, and cli/watch/machine.c the quota and the database.
 */

/* Maximum number of items in one run and in the state; all others are left out. */
#define CLI_WATCH_ITEMS_MAX 50000

typedef struct cli_watch_look {
    apr_pool_t *p;
    apr_time_t began;
    int runs; /* number of consecutive runs until a problem that is observed over the network is
                 certain */
    apr_hash_t *items;   /* key -> cli_watch_item *: the problems */
    apr_hash_t *domains; /* name -> const cli_check_domain *: the watched domains; without a result
                            if they were not checked */
    int is_full;         /* whether items were left out, so that no problem is certainly over */
    const char *problem; /* why the configuration could not be read, or NULL */
    const char *nothing; /* why the configuration, which was read, contains no domain; or NULL */
    int is_configured;   /* whether the domains were read from httpd's configuration */
    int has_hosted;      /* whether the list of hosted domains was read */
    int is_hosting_unread; /* whether that failed */
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

/* Creates an empty object; everything is allocated from p. */
cli_watch_look *cli_watch_look_make(apr_pool_t *p, int runs);

/*
 * Adds a problem. If it was added before, the more severe one counts.
 *
 * @param item  its first five members, severity, fix and needed are used; borrowed
 * @param message borrowed
 */
void cli_watch_look_add(cli_watch_look *look, const cli_watch_item *item, const char *message);

/*
 * Adds a finding about this machine as a problem.
 *
 * @param kind   further distinction where the id is not specific enough, or NULL
 * @param needed number of consecutive runs until it is certain
 */
void cli_watch_look_add_finding(cli_watch_look *look, const mta_sts_finding *finding,
                                const char *kind, int needed);

/* Adds something on this machine that could not be checked, and so is unknown. fix may be NULL. All
 * texts are borrowed. */
void cli_watch_look_add_blind(cli_watch_look *look, const char *subject, const char *message,
                              const char *fix);

/* Whether the run has checked an item, so that the item is over if it was not observed. Otherwise,
 * it is unchanged. */
int cli_watch_look_covers(const cli_watch_look *look, const cli_watch_item *item);

/* What the command line requests. */
typedef struct cli_watch_request {
    cli_check_domains *domains; /* the domains that were named; empty: those of httpd's
                                   configuration */
    int with_hosted;            /* --hosted */
    cli_check_options network;
    const char *state_dir, *database; /* or NULL */
    int is_offline;                   /* whether to look up no names of networks */
} cli_watch_request;

/*
 * Checks the live deployment of all domains, as `mta-sts check` does.
 *
 * @return NULL, or why the request cannot be carried out
 */
const char *cli_watch_look_network(cli_watch_look *look, cli_watch_request *request);

/* Checks hosted domains and key pairs as a whole, and the other findings about the configuration of
 * httpd, which was read. */
void cli_watch_look_hosting(cli_watch_look *look, const cli_apache *apache);

/* Reads the stored reports. As root, the process switches permanently to the owner of the state
 * directory. */
void cli_watch_look_reports(cli_watch_look *look, const cli_watch_request *request);

/* Looks at the quota of the reports, at the database, and at the room of the fetch log. */
void cli_watch_look_machine(cli_watch_look *look, const cli_watch_request *request);

#endif

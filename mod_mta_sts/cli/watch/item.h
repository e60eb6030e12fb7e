/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_ITEM_H
#define CLI_WATCH_ITEM_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"

/*
 * A problem, or something that could not be checked (MTA_STS_UNKNOWN), with its history over the
 * runs of `mta-sts watch`. The first five members identify it; the message may differ from run to
 * run, for example that of a certificate that expires soon.
 */

/* Address families; bits of a set. */
#define CLI_WATCH_IPV4 1
#define CLI_WATCH_IPV6 2

/* The parts besides those of mta_sts_check_part_name(). */
#define CLI_WATCH_REPORTS "reports" /* problems in verified reports */
#define CLI_WATCH_MACHINE "machine" /* this machine; the domain is "" */

/* Kinds of problems of this machine, by which it is determined whether they were checked. */
#define CLI_WATCH_START "start" /* findings about httpd's configuration that its start logs */
#define CLI_WATCH_PAIRS "pairs" /* problems of the key pairs of MTASTSCertificates */

/* What was last reported to the admin. */
typedef enum cli_watch_phase {
    CLI_WATCH_CALM,    /* nothing, or that it is over */
    CLI_WATCH_OPEN,    /* that the problem exists */
    CLI_WATCH_FLAPPING /* that the problem is flapping: nothing more is reported until it has been
                          unchanged for a day */
} cli_watch_phase;

/* Where changes are reported to. Each channel has its own record of what was delivered. */
typedef enum cli_watch_channel {
    CLI_WATCH_OUTPUT, /* standard output */
    CLI_WATCH_EXEC,   /* the command of --exec */
} cli_watch_channel;

#define CLI_WATCH_CHANNELS 2
/* Number of beginnings that are remembered; one more within a day means flapping. */
#define CLI_WATCH_STARTS 2

/* What was reported about an item to one channel. */
typedef struct cli_watch_report {
    cli_watch_phase phase;
    mta_sts_severity severity; /* the reported severity, or a lower one that followed it */
    int is_eased;              /* whether a lower severity has followed */
    apr_time_t starts[CLI_WATCH_STARTS]; /* when its beginning, or that it got worse again, was
                                            reported, the latest first; 0: never */
    apr_time_t ended;                    /* when it was last reported as over; 0: never */
} cli_watch_report;

typedef struct cli_watch_item {
    const char *domain, *part, *subject, *id;
    const char *kind; /* further distinction where the id is not specific enough; else "" */

    mta_sts_severity severity; /* this and the next two members: as last observed */
    const char *message;
    const char *fix; /* or NULL */

    int families; /* set of CLI_WATCH_IPV4...: over which families it could be observed */
    int needed;   /* number of consecutive runs until it is certain that it has begun, or is over */
    int seen, gone; /* number of consecutive runs in which it was observed; in which it was checked
                       but not observed */
    int level;      /* number of consecutive runs in which it had this severity */
    apr_time_t first, last; /* since when it has existed; when a run last checked it */
    apr_time_t turned;      /* when it last began or ended */

    cli_watch_report reports[CLI_WATCH_CHANNELS];
} cli_watch_item;

/* The rank of a severity, for comparisons; MTA_STS_UNKNOWN ranks low. */
int cli_watch_rank(mta_sts_severity severity);

/* The key of an item in a hash: its first five members. Allocated from p. */
const char *cli_watch_item_key(apr_pool_t *p, const cli_watch_item *item);

/* Whether a text can be printed and stored unchanged: it is valid UTF-8 without line ends, other
 * control characters, and characters that could mislead the reader of a terminal. */
int cli_watch_is_plain(const char *text);

/* "ok", "note", "warning", "critical" or "unknown". */
const char *cli_watch_severity_name(mta_sts_severity severity);

/* What happened since the last run. */
typedef enum cli_watch_event {
    CLI_WATCH_BEGIN,   /* there is no earlier run to compare with */
    CLI_WATCH_DAMAGED, /* the state of earlier runs cannot be used */
    CLI_WATCH_NEW,
    CLI_WATCH_WORSE, /* more severe than reported */
    CLI_WATCH_RESOLVED,
    CLI_WATCH_DROPPED, /* its domain is no longer watched */
} cli_watch_event;

typedef struct cli_watch_change {
    cli_watch_event event;
    cli_watch_item *item; /* NULL: message says what happened */
    const char *message;
    const char *domain;                           /* the domain that is no longer watched */
    const apr_array_header_t *domains, *subjects; /* of const char *: those of the items for which
                                                     this change stands (silence.c); or NULL */
    const char *replaces; /* the id of a previous stage of the problem, which this one replaces; or
                             NULL */
    int is_replaced;      /* whether it is over because a later stage has replaced it */
    int is_flapping;      /* whether nothing more will be reported for a while */
} cli_watch_change;

/* "begin", "state-damaged", "new", "worse", "resolved" or "dropped". */
const char *cli_watch_event_name(cli_watch_event event);

#endif

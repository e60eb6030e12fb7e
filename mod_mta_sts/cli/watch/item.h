/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_ITEM_H
#define CLI_WATCH_ITEM_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"

/*
 * One thing that is wrong, or that could not be looked at (MTA_STS_UNKNOWN), with its history over
 * the runs of `mta-sts watch`. The first five members identify it; the message can differ from run
 * to run, as that of a certificate that has fewer days left.
 */

/* Families of addresses. */
#define CLI_WATCH_IPV4 1
#define CLI_WATCH_IPV6 2

/* The parts besides those of mta_sts_check_part_name(). */
#define CLI_WATCH_REPORTS "reports" /* what verified reports contain */
#define CLI_WATCH_MACHINE "machine" /* this machine; the domain is "" */

/* Kinds of what is wrong with this machine, by which it is known whether it was looked at. */
#define CLI_WATCH_START "start" /* what httpd's start logs about its configuration */
#define CLI_WATCH_PAIRS "pairs" /* of the key pairs of MTASTSCertificates */

/* What was reported to the administrator. */
typedef enum cli_watch_phase {
    CLI_WATCH_CALM,    /* nothing, or that it is over */
    CLI_WATCH_OPEN,    /* that it exists */
    CLI_WATCH_FLAPPING /* that it comes and goes: nothing more until it has been steady for a day */
} cli_watch_phase;

/* Where changes are reported to. What one of them does not take is no news to the other. */
typedef enum cli_watch_channel {
    CLI_WATCH_OUTPUT, /* standard output */
    CLI_WATCH_EXEC,   /* the command of --exec */
} cli_watch_channel;

#define CLI_WATCH_CHANNELS 2
#define CLI_WATCH_STARTS 2 /* so many are remembered: one more within a day is one too many */

/* What was reported about an item to one of them. */
typedef struct cli_watch_report {
    cli_watch_phase phase;
    mta_sts_severity severity;           /* that was reported; or a lower one that followed it */
    int is_eased;                        /* whether a lower one followed it */
    apr_time_t starts[CLI_WATCH_STARTS]; /* when it was last reported to begin, or to be worse
                                            again; the last one first; 0: never */
    apr_time_t ended;                    /* when it was last reported to be over; 0: never */
} cli_watch_report;

typedef struct cli_watch_item {
    const char *domain, *part, *subject, *id;
    const char *kind; /* of failure, where the id does not say enough; else "" */

    mta_sts_severity severity; /* these three as last seen */
    const char *message;
    const char *fix; /* or NULL */

    int families;           /* of addresses over which it could be seen: CLI_WATCH_IPV4... */
    int needed;             /* runs in a row before it is certain that it began, or is over */
    int seen, gone;         /* runs in a row in which it was there; or not, having been looked at */
    int level;              /* runs in a row in which it had this severity */
    apr_time_t first, last; /* since when it is there; when a run last looked at it */
    apr_time_t turned;      /* when it last came or went */

    cli_watch_report reports[CLI_WATCH_CHANNELS];
} cli_watch_item;

/* How severe something is, for comparisons: what is unknown is not. */
int cli_watch_rank(mta_sts_severity severity);

/* The key of an item in a hash: its first five members. Allocated from p. */
const char *cli_watch_item_key(apr_pool_t *p, const cli_watch_item *item);

/* Whether a text can be printed and stored as it is: valid UTF-8 without line ends and other
 * control characters, and without characters that mislead the reader of a terminal. */
int cli_watch_is_plain(const char *text);

/* "ok", "note", "warning", "critical" or "unknown". */
const char *cli_watch_severity_name(mta_sts_severity severity);

/* What happened since the last run. */
typedef enum cli_watch_event {
    CLI_WATCH_BEGIN,   /* there is no earlier run to compare with */
    CLI_WATCH_DAMAGED, /* what earlier runs stored cannot be used */
    CLI_WATCH_NEW,
    CLI_WATCH_WORSE, /* more severe than what was reported */
    CLI_WATCH_RESOLVED,
    CLI_WATCH_DROPPED, /* its domain is no longer watched */
} cli_watch_event;

typedef struct cli_watch_change {
    cli_watch_event event;
    cli_watch_item *item; /* without an item, message says what happened */
    const char *message;
    const char *domain;                           /* that is no longer watched */
    const apr_array_header_t *domains, *subjects; /* of const char *: of an item that stands for
                                                     several (silence.c); or NULL */
    const char *replaces; /* the id of an item about the same subject that it follows; or NULL */
    int is_replaced;      /* whether it is over because something else followed it */
    int is_flapping;      /* whether nothing more will be reported for a while */
} cli_watch_change;

/* "begin", "state-damaged", "new", "worse", "resolved" or "dropped". */
const char *cli_watch_event_name(cli_watch_event event);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_ROLLOUT_H
#define CORE_POLICY_ROLLOUT_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/policy/policy.h"

/*
 * The rollout of a policy: who may still have a copy of an earlier one, and until when. A sender
 * may use its copy for max_age after it fetched it (RFC 8461 section 3.2), and fetches the policy
 * again when the id in DNS differs from that of its copy (section 3.3), at the latest when its copy
 * fails (section 5.1).
 *
 * The worst case follows from when each policy was last served, as far as that is recorded. The
 * fetch log, if it is complete, gives earlier times: but it has networks, not senders, and a
 * network may contain several senders with a copy each. Nothing here reads anything:
 * core/hosting/rollout_read.h does.
 */

/* A time during which a policy was served. */
typedef struct mta_sts_rollout_served {
    const char *id;
    const mta_sts_policy *policy;
    const char *host; /* the machine; NULL: any that serves hosted domains */
    apr_time_t from;  /* 0: not known */
    apr_time_t until;
    int is_served; /* whether it is served now */
    int is_hosted; /* whether it is that of a hosted domain, to which configured ones are preferred
                    */
} mta_sts_rollout_served;

/* What else a rollout depends on. */
typedef struct mta_sts_rollout_basis {
    apr_time_t now; /* later times count as now */
    const char *id; /* of the policy that is to count as current, if that is known better than
                       from what was served; NULL: it is not */
    const apr_int64_t *max_age; /* the largest one, in seconds, of policies from before what is
                                   recorded; 0: there were none; NULL: it is not known */
} mta_sts_rollout_basis;

/* The last fetch of a policy from a network. */
typedef struct mta_sts_rollout_fetch {
    const char *network; /* "192.0.2.0/24"; "": others */
    const char *id;      /* policy id; "": not recorded */
    const char *agent;   /* first word of a User-Agent, or "" */
    apr_time_t last;
    apr_int64_t requests;
} mta_sts_rollout_fetch;

/* A network, and its last fetch of one policy. */
typedef struct mta_sts_rollout_network {
    const char *network, *agent;
    apr_time_t last;
    apr_time_t until; /* until when a copy from then may be used */
    apr_int64_t requests;
} mta_sts_rollout_network;

/* Why the log does not have all fetches that matter for a policy. */
typedef enum mta_sts_rollout_doubt {
    MTA_STS_ROLLOUT_NO_LOG = 1,     /* nothing is recorded of that time */
    MTA_STS_ROLLOUT_LATE = 2,       /* the log begins later */
    MTA_STS_ROLLOUT_GAPS = 4,       /* a machine recorded nothing for a while */
    MTA_STS_ROLLOUT_LOST = 8,       /* requests were not recorded */
    MTA_STS_ROLLOUT_OTHERS = 16,    /* some are recorded without network, policy or domain */
    MTA_STS_ROLLOUT_TRUNCATED = 32, /* more networks than are read */
} mta_sts_rollout_doubt;
#define MTA_STS_ROLLOUT_DOUBTS 6

/* Its name for programs: "gaps". */
const char *mta_sts_rollout_doubt_name(mta_sts_rollout_doubt doubt);

/* A policy that was served, whenever that was. */
typedef struct mta_sts_rollout_policy {
    const char *id;
    const mta_sts_policy *policy;
    apr_time_t from;  /* since when, or for the current policy since when without interruption; 0:
                         not known */
    apr_time_t until; /* when it was last served, also by the log; now if it is served */
    int is_served;    /* an earlier policy: a machine still serves it, so that copies may be used
                         for longer than until `cached` */
    apr_array_header_t *hosts; /* of const char *: these machines, as far as they are known */
    int is_hosted;             /* whether those have it from the database */
    apr_time_t cached;         /* no sender may use a copy after this time */
    apr_time_t needed;         /* fetches since then, and until `until`, matter: earlier copies have
                                  expired */
    int doubts;                /* of mta_sts_rollout_doubt; 0: the log has these fetches */
    apr_array_header_t *notes; /* of const char *: the doubts, in more detail */
    apr_array_header_t *networks; /* of mta_sts_rollout_network, the latest first. The current
                                     policy: all that fetched it. An earlier one: those that may
                                     have a copy and have not fetched the current one since */
    int updated; /* an earlier policy: networks that have fetched the current one since */
    apr_time_t cached_by_log; /* the latest `until` of the networks; 0: there is none */
} mta_sts_rollout_policy;

/* A later change, and when it is safe. */
typedef enum mta_sts_rollout_action {
    MTA_STS_ROLLOUT_REMOVE_MX, /* of an MX host that only earlier policies in mode enforce name */
    MTA_STS_ROLLOUT_STRICTER,  /* from mode testing: all senders have the current policy,
                                  so that reports are about it */
    MTA_STS_ROLLOUT_WITHDRAW, /* stop serving anything; unless the mode is none, it has to be set to
                                 none first, and the times are for doing that now */
} mta_sts_rollout_action;

/* "remove-mx", "stricter-mode", "withdraw" */
const char *mta_sts_rollout_action_name(mta_sts_rollout_action action);

/*
 * The worst case and what the log says. The worst case is certain unless a policy from before the
 * record may have been served whose copies live longer, or a machine still serves an earlier
 * policy.
 */
typedef struct mta_sts_rollout_date {
    mta_sts_rollout_action action;
    const char *mx;      /* pattern, for MTA_STS_ROLLOUT_REMOVE_MX; else NULL */
    apr_time_t recorded; /* the worst case: from then on no sender may use a copy of the recorded
                            policies that matter; 0: now */
    int is_certain;      /* neither of the two below */
    int has_unrecorded;  /* whether policies may have been served before the record whose copies may
                            be used for longer */
    int is_served;       /* whether a machine still serves one of them: then `recorded` moves */
    apr_array_header_t *hosts; /* of const char *: these machines, as far as they are known */
    apr_time_t since;          /* policies from before it are not recorded; 0: not known */
    int has_log;               /* whether the log is complete for all policies that matter */
    apr_time_t by_log;         /* as far as the log knows; 0: now */
} mta_sts_rollout_date;

typedef struct mta_sts_rollout {
    apr_time_t now;
    apr_time_t since;                /* policies from before it are not recorded; 0: not known */
    apr_time_t unrecorded;           /* copies of these may be used until then, if there were any */
    mta_sts_rollout_policy *current; /* NULL: no policy is served */
    apr_array_header_t *earlier; /* of mta_sts_rollout_policy *: those of which copies may be used,
                                    the latest first */
    apr_array_header_t *dates;   /* of mta_sts_rollout_date; set by mta_sts_rollout_judge */
} mta_sts_rollout;

/*
 * Finds the current policy and the earlier ones.
 *
 * @param p      pool of the result
 * @param served of mta_sts_rollout_served, in any order; borrowed. Without an id in basis, the
 *               current policy is the one that began last of those that are served, and configured
 *               ones are preferred to hosted ones
 */
mta_sts_rollout *mta_sts_rollout_make(apr_pool_t *p, const apr_array_header_t *served,
                                      const mta_sts_rollout_basis *basis);

/*
 * Adds the fetches of all networks. Before mta_sts_rollout_judge, the caller adds to the doubts and
 * notes of each policy what is known about the log between `needed` and `until`.
 *
 * @param fetches of mta_sts_rollout_fetch; borrowed
 */
void mta_sts_rollout_add_fetches(apr_pool_t *p, mta_sts_rollout *rollout,
                                 const apr_array_header_t *fetches);

/* --- what is safe when (rollout_dates.c) --- */

/* Determines when which change is safe. */
void mta_sts_rollout_judge(mta_sts_rollout *rollout);

/* When no sender may use a copy of an earlier policy any more. This and the date for
 * MTA_STS_ROLLOUT_WITHDRAW decide in all commands and on the status page. */
mta_sts_rollout_date mta_sts_rollout_copies(const mta_sts_rollout *rollout);

/* The date for withdrawing the policy, which a judged rollout always has. */
const mta_sts_rollout_date *mta_sts_rollout_withdrawal(const mta_sts_rollout *rollout);

/* Until when copies are to be expected: by the log if it is complete, else in the worst case; 0:
 * none are. */
apr_time_t mta_sts_rollout_expected(const mta_sts_rollout_date *date);

/* Whether copies may be used after `now`, in the worst case: 1, 0, or -1 if that is not known. */
int mta_sts_rollout_is_outstanding(const mta_sts_rollout_date *date);

/*
 * The same for people: until when senders may use copies of an earlier policy.
 *
 * @param has_hosts whether machines may be named
 * @return sentences; NULL if it is certain that there are no such copies
 */
const char *mta_sts_rollout_copies_text(apr_pool_t *p, const mta_sts_rollout_date *date,
                                        int has_hosts);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_ROLLOUT_H
#define CORE_POLICY_ROLLOUT_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/policy/policy.h"

/*
 * The rollout of a policy: which networks may still have a cached copy of an earlier one, and until
 * when. A sender may use its copy for max_age after it fetched it (RFC 8461 section 3.2), and
 * fetches the policy again when the id in DNS differs from that of its copy (section 3.3), at the
 * latest when its copy fails (section 5.1).
 *
 * The worst case follows from when each policy was last served, as far as that is recorded. The
 * fetch log, if it is complete, gives earlier times; but it records networks, not senders, and a
 * network may contain several senders with a copy each. This file only computes:
 * core/hosting/rollout_read.h reads the data.
 */

/* A time during which a policy was served. */
typedef struct mta_sts_rollout_served {
    const char *id;
    const mta_sts_policy *policy;
    const char *host; /* the machine; NULL: any that serves hosted domains */
    apr_time_t from;  /* 0: not known */
    apr_time_t until;
    int is_served; /* whether it is served now */
    int is_hosted; /* whether it is the policy of a hosted domain; a configured policy takes
                      precedence over it */
} mta_sts_rollout_served;

/* The other inputs of a rollout. */
typedef struct mta_sts_rollout_basis {
    apr_time_t now; /* the current time; later times count as this time */
    const char *id; /* id of the policy to treat as current; NULL: determine it from the policies
                       that were served */
    const apr_int64_t *max_age; /* the largest max_age, in seconds, of policies that were served
                                   before the record begins; 0: there were none; NULL: not known */
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

/* Reasons why the log may not contain all fetches that matter for a policy; bits of a set. */
typedef enum mta_sts_rollout_doubt {
    MTA_STS_ROLLOUT_NO_LOG = 1,     /* nothing was recorded at that time */
    MTA_STS_ROLLOUT_LATE = 2,       /* the log begins later */
    MTA_STS_ROLLOUT_GAPS = 4,       /* a machine recorded nothing for some time */
    MTA_STS_ROLLOUT_LOST = 8,       /* requests were not recorded */
    MTA_STS_ROLLOUT_OTHERS = 16,    /* some fetches are recorded without their network, policy or
                                       domain */
    MTA_STS_ROLLOUT_TRUNCATED = 32, /* there are more networks than are read */
} mta_sts_rollout_doubt;
#define MTA_STS_ROLLOUT_DOUBTS 6

/* The name of one doubt for programs: "gaps". */
const char *mta_sts_rollout_doubt_name(mta_sts_rollout_doubt doubt);

/* A policy that is or was served, over all times at which it was served. */
typedef struct mta_sts_rollout_policy {
    const char *id;
    const mta_sts_policy *policy;
    apr_time_t from;  /* since when, or for the current policy since when without interruption; 0:
                         not known */
    apr_time_t until; /* when it was last served, according to the history or the log; now if it is
                         served */
    int is_served; /* for an earlier policy: whether a machine still serves it, so that copies may
                      be used after `cached` */
    apr_array_header_t *hosts; /* of const char *: the machines that serve it, as far as they are
                                  known */
    int is_hosted;             /* whether these machines serve it from the database */
    apr_time_t cached;         /* no sender may use a copy after this time */
    apr_time_t needed; /* fetches between then and `until` matter; copies from earlier fetches have
                          expired */
    int doubts; /* set of mta_sts_rollout_doubt; 0: the log contains all fetches that matter */
    apr_array_header_t *notes;    /* of const char *: the doubts, in more detail */
    apr_array_header_t *networks; /* of mta_sts_rollout_network, the latest first. For the current
                                     policy: all that fetched it. For an earlier one: those that may
                                     have a copy and have not fetched the current policy since */
    int updated; /* for an earlier policy: number of networks that have fetched the current one
                    since */
    apr_time_t cached_by_log; /* the latest `until` of the networks; 0: there is none */
} mta_sts_rollout_policy;

/* A change that may have to wait until copies of earlier policies have expired. */
typedef enum mta_sts_rollout_action {
    MTA_STS_ROLLOUT_REMOVE_MX, /* remove an MX host that only earlier policies in mode enforce
                                  include */
    MTA_STS_ROLLOUT_STRICTER, /* switch from mode testing to enforce: safe when all senders have the
                                 current policy, so that reports are about it */
    MTA_STS_ROLLOUT_WITHDRAW, /* stop serving any policy; if the mode is not none yet, it has to be
                                 set to none first, and the times assume that this is done now */
} mta_sts_rollout_action;

/* "remove-mx", "stricter-mode", "withdraw" */
const char *mta_sts_rollout_action_name(mta_sts_rollout_action action);

/*
 * When a change is safe: in the worst case, and according to the fetch log. The worst case is
 * certain unless policies that were served before the record begins may have copies that are valid
 * for longer, or a machine still serves an earlier policy.
 */
typedef struct mta_sts_rollout_date {
    mta_sts_rollout_action action;
    const char *mx;      /* pattern, for MTA_STS_ROLLOUT_REMOVE_MX; else NULL */
    apr_time_t recorded; /* the worst case: from this time on, no sender may use a copy of a
                            recorded policy that matters; 0: now */
    int is_certain;      /* whether neither has_unrecorded nor is_served is set */
    int has_unrecorded;  /* whether policies that were served before the record begins may have
                            copies that can be used for longer */
    int is_served;       /* whether a machine still serves one of the policies that matter, so that
                            `recorded` will become later */
    apr_array_header_t *hosts; /* of const char *: the machines that serve it, as far as they are
                                  known */
    apr_time_t since;          /* policies served before this time are not recorded; 0: not known */
    int has_log;               /* whether the log is complete for all policies that matter */
    apr_time_t by_log;         /* the same as `recorded`, but according to the log; 0: now */
} mta_sts_rollout_date;

typedef struct mta_sts_rollout {
    apr_time_t now;
    apr_time_t since;      /* policies served before this time are not recorded; 0: not known */
    apr_time_t unrecorded; /* until when copies of policies from before `since` may be used, if
                              there were any */
    mta_sts_rollout_policy *current; /* NULL: no policy is served */
    apr_array_header_t *earlier; /* of mta_sts_rollout_policy *: those of which senders may still
                                    use copies, the latest first */
    apr_array_header_t *dates;   /* of mta_sts_rollout_date; set by mta_sts_rollout_judge */
} mta_sts_rollout;

/*
 * Determines the current policy and the earlier ones.
 *
 * @param p      pool of the result
 * @param served of mta_sts_rollout_served, in any order; borrowed. Without an id in basis, the
 *               current policy is the one that a machine began to serve last, among those that
 *               are still served; configured ones take precedence over hosted ones
 */
mta_sts_rollout *mta_sts_rollout_make(apr_pool_t *p, const apr_array_header_t *served,
                                      const mta_sts_rollout_basis *basis);

/*
 * Adds the fetches of all networks. Before it calls mta_sts_rollout_judge, the caller adds to the
 * doubts and notes of each policy what the log lacks between `needed` and `until`.
 *
 * @param fetches of mta_sts_rollout_fetch; borrowed
 */
void mta_sts_rollout_add_fetches(apr_pool_t *p, mta_sts_rollout *rollout,
                                 const apr_array_header_t *fetches);

/* --- which change is safe when (rollout_dates.c) --- */

/* Determines when each change is safe, and sets rollout->dates. */
void mta_sts_rollout_judge(mta_sts_rollout *rollout);

/* From when on no sender may use a copy of an earlier policy. All commands and the status page rely
 * on this and on the date for MTA_STS_ROLLOUT_WITHDRAW. */
mta_sts_rollout_date mta_sts_rollout_copies(const mta_sts_rollout *rollout);

/* The date for withdrawing the policy. The rollout must be judged; then it always has this date. */
const mta_sts_rollout_date *mta_sts_rollout_withdrawal(const mta_sts_rollout *rollout);

/* Until when copies can be expected to be in use: according to the log if it is complete, else in
 * the worst case; 0: no copies are in use. */
apr_time_t mta_sts_rollout_expected(const mta_sts_rollout_date *date);

/* Whether copies may still be in use, in the worst case: 1, 0, or -1 if that is not known. */
int mta_sts_rollout_is_outstanding(const mta_sts_rollout_date *date);

/*
 * Describes for people until when senders may use copies of an earlier policy.
 *
 * @param has_hosts whether the text may name machines
 * @return sentences; NULL if it is certain that there are no such copies
 */
const char *mta_sts_rollout_copies_text(apr_pool_t *p, const mta_sts_rollout_date *date,
                                        int has_hosts);

#endif

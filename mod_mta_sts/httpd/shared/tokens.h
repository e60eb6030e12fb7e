/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_TOKENS_H
#define HTTPD_SHARED_TOKENS_H

#include <httpd.h>

/*
 * Tokens bound how much work of one kind all children do at once. Each belongs to a process: the
 * token of a process that has ended is free, so a child that is killed holds up nobody, and nothing
 * ever waits for a lock.
 */

typedef enum mts_token_kind {
    MTS_TOKEN_UPLOAD, /* a report is being received, read or stored */
    MTS_TOKEN_SURVEY, /* the bytes of a report are inflated and scanned */
    MTS_TOKEN_LARGE,  /* a report that takes much memory is parsed */
    MTS_TOKEN_KINDS
} mts_token_kind;

#define MTS_TOKENS_MAX 512 /* of one kind */

/* Of a process and a moment; 0: free. All zeros at first, in shared memory. */
typedef struct mts_token {
    apr_uint64_t owner; /* process id, and a number that this process gave out once */
    apr_uint64_t group; /* who it was taken for; valid while there is an owner */
    apr_uint64_t taken; /* when: seconds since boot */
} mts_token;

/*
 * Takes a token, without waiting.
 *
 * @param limit tokens of this kind that may be taken at once, 1..MTS_TOKENS_MAX
 * @param group a number, as of mts_limit_network: one group has at most a quarter of the tokens
 *              that no other group has, but may have one; 0: no such share
 * @return what mts_token_release needs; 0: none is free, or the share of the group is used up
 */
apr_uint64_t mts_token_take(mts_token_kind kind, int limit, apr_uint64_t group);

/*
 * The same, but waits until there is one.
 *
 * @param patience the longest time to wait
 */
apr_uint64_t mts_token_wait(mts_token_kind kind, int limit, apr_interval_time_t patience);

/* Gives a token back. After 0, or if it was lost to another process meanwhile, does nothing. */
void mts_token_release(mts_token_kind kind, apr_uint64_t token);

/* How many tokens of a kind are taken now. */
int mts_token_count(mts_token_kind kind);

#endif

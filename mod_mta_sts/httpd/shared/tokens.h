/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_TOKENS_H
#define HTTPD_SHARED_TOKENS_H

#include <httpd.h>

/*
 * Tokens limit how much work of one kind all child processes do at the same time. Each token is
 * owned by a process, and is free again when that process has ended, so a process that is killed
 * does not block others, and no locks are needed.
 */

typedef enum mts_token_kind {
    MTS_TOKEN_UPLOAD,  /* receiving, reading or storing a report */
    MTS_TOKEN_SURVEY,  /* inflating and scanning the bytes of a report */
    MTS_TOKEN_LARGE,   /* parsing a report that needs much memory */
    MTS_TOKEN_REFUSAL, /* waiting for the rest of a rejected body */
    MTS_TOKEN_SHARED,
    /* Those that each process has for itself: */
    MTS_TOKEN_BRIEF = MTS_TOKEN_SHARED, /* waiting over HTTP/2, for a moment */
    MTS_TOKEN_SLOW,                     /* the same, for longer */
    MTS_TOKEN_KINDS
} mts_token_kind;

#define MTS_TOKENS_MAX 512 /* maximum number of tokens of each kind */

/* In shared memory, initially all 0. */
typedef struct mts_token {
    apr_uint64_t owner; /* process id, and a number that is unique in this process; 0: free */
    apr_uint64_t site;  /* hashes of the networks it was taken for; valid while there is an owner */
    apr_uint64_t wide;
    apr_uint64_t taken; /* when it was taken: seconds since boot */
} mts_token;

/*
 * Takes a token without waiting.
 *
 * @param limit how many tokens of this kind may be taken at once, 1..MTS_TOKENS_MAX
 * @param address of the client: its network (/24, /48) may have one token, and more as long as it
 *                has at most a quarter of those that no other network has; and a /16 or /32 half;
 *                NULL: no such limit
 * @return an argument for mts_token_release; 0: no token is free, or a network's share is used up
 */
apr_uint64_t mts_token_take(mts_token_kind kind, int limit, const char *address);

/*
 * The same without an address, but waits until a token is free.
 *
 * @param patience the longest time to wait, in microseconds
 * @param may_wait called before each pause, with baton; if it returns 0, the wait ends
 */
apr_uint64_t mts_token_wait(mts_token_kind kind, int limit, apr_interval_time_t patience,
                            int (*may_wait)(void *baton), void *baton);

/* Releases a token. Does nothing for 0, or if another process has taken it over. */
void mts_token_release(mts_token_kind kind, apr_uint64_t token);

/* The number of tokens of a kind that are taken. */
int mts_token_count(mts_token_kind kind);

#endif

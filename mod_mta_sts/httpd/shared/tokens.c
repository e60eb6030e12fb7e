/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/tokens.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "core/base/monotonic.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/network.h"

/* No work takes this long. An older token belongs to a process that was stopped, or whose process
 * id has been reused, and so counts as free. */
#define LOST 300 /* seconds */

/* A network has at most this part of the tokens that others leave. */
#define PART_OF_SITE 4
#define PART_OF_WIDE 2

#define PAUSE_FIRST 500 /* microseconds between attempts */
#define PAUSE_LONGEST 5000

/* The tokens of kinds that are counted in each process separately. */
static mts_token local[MTS_TOKEN_KINDS - MTS_TOKEN_SHARED][MTS_TOKENS_MAX];

static mts_token *tokens_of(mts_token_kind kind)
{
    return kind < MTS_TOKEN_SHARED ? mts_counters_shared->tokens[kind]
                                   : local[kind - MTS_TOKEN_SHARED];
}

static apr_uint64_t seconds_now(void)
{
    return (apr_uint64_t)apr_time_sec(mta_sts_monotonic_now());
}

static apr_uint64_t new_owner(void)
{
    static apr_uint32_t number;

    return (apr_uint64_t)getpid() << 32 | __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
}

static int is_running(apr_uint64_t owner)
{
    return kill((pid_t)(owner >> 32), 0) == 0 || errno != ESRCH;
}

/* The owner of a token; 0 if that process has ended or has had the token for too long. */
static apr_uint64_t owner_of(const mts_token *token)
{
    apr_uint64_t owner = __atomic_load_n(&token->owner, __ATOMIC_ACQUIRE);
    apr_uint64_t taken = __atomic_load_n(&token->taken, __ATOMIC_RELAXED);

    return owner && (!is_running(owner) || seconds_now() > taken + LOST) ? 0 : owner;
}

/* Hashes of the networks of a client; 0: none. */
typedef struct networks {
    apr_uint64_t site, wide;
} networks;

static networks networks_of(const char *address)
{
    networks of = {0, 0};

    if (address) {
        of.site = mts_network_hash("token", address, MTS_NETWORK_SITE);
        of.wide = mts_network_hash("token", address, MTS_NETWORK_WIDE);
    }
    return of;
}

/* Takes a token if it is free or lost. */
static int try_token(mts_token *token, apr_uint64_t owner, const networks *of)
{
    apr_uint64_t known = __atomic_load_n(&token->owner, __ATOMIC_ACQUIRE);

    if (known && owner_of(token) != 0) {
        return 0;
    }
    /* The time is set first: a token with an owner and an old time would immediately be lost. */
    __atomic_store_n(&token->taken, seconds_now(), __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&token->owner, &known, owner, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return 0;
    }
    __atomic_store_n(&token->site, of->site, __ATOMIC_RELAXED);
    __atomic_store_n(&token->wide, of->wide, __ATOMIC_RELAXED);
    return 1;
}

/* Whether there is another token for a network, which may have a part of those that others leave.
 */
static int is_left(int limit, int all, int own, int part)
{
    return own == 0 || own < (limit - (all - own)) / part;
}

/* Whether a client may have another token. Several that try at once may get slightly more. */
static int has_share(const mts_token *tokens, int limit, const networks *of)
{
    int i, all = 0, of_site = 0, of_wide = 0;

    for (i = 0; i < limit && of->site; i++) {
        if (owner_of(tokens + i)) {
            all++;
            of_site += __atomic_load_n(&tokens[i].site, __ATOMIC_RELAXED) == of->site;
            of_wide += __atomic_load_n(&tokens[i].wide, __ATOMIC_RELAXED) == of->wide;
        }
    }
    return is_left(limit, all, of_site, PART_OF_SITE) && is_left(limit, all, of_wide, PART_OF_WIDE);
}

apr_uint64_t mts_token_take(mts_token_kind kind, int limit, const char *address)
{
    mts_token *tokens = tokens_of(kind);
    apr_uint64_t owner = new_owner();
    networks of = networks_of(address);
    int i;

    if (!has_share(tokens, limit, &of)) {
        return 0;
    }
    for (i = 0; i < limit; i++) {
        if (try_token(tokens + i, owner, &of)) {
            return owner;
        }
    }
    return 0;
}

apr_uint64_t mts_token_wait(mts_token_kind kind, int limit, apr_interval_time_t patience,
                            int (*may_wait)(void *baton), void *baton)
{
    apr_time_t end = mta_sts_monotonic_now() + patience;
    apr_interval_time_t pause = PAUSE_FIRST;
    apr_uint64_t token;

    while (!(token = mts_token_take(kind, limit, NULL)) && mta_sts_monotonic_now() < end &&
           may_wait(baton)) {
        apr_sleep(pause);
        pause = pause * 2 < PAUSE_LONGEST ? pause * 2 : PAUSE_LONGEST;
    }
    return token;
}

void mts_token_release(mts_token_kind kind, apr_uint64_t token)
{
    mts_token *tokens = tokens_of(kind);
    int i;

    for (i = 0; i < MTS_TOKENS_MAX && token; i++) {
        apr_uint64_t known = token;

        if (__atomic_compare_exchange_n(&tokens[i].owner, &known, 0, 0, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
            return;
        }
    }
}

int mts_token_count(mts_token_kind kind)
{
    const mts_token *tokens = tokens_of(kind);
    int i, count = 0;

    for (i = 0; i < MTS_TOKENS_MAX; i++) {
        count += owner_of(tokens + i) != 0;
    }
    return count;
}

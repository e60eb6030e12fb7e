/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/waiter.h"

#include <stdlib.h>

#include <ap_mpm.h>
#include <http_config.h>

#include "core/base/monotonic.h"
#include "httpd/config/conftree.h"
#include "httpd/shared/tokens.h"

#define BRIEF apr_time_from_msec(100)

/* How many requests over HTTP/2 may wait in this process, briefly or longer. */
static int brief_max, slow_max = 1;

static int configured(const char *name)
{
    const ap_directive_t *directive = mts_conftree_find(name);

    return directive ? atoi(directive->args) : 0;
}

/* The maximum number of threads of mod_http2 in each process, as mod_http2 calculates it. */
static int count_http2_threads(void)
{
    int max = configured("H2MaxWorkers"), min = configured("H2MinWorkers"), threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return max > 0 ? max : 3 * (min > 0 ? min : threads) / 2;
}

void mts_waiter_child_init(void)
{
    int third = count_http2_threads() / 3;

    brief_max = third < MTS_TOKENS_MAX ? third : MTS_TOKENS_MAX;
    slow_max = brief_max > 1 ? brief_max : 1;
}

mts_waiter mts_waiter_begin(const request_rec *r)
{
    mts_waiter waiter = {r, mta_sts_monotonic_now(), 0, 0};

    return waiter;
}

static apr_uint64_t take_brief(void)
{
    return brief_max ? mts_token_take(MTS_TOKEN_BRIEF, brief_max, NULL) : 0;
}

static apr_uint64_t take_slow(const request_rec *r)
{
    return mts_token_take(MTS_TOKEN_SLOW, slow_max, r->useragent_ip);
}

int mts_waiter_may_wait(void *baton)
{
    mts_waiter *waiter = baton;
    int is_brief = mta_sts_monotonic_now() < waiter->began + BRIEF;

    if (!waiter->r->connection->master || waiter->slow || (waiter->brief && is_brief)) {
        return 1;
    }
    if (is_brief && (waiter->brief = take_brief()) != 0) {
        return 1;
    }
    mts_token_release(MTS_TOKEN_BRIEF, waiter->brief);
    waiter->brief = 0;
    waiter->slow = take_slow(waiter->r);
    return waiter->slow != 0;
}

void mts_waiter_end(mts_waiter *waiter)
{
    mts_token_release(MTS_TOKEN_BRIEF, waiter->brief);
    mts_token_release(MTS_TOKEN_SLOW, waiter->slow);
}

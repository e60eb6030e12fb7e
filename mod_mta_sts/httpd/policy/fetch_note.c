/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/fetch_note.h"

#include <string.h>

#include <apr_strings.h>
#include <http_protocol.h>

#include "core/base/name.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"
#include "httpd/config/proxied.h"
#include "httpd/config/report_config.h"
#include "httpd/config/report_scope.h"
#include "httpd/config/state.h"
#include "httpd/hosting/hosting.h"
#include "httpd/shared/fetch_table.h"

#define DOMAIN_MAX 253

static const char no_id[MTS_FETCH_ID_BYTES] = "";

/* Not at configtest: SHA-256 of each text. */
static void add_id(void *pool_of_one, const mts_served *served)
{
    mts_policy *policy = (mts_policy *)served->policy;

    if (!*policy->id) {
        apr_cpystrn(policy->id, mta_sts_policy_id(pool_of_one, policy->text, policy->len),
                    sizeof(policy->id));
        apr_pool_clear(pool_of_one);
    }
}

void mts_fetch_note_prepare(server_rec *main, apr_pool_t *ptemp)
{
    int is_on = mts_report_config_of(main)->fetch_log != MTS_FETCH_LOG_OFF &&
                mts_state_is_needed(main, ptemp);

    mts_fetch_table_make(main, is_on);
    if (mts_fetch_table_exists()) {
        apr_pool_t *pool_of_one;

        apr_pool_create(&pool_of_one, ptemp);
        mts_policies_each(ptemp, main, add_id, pool_of_one);
        apr_pool_destroy(pool_of_one);
    }
}

/* Their length without a dot at the end. */
static void set_domain(mts_fetch_key *key, const char *domain)
{
    key->domain = domain;
    key->len = strlen(domain);
    if (key->len && domain[key->len - 1] == '.') {
        key->len--;
    }
    key->len = key->len > DOMAIN_MAX ? 0 : key->len;
}

/* 16 digits of the id. */
static apr_uint64_t number_of(const mts_policy *policy)
{
    apr_uint64_t words[2] = {0, 0};

    if (policy) {
        memcpy(words, policy->id, sizeof(words));
    }
    return words[0] ^ (words[1] << 4 | words[1] >> 60);
}

static mts_fetch_key key_of(const mts_config *config, const request_rec *r,
                            mta_sts_fetch_outcome outcome)
{
    return (mts_fetch_key){.client = mts_proxied_client(r),
                           .has_address = config->reports->fetch_log == MTS_FETCH_LOG_ADDRESS,
                           .outcome = outcome,
                           .now = r->request_time};
}

/* Whether the name may be stored: others can be chosen by strangers, in any number. */
static int is_local(const server_rec *s, apr_pool_t *p, const char *domain)
{
    mta_sts_lookup_policy policy;

    return mts_report_scope_has_exact_name(s, domain) ||
           mts_hosting_find(s, domain, p, &policy) == MTA_STS_LOOKUP_FOUND;
}

/* Whether strangers can choose the name, because a wildcard alias serves it. */
static int is_by_wildcard(const mts_config *config, const request_rec *r, const mts_fetch_key *key,
                          const mts_policy *policy)
{
    return config->by_pattern && (!policy || policy->at) &&
           !is_local(r->server, r->pool, apr_pstrmemdup(r->pool, key->domain, key->len));
}

void mts_fetch_note(const request_rec *r, mta_sts_fetch_outcome outcome, const mts_policy *policy)
{
    const mts_config *config = mts_config_of(r->server);
    mts_fetch_position position;
    mts_fetch_key key;

    if (!mts_fetch_table_exists()) {
        return;
    }
    key = key_of(config, r, outcome);
    /* A policy was found, so the host has this prefix; it may be that of the virtual host. */
    set_domain(&key, r->hostname ? r->hostname + sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1 : "");
    key.policy = number_of(policy);
    if (mts_fetch_table_count(&key, &position)) {
        return;
    }
    if (is_by_wildcard(config, r, &key, policy)) {
        key.len = 0;
        if (mts_fetch_table_count(&key, &position)) { /* under "other" */
            return;
        }
    }
    mts_fetch_table_insert(&key, &position, policy ? policy->id : no_id,
                           apr_table_get(r->headers_in, "User-Agent"));
}

static mta_sts_fetch_outcome outcome_of_refused(const request_rec *r, int is_unknown, int is_local)
{
    if (strcmp(ap_http_scheme(r), "https") != 0) {
        return MTA_STS_FETCH_PLAIN_HTTP;
    }
    if (is_unknown) {
        return MTA_STS_FETCH_FAILED;
    }
    return is_local || !r->hostname || !mta_sts_name_policy_domain(r->hostname)
               ? MTA_STS_FETCH_WRONG_HOST
               : MTA_STS_FETCH_UNKNOWN_DOMAIN;
}

/* Others are chosen by strangers. */
static int has_local_domain(const request_rec *r, mts_fetch_key *key, int is_unknown)
{
    const char *host = r->hostname ? r->hostname : "";
    const char *domain = mta_sts_name_policy_domain(host);

    set_domain(key, domain ? domain : host);
    key->domain = apr_pstrmemdup(r->pool, key->domain, key->len);
    return is_unknown ? mts_report_scope_has_exact_name(r->server, key->domain)
                      : is_local(r->server, r->pool, key->domain);
}

void mts_fetch_note_refused(const request_rec *r, int is_unknown)
{
    mts_fetch_position position;
    mts_fetch_key key;
    int is_ours;

    if (!mts_fetch_table_exists()) {
        return;
    }
    key = key_of(mts_config_of(r->server), r, MTA_STS_FETCH_FAILED);
    is_ours = has_local_domain(r, &key, is_unknown);
    key.outcome = outcome_of_refused(r, is_unknown, is_ours);
    key.len = is_ours ? key.len : 0;
    if (!mts_fetch_table_count(&key, &position)) {
        mts_fetch_table_insert(&key, &position, no_id, apr_table_get(r->headers_in, "User-Agent"));
    }
}

int mts_fetch_note_is_hosted(const conn_rec *c, const char *host)
{
    mta_sts_lookup_policy policy;

    return mts_hosting_is_on(c->base_server) &&
           mts_hosting_find(c->base_server, host + sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1, c->pool,
                            &policy) == MTA_STS_LOOKUP_FOUND;
}

void mts_fetch_note_handshake(const conn_rec *c, const char *host, int is_hosted,
                              mta_sts_fetch_outcome outcome)
{
    const server_rec *s = c->base_server;
    mts_fetch_position position;
    mts_fetch_key key = {.client = mts_proxied_connection(c),
                         .has_address = mts_report_config_of(s)->fetch_log == MTS_FETCH_LOG_ADDRESS,
                         .outcome = outcome,
                         .now = apr_time_now()};

    if (!mts_fetch_table_exists()) {
        return;
    }
    set_domain(&key, host + sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1);
    if (mts_fetch_table_count(&key, &position)) {
        return;
    }
    if (!is_hosted &&
        !mts_report_scope_has_exact_name(s, apr_pstrmemdup(c->pool, key.domain, key.len))) {
        key.len = 0;
    }
    if (key.len || !mts_fetch_table_count(&key, &position)) {
        mts_fetch_table_insert(&key, &position, no_id, NULL);
    }
}

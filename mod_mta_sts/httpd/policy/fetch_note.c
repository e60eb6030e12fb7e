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
#include "httpd/shared/fetch_path.h"

#define DOMAIN_MAX 253

static const char no_id[MTS_FETCH_ID_BYTES] = "";

#define AGENT "User-Agent"
static apr_uint32_t agent_checksum; /* checksum of "User-Agent", as apr_table_t computes it */

/* Sets the id of a policy. Not done at configtest, because it takes a SHA-256 of each text. */
static void add_id(void *pool_of_one, const mts_served *served)
{
    mts_policy *policy = (mts_policy *)served->policy;

    if (!*policy->id) {
        apr_cpystrn(policy->id, mta_sts_policy_id(pool_of_one, policy->text, policy->len),
                    sizeof(policy->id));
        apr_pool_clear(pool_of_one);
    }
}

static void find_agent_checksum(apr_pool_t *p)
{
    apr_table_t *table = apr_table_make(p, 1);

    apr_table_setn(table, AGENT, "");
    agent_checksum = ((const apr_table_entry_t *)apr_table_elts(table)->elts)->key_checksum;
}

void mts_fetch_note_prepare(server_rec *main, apr_pool_t *ptemp)
{
    int is_on = mts_report_config_of(main)->fetch_log != MTS_FETCH_LOG_OFF &&
                mts_state_is_needed(main, ptemp);

    mts_fetch_table_make(main, is_on);
    find_agent_checksum(ptemp);
    if (mts_fetch_table_exists()) {
        apr_pool_t *pool_of_one;

        apr_pool_create(&pool_of_one, ptemp);
        mts_policies_each(ptemp, main, add_id, pool_of_one);
        apr_pool_destroy(pool_of_one);
    }
}

/* Sets the domain, without a trailing dot. */
static inline void set_domain(mts_fetch_key *key, const char *domain)
{
    key->domain = domain;
    key->len = strlen(domain);
    if (key->len && domain[key->len - 1] == '.') {
        key->len--;
    }
    key->len = key->len > DOMAIN_MAX ? 0 : key->len;
}

/* Whether the name of a header is "User-Agent". Its checksum, which depends on the first 4
 * characters, already matches; the usual spelling is compared first. */
static inline int is_agent(const char *name)
{
    return (name[4] == '-' && name[5] == 'A' && name[6] == 'g' && name[7] == 'e' &&
            name[8] == 'n' && name[9] == 't' && !name[10]) ||
           strcasecmp(name, AGENT) == 0;
}

/* The User-Agent as sent, or "". apr_table_get() takes twice as many instructions. */
static inline const char *agent_of(const request_rec *r)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);
    const apr_table_entry_t *one = (const apr_table_entry_t *)headers->elts;
    const apr_table_entry_t *const end = one + headers->nelts;
    const apr_uint32_t checksum = agent_checksum;

    for (; one < end; one++) {
        if (one->key_checksum == checksum && is_agent(one->key)) {
            return one->val;
        }
    }
    return "";
}

/* The first 16 digits of the id as a number. */
static apr_uint64_t number_of(const mts_policy *policy)
{
    apr_uint64_t words[2] = {0, 0};

    if (policy) {
        memcpy(words, policy->id, sizeof(words));
    }
    return words[0] ^ (words[1] << 4 | words[1] >> 60);
}

static inline mts_fetch_key key_of(const mts_config *config, const request_rec *r,
                                   mta_sts_fetch_outcome outcome)
{
    return (mts_fetch_key){.client = mts_proxied_client(r),
                           .has_address = config->reports->fetch_log == MTS_FETCH_LOG_ADDRESS,
                           .outcome = outcome,
                           .now = r->request_time};
}

/* Whether the name may be stored: anyone can make up any number of other names. */
static int is_local(const server_rec *s, apr_pool_t *p, const char *domain)
{
    mta_sts_lookup_policy policy;

    return mts_report_scope_has_exact_name(s, domain) ||
           mts_hosting_find(s, domain, p, &policy) == MTA_STS_LOOKUP_FOUND;
}

/* The policy that was served, or NULL. */
static inline const mts_policy *served(mta_sts_fetch_outcome outcome,
                                       const mts_requested *requested)
{
    return outcome == MTA_STS_FETCH_SERVED ? requested->policy : NULL;
}

/* The key of a request whose policy host has a policy. */
static inline mts_fetch_key key_of_policy(const mts_config *config, const request_rec *r,
                                          mta_sts_fetch_outcome outcome,
                                          const mts_requested *requested)
{
    mts_fetch_key key = key_of(config, r, outcome);

    key.domain = requested->domain;
    key.len = requested->len > DOMAIN_MAX ? 0 : (apr_size_t)requested->len;
    key.policy = number_of(served(outcome, requested));
    return key;
}

/* Records a request or handshake whose key is complete. */
__attribute__((noinline)) static void note_key(const mts_fetch_key *key, const char *id,
                                               const char *agent)
{
    mts_fetch_position position;

    if (!mts_fetch_table_count(key, &position)) {
        mts_fetch_table_insert(key, &position, id, agent);
    }
}

static inline const char *id_of(mta_sts_fetch_outcome outcome, const mts_requested *requested)
{
    return outcome == MTA_STS_FETCH_SERVED ? requested->policy->id : no_id;
}

/* Records a request for a name that is served only through a wildcard alias, so that anyone can
 * make it up. */
__attribute__((noinline)) static void note_by_wildcard(const mts_config *config,
                                                       const request_rec *r,
                                                       mta_sts_fetch_outcome outcome,
                                                       const mts_requested *requested)
{
    mts_fetch_key key = key_of_policy(config, r, outcome, requested);

    if (!is_local(r->server, r->pool, apr_pstrmemdup(r->pool, key.domain, key.len))) {
        key.len = 0; /* counted under "other" */
    }
    note_key(&key, id_of(outcome, requested), agent_of(r));
}

/* Nothing here takes the address of the key, so that it can be kept in registers. */
void mts_fetch_note(const request_rec *r, mta_sts_fetch_outcome outcome,
                    const mts_requested *requested)
{
    const mts_config *config;
    mts_fetch_position position;
    mts_fetch_key key;

    if (!mts_fetch_shared) {
        return;
    }
    config = mts_config_of(r->server);
    key = key_of_policy(config, r, outcome, requested);
    if (mts_fetch_table_count(&key, &position)) {
        return;
    }
    if (config->by_pattern && requested->policy->at) {
        note_by_wildcard(config, r, outcome, requested);
        return;
    }
    mts_fetch_table_insert(&key, &position, id_of(outcome, requested), agent_of(r));
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

/* Whether the domain of a request is local; anyone can make up other domains. */
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
    mts_fetch_key key;
    int is_ours;

    if (!mts_fetch_table_exists()) {
        return;
    }
    key = key_of(mts_config_of(r->server), r, MTA_STS_FETCH_FAILED);
    is_ours = has_local_domain(r, &key, is_unknown);
    key.outcome = outcome_of_refused(r, is_unknown, is_ours);
    key.len = is_ours ? key.len : 0;
    note_key(&key, no_id, agent_of(r));
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
    mts_fetch_key key = {.client = mts_proxied_connection(c),
                         .has_address = mts_report_config_of(s)->fetch_log == MTS_FETCH_LOG_ADDRESS,
                         .outcome = outcome,
                         .now = apr_time_now()};

    if (!mts_fetch_table_exists()) {
        return;
    }
    set_domain(&key, host + sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1);
    if (!is_hosted &&
        !mts_report_scope_has_exact_name(s, apr_pstrmemdup(c->pool, key.domain, key.len))) {
        key.len = 0;
    }
    note_key(&key, no_id, "");
}

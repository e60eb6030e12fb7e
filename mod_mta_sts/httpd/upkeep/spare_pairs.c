/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/spare_pairs.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "httpd/config/policies.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"

#define STEP 2000     /* takes some 50 ms, for which the next sync has to wait */
#define LISTED_MAX 19 /* plus a line about the others: the log lists 20 findings of each id */

struct mts_spare_pairs {
    apr_pool_t *p;
    apr_array_header_t *hosts; /* of const char *: the policy hosts in the certificates of the
                                  pairs */
    apr_hash_t *configured; /* configured policy domains, and those of policy hosts that are names
                               of servers */
    int next;               /* the next host to check */
    int count;              /* number of hosts without a policy so far */
    const char *found[LISTED_MAX];
};

static void note_policy(void *baton, const mts_served *served)
{
    mts_spare_pairs *spare = baton;

    if (served->is_pattern) { /* a policy for any number of names */
        apr_array_clear(spare->hosts);
    }
    else {
        apr_hash_set(spare->configured, apr_pstrdup(spare->p, served->domain), APR_HASH_KEY_STRING,
                     "");
    }
}

/* mod_ssl needs a certificate for the host of a server itself. */
static void note_servers(mts_spare_pairs *spare, const server_rec *s)
{
    char *domain;

    for (; s; s = s->next) {
        if (s->server_hostname && mta_sts_name_policy_domain(s->server_hostname)) {
            domain = apr_pstrdup(spare->p, mta_sts_name_policy_domain(s->server_hostname));
            ap_str_tolower(domain);
            apr_hash_set(spare->configured, domain, APR_HASH_KEY_STRING, "");
        }
    }
}

mts_spare_pairs *mts_spare_pairs_begin(server_rec *main, apr_pool_t *p)
{
    mts_spare_pairs *spare = apr_pcalloc(p, sizeof(*spare));

    spare->p = p;
    spare->configured = apr_hash_make(p);
    mts_renewal_apply(); /* this process may have had no handshake in the meantime */
    spare->hosts = mts_pairs_list_hosts(p);
    mts_policies_each(p, main, note_policy, spare);
    note_servers(spare, main);
    return spare;
}

/* Checks a host. A row counts even if it is not valid. Returns NULL, or an error of the
 * snapshot. */
static const char *look_at(mts_spare_pairs *spare, mta_sts_snapshot *snapshot, const char *host,
                           apr_pool_t *p)
{
    const char *domain = host + strlen(MTA_STS_POLICY_HOST_PREFIX), *error;
    apr_array_header_t *rows;

    if (apr_hash_get(spare->configured, domain, APR_HASH_KEY_STRING)) {
        return NULL;
    }
    error = mta_sts_snapshot_find(snapshot, domain, p, &rows);
    if (!error && !rows->nelts) {
        if (spare->count < LISTED_MAX) {
            spare->found[spare->count] = host;
        }
        spare->count++;
    }
    return error;
}

int mts_spare_pairs_step(mts_spare_pairs *spare, mta_sts_snapshot *snapshot, apr_pool_t *scratch)
{
    int end = spare->next + STEP < spare->hosts->nelts ? spare->next + STEP : spare->hosts->nelts;
    const char *error = NULL;
    apr_pool_t *p;

    apr_pool_create(&p, scratch);
    for (; spare->next < end && !error; spare->next++) {
        error = look_at(spare, snapshot, APR_ARRAY_IDX(spare->hosts, spare->next, const char *), p);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    return !error && spare->next < spare->hosts->nelts;
}

void mts_spare_pairs_report(const mts_spare_pairs *spare, mta_sts_findings *findings)
{
    int i, at_least = 1;

    for (i = 0; i < spare->count && i < LISTED_MAX; i++) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "pair-without-policy",
                            apr_pstrdup(findings->pool, spare->found[i]),
                            "if the customer has left, have its certificate renewed no more",
                            "a key pair covers this policy host, but its domain has no policy");
    }
    while (at_least <= (spare->count - LISTED_MAX) / 10) {
        at_least *= 10;
    }
    if (spare->count > LISTED_MAX) {
        mta_sts_finding_add(findings, MTA_STS_INFO, "pair-without-policy", "MTASTSCertificates",
                            NULL, "at least %d more policy hosts with a key pair have no policy",
                            at_least);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/dump.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <http_core.h>

#include "core/database/history.h"
#include "core/base/name.h"
#include "core/policy/text.h"
#include "core/dns/publication.h"
#include "core/policy/record.h"
#include "core/dns/zone_text.h"
#include "httpd/policy/copies.h"
#include "httpd/config/policies.h"
#include "httpd/config/report_config.h"

/* The id stands before what it is the id of, as mta-sts-setup and its readers expect. */
static void print_policy(apr_pool_t *p, const mta_sts_policy *policy, const char *id)
{
    printf(";   policy id %s\n;   mode %s, max_age %" APR_INT64_T_FMT ", mx %s\n", id,
           mta_sts_mode_name(policy->mode), policy->max_age, apr_array_pstrcat(p, policy->mx, ' '));
}

/* Where the server that tells a policy takes in reports, as a URL; or NULL. */
static const char *endpoint_of(apr_pool_t *p, const mts_served *served)
{
    const char *path = mts_report_path_of(served->server);

    return path ? apr_pstrcat(p, "https://" MTA_STS_POLICY_HOST_PREFIX, served->domain, path, NULL)
                : NULL;
}

/* What only the admin knows is a comment, so that pasting the lines as they are does no harm. */
static void print_records(apr_pool_t *p, const mts_served *served, const mta_sts_policy *policy,
                          const char *id)
{
    const mta_sts_publication_facts facts = {.domain = served->domain,
                                             .id = id,
                                             .policy = policy,
                                             .ttl = MTA_STS_TTL_OF_ZONE,
                                             .endpoint = endpoint_of(p, served)};

    puts(mta_sts_zone_render(p, mta_sts_publication_make(p, &facts, mta_sts_findings_make(p))));
}

static int same_policy(const mts_served *one, const mts_served *other)
{
    return strcmp(one->domain, other->domain) == 0 && one->is_pattern == other->is_pattern &&
           one->policy->len == other->policy->len &&
           memcmp(one->policy->text, other->policy->text, one->policy->len) == 0;
}

static int reach_senders(const mts_served *served, int places)
{
    int i = 0;

    while (i < places && !mts_policies_reach_senders(served + i)) {
        i++;
    }
    return i < places;
}

static void print_places(apr_pool_t *p, const mts_served *served, int places)
{
    int some_reach = reach_senders(served, places), i;

    for (i = 0; i < places; i++) {
        const mts_policy *policy = served[i].policy;

        printf(";   told at %s, in the %s\n", mts_config_location(p, policy->at),
               mts_config_server_name(p, served[i].server));
        if (policy->mode_at) {
            printf(";   its MTASTSMode at %s\n", mts_config_location(p, policy->mode_at));
        }
        if (some_reach && !mts_policies_reach_senders(served + i)) {
            printf(";   there it speaks http, where senders do not ask\n");
        }
    }
}

/* Of the policy that senders are told. */
static void print_copies(const mts_served *served, const char *id, const apr_array_header_t *copies)
{
    apr_time_t until = mta_sts_history_until(copies, served->domain, id);
    apr_time_exp_t time;

    if (until == 0) {
        return;
    }
    apr_time_exp_gmt(&time, until + APR_USEC_PER_SEC - 1);
    printf(";   senders may hold an earlier policy until %04d-%02d-%02dT%02d:%02d:%02dZ\n",
           time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min,
           time.tm_sec);
}

/* The number of entries that tell the same policy for the same domain as the first. */
static int count_places(const mts_served *served, int left)
{
    int places = 1;

    while (places < left && same_policy(served, served + places)) {
        places++;
    }
    return places;
}

/*
 * Prints one policy of a domain.
 *
 * @param places   all that tell it, the first of them being `served`
 * @param recorded whether a nearer policy of this domain has its record already
 * @param copies   until when senders hold which policies
 * @return whether the record was printed
 */
static int print_served(apr_pool_t *p, const mts_served *served, int places, int recorded,
                        const apr_array_header_t *copies)
{
    const char *id = mta_sts_policy_id(p, served->policy->text, served->policy->len);
    const mta_sts_policy *policy = mta_sts_policy_text_read(
        p, served->policy->text, served->policy->len, mta_sts_findings_make(p));

    printf("; %s%s\n", served->is_pattern ? "policy hosts like " : "", served->domain);
    print_policy(p, policy, id);
    print_places(p, served, places);
    if (!reach_senders(served, places)) {
        printf(";   not served: senders ask over https, and this virtual host speaks http\n\n");
        return recorded;
    }
    if (recorded) {
        printf(";   told again: where the virtual host above answers, its policy counts\n\n");
    }
    else if (served->is_pattern) {
        printf("; for each of their policy domains:\n;_mta-sts.DOMAIN. IN TXT \"%s\"\n\n",
               mta_sts_record_render(p, id));
    }
    else {
        print_copies(served, id, copies);
        print_records(p, served, policy, id);
    }
    return 1;
}

/* Runs at configtest, where -D sets defines. */
static void dump(apr_pool_t *pconf, server_rec *main)
{
    const apr_array_header_t *list;
    const mts_served *served = NULL, *last = NULL;
    const apr_array_header_t *copies;
    const char *error;
    apr_pool_t *p;
    int i, places, recorded = 0;

    if (!ap_exists_config_define("DUMP_MTA_STS")) {
        return;
    }
    list = mts_policies_list(pconf, main);
    printf("; MTA-STS policies of this server and the DNS records to publish for them.\n"
           "; Publish a new id after the new policy is served, not before.\n\n");
    copies = mts_copies_read(main, pconf, &error);
    if (error) {
        printf("; Until when senders may hold earlier policies is not known: %s\n\n", error);
    }
    apr_pool_create(&p, pconf);
    for (i = 0; i < list->nelts; i += places, last = served) {
        served = &APR_ARRAY_IDX(list, i, mts_served);
        places = count_places(served, list->nelts - i);
        if (!last || strcmp(last->domain, served->domain) != 0) {
            recorded = 0;
        }
        recorded = print_served(p, served, places, recorded, copies);
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
    fflush(stdout);
}

void mts_dump_register_hooks(void)
{
    ap_hook_test_config(dump, NULL, NULL, APR_HOOK_LAST);
}

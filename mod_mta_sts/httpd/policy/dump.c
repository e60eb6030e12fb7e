/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/dump.h"

#include <stdio.h>

#include <apr_strings.h>
#include <http_core.h>

#include "core/base/format.h"
#include "core/dns/zone_text.h"
#include "core/policy/record.h"
#include "httpd/hosting/summary.h"
#include "httpd/policy/entries.h"

static void print_policy(apr_pool_t *p, const mts_entry *entry)
{
    const mta_sts_policy *policy = entry->policy;

    printf("; %s%s\n", entry->served->is_pattern ? "policy hosts that match " : "",
           entry->served->domain);
    printf(";   policy id %s\n;   mode %s, max_age %" APR_INT64_T_FMT ", mx %s\n", entry->id,
           mta_sts_mode_name(policy->mode), policy->max_age, apr_array_pstrcat(p, policy->mx, ' '));
}

static void print_locations(apr_pool_t *p, const mts_entry *entry)
{
    int i;

    for (i = 0; i < entry->count; i++) {
        const mts_served *served = entry->served + i;
        const mts_policy *policy = served->policy;

        printf(";   defined at %s, in the %s\n", mts_config_location(p, policy->at),
               mts_config_server_name(p, served->server));
        if (policy->mode_at) {
            printf(";   MTASTSMode set at %s\n", mts_config_location(p, policy->mode_at));
        }
        if (entry->reaches_senders && !mts_policies_reach_senders(served)) {
            printf(";   not served from there: senders use https, and that virtual host is "
                   "http only\n");
        }
    }
}

/* Prints the records to publish. Records whose values only the admin knows are comments, so that
 * the lines can be pasted unchanged. */
static void print_records(apr_pool_t *p, const mts_entry *entry, const mts_hosts *hosts)
{
    if (entry->served->is_pattern) {
        printf("; for each of their policy domains:\n;_mta-sts.DOMAIN. IN TXT \"%s\"\n\n",
               mta_sts_record_render(p, entry->id));
        return;
    }
    puts(mta_sts_zone_render(p, mts_entry_publication(p, entry, hosts)));
}

static void print_entry(apr_pool_t *p, const mts_entry *entry, void *hosts)
{
    print_policy(p, entry);
    print_locations(p, entry);
    if (!entry->reaches_senders) {
        printf(";   not served: senders use https, and this virtual host is http only\n\n");
    }
    else if (!entry->is_published) {
        printf(";   also defined here; the virtual host above takes precedence\n\n");
    }
    else {
        print_records(p, entry, hosts);
    }
}

/* Prints numbers only, because there may be a million hosted domains. */
static void print_hosting(apr_pool_t *p, server_rec *main)
{
    const mts_hosting_summary *hosting = mts_hosting_summary_read(p, main);

    if (!hosting) {
        return;
    }
    if (hosting->problem) {
        printf("; hosted domains (MTASTSHosting): their number is not known: %s\n",
               hosting->problem);
    }
    else {
        printf("; hosted domains (MTASTSHosting): %s; mta-sts policy list prints them\n",
               mta_sts_format_number(p, hosting->served));
    }
    if (hosting->wrong) {
        printf(";   %s wrong: mta-sts policy list --wrong\n",
               mta_sts_format_count(p, hosting->wrong, "row is", "rows are"));
    }
}

/* Runs at configtest if -D has set the define. */
static void dump(apr_pool_t *pconf, server_rec *main)
{
    if (!ap_exists_config_define("DUMP_MTA_STS")) {
        return;
    }
    printf("; MTA-STS policies of this server and the DNS records to publish for them.\n"
           "; Publish a new id after the new policy is served, not before.\n\n");
    mts_entries_each(pconf, main, print_entry, (void *)mts_hosts_collect(pconf, main));
    print_hosting(pconf, main);
    fflush(stdout);
}

void mts_dump_register_hooks(void)
{
    ap_hook_test_config(dump, NULL, NULL, APR_HOOK_LAST);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/entries.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/text.h"

static int is_same_domain(const mts_served *one, const mts_served *other)
{
    return strcmp(one->domain, other->domain) == 0 && one->is_pattern == other->is_pattern;
}

static int is_same_policy(const mts_served *one, const mts_served *other)
{
    return is_same_domain(one, other) && one->policy->len == other->policy->len &&
           memcmp(one->policy->text, other->policy->text, one->policy->len) == 0;
}

/* The number of the next `left` list elements that belong to the same entry as the first one. */
static int count_locations(const mts_served *served, int left)
{
    int count = 1;

    while (count < left && is_same_policy(served, served + count)) {
        count++;
    }
    return count;
}

static int reaches_senders(const mts_served *served, int count)
{
    int i = 0;

    while (i < count && !mts_policies_reach_senders(served + i)) {
        i++;
    }
    return i < count;
}

static mts_entry make_entry(apr_pool_t *p, const mts_served *served, int left)
{
    mts_entry entry = {.served = served, .count = count_locations(served, left)};
    const mts_policy *policy = served->policy;

    entry.reaches_senders = reaches_senders(served, entry.count);
    entry.id = mta_sts_policy_id(p, policy->text, policy->len);
    entry.policy = mta_sts_policy_text_read(p, policy->text, policy->len, mta_sts_findings_make(p));
    return entry;
}

void mts_entries_each(apr_pool_t *pconf, const server_rec *main,
                      void (*visit)(apr_pool_t *p, const mts_entry *entry, void *baton),
                      void *baton)
{
    const apr_array_header_t *list = mts_policies_list(pconf, main);
    const mts_served *last = NULL;
    int i, precedence = 1, has_published = 0;
    apr_pool_t *p;

    apr_pool_create(&p, pconf);
    for (i = 0; i < list->nelts;) {
        mts_entry entry = make_entry(p, &APR_ARRAY_IDX(list, i, mts_served), list->nelts - i);

        if (!last || !is_same_domain(last, entry.served)) {
            precedence = 1;
            has_published = 0;
        }
        entry.precedence = precedence;
        entry.is_published = entry.reaches_senders && !has_published;
        visit(p, &entry, baton);
        has_published = has_published || entry.is_published;
        precedence += entry.count;
        last = entry.served;
        i += entry.count;
        apr_pool_clear(p);
    }
    apr_pool_destroy(p);
}

const mta_sts_publication *mts_entry_publication(apr_pool_t *p, const mts_entry *entry,
                                                 const mts_hosts *hosts)
{
    mta_sts_publication_facts *facts = apr_pcalloc(p, sizeof(*facts));

    facts->domain = entry->served->domain;
    facts->id = entry->id;
    facts->policy = entry->policy;
    facts->ttl = MTA_STS_TTL_OF_ZONE;
    facts->endpoint = mts_hosts_endpoint(hosts, p, entry->served);
    return mta_sts_publication_make(p, facts, mta_sts_findings_make(p));
}

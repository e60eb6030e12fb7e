/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/look.h"

#include <string.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/watch/family.h"
#include "core/base/text.h"

#define TEXT_MAX 2000 /* maximum length of a message or fix, in bytes */
#define FAMILY_MAX apr_time_from_sec(7 * 86400)
#define NAME_MAX_BYTES 500 /* in bytes: of a subject or kind, which identify an item */

cli_watch_look *cli_watch_look_make(apr_pool_t *p, int runs)
{
    cli_watch_look *look = apr_pcalloc(p, sizeof(*look));

    look->p = p;
    look->began = apr_time_now();
    look->runs = runs;
    look->items = apr_hash_make(p);
    look->domains = apr_hash_make(p);
    look->reporters = apr_hash_make(p);
    look->crowded = apr_hash_make(p);
    return look;
}

/* Makes a text printable, and limits its length. NULL remains NULL. */
static const char *clean(apr_pool_t *p, const char *text, apr_size_t max)
{
    if (!text) {
        return NULL;
    }
    text = cli_watch_is_plain(text) ? text : cli_printable(p, text);
    return strlen(text) > max ? apr_pstrmemdup(p, text, mta_sts_text_cut(text, max)) : text;
}

/* Notes that items were left out, to bound memory; items that were left out are not over. */
static void note_full(cli_watch_look *look)
{
    cli_watch_item item = {.domain = "",
                           .part = CLI_WATCH_MACHINE,
                           .subject = "problems",
                           .id = "watch-blind",
                           .kind = "",
                           .severity = MTA_STS_UNKNOWN,
                           .fix = "fix those that many domains have in common, or watch fewer "
                                  "domains with one --state",
                           .needed = look->runs + 1};

    if (look->is_full) {
        return;
    }
    look->is_full = 1;
    item.message = apr_psprintf(look->p,
                                "there are more than %d problems: further ones are not noticed, "
                                "and none is reported as resolved",
                                CLI_WATCH_ITEMS_MAX);
    apr_hash_set(look->items, cli_watch_item_key(look->p, &item), APR_HASH_KEY_STRING,
                 apr_pmemdup(look->p, &item, sizeof(item)));
}

void cli_watch_look_add(cli_watch_look *look, const cli_watch_item *item, const char *message)
{
    cli_watch_item *added = apr_pmemdup(look->p, item, sizeof(*added));
    const cli_watch_item *before;
    const char *key;

    added->subject = clean(look->p, item->subject, NAME_MAX_BYTES);
    added->kind = item->kind ? clean(look->p, item->kind, NAME_MAX_BYTES) : "";
    added->message = clean(look->p, message, TEXT_MAX);
    added->fix = clean(look->p, item->fix, TEXT_MAX);
    added->needed = item->needed ? item->needed : 1;
    key = cli_watch_item_key(look->p, added);
    before = apr_hash_get(look->items, key, APR_HASH_KEY_STRING);
    if (!before && apr_hash_count(look->items) >= CLI_WATCH_ITEMS_MAX) {
        note_full(look);
    }
    else if (!before || before->severity < added->severity) {
        apr_hash_set(look->items, key, APR_HASH_KEY_STRING, added);
    }
}

void cli_watch_look_add_finding(cli_watch_look *look, const mta_sts_finding *finding,
                                const char *kind, int needed)
{
    const cli_watch_item item = {.domain = "",
                                 .part = CLI_WATCH_MACHINE,
                                 .subject = finding->subject,
                                 .id = finding->id,
                                 .kind = kind,
                                 .severity = finding->severity,
                                 .fix = finding->fix,
                                 .needed = needed};

    cli_watch_look_add(look, &item, finding->message);
}

void cli_watch_look_add_blind(cli_watch_look *look, const char *subject, const char *message,
                              const char *fix)
{
    const cli_watch_item item = {.domain = "",
                                 .part = CLI_WATCH_MACHINE,
                                 .subject = subject,
                                 .id = "watch-blind",
                                 .severity = MTA_STS_UNKNOWN,
                                 .fix = fix,
                                 .needed = look->runs + 1};

    cli_watch_look_add(look, &item, message);
}

/* --- what was checked --- */

static int is(const char *text, const char *other)
{
    return strcmp(text, other) == 0;
}

static int begins(const char *id, const char *prefix)
{
    return strncmp(id, prefix, strlen(prefix)) == 0;
}

static int covers_machine(const cli_watch_look *look, const cli_watch_item *item)
{
    if (is(item->id, "report-quota")) {
        return look->has_room;
    }
    if (is(item->id, "database-failed")) {
        return look->has_database;
    }
    if (is(item->id, "fetches-full")) {
        return look->has_fetch_log;
    }
    if (begins(item->id, "hosting-") || is(item->id, "row-wrong") ||
        is(item->kind, CLI_WATCH_START)) {
        return look->is_configured;
    }
    if (is(item->kind, CLI_WATCH_PAIRS)) {
        return look->has_pairs;
    }
    /* Things that could not be checked: this is over once they were checked. */
    return is(item->subject, "DNS")              ? look->has_checked
           : is(item->subject, "httpd")          ? look->is_configured
           : is(item->subject, "hosted domains") ? look->has_hosted
           : is(item->subject, "problems")       ? look->has_checked
                                                 : look->has_reports;
}

static int covers_reports(const cli_watch_look *look, const cli_watch_item *item)
{
    if (is(item->id, "reporter-silent")) { /* over when the sender reports again */
        return apr_hash_get(look->reporters,
                            apr_pstrcat(look->p, item->domain, "/", item->subject, NULL),
                            APR_HASH_KEY_STRING) != NULL;
    }
    return look->has_reports && !apr_hash_get(look->crowded, item->domain, APR_HASH_KEY_STRING);
}

static int is_answered(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_OK || answer->status == MTA_STS_ANSWER_NODATA ||
           answer->status == MTA_STS_ANSWER_NXDOMAIN;
}

static const mta_sts_check_section *find_section(const mta_sts_check_result *result,
                                                 const cli_watch_item *item)
{
    int i;

    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (is(mta_sts_check_part_name(section->part), item->part) &&
            (section->part != MTA_STS_CHECK_MX || is(section->subject, item->subject))) {
            return section;
        }
    }
    return NULL;
}

/* Whether a finding says why nothing more could be observed. One with severity info is about a
 * further address, for example if this machine has no IPv6. */
static int is_obstacle(const mta_sts_finding *finding)
{
    return finding->severity != MTA_STS_OK && finding->severity != MTA_STS_INFO &&
           (finding->severity == MTA_STS_UNKNOWN || begins(finding->id, "fetch-") ||
            begins(finding->id, "smtp-") || begins(finding->id, "starttls-") ||
            begins(finding->id, "dns-") || is(finding->id, "tls-too-old") ||
            is(finding->id, "mx-no-address") || is(finding->id, "certificate-absent"));
}

/* Whether an id is about how far a connection gets. A different finding of this kind shows that an
 * item of this kind is over. */
static int is_about_reach(const char *id)
{
    return begins(id, "fetch-") || begins(id, "smtp-") || begins(id, "starttls-") ||
           is(id, "tls-too-old") || is(id, "certificate-absent") || is(id, "mx-no-address");
}

static int was_tried(const mta_sts_finding *finding)
{
    return !is(finding->id, "fetch-untried") && !is(finding->id, "smtp-untried") &&
           !is(finding->id, "smtp-blocked") && !is(finding->id, "smtp-skipped") &&
           !begins(finding->id, "dns-");
}

/* Whether a section shows that the item is over, because no obstacle prevented observing it. */
static int section_covers(const mta_sts_check_section *section, const cli_watch_item *item)
{
    int i, is_clear = 1;

    for (i = 0; i < section->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(section->findings, i);

        if (is(item->id, "mx-not-in-policy") && is(finding->id, "mx-in-policy")) {
            return 1;
        }
        if (section->part == MTA_STS_CHECK_DNS && !is(finding->subject, item->subject)) {
            continue;
        }
        is_clear &= !is_obstacle(finding) || (is_about_reach(item->id) && was_tried(finding));
    }
    return is_clear && !is(item->id, "mx-not-in-policy");
}

/* Whether an MX host was probed; without a probe, only its DNS records could be observed. */
static int is_probed(const mta_sts_check_facts *facts, const cli_watch_item *item)
{
    return facts->smtp == MTA_STS_CHECK_SMTP_PROBED || !is(item->part, "mx") ||
           begins(item->id, "mx-") || begins(item->id, "dns-");
}

/* Whether the item could be checked over all address families over which it was observed, as far as
 * the host still has them. A family over which it could not be checked for a week is ignored. */
static int has_families(const mta_sts_check_facts *facts, const mta_sts_check_section *section,
                        const cli_watch_item *item)
{
    cli_watch_family now = cli_watch_family_of(facts, section->part, item->subject, item->id);

    return !(item->families & now.published & ~now.reached) ||
           apr_time_now() - item->last >= FAMILY_MAX;
}

static int has_mx(const mta_sts_check_facts *facts, const char *host)
{
    int i;

    for (i = 0; i < facts->mxs->nelts; i++) {
        if (is(APR_ARRAY_IDX(facts->mxs, i, const mta_sts_check_mx *)->host, host)) {
            return 1;
        }
    }
    return 0;
}

static int covers_domain(const mta_sts_check_facts *facts, const mta_sts_check_result *result,
                         const cli_watch_item *item)
{
    const mta_sts_check_section *section = find_section(result, item);

    if (is(item->part, "mx") && is_answered(&facts->mx) && !has_mx(facts, item->subject) &&
        !is(item->subject, facts->domain)) {
        return 1; /* it is no longer an MX host */
    }
    if (is(item->id, "pattern-unused") && !facts->mxs->nelts) {
        return 0;
    }
    if (section) {
        return section_covers(section, item) && is_probed(facts, item) &&
               has_families(facts, section, item);
    }
    /* Without a policy host, a policy or a record in DNS, there is nothing to check. */
    return is(item->part, "tlsrpt") && is_answered(&facts->tlsrpt);
}

int cli_watch_look_covers(const cli_watch_look *look, const cli_watch_item *item)
{
    const cli_check_domain *domain;

    if (look->is_full) {
        return 0; /* it may be among those that were left out */
    }
    if (is(item->part, CLI_WATCH_MACHINE)) {
        return covers_machine(look, item);
    }
    if (is(item->id, "row-wrong") && look->is_hosting_unread) {
        return 0;
    }
    domain = apr_hash_get(look->domains, item->domain, APR_HASH_KEY_STRING);
    if (!domain) {
        return 0;
    }
    return is(item->part, CLI_WATCH_REPORTS)
               ? covers_reports(look, item)
               : domain->result && covers_domain(domain->facts, domain->result, item);
}

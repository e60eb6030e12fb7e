/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/dump_json.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <http_core.h>
#include <jansson.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"
#include "core/database/database.h"
#include "core/policy/record.h"
#include "httpd/config/report_config.h"
#include "httpd/config/vhost_names.h"
#include "httpd/hosting/summary.h"
#include "httpd/policy/entries.h"
#include "httpd/policy/hosts.h"

#define VERSION 1 /* of the document; doc/dump-json.md says which changes increase it */
#define REPLACEMENT "\xef\xbf\xbd"

/* --- values --- */

/* File names and ServerNames may contain any bytes, but JSON must be UTF-8: others become
 * U+FFFD. */
static json_t *text_json(apr_pool_t *p, const char *text)
{
    json_t *string = text ? json_string(text) : json_null();
    char *valid, *end;

    if (string) {
        return string;
    }
    valid = end = apr_palloc(p, strlen(text) * (sizeof(REPLACEMENT) - 1) + 1);
    while (*text) {
        apr_size_t len = mta_sts_text_utf8_length(text, strlen(text));

        memcpy(end, len ? text : REPLACEMENT, len ? len : sizeof(REPLACEMENT) - 1);
        end += len ? len : sizeof(REPLACEMENT) - 1;
        text += len ? len : 1;
    }
    *end = '\0';
    return json_string(valid);
}

static json_t *texts_json(apr_pool_t *p, const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < texts->nelts; i++) {
        json_array_append_new(array, text_json(p, APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

static json_t *location_json(apr_pool_t *p, const char *file, int line)
{
    return file ? json_pack("{s:o, s:i}", "file", text_json(p, file), "line", line) : json_null();
}

static json_t *directive_json(apr_pool_t *p, const ap_directive_t *directive)
{
    return directive ? location_json(p, directive->filename, directive->line_num) : json_null();
}

/* A virtual host as JSON; null for the main server, or if there is no server. */
static json_t *virtual_host_json(apr_pool_t *p, const server_rec *s)
{
    if (!s || !s->is_virtual) {
        return json_null();
    }
    return json_pack("{s:o, s:i, s:b, s:o, s:i}", "name", text_json(p, s->server_hostname), "port",
                     s->addrs ? (int)s->addrs->host_port : (int)s->port, "https",
                     mts_vhost_names_https(s), "file", text_json(p, s->defn_name), "line",
                     (int)s->defn_line_number);
}

/* --- policies --- */

static json_t *locations_json(apr_pool_t *p, const mts_entry *entry)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < entry->count; i++) {
        const mts_served *served = entry->served + i;

        json_array_append_new(array, json_pack("{s:i, s:o, s:o, s:o, s:b}", "precedence",
                                               entry->precedence + i, "defined_at",
                                               directive_json(p, served->policy->at), "mode_at",
                                               directive_json(p, served->policy->mode_at),
                                               "virtual_host", virtual_host_json(p, served->server),
                                               "served", mts_policies_reach_senders(served)));
    }
    return array;
}

static json_t *records_json(apr_pool_t *p, const mts_entry *entry, const mts_hosts *hosts)
{
    json_t *array = json_array();
    const mta_sts_publication *publication;
    int i;

    if (!entry->is_published || entry->served->is_pattern) {
        return array;
    }
    publication = mts_entry_publication(p, entry, hosts);
    for (i = 0; i < publication->records->nelts; i++) {
        const mta_sts_publication_record *record = mta_sts_publication_at(publication, i);

        if (strcmp(mta_sts_record_type_rdata_name(record->type), "TXT") == 0) {
            json_array_append_new(array,
                                  json_pack("{s:s, s:s, s:o, s:b}", "name", record->name, "type",
                                            "TXT", "value", text_json(p, record->value), "example",
                                            record->is_example));
        }
    }
    return array;
}

/* The names, the values and the precedence of a policy; the locations have the rest. */
static json_t *policy_json(apr_pool_t *p, const mts_entry *entry, const mts_hosts *hosts)
{
    const mts_served *served = entry->served;
    const mta_sts_policy *policy = entry->policy;
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, served->domain, NULL);
    const server_rec *https = served->is_pattern ? NULL : mts_hosts_find(hosts, p, served).https;

    return json_pack(
        "{s:o, s:o, s:b, s:s, s:s, s:I, s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "domain",
        text_json(p, served->domain), "policy_host",
        served->is_pattern ? json_null() : text_json(p, host), "pattern", served->is_pattern, "id",
        entry->id, "mode", mta_sts_mode_name(policy->mode), "max_age", (json_int_t)policy->max_age,
        "mx", texts_json(p, policy->mx), "text", served->policy->text, "record",
        mta_sts_record_render(p, entry->id), "served", entry->reaches_senders, "published",
        entry->is_published, "https_virtual_host", virtual_host_json(p, https), "locations",
        locations_json(p, entry), "records", records_json(p, entry, hosts), "report_url",
        text_json(p, served->is_pattern ? NULL : mts_hosts_endpoint(hosts, p, served)));
}

/* --- printing --- */

/* The arrays are printed element by element: a tree of 100,000 policies would use too much memory
 * for a configtest. */
typedef struct printer {
    const mts_hosts *hosts;
    int count; /* number of elements in the current array so far */
} printer;

static int write_stdout(const char *bytes, size_t len, void *unused)
{
    (void)unused;
    return fwrite(bytes, 1, len, stdout) == len ? 0 : -1;
}

static void print_value(json_t *value)
{
    json_dump_callback(value, write_stdout, NULL, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
}

static void print_element(printer *out, json_t *value)
{
    if (out->count++) {
        putchar(',');
    }
    print_value(value);
}

static void print_policy(apr_pool_t *p, const mts_entry *entry, void *baton)
{
    printer *out = baton;

    print_element(out, policy_json(p, entry, out->hosts));
}

static void print_policies(apr_pool_t *pconf, server_rec *main)
{
    printer out = {mts_hosts_collect(pconf, main), 0};

    printf("\"policies\":[");
    mts_entries_each(pconf, main, print_policy, &out);
    printf("],");
}

/* Every server with its own endpoint; virtual hosts without one inherit the main server's. */
static void print_endpoints(apr_pool_t *p, server_rec *main)
{
    printer out = {0};
    const server_rec *s;

    printf("\"endpoints\":[");
    for (s = main; s; s = s->next) {
        const char *path = mts_report_path_of(s);

        if (path) {
            print_element(&out,
                          json_pack("{s:o, s:o, s:o}", "path", text_json(p, path), "defined_at",
                                    directive_json(p, mts_config_of(s)->report_path.at),
                                    "virtual_host", virtual_host_json(p, s)));
        }
    }
    printf("],");
}

/* Every virtual host with MTASTSCertificates. */
static void print_key_pairs(apr_pool_t *p, server_rec *main)
{
    printer out = {0};
    const server_rec *s;

    printf("\"key_pairs\":[");
    for (s = main; s; s = s->next) {
        const mts_pair_config *config = mts_pair_config_of(s);

        if (config) {
            print_element(&out,
                          json_pack("{s:o, s:s, s:o, s:o}", "paths", texts_json(p, config->globs),
                                    "unknown_name", config->is_fallback ? "fallback" : "refuse",
                                    "defined_at", directive_json(p, config->globs_at),
                                    "virtual_host", virtual_host_json(p, s)));
        }
    }
    printf("],");
}

static json_t *finding_json(apr_pool_t *p, const mta_sts_finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id", finding->id, "severity",
                     mta_sts_severity_name(finding->severity), "subject",
                     text_json(p, finding->subject), "message", text_json(p, finding->message),
                     "fix", text_json(p, finding->fix), "location",
                     location_json(p, finding->file, finding->line));
}

static void print_findings(apr_pool_t *p, server_rec *main)
{
    mta_sts_findings *of_hosts = mta_sts_findings_make(p);
    const mta_sts_findings *const sources[] = {mts_config_of(main)->findings, of_hosts};
    printer out = {0};
    int source, i;

    mts_hosts_check(p, main, of_hosts);
    printf("\"findings\":[");
    for (source = 0; source < 2; source++) {
        for (i = 0; i < sources[source]->list->nelts; i++) {
            print_element(&out, finding_json(p, mta_sts_findings_at(sources[source], i)));
        }
    }
    printf("]");
}

/* null if MTASTSHosting is off. */
static json_t *hosting_json(apr_pool_t *p, server_rec *main)
{
    const mts_hosting_summary *hosting = mts_hosting_summary_read(p, main);

    if (!hosting) {
        return json_null();
    }
    return json_pack(
        "{s:I, s:I, s:I, s:o, s:o, s:o}", "domains", (json_int_t)hosting->served, "wrong",
        (json_int_t)hosting->wrong, "held", (json_int_t)hosting->held, "synced_at",
        text_json(p, hosting->synced ? mta_sts_format_timestamp(p, hosting->synced) : NULL),
        "problem", text_json(p, hosting->problem), "report_path",
        text_json(p, mts_hosts_report_path(mts_hosts_collect(p, main), main)));
}

/* The connection string of PostgreSQL is omitted, because it may contain a password. */
static json_t *database_json(apr_pool_t *p, const mts_report_config *config)
{
    int is_sqlite = strcmp(config->driver, MTA_STS_DATABASE_SQLITE) == 0;
    const char *file = config->database
                           ? config->database
                           : apr_pstrcat(p, config->state_dir, "/" MTA_STS_DATABASE_FILE, NULL);

    return json_pack("{s:s, s:o}", "driver", config->driver, "file",
                     is_sqlite ? text_json(p, file) : json_null());
}

static json_t *reports_json(apr_pool_t *p, const mts_report_config *config)
{
    return json_pack("{s:{s:I, s:I}, s:{s:I, s:I}, s:I, s:I, s:o}", "max_size", "sent",
                     (json_int_t)config->max_sent, "inflated", (json_int_t)config->max_inflated,
                     "quota", "reports", (json_int_t)config->spool_quota, "quarantine",
                     (json_int_t)config->quarantine_quota, "per_minute",
                     (json_int_t)config->per_minute, "keep_days", (json_int_t)config->keep_days,
                     "domains", texts_json(p, config->domains));
}

static json_t *fetch_log_json(const mts_report_config *config)
{
    return json_pack("{s:s, s:I}", "records", mts_fetch_log_name(config->fetch_log), "keep_days",
                     (json_int_t)config->fetch_keep_days);
}

/* Runs at configtest if -D has set the define. */
static void dump(apr_pool_t *pconf, server_rec *main)
{
    const mts_report_config *config = mts_report_config_of(main);

    if (!ap_exists_config_define("DUMP_MTA_STS_JSON")) {
        return;
    }
    printf("{\"version\":%d,", VERSION);
    print_policies(pconf, main);
    print_endpoints(pconf, main);
    print_key_pairs(pconf, main);
    printf("\"state_dir\":");
    print_value(text_json(pconf, config->state_dir));
    printf(",\"reports\":");
    print_value(reports_json(pconf, config));
    printf(",\"fetch_log\":");
    print_value(fetch_log_json(config));
    printf(",\"database\":");
    print_value(database_json(pconf, config));
    printf(",\"hosting\":");
    print_value(hosting_json(pconf, main));
    printf(",\"certificate_days\":");
    print_value(config->certificate_days ? json_integer((json_int_t)config->certificate_days)
                                         : json_null());
    putchar(',');
    print_findings(pconf, main);
    puts("}");
    fflush(stdout);
}

void mts_dump_json_register_hooks(void)
{
    ap_hook_test_config(dump, NULL, NULL, APR_HOOK_LAST);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the document that httpd prints (doc/dump-json.md). */
#include "cli/common/apache.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/time.h"
#include "core/policy/text.h"

#define VERSION 1 /* of the document */

/* "FILE:LINE", or NULL for null. */
static const char *read_location(apr_pool_t *p, const json_t *location)
{
    const char *file = json_string_value(json_object_get(location, "file"));

    return file ? apr_psprintf(p, "%s:%d", file,
                               (int)json_integer_value(json_object_get(location, "line")))
                : NULL;
}

static apr_array_header_t *read_locations(apr_pool_t *p, const json_t *array)
{
    apr_array_header_t *locations = apr_array_make(p, 1, sizeof(cli_apache_location));
    const json_t *value;
    size_t i;

    json_array_foreach((json_t *)array, i, value)
    {
        if (json_is_true(json_object_get(value, "served"))) {
            cli_apache_location *location = apr_array_push(locations);

            location->defined_at = read_location(p, json_object_get(value, "defined_at"));
            location->mode_at = read_location(p, json_object_get(value, "mode_at"));
        }
    }
    return locations;
}

/* Returns NULL if the text of the policy is not valid. */
static const mta_sts_policy *read_text(apr_pool_t *p, const char *text)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_policy *policy =
        text ? mta_sts_policy_text_read(p, text, strlen(text), findings) : NULL;

    return policy && !mta_sts_findings_count(findings, MTA_STS_ERROR) ? policy : NULL;
}

static void read_policy(apr_pool_t *p, const json_t *object, int certificate_days,
                        apr_array_header_t *policies)
{
    cli_apache_policy policy = {
        .domain = apr_pstrdup(p, json_string_value(json_object_get(object, "domain"))),
        .id = apr_pstrdup(p, json_string_value(json_object_get(object, "id"))),
        .endpoint = apr_pstrdup(p, json_string_value(json_object_get(object, "report_url"))),
        .certificate_days = certificate_days,
        .policy = read_text(p, json_string_value(json_object_get(object, "text"))),
        .locations = read_locations(p, json_object_get(object, "locations"))};

    if (policy.domain && policy.id && policy.policy) {
        APR_ARRAY_PUSH(policies, cli_apache_policy) = policy;
    }
}

static void read_paths(apr_pool_t *p, const json_t *virtual_host, apr_array_header_t *paths)
{
    const json_t *path;
    size_t i;

    json_array_foreach(json_object_get(virtual_host, "paths"), i, path)
    {
        if (json_is_string(path)) {
            APR_ARRAY_PUSH(paths, const char *) = apr_pstrdup(p, json_string_value(path));
        }
    }
}

static apr_array_header_t *read_pair_paths(apr_pool_t *p, const json_t *array)
{
    apr_array_header_t *paths = apr_array_make(p, 2, sizeof(const char *));
    const json_t *virtual_host;
    size_t i;

    json_array_foreach((json_t *)array, i, virtual_host)
    {
        read_paths(p, virtual_host, paths);
    }
    return paths;
}

static int severity_of(const char *name)
{
    int severity = MTA_STS_UNKNOWN;

    while (severity > MTA_STS_OK && (!name || strcmp(name, mta_sts_severity_name(severity)))) {
        severity--;
    }
    return severity;
}

static mta_sts_findings *read_findings(apr_pool_t *p, const json_t *array)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const json_t *value;
    size_t i;

    json_array_foreach((json_t *)array, i, value)
    {
        const char *id = json_string_value(json_object_get(value, "id"));
        const char *subject = json_string_value(json_object_get(value, "subject"));
        const char *message = json_string_value(json_object_get(value, "message"));
        const char *at = read_location(p, json_object_get(value, "location"));

        if (id && subject && message) { /* httpd may be newer and use ids that this program does not
                                           know */
            APR_ARRAY_PUSH(findings->list, mta_sts_finding) = (mta_sts_finding){
                .severity = severity_of(json_string_value(json_object_get(value, "severity"))),
                .id = apr_pstrdup(p, id),
                .subject = apr_pstrdup(p, subject),
                .fix = apr_pstrdup(p, json_string_value(json_object_get(value, "fix"))),
                .message =
                    apr_pstrcat(p, message, at ? " (at " : "", at ? at : "", at ? ")" : "", NULL)};
        }
    }
    return findings;
}

static void read_hosting(apr_pool_t *p, const json_t *hosting, cli_apache *apache)
{
    const char *synced = json_string_value(json_object_get(hosting, "synced_at"));

    apache->hosting_problem =
        apr_pstrdup(p, json_string_value(json_object_get(hosting, "problem")));
    apache->hosting_held = (int)json_integer_value(json_object_get(hosting, "held"));
    apache->hosting_wrong = (int)json_integer_value(json_object_get(hosting, "wrong"));
    apache->report_path =
        apr_pstrdup(p, json_string_value(json_object_get(hosting, "report_path")));
    if (!synced || mta_sts_time_parse(synced, &apache->hosting_synced) == MTA_STS_TIME_INVALID) {
        apache->hosting_synced = 0;
    }
}

static cli_apache *read_settings(apr_pool_t *p, const json_t *document)
{
    cli_apache *apache = apr_pcalloc(p, sizeof(*apache));
    const json_t *days = json_object_get(document, "certificate_days");
    const json_t *hosting = json_object_get(document, "hosting");

    apache->policies = apr_array_make(p, 16, sizeof(cli_apache_policy));
    apache->certificate_days = json_is_integer(days) ? (int)json_integer_value(days) : -1;
    if (json_is_object(hosting)) {
        apache->hosting_dir =
            apr_pstrdup(p, json_string_value(json_object_get(document, "state_dir")));
        read_hosting(p, hosting, apache);
    }
    apache->pair_paths = read_pair_paths(p, json_object_get(document, "key_pairs"));
    apache->findings = read_findings(p, json_object_get(document, "findings"));
    return apache;
}

cli_apache *cli_apache_read(apr_pool_t *p, const char *text, apr_size_t len)
{
    json_t *document = json_loadb(text, len, 0, NULL);
    const json_t *value;
    cli_apache *apache;
    size_t i;

    if (json_integer_value(json_object_get(document, "version")) != VERSION) {
        json_decref(document);
        return NULL;
    }
    apache = read_settings(p, document);
    json_array_foreach(json_object_get(document, "policies"), i, value)
    {
        if (json_is_true(json_object_get(value, "published")) &&
            json_is_false(json_object_get(value, "pattern"))) {
            read_policy(p, value, apache->certificate_days, apache->policies);
        }
    }
    json_decref(document);
    return apache;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/state_json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/text.h"

#define VERSION 1
/* In bytes: the part of a message or fix that is stored; the next run will determine it again. */
#define TEXT_MAX 500

/* --- reading --- */

/* The text of a member; NULL if it is missing, longer than any text that is written, or contains
 * terminal control characters, because it may be printed. */
static const char *text_of(apr_pool_t *p, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strlen(text) <= 10000 && cli_watch_is_plain(text) ? apr_pstrdup(p, text) : NULL;
}

/* The number of a member, from 0 to max; -1 if it is missing or out of range. */
static apr_int64_t number_of(const json_t *object, const char *name, apr_int64_t max)
{
    const json_t *value = json_object_get(object, name);
    apr_int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;

    return number > max ? -1 : number;
}

/* The same for a member that earlier versions do not write; 0 if it is missing. */
static apr_int64_t optional_number(const json_t *object, const char *name, apr_int64_t max)
{
    apr_int64_t number = number_of(object, name, max);

    return number > 0 ? number : 0;
}

static int read_texts(apr_pool_t *p, const json_t *object, cli_watch_item *item)
{
    item->domain = text_of(p, object, "domain");
    item->part = text_of(p, object, "part");
    item->subject = text_of(p, object, "subject");
    item->id = text_of(p, object, "id");
    item->kind = text_of(p, object, "kind");
    item->message = text_of(p, object, "message");
    item->fix = text_of(p, object, "fix");
    return item->domain && item->part && item->subject && item->id && item->kind && item->message;
}

static int read_numbers(const json_t *object, cli_watch_item *item)
{
    const apr_int64_t limit = APR_INT64_MAX;
    apr_int64_t severity = number_of(object, "severity", MTA_STS_UNKNOWN);

    item->severity = (mta_sts_severity)severity;
    item->needed = (int)number_of(object, "needed", INT_MAX);
    item->seen = (int)number_of(object, "seen", INT_MAX);
    item->gone = (int)number_of(object, "gone", INT_MAX);
    item->level = (int)optional_number(object, "level", INT_MAX);
    item->families = (int)optional_number(object, "families", CLI_WATCH_IPV4 | CLI_WATCH_IPV6);
    item->first = number_of(object, "first", limit);
    item->last = number_of(object, "last", limit);
    item->turned = number_of(object, "turned", limit);
    return severity >= 0 && item->needed >= 0 && item->seen >= 0 && item->gone >= 0 &&
           item->first >= 0 && item->last >= 0 && item->turned >= 0;
}

static int read_report(const json_t *object, cli_watch_report *report)
{
    const json_t *starts = json_object_get(object, "begun");
    apr_int64_t reported = number_of(object, "reported", MTA_STS_UNKNOWN);
    apr_int64_t phase = number_of(object, "phase", CLI_WATCH_FLAPPING);
    int i;

    report->severity = (mta_sts_severity)reported;
    report->phase = (cli_watch_phase)phase;
    report->is_eased = json_is_true(json_object_get(object, "eased"));
    report->ended = number_of(object, "ended", APR_INT64_MAX);
    for (i = 0; i < CLI_WATCH_STARTS; i++) {
        apr_int64_t start = json_integer_value(json_array_get(starts, (size_t)i));

        report->starts[i] = start > 0 ? start : 0;
    }
    return reported >= 0 && phase >= 0 && report->ended >= 0;
}

/* Versions without channels wrote what was reported to all channels, as is still done if the
 * channels agree. */
static int read_reports(const json_t *object, cli_watch_item *item)
{
    const json_t *exec = json_object_get(object, "exec");

    return read_report(object, &item->reports[CLI_WATCH_OUTPUT]) &&
           read_report(exec ? exec : object, &item->reports[CLI_WATCH_EXEC]);
}

static const char *read_items(cli_watch_state *state, const json_t *array)
{
    const json_t *value;
    size_t i;

    if (!json_is_array(array)) {
        return "it has no list of what was seen";
    }
    json_array_foreach((json_t *)array, i, value)
    {
        cli_watch_item *item = apr_pcalloc(state->p, sizeof(*item));

        if (!read_texts(state->p, value, item) || !read_numbers(value, item) ||
            !read_reports(value, item)) {
            return apr_psprintf(state->p, "item %d lacks a member, or has an impossible value",
                                (int)i + 1);
        }
        apr_hash_set(state->items, cli_watch_item_key(state->p, item), APR_HASH_KEY_STRING, item);
    }
    return NULL;
}

static const char *read_domains(cli_watch_state *state, const json_t *object)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object)) {
        return "it has no list of domains";
    }
    json_object_foreach((json_t *)object, name, value)
    {
        cli_watch_domain *domain = apr_palloc(state->p, sizeof(*domain));

        if (!cli_watch_is_plain(name)) {
            return "the name of a domain contains a control character";
        }
        domain->name = apr_pstrdup(state->p, name);
        domain->is_configured = json_is_true(json_object_get(value, "configured"));
        apr_hash_set(state->domains, domain->name, APR_HASH_KEY_STRING, domain);
    }
    return NULL;
}

/* Reads the members of the deliveries, or those of the document, as versions without channels wrote
 * them. */
static void read_deliveries(cli_watch_state *state, const json_t *document)
{
    const json_t *array = json_object_get(document, "deliveries");
    int i;

    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        const json_t *object = json_array_get(array, (size_t)i);
        cli_watch_delivery *delivery = &state->deliveries[i];

        delivery->is_first = json_is_true(json_object_get(object ? object : document, "first"));
        delivery->is_damaged =
            state->damage && (!object || json_is_true(json_object_get(object, "damaged")));
        delivery->failing = optional_number(object, "failing", APR_INT64_MAX);
        delivery->said = optional_number(object, "said", APR_INT64_MAX);
    }
}

const char *cli_watch_state_parse(cli_watch_state *state, const char *text, apr_size_t len,
                                  int *is_newer)
{
    json_t *document = json_loadb(text, len, 0, NULL);
    apr_int64_t version = number_of(document, "version", APR_INT64_MAX);
    const char *error = !document            ? "it is not valid JSON"
                        : version != VERSION ? "it has no version that is known"
                                             : NULL;

    *is_newer = version > VERSION;
    error = error ? error : read_items(state, json_object_get(document, "items"));
    error = error ? error : read_domains(state, json_object_get(document, "domains"));
    state->damage = text_of(state->p, document, "damage");
    read_deliveries(state, document);
    if (error) {
        apr_hash_clear(state->items);
        apr_hash_clear(state->domains);
    }
    json_decref(document);
    return error;
}

/* --- writing --- */

/* At most TEXT_MAX bytes of a text; NULL for NULL. */
static json_t *render_text(const char *text)
{
    return !text ? NULL
                 : json_stringn(text, strlen(text) > TEXT_MAX ? mta_sts_text_cut(text, TEXT_MAX)
                                                              : strlen(text));
}

static json_t *render_report(const cli_watch_report *report)
{
    json_t *starts = json_array();
    int i, count = 0;

    for (i = 0; i < CLI_WATCH_STARTS; i++) {
        json_array_append_new(starts, json_integer(report->starts[i]));
        count += report->starts[i] > 0;
    }
    /* "starts" is read by earlier versions. */
    return json_pack("{s:i, s:i, s:b, s:i, s:o, s:I}", "reported", (int)report->severity, "phase",
                     (int)report->phase, "eased", report->is_eased, "starts", count, "begun",
                     starts, "ended", (json_int_t)report->ended);
}

static json_t *render_item(const cli_watch_item *item)
{
    json_t *output = render_report(&item->reports[CLI_WATCH_OUTPUT]);
    json_t *exec = render_report(&item->reports[CLI_WATCH_EXEC]);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o*}", "domain", item->domain, "part",
                  item->part, "subject", item->subject, "id", item->id, "kind", item->kind,
                  "message", render_text(item->message), "fix", render_text(item->fix));
    json_t *numbers =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I}", "severity", (int)item->severity,
                  "needed", item->needed, "seen", item->seen, "gone", item->gone, "level",
                  item->level, "families", item->families, "first", (json_int_t)item->first, "last",
                  (json_int_t)item->last, "turned", (json_int_t)item->turned);

    json_object_update(object, numbers);
    json_object_update(object, output);
    if (!json_equal(output, exec)) {
        json_object_set(object, "exec", exec);
    }
    json_decref(numbers);
    json_decref(output);
    json_decref(exec);
    return object;
}

static json_t *render_delivery(const cli_watch_delivery *delivery)
{
    return json_pack("{s:b, s:b, s:I, s:I}", "first", delivery->is_first, "damaged",
                     delivery->is_damaged, "failing", (json_int_t)delivery->failing, "said",
                     (json_int_t)delivery->said);
}

static int is_damage_pending(const cli_watch_state *state)
{
    return state->deliveries[CLI_WATCH_OUTPUT].is_damaged ||
           state->deliveries[CLI_WATCH_EXEC].is_damaged;
}

char *cli_watch_state_render(const cli_watch_state *state)
{
    json_t *items = json_array(), *domains = json_object(), *document;
    const cli_watch_delivery *output = &state->deliveries[CLI_WATCH_OUTPUT];
    apr_hash_index_t *index;
    char *text;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        json_array_append_new(items, render_item(apr_hash_this_val(index)));
    }
    for (index = apr_hash_first(state->p, state->domains); index; index = apr_hash_next(index)) {
        const cli_watch_domain *domain = apr_hash_this_val(index);

        json_object_set_new(domains, domain->name,
                            json_pack("{s:b}", "configured", domain->is_configured));
    }
    document = json_pack(
        "{s:i, s:b, s:s*, s:[o, o], s:o, s:o}", "version", VERSION, "first", output->is_first,
        "damage", is_damage_pending(state) ? state->damage : NULL, "deliveries",
        render_delivery(output), render_delivery(&state->deliveries[CLI_WATCH_EXEC]), "domains",
        domains, "items", items);
    text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (!text) {
        abort();
    }
    return text;
}

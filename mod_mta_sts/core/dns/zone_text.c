/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/zone_text.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/dns/delegation.h"

#define STRING_MAX 255 /* in bytes: one string of a TXT record (RFC 1035 section 3.3) */

/* Collects lines, which are joined at the end. */
typedef struct writer {
    apr_pool_t *p;
    const mta_sts_publication *publication;
    apr_array_header_t *lines; /* of const char * */
} writer;

static writer make_writer(apr_pool_t *p, const mta_sts_publication *publication)
{
    writer w = {p, publication, apr_array_make(p, 16, sizeof(const char *))};

    return w;
}

static void add_line(writer *w, const char *line)
{
    APR_ARRAY_PUSH(w->lines, const char *) = apr_pstrcat(w->p, line, "\n", NULL);
}

static const char *finish(writer *w)
{
    return apr_array_pstrcat(w->p, w->lines, 0);
}

const char *mta_sts_zone_strings(apr_pool_t *p, const char *text)
{
    apr_size_t len = strlen(text), i;
    /* An escaped byte has 4 characters; each string has two quotation marks and a blank. */
    char *strings = apr_palloc(p, 4 * len + 3 * (len / STRING_MAX + 1) + 1), *out = strings;

    *out++ = '"';
    for (i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (i && i % STRING_MAX == 0) {
            memcpy(out, "\" \"", 3);
            out += 3;
        }
        if (byte < 0x20 || byte > 0x7e) {
            out += sprintf(out, "\\%03u", byte);
            continue;
        }
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
        }
        *out++ = (char)byte;
    }
    *out++ = '"';
    *out = '\0';
    return strings;
}

static const char *render_value(apr_pool_t *p, mta_sts_record_type type, const char *value)
{
    switch (type) {
    case MTA_STS_TYPE_A:
    case MTA_STS_TYPE_AAAA:
        return value;
    case MTA_STS_TYPE_CNAME:
    case MTA_STS_TYPE_MX:
        return apr_pstrcat(p, value, ".", NULL);
    default:
        return mta_sts_zone_strings(p, value);
    }
}

const char *mta_sts_zone_value(apr_pool_t *p, const mta_sts_publication_record *record)
{
    return render_value(p, record->type, record->value);
}

/* --- zone file --- */

static const char *render_record(apr_pool_t *p, const mta_sts_publication_record *record)
{
    const char *ttl = record->ttl < 0 || record->is_example
                          ? ""
                          : apr_psprintf(p, "%" APR_INT64_T_FMT " ", record->ttl);

    return apr_psprintf(p, "%s. %sIN %s %s", record->name, ttl,
                        mta_sts_record_type_rdata_name(record->type),
                        mta_sts_zone_value(p, record));
}

/* The comment after a record. */
static const char *mark(apr_pool_t *p, const mta_sts_publication_record *record)
{
    static const char *const marks[] = {
        [MTA_STS_RECORD_UNKNOWN] = "",
        [MTA_STS_RECORD_SAME] = " ; same",
        [MTA_STS_RECORD_DIFFERS] = " ; differs: DNS has ",
        [MTA_STS_RECORD_MISSING] = " ; missing",
        [MTA_STS_RECORD_SUPERFLUOUS] = " ; superfluous: delete it",
    };

    return apr_pstrcat(p, marks[record->state],
                       record->now ? render_value(p, record->type, record->now) : NULL, NULL);
}

/* The comment before the first of the examples of a type. */
static const char *example_note(mta_sts_record_type type)
{
    switch (type) {
    case MTA_STS_TYPE_A:
        return "; the policy host, with the addresses of this server (or a CNAME to its name):";
    case MTA_STS_TYPE_TLSRPT:
        return "; where reports go; replace YOU with your mailbox (Google and Microsoft send "
               "reports by mail only):";
    default:
        return NULL;
    }
}

/* Why this record must not be published yet, or NULL. */
static const char *hold_of(const writer *w, const mta_sts_publication_record *record)
{
    int is_published =
        record->state == MTA_STS_RECORD_SAME || record->state == MTA_STS_RECORD_SUPERFLUOUS;

    return record->type == MTA_STS_TYPE_MTA_STS && !is_published ? w->publication->hold : NULL;
}

/* A record in the zone of another party: it is shown in comments only, because it must not be added
 * to this zone. */
static void write_delegated(writer *w, const mta_sts_publication_record *record)
{
    const char *request = mta_sts_delegation_request(w->p, record);

    if (request) {
        add_line(w, apr_pstrcat(w->p, "; elsewhere: ", request, NULL));
        if (record->now) {
            add_line(w, apr_pstrcat(w->p, ";   DNS has ",
                                    render_value(w->p, record->type, record->now), " there", NULL));
        }
    }
}

static void write_record(writer *w, const mta_sts_publication_record *record)
{
    const char *hold = hold_of(w, record);
    int is_comment = hold || record->is_example || record->state == MTA_STS_RECORD_SUPERFLUOUS;

    if (record->delegated) {
        write_delegated(w, record);
        if (record->state == MTA_STS_RECORD_SAME) {
            add_line(w, apr_psprintf(w->p, "; %s is an alias (CNAME) of %s, whose record is right",
                                     record->delegated, record->name));
        }
        return;
    }
    if (record->is_example && example_note(record->type)) {
        add_line(w, example_note(record->type));
    }
    if (hold) {
        add_line(w, apr_pstrcat(w->p, "; not yet: ", hold, NULL));
    }
    add_line(w, apr_pstrcat(w->p, is_comment ? ";" : "", render_record(w->p, record),
                            record->is_example ? "" : mark(w->p, record), NULL));
}

const char *mta_sts_zone_render(apr_pool_t *p, const mta_sts_publication *publication)
{
    writer w = make_writer(p, publication);
    int i;

    for (i = 0; i < publication->records->nelts; i++) {
        write_record(&w, mta_sts_publication_at(publication, i));
    }
    return finish(&w);
}

/* --- nsupdate --- */

/* The end of a group of records with the same name: the index after its last one. */
static int end_of_name(const mta_sts_publication *publication, int first)
{
    const char *name = mta_sts_publication_at(publication, first)->name;
    int end = first;

    while (end < publication->records->nelts &&
           strcmp(mta_sts_publication_at(publication, end)->name, name) == 0) {
        end++;
    }
    return end;
}

static int is_change(const mta_sts_publication_record *record)
{
    return record->state != MTA_STS_RECORD_SAME && !record->is_example;
}

static int has_change(const mta_sts_publication *publication, int first, int end)
{
    while (first < end && !is_change(mta_sts_publication_at(publication, first))) {
        first++;
    }
    return first < end;
}

static int is_text(const mta_sts_publication_record *record)
{
    return strcmp(mta_sts_record_type_rdata_name(record->type), "TXT") == 0;
}

static void command_add(writer *w, const char *comment, const mta_sts_publication_record *record,
                        const char *value)
{
    apr_int64_t ttl = record->ttl < 0 ? MTA_STS_TTL_DEFAULT : record->ttl;

    add_line(w,
             apr_psprintf(w->p, "%supdate add %s. %" APR_INT64_T_FMT " IN %s %s", comment,
                          record->name, ttl, mta_sts_record_type_rdata_name(record->type), value));
}

static void command_delete(writer *w, const char *comment, const mta_sts_publication_record *record)
{
    /* nsupdate identifies a TXT record by its strings, but how an existing record is split into
     * strings is not known here. So all TXT records of the name are deleted, and those to be
     * preserved are added again. */
    add_line(w,
             apr_pstrcat(w->p, comment, "update delete ", record->name, ". ",
                         mta_sts_record_type_rdata_name(record->type), is_text(record) ? NULL : " ",
                         is_text(record) ? NULL : mta_sts_zone_value(w->p, record), NULL));
}

/* Adds the TXT records at this name that belong to something else. */
static void command_add_others(writer *w, const char *comment,
                               const mta_sts_publication_record *record)
{
    const apr_array_header_t *values = w->publication->facts->now[record->type].values;
    int i;

    for (i = 0; values && i < values->nelts; i++) {
        const char *text = APR_ARRAY_IDX(values, i, const char *);

        if (!mta_sts_record_type_is_published(record->type, text)) {
            command_add(w, comment, record, mta_sts_zone_strings(w->p, text));
        }
    }
}

/* Deletions come first, because no other record can be added to a name that has a CNAME (RFC 2136
 * section 3.4.2.2). */
static void command_deletions(writer *w, const char *comment, int first, int end)
{
    const mta_sts_publication_record *record = mta_sts_publication_at(w->publication, first);

    if (is_text(record)) {
        command_delete(w, comment, record);
        return;
    }
    for (; first < end; first++) {
        record = mta_sts_publication_at(w->publication, first);
        if (record->state == MTA_STS_RECORD_SUPERFLUOUS) {
            command_delete(w, comment, record);
        }
    }
}

static void command_additions(writer *w, const char *comment, int first, int end)
{
    const mta_sts_publication_record *record = mta_sts_publication_at(w->publication, first);

    if (is_text(record)) {
        command_add(w, comment, record, mta_sts_zone_value(w->p, record));
        command_add_others(w, comment, record);
        return;
    }
    for (; first < end; first++) {
        record = mta_sts_publication_at(w->publication, first);
        if (is_change(record) && record->state != MTA_STS_RECORD_SUPERFLUOUS) {
            command_add(w, comment, record, mta_sts_zone_value(w->p, record));
        }
    }
}

static void write_commands(writer *w, int first, int end)
{
    const char *hold = hold_of(w, mta_sts_publication_at(w->publication, first));
    const char *comment = hold ? ";" : "";

    if (hold) {
        add_line(w, apr_pstrcat(w->p, "; not yet: ", hold, NULL));
    }
    command_deletions(w, comment, first, end);
    command_additions(w, comment, first, end);
    add_line(w, apr_pstrcat(w->p, comment, "send", NULL));
}

const char *mta_sts_nsupdate_render(apr_pool_t *p, const mta_sts_publication *publication)
{
    writer w = make_writer(p, publication);
    int first, end;

    for (first = 0; first < publication->records->nelts; first = end) {
        const mta_sts_publication_record *record = mta_sts_publication_at(publication, first);

        end = end_of_name(publication, first);
        if (record->delegated) {
            write_delegated(&w, record);
        }
        else if (has_change(publication, first, end)) {
            write_commands(&w, first, end);
        }
    }
    if (w.lines->nelts == 0) {
        add_line(&w, "; nothing to update");
    }
    return finish(&w);
}

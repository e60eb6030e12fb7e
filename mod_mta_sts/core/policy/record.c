/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/record.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/text.h"
#include "core/policy/repair.h"

#define ID_BYTES_MAX 32
#define EXTENSION_NAME_MAX 32
#define REPAIRED_MAX 4096 /* in bytes; longer records are not entered by hand */
#define FIX "run 'mta-sts dns DOMAIN' to get the record, then publish it"

typedef struct reader reader;

/* How the two kinds of record differ; the rest of their grammar is the same. */
typedef struct kind {
    const char *subject;
    const char *version;                        /* the beginning of a record */
    const char *mark;                           /* what even a misspelt record contains */
    const char *field;                          /* the required field */
    const char *fix;                            /* what to do if that is missing */
    void (*read_value)(reader *r, char *value); /* of the required field; may change it */
} kind;

struct reader {
    apr_pool_t *p; /* of the result; findings use the pool of their list */
    mta_sts_findings *findings;
    const kind *kind;
    int errors;
    int seen;                /* whether the required field was read */
    const char *id;          /* from an MTA-STS record */
    apr_array_header_t *rua; /* from a TLSRPT record, of const char * */
};

static void report(reader *r, mta_sts_severity severity, const char *id, const char *fix,
                   const char *message)
{
    int first_error = severity == MTA_STS_ERROR && r->errors++ == 0;

    if (first_error || r->findings->list->nelts < MTA_STS_FINDINGS_MAX) {
        mta_sts_finding_add(r->findings, severity, id, r->kind->subject, fix, "%s", message);
    }
}

static const char *quote(reader *r, const char *text)
{
    return mta_sts_text_quote(r->findings->pool, text, strlen(text));
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Removes blanks from both ends. */
static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && is_blank(end[-1])) {
        end--;
    }
    *end = '\0';
    return text + strspn(text, " \t");
}

static void read_id(reader *r, char *value)
{
    const char *c;

    for (c = value; mta_sts_text_is_alnum(*c); c++) {
    }
    if (mta_sts_repair_is_lost(value)) {
        report(r, MTA_STS_ERROR, "id-malformed", "publish the id shown by 'mta-sts dns DOMAIN'",
               apr_psprintf(r->findings->pool, mta_sts_repair_is_lost(value), quote(r, value)));
        return;
    }
    if (*c || c == value || c - value > ID_BYTES_MAX) {
        report(r, MTA_STS_ERROR, "id-malformed", "use the id shown by apachectl -t -D DUMP_MTA_STS",
               apr_psprintf(r->findings->pool, "the id %s is not 1 to 32 letters and digits",
                            quote(r, value)));
        return;
    }
    r->id = value;
}

static void read_uri(reader *r, char *uri)
{
    int is_used;
    const char *error = mta_sts_rua_check(r->p, uri, &is_used);

    if (error) {
        report(r, MTA_STS_ERROR, "rua-malformed", NULL,
               apr_psprintf(r->findings->pool, "the report address %s %s", quote(r, uri), error));
        return;
    }
    if (!is_used) {
        report(r, MTA_STS_WARNING, "rua-scheme", "use mailto: or https:",
               apr_psprintf(r->findings->pool,
                            "senders do not support the scheme of the report address %s",
                            quote(r, uri)));
        return;
    }
    APR_ARRAY_PUSH(r->rua, const char *) = uri;
}

static void read_rua(reader *r, char *value)
{
    char *next;

    if (is_blank(*value)) {
        report(r, MTA_STS_WARNING, "rua-blank", "remove the blank",
               "a blank follows rua=, which some senders reject");
    }
    for (; value; value = next) {
        next = strchr(value, ',');
        if (next) {
            *next++ = '\0';
        }
        read_uri(r, trim(value));
    }
}

/* sts-extension (RFC 8461 section 3.1) and tlsrpt-extension (RFC 8460 section 3). */
static int is_extension(const char *name, const char *value)
{
    apr_size_t len = strlen(name);

    if (len == 0 || len > EXTENSION_NAME_MAX || !mta_sts_text_is_alnum(name[0]) || !*value) {
        return 0;
    }
    for (; *name; name++) {
        if (!mta_sts_text_is_alnum(*name) && !strchr("_-.", *name)) {
            return 0;
        }
    }
    for (; *value; value++) {
        if (*value < 0x21 || *value > 0x7e || *value == '=') {
            return 0;
        }
    }
    return 1;
}

static void read_field(reader *r, char *field)
{
    char *value = strchr(field, '=');

    if (value) {
        *value++ = '\0';
    }
    if (value && strcmp(field, r->kind->field) == 0) {
        if (r->seen++ && !r->rua) {
            report(r, MTA_STS_WARNING, "field-duplicate", "keep one of them",
                   apr_psprintf(r->findings->pool,
                                "%s= occurs more than once; senders use the first", field));
            return;
        }
        r->kind->read_value(r, value);
        return;
    }
    if (value && is_extension(field, value)) {
        report(r, MTA_STS_INFO, "field-unknown", NULL,
               apr_psprintf(r->findings->pool, "senders ignore the unknown field %s",
                            quote(r, field)));
    }
    else if (value || *field || !r->errors) {
        const char *format = value || *field ? "%s is not of the form name=value"
                                             : "there is nothing between two semicolons";
        report(r, MTA_STS_ERROR, "field-malformed", r->kind->fix,
               apr_psprintf(r->findings->pool, format, quote(r, field)));
    }
}

/* Reads what follows the version in the record that senders use. */
static void read_record(reader *r, const char *text)
{
    char *fields = trim(apr_pstrdup(r->p, text + strlen(r->kind->version)));
    char *next;

    if (*fields && fields[strlen(fields) - 1] != ';' && is_blank(text[strlen(text) - 1])) {
        report(r, MTA_STS_WARNING, "trailing-blank", "remove the blank",
               "the record ends with a blank, which some senders reject");
    }
    for (; fields && *fields; fields = next) {
        next = strchr(fields, ';');
        if (next) {
            *next++ = '\0';
            next += strspn(next, " \t");
        }
        read_field(r, trim(fields));
    }
    if (!r->seen) {
        report(r, MTA_STS_ERROR, "field-missing", r->kind->fix,
               apr_psprintf(r->findings->pool, "the record has no %s=", r->kind->field));
    }
    else if (r->rua && !r->errors && r->rua->nelts == 0) {
        report(r, MTA_STS_ERROR, "rua-missing",
               "use mailto: or https:", "no report address has a scheme that senders support");
    }
}

/* Whether a text was meant as a record of this kind, however it is misspelt. */
static int is_meant(const kind *record_kind, const char *text)
{
    return mta_sts_repair_contains(text, record_kind->mark) ||
           mta_sts_repair_is_version(text, record_kind->mark);
}

/* The record that senders use, or NULL after a finding: they ignore all that begin differently, and
 * the domain has none unless exactly one is left. */
static const char *select_record(reader *r, const apr_array_header_t *texts)
{
    const char *selected = NULL;
    int i, count = 0;

    for (i = 0; i < texts->nelts; i++) {
        const char *text = APR_ARRAY_IDX(texts, i, const char *);

        if (strncmp(text, r->kind->version, strlen(r->kind->version)) == 0) {
            selected = text;
            count++;
            continue;
        }
        report(r, is_meant(r->kind, text) ? MTA_STS_WARNING : MTA_STS_INFO, "record-ignored",
               r->kind->fix,
               apr_psprintf(r->findings->pool, "senders ignore %s: it does not start with \"%s\"",
                            quote(r, text), r->kind->version));
    }
    if (count == 0) {
        report(r, MTA_STS_ERROR, "record-missing", r->kind->fix,
               apr_psprintf(r->findings->pool, "no record starts with \"%s\"", r->kind->version));
        return NULL;
    }
    if (count > 1) {
        report(r, MTA_STS_ERROR, "record-multiple", "keep exactly one",
               apr_psprintf(r->findings->pool,
                            "%d records start with \"%s\": senders use none of them", count,
                            r->kind->version));
        return NULL;
    }
    return selected;
}

static void read_set(reader *r, const apr_array_header_t *texts)
{
    const char *text = select_record(r, texts);

    if (text && strlen(text) > MTA_STS_RECORD_MAX) {
        report(r, MTA_STS_ERROR, "record-too-long", NULL, "the record is longer than DNS allows");
        return;
    }
    if (text) {
        read_record(r, text);
    }
}

static const kind mta_sts_kind = {
    "MTA-STS record", "v=STSv1;", "STSv1", "id", FIX, read_id,
};
static const kind tlsrpt_kind = {
    "TLSRPT record", "v=TLSRPTv1;", "TLSRPTv1", "rua", FIX, read_rua,
};

/* Reads the records as senders do. */
static reader read_strictly(apr_pool_t *p, const kind *record_kind, const apr_array_header_t *texts,
                            mta_sts_findings *findings)
{
    reader r = {.p = p, .findings = findings, .kind = record_kind};

    if (record_kind == &tlsrpt_kind) {
        r.rua = apr_array_make(p, 2, sizeof(const char *));
    }
    read_set(&r, texts);
    return r;
}

/* --- records that were altered by an editor or a panel --- */

/* The one text that is a misspelt record of this kind; NULL if there is none, or several. */
static const char *find_altered(const kind *record_kind, const apr_array_header_t *texts)
{
    const char *found = NULL;
    int i;

    for (i = 0; i < texts->nelts; i++) {
        const char *text = APR_ARRAY_IDX(texts, i, const char *);

        if (is_meant(record_kind, text)) {
            if (found || strlen(text) > REPAIRED_MAX) {
                return NULL;
            }
            found = text;
        }
    }
    return texts->nelts == 1 && !found ? APR_ARRAY_IDX(texts, 0, const char *) : found;
}

static apr_array_header_t *set_of(apr_pool_t *p, const char *text)
{
    apr_array_header_t *set = apr_array_make(p, 1, sizeof(const char *));

    APR_ARRAY_PUSH(set, const char *) = text;
    return set;
}

/* Replaces tabs by blanks in a record that is shown for copying. */
static const char *with_blanks(apr_pool_t *p, const char *text)
{
    char *copy = apr_pstrdup(p, text), *c = copy;

    while ((c = strchr(c, '\t')) != NULL) {
        *c = ' ';
    }
    return copy;
}

/* Adds one finding that names the alteration and shows the intended record; returns 0 if no known
 * alteration explains the errors. */
static int explain(const kind *record_kind, const apr_array_header_t *texts,
                   mta_sts_findings *strict, mta_sts_findings *findings)
{
    apr_pool_t *pool = findings->pool;
    const char *text = find_altered(record_kind, texts), *fix;
    mta_sts_repair repair;
    int i;

    if (!text || strlen(text) > REPAIRED_MAX) {
        return 0;
    }
    repair = mta_sts_repair_begin(pool, text, strlen(text));
    mta_sts_repair_characters(&repair);
    mta_sts_repair_links(&repair);
    mta_sts_repair_escapes(&repair);
    mta_sts_repair_record(&repair, record_kind->mark, record_kind->field);
    if (read_strictly(pool, record_kind, set_of(pool, repair.text), mta_sts_findings_make(pool))
            .errors) {
        return 0;
    }
    fix = apr_psprintf(pool, "publish \"%s\"", with_blanks(pool, repair.text));
    if (!repair.found->nelts) {
        for (i = 0; i < strict->list->nelts; i++) {
            APR_ARRAY_IDX(strict->list, i, mta_sts_finding).fix = fix;
        }
        return 0;
    }
    mta_sts_finding_add(findings, MTA_STS_ERROR, "text-altered", record_kind->subject, fix,
                        "the record %s %s", mta_sts_text_quote(pool, text, strlen(text)),
                        mta_sts_repair_clauses(&repair));
    return 1;
}

static reader read_records(apr_pool_t *p, const kind *record_kind, const apr_array_header_t *texts,
                           mta_sts_findings *findings)
{
    mta_sts_findings *strict = mta_sts_findings_make(findings->pool);
    reader r = read_strictly(p, record_kind, texts, strict);

    if (!r.errors || !explain(record_kind, texts, strict, findings)) {
        apr_array_cat(findings->list, strict->list);
    }
    return r;
}

const char *mta_sts_record_render(apr_pool_t *p, const char *id)
{
    return apr_pstrcat(p, "v=STSv1; id=", id, ";", NULL);
}

const char *mta_sts_record_read(apr_pool_t *p, const apr_array_header_t *texts,
                                mta_sts_findings *findings)
{
    reader r = read_records(p, &mta_sts_kind, texts, findings);

    return r.errors ? NULL : r.id;
}

apr_array_header_t *mta_sts_tlsrpt_record_read(apr_pool_t *p, const apr_array_header_t *texts,
                                               mta_sts_findings *findings)
{
    reader r = read_records(p, &tlsrpt_kind, texts, findings);

    return r.errors ? NULL : r.rua;
}

const char *mta_sts_tlsrpt_record_render(apr_pool_t *p, const apr_array_header_t *rua)
{
    return apr_pstrcat(p, "v=TLSRPTv1; rua=", apr_array_pstrcat(p, rua, ','), NULL);
}

const char *mta_sts_tlsrpt_record_propose(apr_pool_t *p, const char *domain, const char *endpoint)
{
    return apr_pstrcat(p, "v=TLSRPTv1; rua=", endpoint ? endpoint : "", endpoint ? "," : "",
                       "mailto:YOU@", domain, NULL);
}

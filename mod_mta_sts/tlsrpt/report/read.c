/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/read.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/text.h"
#include "tlsrpt/report/digest.h"
#include "tlsrpt/report/guess.h"
#include "tlsrpt/report/inflate.h"
#include "tlsrpt/report/json.h"
#include "tlsrpt/report/json_scan.h"
#include "tlsrpt/report/parse.h"

#define PIECE 65536 /* bytes scanned at a time; most reports are smaller */
#define SUBJECT "report"

/* The first pass over the bytes: determines their properties without storing them. */
typedef struct survey {
    tlsrpt_json_scan scan;
    apr_size_t inflated;
    apr_size_t members; /* number of gzip members; 0: not gzip */
    int is_refused;     /* whether the scan rejected the bytes, and so stopped */
    const char *error;  /* why they could not be inflated completely, or NULL */
    const char *digest; /* NULL unless they were inflated and scanned completely */
    const char *text;   /* all inflated bytes if they are in memory; else NULL */
} survey;

static void note(mta_sts_findings *findings, mta_sts_severity severity, const char *id,
                 const char *message)
{
    mta_sts_finding_add(findings, severity, id, SUBJECT, NULL, "%s", message);
}

static void note_wrapping(const tlsrpt_inflate *stream, mta_sts_findings *findings)
{
    if (tlsrpt_inflate_members(stream) > 1) {
        note(findings, MTA_STS_INFO, "gzip-members", "the gzip data has several members");
    }
    if (tlsrpt_inflate_ignored(stream)) {
        note(findings, MTA_STS_WARNING, "gzip-trailing",
             "bytes after the end of the gzip data were ignored");
    }
}

/* Whether the bytes so far are not a report or exceed a limit, whatever follows. */
static int is_refused(const tlsrpt_json_scan *scan, const tlsrpt_limits *limits)
{
    return (scan->where != TLSRPT_JSON_BEFORE && scan->first != '{') ||
           scan->deepest > limits->depth || scan->longest > limits->string ||
           scan->memory > limits->memory;
}

/* Scans all bytes, or as many as inflate to the limit plus one piece. After a reason to reject them
 * has been found, bytes are only counted, so that a decompression bomb does not cost more. */
static void survey_bytes(apr_pool_t *ptemp, const char *bytes, apr_size_t len,
                         const tlsrpt_limits *limits, tlsrpt_reading *reading, survey *found)
{
    tlsrpt_inflate *stream = tlsrpt_inflate_start(ptemp, bytes, len);
    EVP_MD_CTX *digest = tlsrpt_digest_start(ptemp);
    char *pieces = apr_palloc(ptemp, PIECE);
    apr_ssize_t count = 0;

    memset(found, 0, sizeof(*found));
    if (!stream) {
        found->error = "there is not enough memory to inflate it";
        return;
    }
    while (found->inflated <= limits->inflated) {
        apr_size_t used = found->inflated < PIECE ? found->inflated : 0;
        const char *piece = pieces + used;

        count = tlsrpt_inflate_read(stream, pieces + used, PIECE - used);
        if (count <= 0) {
            break;
        }
        found->inflated += (apr_size_t)count;
        if (!found->is_refused) {
            tlsrpt_digest_add(digest, piece, (apr_size_t)count);
            tlsrpt_json_scan_feed(&found->scan, piece, (apr_size_t)count);
            found->is_refused = is_refused(&found->scan, limits);
        }
    }
    found->members = tlsrpt_inflate_members(stream);
    found->text = !found->members ? bytes : found->inflated <= PIECE ? pieces : NULL;
    found->error = tlsrpt_inflate_error(stream);
    if (count == 0) {
        found->digest =
            found->is_refused ? NULL : tlsrpt_digest_end(reading->findings->pool, digest);
        note_wrapping(stream, reading->findings);
    }
}

static void refuse(tlsrpt_reading *reading, tlsrpt_outcome outcome, const char *reason)
{
    reading->outcome = outcome;
    reading->reason = reason;
}

/* Rejects bytes that do not begin like a report. Gzip is classified as unreadable, and not as "not
 * a report", so that it is quarantined: its sender meant it to be a report. */
static void refuse_beginning(apr_pool_t *p, const char *bytes, apr_size_t len, const survey *found,
                             tlsrpt_reading *reading)
{
    const char *what = found->scan.first ? mta_sts_text_quote(p, &found->scan.first, 1) : "nothing";

    if (found->members) {
        refuse(reading, TLSRPT_UNREADABLE,
               apr_psprintf(p, "the gzip data contains %s where a report begins with \"{\"%s", what,
                            tlsrpt_guess_in_gzip(found->scan.first)));
    }
    else if (len == 0) {
        refuse(reading, TLSRPT_NOT_A_REPORT, "it is empty");
    }
    else {
        refuse(reading, TLSRPT_NOT_A_REPORT,
               apr_psprintf(p, "it is neither gzip nor JSON: it begins with %s, not with \"{\"%s",
                            what, tlsrpt_guess(bytes, len)));
    }
}

/* Rejects bytes that are not a report or exceed a limit, according to the survey. */
static void refuse_by_survey(apr_pool_t *p, const char *bytes, apr_size_t len, const survey *found,
                             const tlsrpt_limits *limits, tlsrpt_reading *reading)
{
    const tlsrpt_json_scan *scan = &found->scan;

    if (found->inflated > limits->inflated) {
        refuse(reading, TLSRPT_TOO_LARGE,
               apr_psprintf(p, "it is larger than %" APR_SIZE_T_FMT " bytes%s", limits->inflated,
                            found->members ? " once inflated" : ""));
    }
    else if (found->error) {
        refuse(reading, TLSRPT_UNREADABLE, found->error);
    }
    else if (scan->first != '{') {
        refuse_beginning(p, bytes, len, found, reading);
    }
    else if (scan->deepest > limits->depth) {
        refuse(reading, TLSRPT_UNREADABLE,
               apr_psprintf(p, "its JSON is nested more than %" APR_SIZE_T_FMT " deep",
                            limits->depth));
    }
    else if (scan->longest > limits->string) {
        refuse(reading, TLSRPT_UNREADABLE,
               apr_psprintf(p, "it has a string or number of more than %" APR_SIZE_T_FMT " bytes",
                            limits->string));
    }
    else if (scan->memory > limits->memory) {
        refuse(reading, TLSRPT_UNREADABLE,
               apr_psprintf(p,
                            "its JSON has so many values that they take more than %" APR_SIZE_T_FMT
                            " bytes",
                            limits->memory));
    }
}

/* The second pass, if the text is not completely in memory: the bytes are read again, and those
 * before the "{" are skipped. */
typedef struct source {
    tlsrpt_inflate *stream;
    apr_size_t before;
} source;

static size_t read_source(void *buffer, size_t size, void *data)
{
    source *from = data;
    apr_ssize_t count = 0;

    while (from->before) {
        count =
            tlsrpt_inflate_read(from->stream, buffer, from->before < size ? from->before : size);
        if (count <= 0) {
            return (size_t)-1;
        }
        from->before -= (apr_size_t)count;
    }
    count = tlsrpt_inflate_read(from->stream, buffer, size);
    return (size_t)count; /* both parsers treat -1 as an error, too */
}

/* The input for the parser: in memory, or to be read. */
static tlsrpt_parse_input input_of(apr_pool_t *ptemp, const char *bytes, apr_size_t len,
                                   const survey *found)
{
    tlsrpt_parse_input input = {.longest = found->scan.longest, .deepest = found->scan.deepest};
    source *from = apr_pcalloc(ptemp, sizeof(*from));

    if (found->text) {
        input.bytes = found->text + found->scan.before;
        input.len = found->inflated - found->scan.before;
        return input;
    }
    from->before = found->scan.before;
    from->stream = tlsrpt_inflate_start(ptemp, bytes, len);
    input.read = from->stream ? read_source : NULL;
    input.data = from;
    return input;
}

/* jansson's error texts contain names of its functions and flags, and up to a line of the
 * report. */
static const char *describe_error(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "invalid UTF-8";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character";
    case json_error_numeric_overflow:
        return "a number is out of range";
    default:
        return "a syntax error";
    }
}

/* Describes why and where JSON cannot be parsed, with the help of jansson, which stops at the
 * error. */
static void refuse_json(apr_pool_t *p, const char *bytes, apr_size_t len, const survey *found,
                        const tlsrpt_parse_input *input, tlsrpt_reading *reading)
{
    const size_t flags = JSON_DISABLE_EOF_CHECK;
    json_error_t error = {.line = 0};
    json_t *root = input->read ? json_load_callback(input->read, input->data, flags, &error)
                               : json_loadb(input->bytes, input->len, flags, &error);

    json_decref(root);
    refuse(reading, TLSRPT_UNREADABLE,
           apr_psprintf(p, "its JSON cannot be read: line %d, column %d: %s%s", error.line,
                        error.column, describe_error(&error),
                        found->members ? "" : tlsrpt_guess(bytes, len)));
}

/* Parses the JSON. If several members have the same name, the last one counts, as in nearly all
 * parsers. */
static const tlsrpt_value *parse(apr_pool_t *p, const char *bytes, apr_size_t len,
                                 const survey *found, tlsrpt_reading *reading)
{
    tlsrpt_parse_input input;
    const tlsrpt_value *root;
    apr_pool_t *ptemp, *parsed;
    int duplicate = 0;

    apr_pool_create(&parsed, p);
    apr_pool_create(&ptemp, p);
    input = input_of(ptemp, bytes, len, found);
    root = tlsrpt_parse(parsed, &input, &duplicate);
    if (!root) {
        apr_pool_destroy(parsed); /* before jansson allocates as much */
        input = input_of(ptemp, bytes, len, found);
        refuse_json(p, bytes, len, found, &input, reading);
    }
    else if (duplicate) {
        note(reading->findings, MTA_STS_WARNING, "json-member-duplicate",
             "an object has two members with the same name, of which the last one is used");
    }
    apr_pool_destroy(ptemp);
    return root;
}

static void note_surroundings(const survey *found, mta_sts_findings *findings)
{
    if (found->scan.marked) {
        note(findings, MTA_STS_INFO, "json-byte-order-mark",
             "the JSON begins with a byte order mark");
    }
    if (found->scan.trailing) {
        note(findings, MTA_STS_WARNING, "json-trailing",
             "bytes after the end of the JSON were ignored");
    }
}

static void read_json(apr_pool_t *p, const char *bytes, apr_size_t len, const survey *found,
                      const tlsrpt_limits *limits, tlsrpt_reading *reading)
{
    const tlsrpt_value *root, *policies;

    note_surroundings(found, reading->findings);
    reading->parsed = (apr_size_t)found->scan.memory;
    root = parse(p, bytes, len, found, reading);
    if (!root) {
        return;
    }
    policies = tlsrpt_value_member(root, "policies");
    if (!tlsrpt_value_is(policies, TLSRPT_ARRAY)) {
        refuse(reading, TLSRPT_NO_POLICIES, "it is JSON, but has no array of policies");
        return;
    }
    reading->reason =
        tlsrpt_report_from_json(p, root, policies, limits, reading->findings, &reading->report);
    if (reading->reason) {
        reading->outcome = TLSRPT_UNREADABLE;
        reading->report = NULL;
    }
}

tlsrpt_reading *tlsrpt_report_read_gated(apr_pool_t *p, const char *bytes, apr_size_t len,
                                         const tlsrpt_limits *limits, const tlsrpt_gate *gate)
{
    tlsrpt_reading *reading = apr_pcalloc(p, sizeof(*reading));
    apr_pool_t *ptemp;
    survey found;

    reading->outcome = TLSRPT_READ;
    reading->len = len;
    reading->findings = mta_sts_findings_make(p);
    if (len > limits->sent) {
        reading->digest = tlsrpt_digest_of(p, bytes, len);
        refuse(reading, TLSRPT_TOO_LARGE,
               apr_psprintf(p, "it is larger than %" APR_SIZE_T_FMT " bytes", limits->sent));
        return reading;
    }
    apr_pool_create(&ptemp, p);
    survey_bytes(ptemp, bytes, len, limits, reading, &found);
    reading->digest = found.digest ? found.digest : tlsrpt_digest_of(p, bytes, len);
    refuse_by_survey(p, bytes, len, &found, limits, reading);
    if (reading->outcome == TLSRPT_READ && gate &&
        !gate->pass(gate->baton, (apr_size_t)found.scan.memory)) {
        refuse(reading, TLSRPT_NOT_ADMITTED, "too many reports are being read");
    }
    if (reading->outcome == TLSRPT_READ) {
        read_json(p, bytes, len, &found, limits, reading);
    }
    apr_pool_destroy(ptemp);
    return reading;
}

tlsrpt_reading *tlsrpt_report_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                                   const tlsrpt_limits *limits)
{
    return tlsrpt_report_read_gated(p, bytes, len, limits, NULL);
}

const char *tlsrpt_reading_trailing(const tlsrpt_reading *reading)
{
    int i;

    for (i = 0; i < reading->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(reading->findings, i);

        if (strcmp(finding->id, "json-trailing") == 0 ||
            strcmp(finding->id, "gzip-trailing") == 0) {
            return finding->message;
        }
    }
    return NULL;
}

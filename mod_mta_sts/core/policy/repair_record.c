/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/text.h"

static const char blanks[] = " \t\r\n";

/* --- quotation marks: the strings of a record are joined without a separator (RFC 7208 section
 * 3.3) */

static void join_strings(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c;

    for (c = repair->text; *c; c++) {
        const char *next = c + 1 + strspn(c + 1, " \t\r\n");

        if (*c != '"' && *c != '`') {
            mta_sts_buffer_add(out, c, 1);
        }
        else if (*c == '"' && next > c + 1 && *next == '"') {
            c = next;
        }
    }
    mta_sts_repair_set(repair, out->bytes, out->len, "contains quotation marks");
    if (repair->len > 1 && repair->text[0] == '\'' && repair->text[repair->len - 1] == '\'') {
        mta_sts_repair_set(repair, repair->text + 1, repair->len - 2, "contains quotation marks");
    }
}

/* --- the version: text before it, and its spelling --- */

/* Other spellings of the versions, without "-" and "_". */
static const struct {
    const char *version;
    const char *written[12];
} spellings[] = {
    {"STSv1",
     {"stsv1", "stsv1.0", "mtastsv1", "mtasts1", "mtasts", "sts1", "sts", "stsvl", "stsvi", "5tsv1",
      "stvs1", "stsv1."}},
    {"TLSRPTv1",
     {"tlsrptv1", "tlsrptv1.0", "tlsrpt1", "tlsrpt", "tlsreportv1", "tlsreport", "tlsrpv1",
      "tlsrtpv1", "tlsprtv1", "tlrptv1", "tlsrptvl", "tlsrptv1."}},
};

/* The length of a version at the beginning of text, in any spelling; 0: there is none. */
static apr_size_t version_length(const char *text, const char *version)
{
    apr_size_t len = strlen(version), i, k, bare_len = 0;
    char bare[16];

    if (apr_cstr_casecmpn(text, version, len) == 0 && !apr_isalnum(text[len]) &&
        !(text[len] && strchr("-_.", text[len]))) {
        return len;
    }
    for (len = 0; apr_isalnum(text[len]) || (text[len] && strchr("-_.", text[len])); len++) {
        if (!strchr("-_", text[len]) && bare_len < sizeof(bare) - 1) {
            bare[bare_len++] = (char)apr_tolower(text[len]);
        }
    }
    bare[bare_len] = '\0';
    for (i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        for (k = 0; k < 12 && spellings[i].written[k] && strcmp(spellings[i].version, version) == 0;
             k++) {
            if (strcmp(spellings[i].written[k], bare) == 0) {
                return len;
            }
        }
    }
    return 0;
}

/* What follows the "v=VERSION" at text, in any spelling; or NULL. */
static const char *match_version(const char *text, const char *version)
{
    apr_size_t len;

    if (apr_tolower(*text) != 'v') {
        return NULL;
    }
    text += strspn(text, "vVersion");
    text += strspn(text, blanks);
    if (*text != '=' && *text != ':') {
        return NULL;
    }
    text += 1 + strspn(text + 1, blanks);
    len = version_length(text, version);
    return len ? text + len : NULL;
}

/* The same for a record that begins with the version alone: "STSv1; id=1". */
static const char *match_bare_version(const char *text, const char *version)
{
    apr_size_t len = *text == '_' ? 0 : version_length(text, version); /* _mta-sts is a name */

    return len && strchr(";, \t", text[len]) && text[len] ? text + len : NULL;
}

int mta_sts_repair_is_version(const char *text, const char *version)
{
    return match_version(text, version) || match_bare_version(text, version);
}

/* Removes parentheses, in which a zone file encloses a record of several lines. */
static void cut_parentheses(mta_sts_repair *repair, apr_size_t before)
{
    apr_size_t len = repair->len;

    while (len && strchr(" \t\r\n)", repair->text[len - 1])) {
        len--;
    }
    if (memchr(repair->text, '(', before) && memchr(repair->text + len, ')', repair->len - len)) {
        mta_sts_repair_set(repair, repair->text, len, "is in parentheses");
    }
}

/* If the text contains the same record twice, the fields of one of them; else fields. */
static const char *cut_double(mta_sts_repair *repair, const char *fields, const char *version)
{
    const char *c, *rest;
    apr_size_t len, rest_len;

    for (c = fields; *c && (strncmp(c, "v=", 2) != 0 || !match_version(c, version)); c++) {
    }
    if (!*c) {
        return fields;
    }
    rest = match_version(c, version);
    for (len = (apr_size_t)(c - fields); len && strchr("; \t", fields[len - 1]); len--) {
    }
    for (rest_len = strlen(rest); rest_len && strchr("; \t", rest[rest_len - 1]); rest_len--) {
    }
    if (!len || len != rest_len || strncmp(fields, rest, len) != 0) {
        return fields;
    }
    mta_sts_repair_note(repair, "contains the record twice");
    return apr_pstrmemdup(repair->p, fields, len);
}

/* The value of the field at text, in any case and with "=" or ":"; or NULL. */
static const char *match_name(const char *text, const char *field)
{
    apr_size_t len = strlen(field);

    if (apr_cstr_casecmpn(text, field, len) != 0) {
        return NULL;
    }
    text += len + strspn(text + len, blanks);
    return *text == '=' || *text == ':' ? text + 1 + strspn(text + 1, blanks) : NULL;
}

static void note_separator(mta_sts_repair *repair, const char *fields)
{
    apr_size_t blank = strspn(fields, " \t");

    if (fields[blank] != ';') {
        mta_sts_repair_note(repair, "has no \";\" between its fields");
    }
    else if (blank) {
        mta_sts_repair_note(repair, "has a blank before the first \";\"");
    }
}

/* Finds the version and removes everything before it. Returns the fields, or NULL: no version. */
static const char *cut_version(mta_sts_repair *repair, const char *version, const char *field)
{
    const char *c, *rest;

    if (match_name(repair->text, field)) {
        mta_sts_repair_note(repair,
                            apr_psprintf(repair->p, "does not begin with \"v=%s\"", version));
        return repair->text;
    }
    for (c = repair->text; *c; c++) {
        rest = match_version(c, version);
        if (!rest && c == repair->text) {
            rest = match_bare_version(c, version);
        }
        if (!rest) {
            continue;
        }
        if (c > repair->text) {
            apr_size_t before = (apr_size_t)(c - repair->text);
            const char *prefix = apr_pstrmemdup(repair->p, repair->text, before);

            cut_parentheses(repair, before);
            c = repair->text + before;
            rest = match_version(c, version);
            if (before == strspn(prefix, "( \t") && strchr(prefix, '(')) {
                note_separator(repair, rest);
                return rest;
            }
            mta_sts_repair_note(repair, strstr(prefix, "TXT") ? "is a whole line of a zone file"
                                        : strspn(prefix, blanks) == before
                                            ? "starts with a blank"
                                            : "starts with other text");
        }
        if (strncmp(c, "v=", 2) != 0 || strncmp(c + 2, version, strlen(version)) != 0 ||
            rest != c + 2 + strlen(version)) {
            mta_sts_repair_note(
                repair, apr_psprintf(repair->p, "spells \"v=%s\" as %s", version,
                                     mta_sts_text_quote(repair->p, c, (apr_size_t)(rest - c))));
        }
        note_separator(repair, rest);
        return rest;
    }
    return NULL;
}

/* --- fields --- */

static int is_rua(const char *field)
{
    return strcmp(field, "rua") == 0;
}

/* Whether a report address begins here, perhaps without its scheme. */
static int begins_address(const char *text)
{
    apr_size_t len = strcspn(text, "; \t\r\n,|=");

    return apr_cstr_casecmpn(text, "mailto:", 7) == 0 ||
           apr_cstr_casecmpn(text, "https://", 8) == 0 ||
           (memchr(text, '@', len) && *text != '@' && text[len] != '=');
}

/* Whether a field of any name begins here, or the text ends. */
static int begins_field(const char *text)
{
    apr_size_t len;

    text += strspn(text, " \t,|");
    len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    text += len + strspn(text + len, " \t");
    return (len && (*text == '=' || *text == ':')) || (!len && !*text);
}

/* The length of a value, which ends at ";", at a newline, or before another field. */
static apr_size_t value_length(const char *value, const char *field)
{
    const char *c;

    for (c = value; *c && *c != '\n' && (*c != ';' || mta_sts_repair_is_in_url(value, c)); c++) {
        if (!is_rua(field) && strchr(", \t|", *c) && begins_field(c)) {
            break;
        }
        if (c > value && strchr(" \t,", c[-1]) && match_name(c, field)) {
            break;
        }
    }
    return (apr_size_t)(c - value);
}

static char *trim(apr_pool_t *p, const char *text, apr_size_t len)
{
    while (len && strchr(" \t\r\n,", text[len - 1])) {
        len--;
    }
    return apr_pstrmemdup(p, text, len);
}

static int is_rounded(const char *id)
{
    apr_size_t digits = strspn(id, "0123456789.,");

    return digits && (id[digits] == 'E' || id[digits] == 'e') &&
           (strchr("+-", id[digits + 1]) || strpbrk(id, ".,")) && id[digits + 1] &&
           !id[digits + 2 + strspn(id + digits + 2, "0123456789")];
}

const char *mta_sts_repair_is_lost(const char *id)
{
    apr_size_t len = strlen(id);

    return is_rounded(id) ? "a spreadsheet rounded the id %s, so digits are lost"
           : len && (strpbrk(id, "{}$%[]") || (*id == '<' && id[len - 1] == '>') ||
                     (mta_sts_repair_contains(id, "your") && strpbrk(id, "-_ ")))
               ? "the id %s is a placeholder that was not filled in"
               : NULL;
}

/* Whether an id ends in ".0", which a spreadsheet has added to a number. */
static int is_decimal(const char *id)
{
    return strchr(".,", *id) && id[1] == '0' && !id[1 + strspn(id + 1, "0")];
}

/* A date as programs write it has separators, which an id must not have. */
static const char *repair_id(apr_pool_t *p, const char *id)
{
    char *bare = apr_pcalloc(p, strlen(id) + 1), *end = bare;

    if (mta_sts_repair_is_lost(id)) {
        return id;
    }
    for (; *id && !is_decimal(id); id++) {
        if (!strchr("-:._+/= ", *id)) {
            *end++ = *id;
        }
    }
    return bare;
}

/* Replaces "ruf=" of DMARC, and misspellings of "rua=", if there is no "rua=". */
static const char *repair_rua_name(mta_sts_repair *repair, const char *fields)
{
    static const char *const names[] = {"ruf", "rau", "aur", "ura", "ruas", "rua1"};
    apr_size_t i;
    const char *c;

    for (c = fields; *c; c++) {
        if (match_name(c, "rua")) {
            return fields;
        }
    }
    for (c = fields; *c; c++) {
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const char *value =
                c == fields || strchr("; \t", c[-1]) ? match_name(c, names[i]) : NULL;

            if (value && begins_address(value)) {
                mta_sts_repair_note(
                    repair, apr_psprintf(repair->p, "spells \"rua=\" as \"%s=\"", names[i]));
                return apr_pstrcat(repair->p,
                                   apr_pstrmemdup(repair->p, fields, (apr_size_t)(c - fields)),
                                   "rua=", value, NULL);
            }
        }
    }
    return fields;
}

void mta_sts_repair_record(mta_sts_repair *repair, const char *version, const char *field)
{
    const char *fields, *value = NULL, *c, *values = NULL;

    if (memchr(repair->text, '\0', repair->len)) {
        return;
    }
    join_strings(repair);
    if (is_rua(field)) {
        mta_sts_repair_rua_marks(repair);
    }
    fields = cut_version(repair, version, field);
    if (!fields) {
        return;
    }
    fields = cut_double(repair, fields, version) + strspn(fields, ":|/.");
    fields = is_rua(field) ? repair_rua_name(repair, fields) : fields;
    for (c = fields; *c; c++) {
        int begins = c == fields || strchr("; \t\r\n,|", c[-1]) != NULL;

        value = begins ? match_name(c, field) : NULL;
        if (begins && !value && is_rua(field) && begins_address(c)) {
            mta_sts_repair_note(repair, "has a report address outside of rua=");
            value = c;
        }
        if (value) {
            const char *text = trim(repair->p, value, value_length(value, field));

            if (value != c && (strncmp(c, field, strlen(field)) != 0 || c[strlen(field)] != '=')) {
                mta_sts_repair_note(
                    repair,
                    apr_psprintf(repair->p, "spells \"%s=\" as %s", field,
                                 mta_sts_text_quote(repair->p, c, (apr_size_t)(value - c))));
            }
            values = values ? apr_pstrcat(repair->p, values, ",", text, NULL) : text;
            c = value + value_length(value, field) - 1;
        }
    }
    if (values && !is_rua(field)) {
        values = repair_id(repair->p, values);
    }
    if (values) {
        repair->text = apr_pstrcat(repair->p, "v=", version, "; ", field, "=",
                                   is_rua(field) ? mta_sts_repair_rua(repair, values) : values,
                                   is_rua(field) ? "" : ";", NULL);
        repair->len = strlen(repair->text);
    }
}

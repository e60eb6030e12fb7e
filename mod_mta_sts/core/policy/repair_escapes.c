/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <stdlib.h>
#include <string.h>

#include <apr_base64.h>
#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"

/* Decodes the escape at text; returns the number of bytes it occupies, or 0 if there is no
 * escape. */
typedef apr_size_t unescape(const char *text, const char **put, char *byte);

static void replace(mta_sts_repair *repair, unescape *read, const char *clause)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *text = repair->text, *end = text + repair->len;

    while (text < end) {
        char byte[2] = "";
        const char *put = byte;
        apr_size_t taken = read(text, &put, byte);

        if (taken) {
            mta_sts_buffer_puts(out, put);
        }
        else {
            mta_sts_buffer_add(out, text, 1);
        }
        text += taken ? taken : 1;
    }
    mta_sts_repair_set(repair, out->bytes, out->len, clause);
}

/* --- HTML --- */

static const struct {
    const char *from, *to;
} html[] = {
    {"&amp;", "&"},    {"&quot;", "\""},    {"&apos;", "'"},  {"&lt;", "<"},     {"&gt;", ">"},
    {"&nbsp;", " "},   {"&semi;", ";"},     {"&colon;", ":"}, {"&equals;", "="}, {"&comma;", ","},
    {"&period;", "."}, {"&NewLine;", "\n"}, {"<br>", "\n"},   {"<br/>", "\n"},   {"<br />", "\n"},
    {"<p>", "\n"},     {"</p>", "\n"},      {"<pre>", "\n"},  {"</pre>", "\n"},  {"<div>", "\n"},
    {"</div>", "\n"},  {"<code>", ""},      {"</code>", ""},
};

static apr_size_t read_html(const char *text, const char **put, char *byte)
{
    apr_size_t i;
    char *end;
    long code;

    for (i = 0; i < sizeof(html) / sizeof(html[0]); i++) {
        if (*text == *html[i].from &&
            apr_cstr_casecmpn(text, html[i].from, strlen(html[i].from)) == 0) {
            *put = html[i].to;
            return strlen(html[i].from);
        }
    }
    if (text[0] != '&' || text[1] != '#') {
        return 0;
    }
    code =
        text[2] == 'x' || text[2] == 'X' ? strtol(text + 3, &end, 16) : strtol(text + 2, &end, 10);
    if (*end != ';' || (code != 160 && (code < 9 || code > 126))) {
        return 0;
    }
    *byte = (char)(code == 160 ? ' ' : code);
    return (apr_size_t)(end - text) + 1;
}

/* --- quoted-printable (RFC 2045 section 6.7), URL encoding --- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static apr_size_t read_hex(const char *text, char sign, char *byte)
{
    if (*text != sign || !apr_isxdigit(text[1]) || !apr_isxdigit(text[2])) {
        return 0;
    }
    *byte = (char)(hex(text[1]) << 4 | hex(text[2]));
    return *byte ? 3 : 0;
}

static apr_size_t read_quoted_printable(const char *text, const char **put, char *byte)
{
    (void)put;
    if (text[0] == '=' && text[1] == '\n') {
        return 2;
    }
    if (text[0] == '=' && text[1] == '\r' && text[2] == '\n') {
        return 3;
    }
    return read_hex(text, '=', byte);
}

static apr_size_t read_percent(const char *text, const char **put, char *byte)
{
    (void)put;
    return read_hex(text, '%', byte);
}

static apr_size_t read_url(const char *text, const char **put, char *byte)
{
    (void)put;
    if (*text == '+') {
        *byte = ' ';
        return 1;
    }
    return read_hex(text, '%', byte);
}

/* --- backslashes: zone files (RFC 1035 section 5.1), shells, Markdown, JSON --- */

static apr_size_t read_backslash(const char *text, const char **put, char *byte)
{
    (void)put;
    if (*text != '\\' || !text[1]) {
        return 0;
    }
    if (apr_isdigit(text[1]) && apr_isdigit(text[2]) && apr_isdigit(text[3])) {
        int code = (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';

        *byte = (char)(code > 0 && code < 127 ? code : ' ');
        return 4;
    }
    *byte = text[1] == 'n' ? '\n' : text[1] == 't' ? ' ' : text[1];
    if (text[1] == 'r') {
        *byte = '\0';
    }
    return 2;
}

int mta_sts_repair_contains(const char *text, const char *mark)
{
    for (; *text; text++) {
        if (apr_cstr_casecmpn(text, mark, strlen(mark)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* How "version: ", "v=STS" and "v=TLSRP" begin in base64. */
static int is_base64(const char *text)
{
    return strncmp(text, "dmVyc2lvbj", 10) == 0 || strncmp(text, "dj1TVF", 6) == 0 ||
           strncmp(text, "dj1UTFNSUF", 10) == 0;
}

static void decode_base64(mta_sts_repair *repair)
{
    char *text = apr_pstrmemdup(repair->p, repair->text, repair->len), *bytes;

    apr_collapse_spaces(text, text);
    bytes = apr_palloc(repair->p, (apr_size_t)apr_base64_decode_len(text) + 1);
    mta_sts_repair_set(repair, bytes, (apr_size_t)apr_base64_decode(bytes, text),
                       "is encoded in base64");
}

void mta_sts_repair_escapes(mta_sts_repair *repair)
{
    if (is_base64(repair->text)) {
        decode_base64(repair);
    }
    if (memchr(repair->text, '&', repair->len) || memchr(repair->text, '<', repair->len)) {
        replace(repair, read_html, "is escaped for HTML");
    }
    /* "=20" also occurs before a policy id that begins with a year ("id=2026..."): only "=3D"
     * proves quoted-printable. */
    if (mta_sts_repair_contains(repair->text, "=3D")) {
        replace(repair, read_quoted_printable, "is encoded as quoted-printable");
    }
    if (mta_sts_repair_contains(repair->text, "v%3D") ||
        mta_sts_repair_contains(repair->text, "version%3A")) {
        replace(repair, read_url, "is percent-encoded, as in a URL");
    }
    /* A report URI may legitimately contain such escapes, but neither a host nor a version may. */
    if (mta_sts_repair_contains(repair->text, "v1%3B") ||
        mta_sts_repair_contains(repair->text, "v1;%20") ||
        (mta_sts_repair_contains(repair->text, "mode:") &&
         (mta_sts_repair_contains(repair->text, "%20") ||
          mta_sts_repair_contains(repair->text, "%0A")))) {
        replace(repair, read_percent, "is percent-encoded, as in a URL");
    }
    if (memchr(repair->text, '\\', repair->len)) {
        replace(repair, read_backslash, "contains backslash escapes");
    }
}

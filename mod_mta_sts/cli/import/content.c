/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/content.h"

#include <string.h>

#include <apr_strings.h>
#include <zlib.h>

#include "tlsrpt/report/inflate.h"

#define DMARC_ERROR "this is a DMARC report, not a TLS report"
#define TOGETHER_ERROR                                                                             \
    "the inflated data exceeds the limit here: this report and what follows it were not read"
#define RAW_WINDOW (-15)  /* zlib: deflate without a header, as in zip */
#define GZIP_WINDOW 31    /* zlib: 15 bits, gzip only */
#define BEGINNING_MAX 512 /* in bytes: the part of a text that is examined to detect its type */
/* The limit for all documents of an input, as a multiple of the limit for one. */
#define TOGETHER 16

/* Skips blanks and a byte order mark. */
static apr_size_t skip_blanks(const char *bytes, apr_size_t len)
{
    apr_size_t i = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (i < len && bytes[i] && strchr(" \t\r\n", bytes[i])) {
        i++;
    }
    return i;
}

static int starts_with(const char *bytes, apr_size_t len, const char *start)
{
    apr_size_t length = strlen(start);

    return len >= length && memcmp(bytes, start, length) == 0;
}

/* RFC 7489 appendix C: an XML document with the root element feedback. */
static int is_dmarc(const char *bytes, apr_size_t len)
{
    apr_size_t start = skip_blanks(bytes, len);

    return start < len && (starts_with(bytes + start, len - start, "<?xml") ||
                           starts_with(bytes + start, len - start, "<feedback"));
}

static int is_zip(const char *bytes, apr_size_t len)
{
    return starts_with(bytes, len, "PK\3\4");
}

int cli_content_is_known(const char *bytes, apr_size_t len)
{
    apr_size_t start = skip_blanks(bytes, len);

    return (start < len && bytes[start] == '{') || tlsrpt_inflate_is_gzip(bytes, len) ||
           is_zip(bytes, len) || is_dmarc(bytes, len);
}

/* --- the end of a JSON document --- */

typedef struct scan {
    apr_int64_t depth;
    int in_string, is_escaped, has_begun;
} scan;

/* Scans JSON. Returns the number of bytes up to the end of the document; len + 1 if it does not end
 * here. */
static apr_size_t scan_json(scan *s, const char *bytes, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        char c = bytes[i];

        if (s->in_string) {
            s->in_string = s->is_escaped || c != '"';
            s->is_escaped = !s->is_escaped && c == '\\';
        }
        else if (c == '"') {
            s->in_string = 1;
        }
        else if (c == '{' || c == '[') {
            s->depth++;
            s->has_begun = 1;
        }
        else if ((c == '}' || c == ']') && --s->depth <= 0 && s->has_begun) {
            return i + 1;
        }
    }
    return len + 1;
}

/* --- gzip --- */

typedef struct member {
    z_stream stream;
    scan json;
    char beginning[BEGINNING_MAX];
    apr_size_t inflated;
    int is_complete; /* whether the document is complete */
} member;

/* Inflates one member. Returns the number of bytes it occupies; 0 if it is damaged, or if it and
 * the members before it exceed `most`. */
static apr_size_t read_member(member *m, const char *bytes, apr_size_t len, apr_size_t most)
{
    char piece[16384];
    int rc = Z_OK;

    memset(&m->stream, 0, sizeof(m->stream));
    if (inflateInit2(&m->stream, GZIP_WINDOW) != Z_OK) {
        return 0;
    }
    m->stream.next_in = (Bytef *)(uintptr_t)bytes;
    m->stream.avail_in = (uInt)len;
    while (rc == Z_OK && m->inflated <= most) {
        apr_size_t got;

        m->stream.next_out = (Bytef *)piece;
        m->stream.avail_out = sizeof(piece);
        rc = inflate(&m->stream, Z_NO_FLUSH);
        got = sizeof(piece) - m->stream.avail_out;
        if (m->inflated < BEGINNING_MAX) {
            apr_size_t room = BEGINNING_MAX - m->inflated;

            memcpy(m->beginning + m->inflated, piece, got < room ? got : room);
        }
        m->inflated += got;
        m->is_complete = m->is_complete || scan_json(&m->json, piece, got) <= got;
    }
    inflateEnd(&m->stream);
    return rc == Z_STREAM_END ? (apr_size_t)m->stream.total_in : 0;
}

/* A report may consist of several gzip members; it ends with the member in which the JSON ends. */
static apr_size_t gzip_length(const char *bytes, apr_size_t len, apr_size_t most, apr_size_t *left,
                              int *dmarc)
{
    member m = {.inflated = 0};
    apr_size_t at = 0, taken;

    most = most < *left ? most : *left;

    do {
        taken = read_member(&m, bytes + at, len - at, most);
        at += taken;
    } while (taken && !m.is_complete && tlsrpt_inflate_is_gzip(bytes + at, len - at));
    *dmarc = is_dmarc(m.beginning, m.inflated < BEGINNING_MAX ? m.inflated : BEGINNING_MAX);
    *left -= m.inflated < *left ? m.inflated : *left;
    return taken ? at : len;
}

/* --- zip (APPNOTE 4.3): the central directory, of one member --- */

static apr_size_t number(const char *bytes, int count)
{
    apr_size_t value = 0;

    while (count--) {
        value = value << 8 | (unsigned char)bytes[count];
    }
    return value;
}

/* The end of the central directory, at the end of the archive; NULL if there is none. */
static const char *find_directory_end(const char *bytes, apr_size_t len)
{
    apr_size_t back;

    for (back = 22; back <= len && back <= 22 + 65535; back++) {
        if (memcmp(bytes + len - back, "PK\5\6", 4) == 0) {
            return bytes + len - back;
        }
    }
    return NULL;
}

static const char *inflate_raw(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t most,
                               cli_content *content)
{
    apr_size_t room = most + 1;
    char *out = apr_palloc(p, room);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    int rc;

    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    if (inflateInit2(&stream, RAW_WINDOW) != Z_OK) {
        return "not enough memory to read the archive";
    }
    rc = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (rc != Z_STREAM_END) {
        return stream.avail_out ? "the archive is damaged"
                                : "the member of the archive is too large";
    }
    content->bytes = out;
    content->len = room - stream.avail_out;
    return NULL;
}

/* Extracts the member that an entry of the central directory describes. */
static const char *read_entry(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t entry,
                              apr_size_t most, cli_content *content)
{
    apr_size_t local, start, size, method;

    if (len < 46 || entry > len - 46 || memcmp(bytes + entry, "PK\1\2", 4) != 0) {
        return "the archive is damaged";
    }
    method = number(bytes + entry + 10, 2);
    size = number(bytes + entry + 20, 4);
    local = number(bytes + entry + 42, 4);
    if (number(bytes + entry + 8, 2) & 1) {
        return "the archive is encrypted";
    }
    if (local > len - 30 || memcmp(bytes + local, "PK\3\4", 4) != 0) {
        return "the archive is damaged";
    }
    start = local + 30 + number(bytes + local + 26, 2) + number(bytes + local + 28, 2);
    if (start > len || size > len - start) {
        return "the archive is damaged";
    }
    if (method == 8) {
        return number(bytes + entry + 24, 4) > most
                   ? "the member of the archive is too large"
                   : inflate_raw(p, bytes + start, size, number(bytes + entry + 24, 4), content);
    }
    content->bytes = bytes + start;
    content->len = size;
    return method == 0 ? NULL : "the archive is compressed with a method other than deflate";
}

/* Whether a member is a directory, or one that macOS adds to archives. */
static int is_extra(const char *name, apr_size_t len)
{
    static const char macos[] = "__MACOSX/";

    return (len && name[len - 1] == '/') ||
           (len >= strlen(macos) && memcmp(name, macos, strlen(macos)) == 0);
}

/* Counts the members that the central directory lists; returns the entry of the last one, or the
 * first entry if there are none. */
static apr_size_t find_member(const char *bytes, apr_size_t len, apr_size_t entry, int entries,
                              int *members)
{
    apr_size_t found = entry;

    for (; entries > 0 && len >= 46 && entry <= len - 46; entries--) {
        apr_size_t name_len = number(bytes + entry + 28, 2);

        if (memcmp(bytes + entry, "PK\1\2", 4) != 0 || name_len > len - 46 - entry) {
            break;
        }
        if (!is_extra(bytes + entry + 46, name_len)) {
            found = entry;
            ++*members;
        }
        entry += 46 + name_len + number(bytes + entry + 30, 2) + number(bytes + entry + 32, 2);
    }
    return found;
}

static void read_zip(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t most,
                     cli_content *content)
{
    const char *end = find_directory_end(bytes, len);
    int entries = end ? (int)number(end + 10, 2) : 0, members = 0;
    apr_size_t entry = end ? find_member(bytes, len, number(end + 16, 4), entries, &members) : 0;

    if (!end) {
        content->error = "the archive is incomplete";
    }
    else if (!entries || members > 1) {
        content->error = apr_psprintf(p,
                                      "the archive has %d members, and only archives of one are "
                                      "read: unpack it and import its directory",
                                      members);
    }
    else {
        content->error = read_entry(p, bytes, len, entry, most, content);
    }
    content->bytes = content->error ? NULL : content->bytes;
}

/* --- one document after the other --- */

/* The beginning of the next document, or len. Bytes before it belong to the previous document. */
static apr_size_t next_start(const char *bytes, apr_size_t len, apr_size_t at)
{
    apr_size_t next = at + skip_blanks(bytes + at, len - at);

    return next < len && (bytes[next] == '{' || tlsrpt_inflate_is_gzip(bytes + next, len - next))
               ? next
               : len;
}

static apr_size_t json_length(const char *bytes, apr_size_t len)
{
    scan s = {.depth = 0};
    apr_size_t taken = scan_json(&s, bytes, len);

    return taken > len ? len : taken;
}

/* Reads the document at the beginning of bytes; returns the number of bytes up to the next one. */
static apr_size_t read_one(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t most,
                           apr_size_t *left, cli_content *content)
{
    apr_size_t taken = len;

    content->is_dmarc = is_dmarc(bytes, len);
    if (is_zip(bytes, len)) {
        read_zip(p, bytes, len, most, content);
        content->is_dmarc = content->bytes && is_dmarc(content->bytes, content->len);
    }
    else {
        if (tlsrpt_inflate_is_gzip(bytes, len)) {
            taken = next_start(bytes, len, gzip_length(bytes, len, most, left, &content->is_dmarc));
        }
        else if (!content->is_dmarc && cli_content_is_known(bytes, len)) {
            taken = next_start(bytes, len, json_length(bytes, len));
        }
        content->bytes = bytes;
        content->len = taken;
    }
    if (content->is_dmarc || *left == 0) {
        content->bytes = NULL;
        content->error = content->is_dmarc ? DMARC_ERROR : TOGETHER_ERROR;
    }
    return taken;
}

apr_array_header_t *cli_content_split(apr_pool_t *p, const char *bytes, apr_size_t len,
                                      apr_size_t most)
{
    apr_array_header_t *contents = apr_array_make(p, 1, sizeof(cli_content));
    apr_size_t at = 0, left = TOGETHER * most;

    do {
        cli_content *content = apr_array_push(contents);

        memset(content, 0, sizeof(*content));
        if (contents->nelts > CLI_CONTENT_MAX) {
            content->error = "it has more than 10000 reports: the others are not read";
            break;
        }
        at += read_one(p, bytes + at, len - at, most, &left, content);
    } while (at < len);
    return contents;
}

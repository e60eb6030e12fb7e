/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/name.h"

/* Whether a URI, or a mail address without its scheme, begins at text. */
static int begins_uri(const char *text)
{
    return apr_cstr_casecmpn(text, "mailto:", 7) == 0 ||
           apr_cstr_casecmpn(text, "https:", 6) == 0 || apr_cstr_casecmpn(text, "http:", 5) == 0;
}

const char *mta_sts_repair_uri_host(apr_pool_t *p, const char *uri)
{
    const char *slashes = strstr(uri, "//"), *at = slashes ? NULL : strrchr(uri, '@'), *name,
               *host = slashes ? slashes + 2
                       : at    ? at + 1
                               : uri + strlen(uri);
    apr_size_t len = strcspn(host, "/:?#"), dot = len > 1 && host[len - 1] == '.';

    if (mta_sts_name_parse_host(p, apr_pstrmemdup(p, host, len - dot), MTA_STS_NAME_ULABEL,
                                &name) ||
        (!dot && apr_cstr_casecmpn(name, host, len) == 0)) {
        return uri;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, uri, (apr_size_t)(host - uri)), name, host + len, NULL);
}

/* Schemes as people write them; the first that matches counts. */
static const struct {
    const char *written, *meant;
} schemes[] = {
    {"mailto://", "mailto:"}, {"mailto//", "mailto:"},  {"mailto:", "mailto:"},
    {"mailto=", "mailto:"},   {"mail:", "mailto:"},     {"email:", "mailto:"},
    {"smtp:", "mailto:"},     {"https://", "https://"}, {"https:/", "https://"},
    {"https//", "https://"},  {"https:", "https://"},   {"http://", "https://"},
};
#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static const char *repair_scheme(mta_sts_repair *repair, const char *uri)
{
    apr_size_t i;

    for (i = 0; i < SCHEMES; i++) {
        apr_size_t len = strlen(schemes[i].written);

        if (apr_cstr_casecmpn(uri, schemes[i].written, len) == 0) {
            return strcmp(schemes[i].written, schemes[i].meant) == 0
                       ? uri
                       : apr_pstrcat(repair->p, schemes[i].meant, uri + len, NULL);
        }
    }
    if (strchr(uri, ':')) {
        return uri;
    }
    if (strchr(uri, '@')) {
        mta_sts_repair_note(repair, "has a report address without \"mailto:\"");
        return apr_pstrcat(repair->p, "mailto:", uri, NULL);
    }
    if (strchr(uri, '/') && strchr(uri, '.') && *uri != '/') {
        mta_sts_repair_note(repair, "has a report address without \"https://\"");
        return apr_pstrcat(repair->p, "https://", uri, NULL);
    }
    return uri;
}

/* A mail address with repeated "@" or "." reduced to one. */
static const char *collapse(apr_pool_t *p, const char *uri)
{
    char *copy = apr_pstrdup(p, uri), *to = copy;

    for (; *uri && *uri != '?'; uri++) {
        if (!strchr("@.", *uri) || uri[1] != *uri) {
            *to++ = *uri;
        }
    }
    strcpy(to, uri);
    return copy;
}

static const char *repair_uri(mta_sts_repair *repair, const char *uri)
{
    apr_pool_t *p = repair->p;
    const char *size = strchr(uri, '!');

    if (size && size[1 + strspn(size + 1, "0123456789kmgtKMGT")] == '\0') {
        /* A size limit such as "!10m" exists in DMARC only. */
        uri = apr_pstrmemdup(p, uri, (apr_size_t)(size - uri));
    }
    uri = repair_scheme(repair, uri);
    uri = apr_cstr_casecmpn(uri, "mailto:", 7) == 0 ? collapse(p, uri) : uri;
    if (apr_cstr_casecmpn(uri, "mailto:", 7) == 0 && !strchr(uri, '@') &&
        mta_sts_repair_contains(uri, "%40")) {
        const char *at = strstr(uri, "%40");

        uri = apr_pstrcat(p, apr_pstrmemdup(p, uri, (apr_size_t)(at - uri)), "@", at + 3, NULL);
    }
    if (apr_cstr_casecmpn(uri, "mailto:", 7) == 0 && uri[strlen(uri) - 1] == '/') {
        uri = apr_pstrmemdup(p, uri, strlen(uri) - 1);
    }
    return mta_sts_repair_uri_host(p, uri);
}

void mta_sts_repair_rua_marks(mta_sts_repair *repair)
{
    char *text = apr_pstrmemdup(repair->p, repair->text, repair->len), *c;

    for (c = text; *c; c++) {
        if (apr_cstr_casecmpn(c, "mailto;", 7) == 0) {
            c[6] = ':';
        }
        else if (apr_cstr_casecmpn(c, "https;", 6) == 0) {
            c[5] = ':';
        }
    }
    mta_sts_repair_set(repair, text, repair->len, "has \";\" instead of \":\" in a report address");
}

int mta_sts_repair_is_in_url(const char *list, const char *mark)
{
    const char *c, *start;
    apr_size_t len = strcspn(mark + 1, ",; \t\r\n<>|");

    for (start = mark; start > list && !begins_uri(start) && !strchr(", \t", start[-1]); start--) {
    }
    if (apr_cstr_casecmpn(start, "http", 4) != 0 || !len || begins_uri(mark + 1)) {
        return 0;
    }
    /* What follows is a mail address if it contains "@", a field if "=", and a host if ".". */
    for (c = mark + 1; c < mark + 1 + len && !strchr("@=.", *c); c++) {
    }
    return c == mark + 1 + len;
}

apr_size_t mta_sts_repair_spelled(const char *text, char *meant)
{
    static const struct {
        const char *word;
        char meant;
    } words[] = {{"at", '@'}, {"@", '@'}, {"dot", '.'}, {".", '.'}};
    apr_size_t blank = *text == ' ', i;
    char close = text[blank] == '(' ? ')' : text[blank] == '[' ? ']' : ' ';
    const char *start = text + blank + (close != ' ');

    for (i = 0; start > text && i < sizeof(words) / sizeof(words[0]); i++) {
        const char *end = start + strlen(words[i].word);

        if (apr_cstr_casecmpn(start, words[i].word, strlen(words[i].word)) == 0 && *end == close &&
            (close != ' ' || apr_isalpha(*start))) {
            *meant = words[i].meant;
            return (apr_size_t)(end - text) + 1 + (blank && close != ' ' && end[1] == ' ');
        }
    }
    return 0;
}

/* Replaces " at ", "(at)" and the like by what they stand for. */
static const char *spell_out(mta_sts_repair *repair, const char *list)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);

    while (*list) {
        char meant = *list;
        apr_size_t len = mta_sts_repair_spelled(list, &meant);

        if (len) {
            mta_sts_repair_note(repair, apr_psprintf(repair->p, "has \"%.*s\" instead of \"%c\"",
                                                     (int)len, list, meant));
        }
        mta_sts_buffer_add(out, &meant, 1);
        list += len ? len : 1;
    }
    mta_sts_buffer_add(out, "", 1);
    return out->bytes;
}

/* Removes names of people before addresses in angle brackets: "mailto:TLS <tls@example.com>". */
static const char *cut_names(mta_sts_repair *repair, const char *list)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c;
    apr_size_t start = 0; /* of the name in the buffer */

    for (c = list; *c; c++) {
        if (*c == '<' && strchr(c, '@') && !memchr(out->bytes + start, '@', out->len - start)) {
            out->len = start;
            continue;
        }
        mta_sts_buffer_add(out, c, 1);
        if (strchr(",;:|>", *c)) {
            start = out->len;
        }
    }
    mta_sts_buffer_add(out, "", 1);
    return out->bytes;
}

/* Whether a URI ends in a domain with a single label, because a comma was typed instead of a dot:
 * "mailto:a@example" in "mailto:a@example,com". */
static int is_cut(const char *uri)
{
    const char *at = uri ? strrchr(uri, '@') : NULL;

    return at && at[1] && !strpbrk(at, ".?");
}

/* Whether a bracket is around a report address; those of an IPv6 address are not. */
static int is_bracket(const char *list, const char *c)
{
    return strchr("<>{}", *c) || (*c == '[' && begins_uri(c + 1)) ||
           (*c == ']' && *list == '[' && (!c[1] || strchr(",;", c[1])));
}

/* Separates the URIs by commas alone, and percent-encodes separators in the path of a URL. */
static char *part(mta_sts_repair *repair, const char *list)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c;
    char last = '\0';
    int is_query = 0;

    for (c = list; *c; c++) {
        if (c > list && begins_uri(c)) {
            out->len -= last == '&' || last == '+' || last == '/'; /* it was used as a separator */
            mta_sts_buffer_puts(out, ",");
        }
        is_query = *c == '?' || (is_query && !strchr(",;", *c) && !begins_uri(c));
        if (*c == ' ' && is_query && c[1] && !begins_uri(c + 1)) {
            mta_sts_buffer_puts(out, "%20");
            continue;
        }
        if (strchr(",;", *c) && mta_sts_repair_is_in_url(list, c)) {
            mta_sts_repair_note(repair, apr_psprintf(repair->p, "has \"%c\" in a URL", *c));
            mta_sts_buffer_puts(out, *c == ',' ? "%2C" : "%3B");
        }
        else if (!is_bracket(list, c) && !(*c == ' ' && (last == ':' || c[1] == '@'))) {
            mta_sts_buffer_add(out, strchr(" \t\r\n;|", *c) ? "," : c, 1);
            last = *c;
        }
    }
    mta_sts_buffer_add(out, "", 1);
    return out->bytes;
}

const char *mta_sts_repair_rua(mta_sts_repair *repair, const char *list)
{
    apr_pool_t *p = repair->p;
    const char *result = NULL;
    char *uri, *last;

    uri = apr_strtok(part(repair, cut_names(repair, spell_out(repair, list))), ",", &last);
    for (; uri; uri = apr_strtok(NULL, ",", &last)) {
        int is_word = !strpbrk(uri, "@:/.");

        if (is_word && is_cut(result)) {
            mta_sts_repair_note(repair, "has a comma instead of a dot in a domain");
            result = apr_pstrcat(p, result, ".", uri, NULL);
        }
        else if (!is_word || !result) {
            const char *repaired = repair_uri(repair, uri);

            result = result ? apr_pstrcat(p, result, ",", repaired, NULL) : repaired;
        }
    }
    return result ? result : "";
}

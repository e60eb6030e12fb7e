/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/buffer.h"

/* A link in a text: what it shows, and its target. */
typedef struct hyperlink {
    const char *shown, *target;
    apr_size_t shown_len, target_len;
    const char *end; /* what follows it */
} hyperlink;

/* Markdown: "[shown](target)". */
static int read_markdown(const char *text, hyperlink *found)
{
    const char *close = strstr(text, "]("), *end = close ? strchr(close, ')') : NULL;

    if (*text != '[' || !end || memchr(text, '\n', (apr_size_t)(end - text))) {
        return 0;
    }
    *found = (hyperlink){text + 1, close + 2, (apr_size_t)(close - text - 1),
                         (apr_size_t)(end - close - 2), end + 1};
    return 1;
}

/* HTML: '<a href="target">shown</a>', with or without the quotation marks. */
static int read_html(const char *text, hyperlink *found)
{
    const char *target, *shown, *end;

    if (apr_cstr_casecmpn(text, "<a ", 3) != 0 || (target = strstr(text, "href=")) == NULL ||
        (shown = strchr(target, '>')) == NULL || (end = strstr(shown, "</")) == NULL ||
        strchr(end, '>') == NULL) {
        return 0;
    }
    target += 5 + strspn(target + 5, "\"'");
    *found = (hyperlink){shown + 1, target, (apr_size_t)(end - shown - 1), strcspn(target, "\"' >"),
                         strchr(end, '>') + 1};
    return 1;
}

void mta_sts_repair_links(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *c = repair->text, *clause = NULL;
    hyperlink found;

    if (memchr(c, '\0', repair->len)) {
        return;
    }
    while (*c) {
        int is_markdown = read_markdown(c, &found);

        if (!is_markdown && !read_html(c, &found)) {
            mta_sts_buffer_add(out, c++, 1);
            continue;
        }
        if (apr_cstr_casecmpn(found.target, "mailto:", 7) == 0) {
            mta_sts_buffer_add(out, found.target, found.target_len);
        }
        else {
            mta_sts_buffer_add(out, found.shown, found.shown_len);
        }
        clause = is_markdown ? "contains a Markdown link" : "contains an HTML link";
        c = found.end;
    }
    if (clause) {
        mta_sts_repair_set(repair, out->bytes, out->len, clause);
    }
}

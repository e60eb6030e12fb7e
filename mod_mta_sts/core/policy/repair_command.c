/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/buffer.h"

/* A policy text inside the commands of a shell or the configuration of a web server, or in XML. */

static const struct {
    const char *start, *clause;
} commands[] = {
    {"echo ", "contains the shell command"},
    {"printf ", "contains the shell command"},
    {"$'", "contains the shell command"},
    {"$\"", "contains the shell command"},
    {"return 200 ", "contains the directive of a web server"},
    {"respond ", "contains the directive of a web server"},
};
#define COMMANDS (int)(sizeof(commands) / sizeof(commands[0]))

/* The index of the command that a line begins with, or -1. */
static int find_command(const char *line)
{
    int i;

    line += strspn(line, " \t");
    for (i = 0; i < COMMANDS; i++) {
        if (apr_cstr_casecmpn(line, commands[i].start, strlen(commands[i].start)) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

/* Adds what is between the first quotation mark of a text and the last one of the same kind; if
 * there is none, what follows the command, up to a redirection. Returns 0 if that is empty. */
static int add_argument(mta_sts_buffer *out, const char *text, const char *end)
{
    const char *start = text, *last;

    while (start < end && *start != '\'' && *start != '"') {
        start++;
    }
    if (start == end) {
        start = strchr(text, ' ');
        last = start ? memchr(start, '>', (apr_size_t)(end - start)) : NULL;
        last = last ? last : end;
    }
    else {
        for (last = end; last > start + 1 && last[-1] != *start; last--) {
        }
        start++;
        last = last > start ? last - 1 : end;
    }
    if (!start || start >= last) {
        return 0;
    }
    mta_sts_buffer_add(out, start, (apr_size_t)(last - start));
    mta_sts_buffer_puts(out, last[-1] == '\n' ? "" : "\n");
    return 1;
}

void mta_sts_repair_command(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);
    const char *end = repair->text + repair->len, *line;
    int first = find_command(repair->text), lines = 0, all = 1;

    if (first < 0) {
        return;
    }
    for (line = repair->text; *line; line = next_line(line)) {
        lines++;
        all &= find_command(line) >= 0;
    }
    if (!all || lines == 1) {
        all = add_argument(out, repair->text, end);
    }
    else {
        for (line = repair->text; *line && all; line = next_line(line)) {
            all = add_argument(out, line, line + strcspn(line, "\n"));
        }
    }
    if (all) {
        mta_sts_repair_set(repair, out->bytes, out->len, commands[first].clause);
    }
}

/* Adds the fields with this name. */
static int add_elements(mta_sts_buffer *out, const char *text, const char *name)
{
    apr_size_t len = strlen(name);
    int count = 0;

    while ((text = strchr(text, '<')) != NULL) {
        const char *value, *end;

        if (strncmp(++text, name, len) != 0 || text[len] != '>') {
            continue;
        }
        value = text + len + 1;
        end = strstr(value, "</");
        if (end && end > value) {
            mta_sts_buffer_printf(out, "%s: %.*s\n", name, (int)(end - value), value);
            count++;
        }
    }
    return count;
}

void mta_sts_repair_xml(mta_sts_repair *repair)
{
    mta_sts_buffer *out = mta_sts_buffer_make(repair->p);

    if (add_elements(out, repair->text, "version") + add_elements(out, repair->text, "mode") == 2 &&
        add_elements(out, repair->text, "mx") && add_elements(out, repair->text, "max_age") == 1) {
        mta_sts_repair_set(repair, out->bytes, out->len, "is XML");
    }
}

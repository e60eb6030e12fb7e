/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mx/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "core/base/name.h"
#include "tlsrpt/spool/directory.h"

#define FILE_MAX (1024 * 1024) /* in bytes; mta-sts-setup writes less than 2000 */
#define OLDER 10               /* seconds */

/* --- reading --- */

/* Returns NULL, or why it cannot be read. */
static const char *read_file(apr_pool_t *p, const char *path, const char **text, apr_size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *read;

    if (!file) {
        return strerror(errno);
    }
    read = apr_palloc(p, FILE_MAX + 1);
    *len = fread(read, 1, FILE_MAX + 1, file);
    fclose(file);
    *text = read;
    return NULL;
}

static const char *split(apr_pool_t *p, const char *text, apr_size_t len, cli_mx_block *block)
{
    const char *end = text + len;

    if (len > FILE_MAX || memchr(text, '\0', len)) {
        return "it is not a text file of at most 1 MiB";
    }
    block->lines = apr_array_make(p, 32, sizeof(const char *));
    while (text < end) {
        const char *lf = memchr(text, '\n', (apr_size_t)(end - text));
        const char *stop = lf ? lf : end;

        APR_ARRAY_PUSH(block->lines, const char *) =
            apr_pstrmemdup(p, text, (apr_size_t)(stop - text));
        text = lf ? lf + 1 : end;
    }
    return NULL;
}

static const char *line_at(const cli_mx_block *block, int number)
{
    return APR_ARRAY_IDX(block->lines, number - 1, const char *);
}

/* The rest of a line after the name of a directive or section; NULL if the line has a different
 * name. */
static const char *after(const char *line, const char *name)
{
    size_t len = strlen(name);

    line += strspn(line, " \t");
    return strncasecmp(line, name, len) == 0 && strchr(" \t>", line[len]) ? line + len : NULL;
}

static void find_lines(cli_mx_block *block, int first)
{
    int i;

    if (first < 1 || first > block->lines->nelts ||
        !after(line_at(block, first), "<MTASTSPolicy")) {
        return;
    }
    for (i = first + 1; i <= block->lines->nelts; i++) {
        if (after(line_at(block, i), "</MTASTSPolicy")) {
            block->first = first;
            block->last = i;
            return;
        }
    }
}

static int has_mark(const cli_mx_block *block)
{
    int i;

    for (i = 1; i <= block->lines->nelts; i++) {
        const char *line = line_at(block, i);

        if (line[strspn(line, " \t")] == '#' && strstr(line, CLI_MX_MARK)) {
            return 1;
        }
    }
    return 0;
}

/* Whether the block begins with "<MTASTSPolicy DOMAIN>", without another domain. */
static int is_alone(apr_pool_t *p, const cli_mx_block *block, const char *domain)
{
    const char *rest = after(line_at(block, block->first), "<MTASTSPolicy");
    char *words = apr_pstrdup(p, rest), *last;
    const char *word = apr_strtok(words, " \t>\"'\r", &last);

    return word && strcasecmp(word, domain) == 0 && !apr_strtok(NULL, " \t>\"'\r", &last);
}

static int has_continuation(const cli_mx_block *block)
{
    int i;

    for (i = block->first; i <= block->last; i++) {
        const char *line = line_at(block, i);
        size_t len = strlen(line);

        if (len && line[len - 1] == '\\') {
            return 1;
        }
    }
    return 0;
}

static const char *judge(apr_pool_t *p, const cli_mx_block *block, const char *domain)
{
    return !block->first                   ? "there is no <MTASTSPolicy> block on this line"
           : !has_mark(block)              ? "mta-sts-setup did not write this file"
           : !is_alone(p, block, domain)   ? "the block defines the policy of several domains"
           : has_continuation(block)       ? "a line of the block is continued on the next one"
           : !cli_mx_block_line(block, "") ? "the block has no MTASTSMx line"
                                           : NULL;
}

const char *cli_mx_block_parse(apr_pool_t *p, const char *text, apr_size_t len, int line,
                               const char *domain, cli_mx_block *block)
{
    const char *error = split(p, text, len, block);

    if (!error) {
        find_lines(block, line);
        block->why = judge(p, block, domain);
    }
    return error;
}

cli_mx_block *cli_mx_block_read(apr_pool_t *p, const char *at, const char *domain)
{
    cli_mx_block *block = apr_pcalloc(p, sizeof(*block));
    const char *colon = strrchr(at, ':');
    const char *file = apr_pstrmemdup(p, at, (apr_size_t)(colon ? colon - at : 0));
    char *real = realpath(file, NULL);
    const char *text = NULL, *error;
    apr_size_t len = 0;

    block->path = real ? apr_pstrdup(p, real) : file;
    free(real);
    error = read_file(p, block->path, &text, &len);
    if (!error) {
        error = cli_mx_block_parse(p, text, len, colon ? atoi(colon + 1) : 0, domain, block);
    }
    if (error) {
        block->why = apr_psprintf(p, "%s: %s", block->path, error);
    }
    return block;
}

/* Whether one of the names on a MTASTSMx line is the pattern. */
static int has_pattern(const char *names, const char *pattern)
{
    size_t len = strlen(pattern);

    while (*names) {
        names += strspn(names, " \t\r\"'");
        if (len && strncasecmp(names, pattern, len) == 0 && strchr(" \t\r\"'", names[len])) {
            return 1;
        }
        names += strcspn(names, " \t\r\"'");
    }
    return 0;
}

int cli_mx_block_line(const cli_mx_block *block, const char *pattern)
{
    int i, last = 0;

    for (i = block->first; block->first && i <= block->last; i++) {
        const char *names = after(line_at(block, i), "MTASTSMx");

        if (names && has_pattern(names, pattern)) {
            return i;
        }
        last = names ? i : last;
    }
    return last;
}

/* Adds the number of names on a line to count; returns 0 if one of them is not in mx. */
static int count_names(apr_pool_t *p, const char *names, const apr_array_header_t *mx, int *count)
{
    const char *word, *pattern;
    char *last;
    int i;

    for (word = apr_strtok(apr_pstrdup(p, names), " \t\r\"'", &last); word;
         word = apr_strtok(NULL, " \t\r\"'", &last)) {
        if (mta_sts_name_parse_mx(p, word, MTA_STS_NAME_ULABEL, &pattern)) {
            return 0;
        }
        for (i = 0; i < mx->nelts && strcmp(APR_ARRAY_IDX(mx, i, const char *), pattern); i++) {
        }
        if (i == mx->nelts) {
            return 0;
        }
        ++*count;
    }
    return 1;
}

int cli_mx_block_has(apr_pool_t *p, const cli_mx_block *block, const apr_array_header_t *mx)
{
    int i, count = 0;

    for (i = block->first; block->first && i <= block->last; i++) {
        const char *names = after(line_at(block, i), "MTASTSMx");

        if (names && !count_names(p, names, mx, &count)) {
            return 0;
        }
    }
    return count == mx->nelts;
}

/* --- writing --- */

static const char *join(apr_pool_t *p, const apr_array_header_t *lines)
{
    return lines->nelts ? apr_pstrcat(p, apr_array_pstrcat(p, lines, '\n'), "\n", NULL) : "";
}

const char *cli_mx_block_text(apr_pool_t *p, const cli_mx_block *block)
{
    return join(p, block->lines);
}

/* The MTASTSMx lines, in the form in which mta-sts-setup writes them, indented as the first one. */
static void add_mx(apr_pool_t *p, const char *like, const apr_array_header_t *mx,
                   apr_array_header_t *lines)
{
    int indent = (int)strspn(like, " \t"), i;

    for (i = 0; i < mx->nelts; i++) {
        APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(p, "%.*sMTASTSMx     %s", indent, like,
                                                           APR_ARRAY_IDX(mx, i, const char *));
    }
}

const char *cli_mx_block_render(apr_pool_t *p, const cli_mx_block *block,
                                const apr_array_header_t *mx)
{
    apr_array_header_t *lines = apr_array_make(p, block->lines->nelts + 2, sizeof(const char *));
    int i, is_done = 0;

    for (i = 1; i <= block->lines->nelts; i++) {
        const char *line = line_at(block, i);

        if (i < block->first || i > block->last || !after(line, "MTASTSMx")) {
            APR_ARRAY_PUSH(lines, const char *) = line;
        }
        else if (!is_done++) {
            add_mx(p, line, mx, lines);
        }
    }
    return join(p, lines);
}

static int fill(int fd, const char *text, const struct stat *like)
{
    /* The modification time is set back, because certbot uses augeas, which considers a file
     * unchanged if its time is in the same second. */
    const struct timespec times[2] = {{apr_time_sec(apr_time_now()) - OLDER, 0},
                                      {apr_time_sec(apr_time_now()) - OLDER, 0}};
    size_t len = strlen(text);

    errno = ENOSPC;
    return write(fd, text, len) != (ssize_t)len || fchown(fd, like->st_uid, like->st_gid) != 0 ||
           fchmod(fd, like->st_mode & 07777) != 0 || futimens(fd, times) != 0 || tlsrpt_fsync(fd);
}

/* Makes the rename durable; the file is valid without that, too. */
static void sync_directory(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');
    int fd = open(apr_pstrmemdup(p, path, (apr_size_t)(slash - path) + 1),
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        tlsrpt_fsync(fd);
        close(fd);
    }
}

const char *cli_mx_block_write(apr_pool_t *p, const cli_mx_block *block, const char *text)
{
    const char *slash = strrchr(block->path, '/');
    char *temporary =
        apr_psprintf(p, "%.*s/.mta-sts-mx-XXXXXX", (int)(slash - block->path), block->path);
    struct stat info;
    int fd = stat(block->path, &info) == 0 ? mkostemp(temporary, O_CLOEXEC) : -1, failed, error;

    if (fd < 0) {
        return apr_psprintf(p, "%s cannot be changed: %s%s", block->path, strerror(errno),
                            geteuid() ? " (run this as root)" : "");
    }
    failed = fill(fd, text, &info) || rename(temporary, block->path) != 0;
    error = errno;
    close(fd);
    if (failed) {
        unlink(temporary);
    }
    else {
        sync_directory(p, block->path);
    }
    return failed ? apr_psprintf(p, "%s cannot be changed: %s", block->path, strerror(error))
                  : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/import/content.h"
#include "cli/import/message.h"
#include "tlsrpt/report/limits.h"

#define BEGINNING_MAX 1000 /* number of bytes by which the type of a file is detected */
static const char separator[] = "From ";

/* A message may be four times as large as the report in it, because base64 adds a third, and there
 * may be other parts. */
#define MESSAGE_SENT_MIN 16384
#define MESSAGE_SENT_MAX (256 << 20)
#define SEPARATOR_LENGTH (sizeof(separator) - 1)

typedef struct source {
    apr_pool_t *item_pool; /* cleared after each visit */
    const cli_source_options *options;
    cli_source_visit *visit;
    void *data;
} source;

cli_source_options cli_source_options_make(apr_pool_t *p, const tlsrpt_limits *limits)
{
    cli_source_options options = {.inflated = limits->inflated};
    apr_size_t most = limits->sent < MESSAGE_SENT_MAX ? limits->sent : MESSAGE_SENT_MAX;

    options.message.authserv_ids = apr_array_make(p, 1, sizeof(const char *));
    options.message.most = most < MESSAGE_SENT_MIN ? 4 * MESSAGE_SENT_MIN : 4 * most;
    return options;
}

static void visit(source *from, const cli_source_item *item)
{
    from->visit(from->data, from->item_pool, item);
}

static void visit_error(source *from, const char *name, const char *channel, const char *error,
                        int failed)
{
    cli_source_item item = {.name = name, .channel = channel, .error = error, .failed = failed};

    visit(from, &item);
}

/* Visits each report of a file or part. */
static void visit_contents(source *from, const cli_source_item *item)
{
    apr_array_header_t *contents =
        cli_content_split(from->item_pool, item->bytes, item->len, from->options->inflated);
    int i;

    for (i = 0; i < contents->nelts; i++) {
        const cli_content *content = &APR_ARRAY_IDX(contents, i, cli_content);
        cli_source_item one = *item;

        one.bytes = content->bytes;
        one.len = content->len;
        one.error = content->error;
        one.is_dmarc = content->is_dmarc;
        if (contents->nelts > 1) {
            one.name = apr_psprintf(from->item_pool, "%s, report %d", item->name, i + 1);
        }
        visit(from, &one);
    }
}

static void read_message(source *from, const char *name, const char *bytes, apr_size_t len)
{
    apr_array_header_t *parts;
    const char *error =
        cli_message_read(from->item_pool, bytes, len, &from->options->message, &parts);
    int i;

    if (error) {
        visit_error(from, name, "mail", error, 0);
        return;
    }
    if (!parts->nelts) {
        cli_source_item item = {.name = name,
                                .channel = "mail",
                                .error = "this message contains no report",
                                .is_other = 1};

        visit(from, &item);
    }
    for (i = 0; i < parts->nelts; i++) {
        const cli_message_part *part = &APR_ARRAY_IDX(parts, i, cli_message_part);
        cli_source_item item = {.name = name,
                                .channel = "mail",
                                .bytes = part->bytes,
                                .len = part->len,
                                .verified = part->verified};

        visit_contents(from, &item);
    }
}

/* Whether bytes begin with a header field: a name of letters, digits and hyphens, and a colon. */
static int is_message(const char *bytes, apr_size_t len)
{
    apr_size_t i = 0;

    while (i < len &&
           (bytes[i] == '-' || (bytes[i] >= '0' && bytes[i] <= '9') ||
            (bytes[i] >= 'A' && bytes[i] <= 'Z') || (bytes[i] >= 'a' && bytes[i] <= 'z'))) {
        i++;
    }
    return i > 0 && i < len && bytes[i] == ':';
}

static void read_whole(source *from, const char *name, const char *bytes, apr_size_t len)
{
    cli_source_item item = {.name = name, .channel = "file", .bytes = bytes, .len = len};

    if (is_message(bytes, len)) {
        read_message(from, name, bytes, len);
    }
    else {
        visit_contents(from, &item);
    }
}

/* Text that grows up to a maximum; bytes above that are counted, but not stored. */
typedef struct text {
    char *at;
    apr_size_t len, room, most;
} text;

static void append(text *to, const char *bytes, apr_size_t len)
{
    apr_size_t kept = to->len > to->most ? 0 : to->most + 1 - to->len;

    kept = len < kept ? len : kept;
    if (to->len + kept > to->room) {
        to->room = 2 * (to->len + kept) + 4096;
        to->at = realloc(to->at, to->room);
        if (!to->at) {
            abort();
        }
    }
    memcpy(to->at + to->len, bytes, kept);
    to->len += kept;
}

static void end_mbox_message(source *from, const char *name, int number, text *message)
{
    if (number) {
        read_message(from, apr_psprintf(from->item_pool, "%s, message %d", name, number),
                     message->at ? message->at : "", message->len);
        apr_pool_clear(from->item_pool);
    }
    message->len = 0;
}

/* Reads messages separated by lines that begin with "From ", at the beginning or after an empty
 * line. */
static void read_mbox(source *from, const char *name, FILE *file)
{
    text message = {.most = from->options->message.most};
    char line[BEGINNING_MAX];
    int number = 0, at_start = 1, behind_empty = 1;

    while (fgets(line, sizeof(line), file)) {
        apr_size_t len = strlen(line);
        int ends = len > 0 && line[len - 1] == '\n';

        if (at_start && behind_empty && strncmp(line, separator, SEPARATOR_LENGTH) == 0) {
            end_mbox_message(from, name, number++, &message);
        }
        else {
            append(&message, line, len);
        }
        behind_empty = at_start && (strcmp(line, "\n") == 0 || strcmp(line, "\r\n") == 0);
        at_start = ends;
    }
    end_mbox_message(from, name, number, &message);
    free(message.at);
}

static apr_size_t most_of_file(const cli_source_options *options)
{
    return options->message.most > CLI_SOURCE_FILE_MAX ? options->message.most
                                                       : CLI_SOURCE_FILE_MAX;
}

static void read_file(source *from, const char *name, FILE *file)
{
    text whole = {.most = most_of_file(from->options)};
    char piece[16384];
    apr_size_t count;

    while (whole.len <= whole.most && (count = fread(piece, 1, sizeof(piece), file)) > 0) {
        append(&whole, piece, count);
    }
    if (whole.len > whole.most) {
        visit_error(from, name, is_message(whole.at, whole.len) ? "mail" : "file",
                    apr_psprintf(from->item_pool, "it is larger than %" APR_SIZE_T_FMT " MiB",
                                 whole.most >> 20),
                    0);
    }
    else if (!ferror(file)) {
        read_whole(from, name, whole.at ? whole.at : "", whole.len);
    }
    free(whole.at);
}

/* Whether an mbox begins here; the position in the file does not change. */
static int is_mbox(FILE *file)
{
    char beginning[SEPARATOR_LENGTH];
    apr_size_t count = fread(beginning, 1, sizeof(beginning), file), i;
    int is = count == sizeof(beginning) && memcmp(beginning, separator, count) == 0;

    if (fseek(file, 0, SEEK_SET) == 0) {
        return is;
    }
    for (i = count; i > 0; i--) {
        ungetc((unsigned char)beginning[i - 1], file);
    }
    return is;
}

static void read_open(source *from, const char *name, FILE *file)
{
    errno = 0;
    if (is_mbox(file)) {
        read_mbox(from, name, file);
    }
    else {
        read_file(from, name, file);
    }
    if (ferror(file)) {
        visit_error(from, name, "file", strerror(errno), 1);
    }
    apr_pool_clear(from->item_pool);
}

static void read_stream(source *from, const cli_file *file)
{
    int fd = cli_file_open(file);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "rb");

    if (!stream) {
        visit_error(from, file->path, "file", strerror(errno), 1);
        return;
    }
    read_open(from, file->path, stream);
    fclose(stream);
}

void cli_source_read_file(apr_pool_t *p, const cli_file *file, const cli_source_options *options,
                          cli_source_visit *visit_item, void *data)
{
    source from = {.options = options, .visit = visit_item, .data = data};

    apr_pool_create(&from.item_pool, p);
    if (file->error) {
        visit_error(&from, file->path, "file", file->error, 1);
    }
    else if (strcmp(file->path, "-") == 0) {
        read_open(&from, "standard input", stdin);
    }
    else {
        read_stream(&from, file);
    }
    apr_pool_destroy(from.item_pool);
}

void cli_source_read_message(apr_pool_t *p, const char *name, const char *bytes, apr_size_t len,
                             const cli_source_options *options, cli_source_visit *visit_item,
                             void *data)
{
    source from = {.options = options, .visit = visit_item, .data = data};

    apr_pool_create(&from.item_pool, p);
    read_message(&from, name, bytes, len);
    apr_pool_destroy(from.item_pool);
}

void cli_source_read(apr_pool_t *p, const char *path, const cli_source_options *options,
                     cli_source_visit *visit_item, void *data)
{
    apr_array_header_t *files;
    apr_pool_t *ptemp;
    int i;

    apr_pool_create(&ptemp, p);
    files = apr_array_make(ptemp, 16, sizeof(cli_file));
    cli_files_list(ptemp, path, files);
    for (i = 0; i < files->nelts; i++) {
        cli_source_read_file(ptemp, &APR_ARRAY_IDX(files, i, cli_file), options, visit_item, data);
    }
    apr_pool_destroy(ptemp);
}

/* Loads all bytes of an open file; NULL if there are more than max, or they cannot be read. */
static char *load(apr_pool_t *p, int fd, apr_size_t max, apr_size_t *len)
{
    struct stat info;
    apr_size_t size;
    char *bytes;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > (off_t)max) {
        return NULL;
    }
    size = (apr_size_t)info.st_size;
    bytes = apr_palloc(p, size + 1);
    for (*len = 0; *len < size;) {
        ssize_t got = read(fd, bytes + *len, size - *len);

        if (got <= 0) {
            return NULL;
        }
        *len += (apr_size_t)got;
    }
    return bytes;
}

const char *cli_source_load(apr_pool_t *p, const cli_file *file, apr_size_t max, apr_size_t *len)
{
    const char *bytes;
    int fd;

    if (file->error || !file->is_regular || (fd = cli_file_open(file)) < 0) {
        return NULL;
    }
    bytes = load(p, fd, max, len);
    close(fd);
    return bytes && !is_message(bytes, *len) &&
                   (*len < SEPARATOR_LENGTH || memcmp(bytes, separator, SEPARATOR_LENGTH) != 0)
               ? bytes
               : NULL;
}

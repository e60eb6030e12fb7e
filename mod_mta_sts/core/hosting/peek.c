/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/buffer.h"
#include "core/base/owner.h"

#define TIME_MAX apr_time_from_sec(25)
/* In bytes; far more than MTA_STS_PEEK_MAX policies need. */
#define ANSWER_MAX (512 * 1024 * 1024)

/* What to read. */
typedef struct question {
    const char *state_dir;
    const apr_array_header_t *domains; /* NULL: all */
} question;

/* --- reading --- */

static const char *find_rows(apr_pool_t *p, mta_sts_lookup *lookup,
                             const apr_array_header_t *domains, apr_array_header_t **rows)
{
    const char *error = NULL;
    int i;

    *rows = apr_array_make(p, domains->nelts, sizeof(mta_sts_list_row));
    for (i = 0; !error && i < domains->nelts; i++) {
        mta_sts_list_row row;

        error = mta_sts_list_find(lookup, APR_ARRAY_IDX(domains, i, const char *), p, &row);
        if (!error && row.domain) {
            APR_ARRAY_PUSH(*rows, mta_sts_list_row) = row;
        }
    }
    return error;
}

static const char *read_rows(apr_pool_t *p, mta_sts_lookup *lookup, const question *q,
                             mta_sts_peek *peek)
{
    static const mta_sts_list_query all = {NULL, 0};
    const char *error = mta_sts_lookup_state(lookup, p, &peek->state);

    if (error) {
        return error;
    }
    return q->domains ? find_rows(p, lookup, q->domains, &peek->rows)
                      : mta_sts_list_page(lookup, &all, 0, MTA_STS_PEEK_MAX, p, &peek->rows);
}

/* Reads the snapshot; the process runs as the owner of the state directory. */
static const char *read_snapshot(apr_pool_t *p, const question *q, mta_sts_peek *peek)
{
    mta_sts_lookup *lookup;
    const char *error = mta_sts_database_init(p);

    error = error ? error
                  : mta_sts_lookup_open(
                        p, apr_pstrcat(p, q->state_dir, "/" MTA_STS_SNAPSHOT_FILE, NULL), &lookup);
    if (error) {
        return error;
    }
    error = read_rows(p, lookup, q, peek);
    error = error ? apr_pstrdup(p, error) : NULL;
    mta_sts_lookup_close(lookup);
    return error;
}

/* --- the answer: a sequence of NUL-terminated texts --- */

static const char THE_END[] = "."; /* no other text begins with "." */

static void put_text(mta_sts_buffer *out, const char *text)
{
    mta_sts_buffer_add(out, text ? "+" : "-", 1); /* distinguishes NULL from an empty text */
    mta_sts_buffer_puts(out, text ? text : "");
    mta_sts_buffer_add(out, "", 1);
}

static void put_number(mta_sts_buffer *out, apr_int64_t number)
{
    put_text(out, apr_psprintf(out->p, "%" APR_INT64_T_FMT, number));
}

static void put_answer(mta_sts_buffer *out, const char *error, const mta_sts_peek *peek)
{
    int i;

    put_text(out, error);
    put_number(out, peek->state.served);
    put_number(out, peek->state.wrong);
    put_number(out, peek->state.held);
    put_number(out, peek->state.synced);
    for (i = 0; !error && i < peek->rows->nelts; i++) {
        const mta_sts_list_row *row = &APR_ARRAY_IDX(peek->rows, i, mta_sts_list_row);

        put_text(out, row->domain);
        put_text(out, row->text);
        put_text(out, row->id);
        put_text(out, row->wrong);
        put_text(out, row->fix);
    }
    mta_sts_buffer_add(out, THE_END, sizeof(THE_END));
}

/* The next text; is_broken is set after the end. */
typedef struct answer_reader {
    const char *at, *end;
    int is_broken;
} answer_reader;

static const char *take_text(answer_reader *r)
{
    const char *text = r->at;
    const char *nul = text < r->end ? memchr(text, '\0', (size_t)(r->end - text)) : NULL;

    if (!nul || nul == text) {
        r->is_broken = 1;
        return NULL;
    }
    r->at = nul + 1;
    return *text == '+' ? text + 1 : NULL;
}

static apr_int64_t take_number(answer_reader *r)
{
    const char *text = take_text(r);

    return text ? apr_strtoi64(text, NULL, 10) : 0;
}

static const char *take_answer(apr_pool_t *p, const mta_sts_buffer *bytes, mta_sts_peek *peek)
{
    answer_reader r = {bytes->bytes, bytes->bytes + bytes->len, 0};
    const char *error = take_text(&r);

    peek->rows = apr_array_make(p, 4, sizeof(mta_sts_list_row));
    peek->state.served = take_number(&r);
    peek->state.wrong = take_number(&r);
    peek->state.held = take_number(&r);
    peek->state.synced = take_number(&r);
    while (!error && !r.is_broken && r.at < r.end && *r.at != *THE_END) {
        mta_sts_list_row row = {take_text(&r), NULL, NULL, NULL, NULL};

        row.text = take_text(&r);
        row.id = take_text(&r);
        row.wrong = take_text(&r);
        row.fix = take_text(&r);
        if (row.domain && !r.is_broken) {
            APR_ARRAY_PUSH(peek->rows, mta_sts_list_row) = row;
        }
    }
    return error                          ? error
           : r.is_broken || r.at == r.end ? "the process that reads the snapshot ended early"
                                          : NULL;
}

/* --- the child process --- */

static void write_all(int fd, const mta_sts_buffer *out)
{
    apr_size_t done = 0;
    ssize_t len = 1;

    while (done < out->len && len > 0) {
        len = write(fd, out->bytes + done, out->len - done);
        done += len > 0 ? (apr_size_t)len : 0;
    }
}

/* Ends the child without its parent's exit handlers, and without flushing its parent's buffers. */
static void answer_and_exit(apr_pool_t *p, int fd, const question *q)
{
    mta_sts_peek peek = {.rows = apr_array_make(p, 1, sizeof(mta_sts_list_row))};
    mta_sts_buffer *out = mta_sts_buffer_make(p);
    const char *error = mta_sts_owner_become(p, q->state_dir);

    alarm(apr_time_sec(TIME_MAX) + 1);
    error = error ? error : read_snapshot(p, q, &peek);
    put_answer(out, error, &peek);
    write_all(fd, out);
    _exit(0);
}

static mta_sts_buffer *read_all(apr_pool_t *p, int fd)
{
    const apr_time_t end = apr_time_now() + TIME_MAX;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    mta_sts_buffer *bytes = mta_sts_buffer_make(p);
    char part[65536];
    ssize_t len = 1;

    while (len > 0 && bytes->len < ANSWER_MAX) {
        apr_time_t left = end - apr_time_now();

        int ready = left > 0 ? poll(&readable, 1, (int)apr_time_as_msec(left) + 1) : 0;

        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            break;
        }
        len = read(fd, part, sizeof(part));
        mta_sts_buffer_add(bytes, part, len > 0 ? (apr_size_t)len : 0);
    }
    return bytes;
}

static const char *ask_process(apr_pool_t *p, const question *q, mta_sts_peek *peek)
{
    mta_sts_buffer *bytes;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return apr_pstrcat(p, "a pipe cannot be created: ", strerror(errno), NULL);
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        answer_and_exit(p, ends[1], q);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return apr_pstrcat(p, "a process cannot be started: ", strerror(errno), NULL);
    }
    bytes = read_all(p, ends[0]);
    close(ends[0]);
    kill(pid, SIGKILL); /* it has finished or timed out */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return take_answer(p, bytes, peek);
}

static const char *ask(apr_pool_t *p, const question *q, mta_sts_peek *peek)
{
    const char *file = apr_pstrcat(p, q->state_dir, "/" MTA_STS_SNAPSHOT_FILE, NULL);
    struct stat info;

    *peek = (mta_sts_peek){.rows = apr_array_make(p, 1, sizeof(mta_sts_list_row))};
    peek->exists = lstat(file, &info) == 0 && (geteuid() == 0 || info.st_uid == geteuid());
    if (!peek->exists) {
        return NULL;
    }
    return geteuid() == 0 ? ask_process(p, q, peek) : read_snapshot(p, q, peek);
}

const char *mta_sts_peek_find(apr_pool_t *p, const char *state_dir,
                              const apr_array_header_t *domains, mta_sts_peek *peek)
{
    const question q = {state_dir, domains};

    return ask(p, &q, peek);
}

const char *mta_sts_peek_all(apr_pool_t *p, const char *state_dir, mta_sts_peek *peek)
{
    const question q = {state_dir, NULL};

    return ask(p, &q, peek);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/watch/state_json.h"
#include "core/base/format.h"
#include "tlsrpt/spool/directory.h"

#define LOCK "watch.lock"
#define NEW CLI_WATCH_FILE ".new"
/* In bytes; more than CLI_WATCH_ITEMS_MAX items with texts of maximum length need. */
#define FILE_MAX (256 * 1024 * 1024)
#define POLL apr_time_from_msec(50)

/* --- the directory and its lock --- */

static const char *open_directory(cli_watch_state *state)
{
    const tlsrpt_directory_rules rules = {.owner = geteuid(), .group = getegid(), .make = 1};
    mta_sts_findings *findings = mta_sts_findings_make(state->p);
    const mta_sts_finding *first;

    state->fd = tlsrpt_directory_open(AT_FDCWD, state->dir, state->dir, &rules, findings);
    if (state->fd >= 0) {
        return NULL;
    }
    first = findings->list->nelts ? mta_sts_findings_at(findings, 0) : NULL;
    return apr_psprintf(state->p,
                        "the directory %s cannot be used: %s; specify one that belongs to this "
                        "user with --state",
                        state->dir, first ? first->message : "it cannot be opened");
}

static const char *lock(const cli_watch_state *state, int wait)
{
    apr_time_t end = apr_time_now() + apr_time_from_sec(wait);
    int fd = openat(state->fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return apr_psprintf(state->p, "%s/" LOCK ": %s", state->dir, strerror(errno));
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return apr_psprintf(state->p, "%s/" LOCK ": %s", state->dir, strerror(errno));
        }
        if (apr_time_now() >= end) {
            return apr_psprintf(state->p,
                                "another run has not ended within %d %s: this one reports nothing "
                                "(is the command of --exec hanging? --wait waits longer)",
                                wait, wait == 1 ? "second" : "seconds");
        }
        apr_sleep(POLL);
    }
    return NULL;
}

/* --- reading --- */

/* Reads the whole file. Returns NULL, or why that failed; text is NULL if there is no file. A file
 * that is too large counts as damaged, because no run can have written it. */
static const char *read_file(cli_watch_state *state, char **text, apr_size_t *len, int *is_damaged)
{
    int fd = openat(state->fd, CLI_WATCH_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const char *error = NULL;
    struct stat info;
    ssize_t got = 1;

    *text = NULL;
    *len = 0;
    *is_damaged = 0;
    if (fd < 0) {
        return errno == ENOENT ? NULL : strerror(errno);
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error = "it is not a regular file";
    }
    else if (info.st_size > FILE_MAX) {
        *is_damaged = 1;
        error = "it is larger than 256 MiB";
    }
    else {
        *text = apr_palloc(state->p, (apr_size_t)info.st_size + 1);
    }
    while (!error && got > 0 && *len < (apr_size_t)info.st_size) {
        got = read(fd, *text + *len, (apr_size_t)info.st_size - *len);
        error = got < 0 ? strerror(errno) : NULL;
        *len += got > 0 ? (apr_size_t)got : 0;
    }
    close(fd);
    return error;
}

/* Moves an unusable file away, so that it can be examined. */
static const char *set_aside(cli_watch_state *state, const char *why)
{
    const char *to = apr_psprintf(state->p, CLI_WATCH_FILE ".damaged-%" APR_INT64_T_FMT,
                                  apr_time_sec(apr_time_now()));
    int i;

    if (renameat(state->fd, CLI_WATCH_FILE, state->fd, to) != 0) {
        return apr_psprintf(state->p, "%s/" CLI_WATCH_FILE " cannot be used (%s), nor renamed: %s",
                            state->dir, why, strerror(errno));
    }
    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        state->deliveries[i].is_damaged = 1;
    }
    state->damage = apr_psprintf(
        state->p,
        "%s/" CLI_WATCH_FILE
        " cannot be used: %s. It is now %s. It is no longer known what was reported before: what "
        "is still wrong is reported again, and what has been resolved is not",
        cli_printable(state->p, state->dir), why, to);
    return NULL;
}

static const char *load(cli_watch_state *state)
{
    char *text;
    apr_size_t len;
    int is_newer = 0, is_damaged, i;
    const char *error = read_file(state, &text, &len, &is_damaged);

    if (error && is_damaged) {
        return set_aside(state, error);
    }
    if (error) {
        return apr_psprintf(state->p, "%s/" CLI_WATCH_FILE " cannot be read: %s", state->dir,
                            error);
    }
    if (!text) {
        for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
            state->deliveries[i].is_first = 1;
        }
        return NULL;
    }
    error = cli_watch_state_parse(state, text, len, &is_newer);
    if (error && is_newer) {
        return apr_psprintf(state->p,
                            "%s/" CLI_WATCH_FILE " is of a newer version of mta-sts: install that "
                            "one, or specify another directory with --state",
                            state->dir);
    }
    return error ? set_aside(state, error) : NULL;
}

const char *cli_watch_state_open(apr_pool_t *p, const char *dir, int wait, cli_watch_state **opened)
{
    cli_watch_state *state = apr_pcalloc(p, sizeof(*state));
    const char *error;

    state->p = p;
    state->dir = dir;
    state->items = apr_hash_make(p);
    state->domains = apr_hash_make(p);
    error = open_directory(state);
    error = error ? error : lock(state, wait);
    error = error ? error : load(state);
    *opened = error ? NULL : state;
    return error;
}

/* --- writing --- */

static int write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    ssize_t written;

    while (left) {
        written = write(fd, text, left);
        if (written < 0 && errno != EINTR) {
            return -1;
        }
        text += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
    return tlsrpt_fsync(fd);
}

static int replace(const cli_watch_state *state, const char *text)
{
    int fd, failed, error;

    unlinkat(state->fd, NEW, 0); /* left over from a run that was killed */
    fd = openat(state->fd, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    failed = write_all(fd, text) != 0;
    error = errno;
    close(fd);
    if (!failed && (renameat(state->fd, NEW, state->fd, CLI_WATCH_FILE) != 0 ||
                    tlsrpt_fsync(state->fd) != 0)) {
        failed = 1;
        error = errno;
    }
    if (failed) {
        unlinkat(state->fd, NEW, 0);
    }
    return failed ? error : 0;
}

const char *cli_watch_state_save(const cli_watch_state *state)
{
    char *text = cli_watch_state_render(state);
    int error = strlen(text) > FILE_MAX ? EFBIG : replace(state, text);

    free(text);
    return error ? apr_psprintf(state->p, "%s/" CLI_WATCH_FILE " cannot be written: %s", state->dir,
                                strerror(error))
                 : NULL;
}

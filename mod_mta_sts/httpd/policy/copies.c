/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/copies.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/database/history.h"
#include "core/base/monotonic.h"
#include "httpd/upkeep/database.h"
#include "httpd/config/report_config.h"

#define READ_TIME apr_time_from_sec(20)
#define LINE_SIZE 1024

/* What begins a line that tells an error, and what is the last line; no domain is like them. */
#define ERROR_MARK '!'
#define END_MARK "."

/* --- the process that reads --- */

/* Whether there is a history that this process may become the owner of. */
static int find_owner(server_rec *main, apr_pool_t *p, struct stat *directory)
{
    const mts_report_config *config = mts_report_config_of(main);
    struct stat file;

    if (lstat(config->state_dir, directory) != 0 || !S_ISDIR(directory->st_mode) ||
        (geteuid() != 0 && geteuid() != directory->st_uid)) {
        return 0;
    }
    return strcmp(config->driver, MTA_STS_DATABASE_SQLITE) != 0 ||
           lstat(mts_database_where(main, p), &file) == 0;
}

static int become(const struct stat *directory)
{
    return geteuid() != 0 || (directory->st_uid != 0 && setgroups(0, NULL) == 0 &&
                              setgid(directory->st_gid) == 0 && setuid(directory->st_uid) == 0);
}

static const char *read_copies(server_rec *main, apr_pool_t *p, apr_array_header_t **copies)
{
    const mts_report_config *config = mts_report_config_of(main);
    mta_sts_database *db;
    const char *error = mta_sts_database_init(p);

    error =
        error ? error : mta_sts_database_open(p, config->driver, mts_database_where(main, p), &db);
    error = error ? error
                  : mta_sts_history_copies(db, mta_sts_database_host(p), apr_time_now(), p, copies);
    if (!error) {
        mta_sts_database_close(db);
    }
    return error;
}

static void tell(FILE *out, const apr_array_header_t *copies)
{
    int i;

    for (i = 0; i < copies->nelts; i++) {
        const mta_sts_history_copy *copy = &APR_ARRAY_IDX(copies, i, mta_sts_history_copy);

        fprintf(out, "%s %s %" APR_INT64_T_FMT "\n", copy->domain, copy->id, copy->until);
    }
    fputs(END_MARK "\n", out);
}

static void read_and_tell(server_rec *main, apr_pool_t *p, const struct stat *directory, int fd)
{
    apr_array_header_t *copies = NULL;
    FILE *out = fdopen(fd, "w");
    const char *error =
        become(directory) ? read_copies(main, p, &copies) : "its owner cannot be become";

    if (!out) {
        return;
    }
    if (error) {
        fprintf(out, "%c%.*s\n", ERROR_MARK, LINE_SIZE - 3, error);
    }
    else {
        tell(out, copies);
    }
    fclose(out);
}

/* --- the process that asks --- */

static void take_line(apr_array_header_t *copies, char *line)
{
    mta_sts_history_copy *copy = apr_array_push(copies);
    char *rest;

    copy->domain = apr_strtok(line, " ", &rest);
    copy->id = apr_strtok(NULL, " ", &rest);
    copy->until = apr_atoi64(rest);
}

/* All of it or nothing: the other process may have been killed. */
static void take_lines(apr_array_header_t *copies, char *told, const char **error)
{
    char *rest, *line = apr_strtok(told, "\n", &rest);

    for (; line && *line != ERROR_MARK && strcmp(line, END_MARK) != 0;
         line = apr_strtok(NULL, "\n", &rest)) {
        take_line(copies, line);
    }
    if (line && *line != ERROR_MARK) {
        return;
    }
    apr_array_clear(copies);
    if (!*error) {
        *error = line ? line + 1 : "the process that reads it ended before its time; try it again";
    }
}

/* Whether something comes in time. */
static int comes(int fd, apr_time_t end)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN};
    apr_interval_time_t left = end - mta_sts_monotonic_now();

    return left > 0 && poll(&waited, 1, (int)apr_time_as_msec(left)) > 0;
}

/* All that the other process tells. */
static char *receive(apr_pool_t *p, int fd, const char **error)
{
    apr_array_header_t *bytes = apr_array_make(p, 4096, 1);
    apr_time_t end = mta_sts_monotonic_now() + READ_TIME;
    char part[4096];
    ssize_t count;

    do {
        if (!comes(fd, end)) {
            *error = "the database does not answer: see the error log";
            break;
        }
        count = read(fd, part, sizeof(part));
        if (count > 0) {
            int at = bytes->nelts;

            while (bytes->nelts < at + count) {
                apr_array_push(bytes);
            }
            memcpy(bytes->elts + at, part, (size_t)count);
        }
    } while (count > 0 || (count < 0 && errno == EINTR));
    *(char *)apr_array_push(bytes) = '\0';
    return bytes->elts;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL); /* it has told all, or takes too long */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

apr_array_header_t *mts_copies_read(server_rec *main, apr_pool_t *p, const char **error)
{
    apr_array_header_t *copies = apr_array_make(p, 16, sizeof(mta_sts_history_copy));
    struct stat directory;
    int ends[2];
    pid_t pid;

    *error = NULL;
    if (!find_owner(main, p, &directory) || pipe(ends) != 0) {
        return copies;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        read_and_tell(main, p, &directory, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid > 0) {
        take_lines(copies, receive(p, ends[0], error), error);
        end(pid);
    }
    else {
        *error = "no process can be started to read it";
    }
    close(ends[0]);
    return copies;
}

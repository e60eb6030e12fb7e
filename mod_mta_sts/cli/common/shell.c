/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "core/base/text.h"

#define STEP 20 /* in milliseconds: how often to check whether it has ended */

extern char **environ;

/* A command that was started. */
typedef struct process {
    pid_t pid; /* and process group */
    int input; /* its standard input; -1: closed */
    int errors;
    apr_time_t end;
} process;

/* Gives the command default signal handling, and a process group of its own, so that it can be
 * killed with all processes that it starts. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t defaults, none;

    sigemptyset(&none); /* the caller may have blocked signals */
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *command, int input, process *made)
{
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc;

    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, made->errors, STDERR_FILENO);
    rc = posix_spawn(&made->pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

static const char *start(const char *command, process *made)
{
    int ends[2], rc;

    made->errors = memfd_create("errors", MFD_CLOEXEC);
    if (made->errors < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return strerror(errno);
    }
    rc = spawn(command, ends[0], made);
    close(ends[0]);
    made->input = ends[1];
    fcntl(made->input, F_SETFL, O_NONBLOCK);
    return rc ? strerror(rc) : NULL;
}

/* Writes as much of the input as the command accepts; a command may succeed without reading its
 * input. */
static const char *feed(process *running, const char *text)
{
    struct pollfd writable = {.fd = running->input, .events = POLLOUT};
    ssize_t written = poll(&writable, 1, STEP) > 0 ? write(running->input, text, strlen(text)) : 0;

    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        text = "";
    }
    text += written > 0 ? written : 0;
    if (!*text) {
        close(running->input);
        running->input = -1;
    }
    return text;
}

/* Returns whether it has ended in time: 1, 0, or -1 if that cannot be determined (errno); status is
 * that of waitpid. */
static int wait_for(process *running, const char *text, int *status)
{
    pid_t ended = 0;

    while (ended == 0 && apr_time_now() < running->end) {
        if (running->input >= 0) {
            text = feed(running, text);
        }
        else {
            apr_sleep(apr_time_from_msec(STEP));
        }
        ended = waitpid(running->pid, status, WNOHANG);
        ended = ended < 0 && errno == EINTR ? 0 : ended;
    }
    if (ended == 0) {
        kill(-running->pid, SIGKILL);
        waitpid(running->pid, status, 0);
    }
    if (running->input >= 0) {
        int error = errno;

        close(running->input);
        errno = error;
    }
    return (ended > 0) - (ended < 0);
}

#define ERRORS_MAX 2000

static const char *read_errors(apr_pool_t *p, int errors)
{
    off_t size = lseek(errors, 0, SEEK_END);
    char *text = apr_palloc(p, ERRORS_MAX + 1);
    ssize_t len = pread(errors, text, ERRORS_MAX, size > ERRORS_MAX ? size - ERRORS_MAX : 0);

    for (len = len > 0 ? len : 0; len > 0 && strchr("\r\n", text[len - 1]); len--) {
    }
    text[len] = '\0';
    return text;
}

const char *cli_shell_last_line(apr_pool_t *p, const char *errors)
{
    const char *newline = strrchr(errors, '\n'), *line = newline ? newline + 1 : errors;

    return *line ? apr_pstrcat(p, ": ", mta_sts_text_quote(p, line, strlen(line)), NULL) : "";
}

/* ended is the result of wait_for(), which has just returned. */
static const char *explain(apr_pool_t *p, int ended, int status, int seconds)
{
    if (ended < 0) {
        return apr_psprintf(p, "how it ended is not known: %s", strerror(errno));
    }
    if (!ended) {
        return apr_psprintf(p, "it did not end within %d %s, and was killed", seconds,
                            seconds == 1 ? "second" : "seconds");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return NULL;
    }
    return WIFEXITED(status) ? apr_psprintf(p, "it ended with status %d", WEXITSTATUS(status))
                             : apr_psprintf(p, "it was ended by signal %d", WTERMSIG(status));
}

const char *cli_shell_run(apr_pool_t *p, const char *command, const char *input, int seconds,
                          const char **errors)
{
    process running = {.input = -1, .end = apr_time_now() + apr_time_from_sec(seconds)};
    const char *error;
    int status = 0, ended;

    *errors = "";
    error = start(command, &running);
    if (error) {
        return apr_psprintf(p, "it cannot be started: %s", error);
    }
    ended = wait_for(&running, input, &status);
    error = explain(p, ended, status, seconds);
    *errors = read_errors(p, running.errors);
    close(running.errors);
    return error;
}

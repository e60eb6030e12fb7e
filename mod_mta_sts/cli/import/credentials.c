/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "cli/import/netrc.h"
#include "core/base/monotonic.h"

/* Maximum time to wait for a command, or for a file that is a pipe. */
#define WAIT apr_time_from_sec(60)
#define EXIT_WAIT apr_time_from_msec(20)
#define EXIT_TRIES 250

/* Reads everything from a descriptor, up to `most` bytes. Returns 0, or an errno */
static int read_all(apr_pool_t *p, int fd, apr_size_t most, const char **text)
{
    apr_time_t until = mta_sts_monotonic_now() + WAIT;
    char *bytes = apr_palloc(p, most + 1);
    apr_size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && len < most) {
        apr_time_t left = until - mta_sts_monotonic_now();
        struct pollfd ready = {.fd = fd, .events = POLLIN};

        if (left <= 0 || poll(&ready, 1, (int)apr_time_as_msec(left)) <= 0) {
            return ETIMEDOUT;
        }
        got = read(fd, bytes + len, most - len);
        len += got > 0 ? (apr_size_t)got : 0;
    }
    bytes[len] = '\0';
    *text = bytes;
    return got < 0 ? errno : len == most ? EFBIG : 0;
}

/* Whether every user of the machine can read it. */
static int is_open_to_all(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH);
}

static const char *read_file(apr_pool_t *p, const char *file, apr_size_t most, const char **text)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = fd < 0 ? errno : 0;

    if (!error && is_open_to_all(fd)) {
        close(fd);
        return apr_psprintf(p, "%s can be read by every user: chmod 600 %s", file, file);
    }
    if (!error) {
        error = read_all(p, fd, most, text);
        close(fd);
    }
    return error ? apr_psprintf(p, "%s cannot be read: %s", file, strerror(error)) : NULL;
}

/* The first line; NULL if it is empty. */
static const char *first_line(apr_pool_t *p, const char *text)
{
    apr_size_t len = strcspn(text, "\r\n");

    return len ? apr_pstrmemdup(p, text, len) : NULL;
}

static const char *read_password_file(apr_pool_t *p, const char *file, const char **password)
{
    const char *text = "", *error = read_file(p, file, CLI_SECRET_MAX, &text);

    *password = error ? NULL : first_line(p, text);
    return error || *password ? error : apr_psprintf(p, "%s contains no password", file);
}

/* --- a command --- */

static void run_shell(const char *command, int output)
{
    dup2(output, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Returns the exit status of the command. It is killed if it does not end in time; normally it ends
 * soon after it has printed everything. */
static int wait_for(pid_t child, int is_late)
{
    int status = 0, tries;

    for (tries = 0; !is_late && tries < EXIT_TRIES; tries++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            return status;
        }
        apr_sleep(EXIT_WAIT);
    }
    kill(-child, SIGKILL);
    return waitpid(child, &status, 0) == child ? status : -1;
}

static const char *explain_status(apr_pool_t *p, int status)
{
    return WIFEXITED(status)
               ? apr_psprintf(p, "--token-command failed with exit status %d", WEXITSTATUS(status))
               : "--token-command was ended by a signal";
}

static const char *run_command(apr_pool_t *p, const char *command, const char **text)
{
    int ends[2], error, status;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return strerror(errno);
    }
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        run_shell(command, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return strerror(errno);
    }
    setpgid(child, child);
    error = read_all(p, ends[0], CLI_SECRET_MAX, text);
    close(ends[0]);
    status = wait_for(child, error != 0);
    return error == ETIMEDOUT ? "--token-command printed no token within 60 seconds"
           : error == EFBIG   ? "--token-command printed more than a token"
           : error            ? strerror(error)
           : status           ? explain_status(p, status)
                              : NULL;
}

static const char *read_token(apr_pool_t *p, const char *command, const char **token)
{
    const char *text = "", *error = run_command(p, command, &text);

    *token = error ? NULL : first_line(p, text);
    return error || *token ? error : "--token-command printed no token";
}

/* --- netrc --- */

static const char *read_netrc(apr_pool_t *p, const char *file, const char *host, const char *user,
                              const char **password)
{
    const char *home = getenv("HOME"), *text = "", *error;
    int is_default = !file;

    file = file ? file : apr_pstrcat(p, home ? home : "", "/.netrc", NULL);
    if (is_default && access(file, F_OK) != 0) {
        return "the password is missing: use --password-file, --token-command, or a line "
               "'machine HOST login USER password PASSWORD' in ~/.netrc";
    }
    error = read_file(p, file, CLI_NETRC_MAX, &text);
    *password = error ? NULL : cli_netrc_find(p, text, host, user);
    return error || *password
               ? error
               : apr_psprintf(p, "%s has no password for %s at %s", file, user, host);
}

const char *cli_credentials_read(apr_pool_t *p, const cli_credentials_source *source,
                                 const char *host, const char *user, cli_credentials *credentials)
{
    memset(credentials, 0, sizeof(*credentials));
    if (source->token_command) {
        return read_token(p, source->token_command, &credentials->token);
    }
    return source->password_file
               ? read_password_file(p, source->password_file, &credentials->password)
               : read_netrc(p, source->netrc_file, host, user, &credentials->password);
}

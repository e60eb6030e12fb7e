/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/apache.h"

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

/* In bytes; enough for a hundred thousand domains. */
#define OUTPUT_MAX (256 * 1024 * 1024)
#define TIME_MAX apr_time_from_sec(18) /* after that, DNS may take 38 of the 60 seconds */

extern char **environ;

/* A process that was started, and its output. */
struct cli_apache_run {
    const char *error; /* why it could not be started; or NULL */
    int is_absent;     /* whether the reason is that there is no apachectl */
    apr_time_t end;    /* when it must have finished */
    pid_t pid;
    int fd;     /* standard output */
    int errors; /* standard error, a file in memory */
    char *text;
    apr_size_t len, room;
};

/* Starts the first of these programs that exists. */
static const char *start(cli_apache_run *r)
{
    static const char *const names[] = {"apachectl", "apache2ctl", "/usr/sbin/apachectl",
                                        "/usr/sbin/apache2ctl"};
    posix_spawn_file_actions_t actions;
    int ends[2], rc = ENOENT;
    size_t i;

    r->errors = memfd_create("errors", MFD_CLOEXEC);
    if (r->errors < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return strerror(errno);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, r->errors, STDERR_FILENO);
    for (i = 0; i < sizeof(names) / sizeof(names[0]) && rc == ENOENT; i++) {
        char *argv[] = {(char *)names[i], "-t", "-D", "DUMP_MTA_STS_JSON", NULL};

        rc = posix_spawnp(&r->pid, names[i], &actions, NULL, argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    r->fd = ends[0];
    if (rc != 0) {
        close(r->fd);
        r->is_absent = rc == ENOENT;
        return rc == ENOENT ? "there is no apachectl on this machine" : strerror(rc);
    }
    return NULL;
}

/* Reads some of the output. Returns 0 at its end, or if it is too long. */
static int read_some(apr_pool_t *p, cli_apache_run *r)
{
    ssize_t got;

    if (r->len + 1 >= r->room) {
        char *larger = apr_palloc(p, r->room * 2);

        memcpy(larger, r->text, r->len);
        r->text = larger;
        r->room *= 2;
    }
    got = read(r->fd, r->text + r->len, r->room - r->len - 1);
    if (got > 0) {
        r->len += (apr_size_t)got;
    }
    return (got > 0 || (got < 0 && errno == EINTR)) && r->len < OUTPUT_MAX;
}

/* Reads the whole output. Returns 0 if that takes too long. */
static int read_all(apr_pool_t *p, cli_apache_run *r)
{
    struct pollfd readable = {.fd = r->fd, .events = POLLIN};
    int more = 1, in_time = 1;

    r->room = 64 * 1024;
    r->text = apr_palloc(p, r->room);
    while (more && in_time) {
        apr_time_t left = r->end - apr_time_now();

        in_time = left > 0 && poll(&readable, 1, (int)apr_time_as_msec(left) + 1) != 0;
        more = in_time && read_some(p, r);
    }
    r->text[r->len] = '\0';
    close(r->fd);
    return in_time;
}

/* The position at which the last `most` bytes of a file begin. */
static off_t last_part(int fd, off_t most)
{
    off_t len = lseek(fd, 0, SEEK_END);

    return len > most ? len - most : 0;
}

/* The last line of a text, without its line end. */
static const char *last_line(char *text)
{
    apr_size_t len = strlen(text);
    char *newline;

    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        text[--len] = '\0';
    }
    newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static const char *explain_failure(apr_pool_t *p, const cli_apache_run *r)
{
    char text[2000];
    ssize_t len = pread(r->errors, text, sizeof(text) - 1, last_part(r->errors, sizeof(text) - 1));
    const char *line;

    text[len > 0 ? len : 0] = '\0';
    line = last_line(text);
    return apr_psprintf(p, "apachectl -t -D DUMP_MTA_STS_JSON failed: %s%s",
                        mta_sts_text_quote(p, line, strlen(line)),
                        geteuid() == 0
                            ? "; fix httpd's configuration first"
                            : "; run it as root, which can read the whole configuration");
}

/* --- the call --- */

static const char *use(apr_pool_t *p, cli_apache_run *r, cli_apache **apache)
{
    *apache = cli_apache_read(p, r->text, r->len);
    if (!*apache) {
        return "apachectl -t -D DUMP_MTA_STS_JSON prints a document that this version of mta-sts "
               "cannot read: install mod_mta_sts and mta-sts of the same version";
    }
    return (*apache)->policies->nelts || (*apache)->hosting_dir
               ? NULL
               : "this machine's httpd serves no policy: see 'apachectl -t -D DUMP_MTA_STS', or "
                 "specify the domains";
}

const cli_apache_policy *cli_apache_find(const apr_array_header_t *policies, const char *domain)
{
    int i;

    for (i = 0; policies && i < policies->nelts; i++) {
        const cli_apache_policy *policy = &APR_ARRAY_IDX(policies, i, cli_apache_policy);

        if (strcmp(policy->domain, domain) == 0) {
            return policy;
        }
    }
    return NULL;
}

cli_apache_run *cli_apache_start(apr_pool_t *p)
{
    cli_apache_run *r = apr_pcalloc(p, sizeof(*r));

    r->error = start(r);
    r->end = apr_time_now() + TIME_MAX;
    return r;
}

int cli_apache_exists(const cli_apache_run *r)
{
    return !r->is_absent;
}

/* Waits for the process, and returns the document. */
static const char *collect(apr_pool_t *p, cli_apache_run *r)
{
    const char *error = NULL;
    int status = 0, in_time;

    if (r->error) {
        return apr_pstrcat(p, "httpd's configuration cannot be read: ", r->error, NULL);
    }
    in_time = read_all(p, r);
    if (!in_time) {
        kill(r->pid, SIGKILL);
    }
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        error = "apachectl -t -D DUMP_MTA_STS_JSON did not finish within 18 seconds";
    }
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        error = explain_failure(p, r);
    }
    else if (!r->len) {
        error = "this machine's httpd does not load mod_mta_sts: run a2enmod mta_sts, or specify "
                "the domains";
    }
    close(r->errors);
    return error;
}

const char *cli_apache_finish(apr_pool_t *p, cli_apache_run *r, cli_apache **apache)
{
    const char *error = collect(p, r);

    return error ? error : use(p, r, apache);
}

const char *cli_apache_list(apr_pool_t *p, cli_apache **apache)
{
    return cli_apache_finish(p, cli_apache_start(p), apache);
}

/* --- key pairs --- */

const char *cli_apache_list_pair_paths(apr_pool_t *p, apr_array_header_t **paths)
{
    cli_apache_run *r = cli_apache_start(p);
    const char *error = collect(p, r);
    const cli_apache *apache = error ? NULL : cli_apache_read(p, r->text, r->len);

    if (error) {
        return error;
    }
    if (!apache || !apache->pair_paths->nelts) {
        return "no virtual host of this machine's httpd has MTASTSCertificates";
    }
    *paths = apache->pair_paths;
    return NULL;
}

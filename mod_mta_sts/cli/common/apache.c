/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/apache.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "core/base/name.h"
#include "core/base/text.h"

/* Enough for a hundred thousand domains. */
#define OUTPUT_MAX (64 * 1024 * 1024)
#define TIME_MAX apr_time_from_sec(18) /* DNS may take 38 of 60 seconds after that */

#define HEAD "; MTA-STS policies of this server"

extern char **environ;

/* A program that was started: its output, all of it, and how it ended. */
typedef struct run {
    pid_t pid;
    int fd; /* both of its outputs */
    char *text;
    apr_size_t len, room;
} run;

/* Starts the first of its names that is there. */
static const char *start(run *r)
{
    static const char *const names[] = {"apachectl", "apache2ctl", "/usr/sbin/apachectl",
                                        "/usr/sbin/apache2ctl"};
    posix_spawn_file_actions_t actions;
    int ends[2], rc = ENOENT;
    size_t i;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return strerror(errno);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    for (i = 0; i < sizeof(names) / sizeof(names[0]) && rc == ENOENT; i++) {
        char *argv[] = {(char *)names[i], "-t", "-D", "DUMP_MTA_STS", NULL};

        rc = posix_spawnp(&r->pid, names[i], &actions, NULL, argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    r->fd = ends[0];
    if (rc != 0) {
        close(r->fd);
        return rc == ENOENT ? "there is no apachectl on this machine" : strerror(rc);
    }
    return NULL;
}

/* One portion of output. Returns 0 at its end, or where it is more than can be right. */
static int read_some(apr_pool_t *p, run *r)
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

/* Reads all that it prints. Returns 0 if that takes too long. */
static int read_all(apr_pool_t *p, run *r)
{
    struct pollfd readable = {.fd = r->fd, .events = POLLIN};
    apr_time_t end = apr_time_now() + TIME_MAX;
    int more = 1, in_time = 1;

    r->room = 64 * 1024;
    r->text = apr_palloc(p, r->room);
    while (more && in_time) {
        apr_time_t left = end - apr_time_now();

        in_time = left > 0 && poll(&readable, 1, (int)apr_time_as_msec(left) + 1) != 0;
        more = in_time && read_some(p, r);
    }
    r->text[r->len] = '\0';
    close(r->fd);
    return in_time;
}

/* The last line of a text, cut off from it. */
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

static const char *explain_failure(apr_pool_t *p, char *output)
{
    const char *line = last_line(output);

    return apr_psprintf(
        p, "apachectl -t -D DUMP_MTA_STS failed: %s%s", mta_sts_text_quote(p, line, strlen(line)),
        geteuid() == 0 ? "; fix httpd's configuration first"
                       : "; run it as root, which can read the whole configuration");
}

const char *cli_apache_list(apr_pool_t *p, apr_array_header_t **policies)
{
    run r = {0};
    const char *error = start(&r);
    int status = 0, in_time;

    if (error) {
        return apr_pstrcat(p, "httpd's configuration cannot be read: ", error, NULL);
    }
    in_time = read_all(p, &r);
    if (!in_time) {
        kill(r.pid, SIGKILL);
    }
    while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        return "apachectl -t -D DUMP_MTA_STS did not finish within 18 seconds";
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return explain_failure(p, r.text);
    }
    *policies = cli_apache_read(p, r.text);
    if (!*policies) {
        return "this machine's httpd does not load mod_mta_sts: run a2enmod mta_sts, or specify "
               "the domains";
    }
    return (*policies)->nelts
               ? NULL
               : "this machine's httpd serves no policy: see 'apachectl -t -D DUMP_MTA_STS', or "
                 "specify the domains";
}

/* What a text begins with is skipped; NULL if it begins differently. */
static char *skip(char *text, const char *prefix)
{
    apr_size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* "enforce, max_age 604800, mx mx1.example.com mx2.example.com" */
static mta_sts_policy *read_policy(apr_pool_t *p, char *text)
{
    mta_sts_policy *policy = apr_pcalloc(p, sizeof(*policy));
    apr_size_t len = strcspn(text, ",");
    char *mx, *word, *last;

    policy->mx = apr_array_make(p, 4, sizeof(const char *));
    policy->mode = mta_sts_mode_from_name(text, len);
    text = skip(text + len, ", max_age ");
    if (!text) {
        return NULL;
    }
    policy->max_age = apr_strtoi64(text, &mx, 10);
    mx = skip(mx, ", mx ");
    if (!mx || policy->mode == MTA_STS_MODE_UNSET || policy->max_age < MTA_STS_MAX_AGE_MIN ||
        policy->max_age > MTA_STS_MAX_AGE_MAX) {
        return NULL;
    }
    for (word = apr_strtok(mx, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        const char *pattern;

        if (mta_sts_name_parse_mx(p, word, MTA_STS_NAME_ALABEL, &pattern)) {
            return NULL;
        }
        APR_ARRAY_PUSH(policy->mx, const char *) = pattern;
    }
    return policy;
}

/* "FILE:LINE, in the virtual host ..." */
static void read_place(char *text, apr_array_header_t *places)
{
    cli_apache_place *place = apr_array_push(places);
    char *end = strstr(text, ", in the ");

    if (end) {
        *end = '\0';
    }
    place->told = text;
    place->mode = NULL;
}

/* The domain of "_mta-sts.example.com. IN TXT ...", cut out of the line. */
static const char *read_domain(char *line)
{
    char *name = skip(line, "_mta-sts."), *end = name ? strstr(name, ". IN TXT ") : NULL;

    if (!end) {
        return NULL;
    }
    *end = '\0';
    return name;
}

apr_array_header_t *cli_apache_read(apr_pool_t *p, char *text)
{
    apr_array_header_t *policies = apr_array_make(p, 16, sizeof(cli_apache_policy));
    cli_apache_policy next = {0};
    char *line, *last, *value;
    int is_dump = 0;

    for (line = apr_strtok(text, "\n", &last); line; line = apr_strtok(NULL, "\n", &last)) {
        if (skip(line, HEAD)) {
            is_dump = 1;
        }
        else if ((value = skip(line, ";   policy id "))) {
            next.id = value;
            next.policy = NULL;
            next.places = apr_array_make(p, 1, sizeof(cli_apache_place));
        }
        else if ((value = skip(line, ";   mode "))) {
            next.policy = read_policy(p, value);
        }
        else if (next.id && (value = skip(line, ";   told at "))) {
            read_place(value, next.places);
        }
        else if (next.id && next.places->nelts && (value = skip(line, ";   its MTASTSMode at "))) {
            APR_ARRAY_IDX(next.places, next.places->nelts - 1, cli_apache_place).mode = value;
        }
        else if (next.id && next.places->nelts && skip(line, ";   there it speaks http")) {
            next.places->nelts--;
        }
        else if ((next.domain = read_domain(line)) && next.id && next.policy) {
            APR_ARRAY_PUSH(policies, cli_apache_policy) = next;
            next.id = NULL;
        }
    }
    return is_dump ? policies : NULL;
}

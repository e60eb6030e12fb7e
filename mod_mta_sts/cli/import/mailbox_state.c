/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/mailbox_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <jansson.h>

#include "tlsrpt/report/digest.h"

#define FILE_MAX 8192 /* bytes */
#define VERSION 1
#define DIGITS 16 /* number of digits of the digest in the file name */

static const char *file_of(apr_pool_t *p, const char *state_dir, const char *mailbox)
{
    const char *digest = tlsrpt_digest_of(p, mailbox, strlen(mailbox));

    return apr_psprintf(p, "%s/imap-%.*s.json", state_dir, DIGITS, digest);
}

/* --- reading --- */

static const char *use(const json_t *document, const char *mailbox, cli_mailbox_state *state)
{
    const char *of = json_string_value(json_object_get(document, "mailbox"));
    json_int_t validity = json_integer_value(json_object_get(document, "uid_validity"));
    json_int_t last = json_integer_value(json_object_get(document, "last_uid"));

    if (json_integer_value(json_object_get(document, "version")) != VERSION) {
        return "it is of another version of this command";
    }
    if (!of || strcmp(of, mailbox) != 0) {
        return "it is about another mailbox";
    }
    if (validity < 1 || validity > 0xffffffffLL || last < 0 || last > 0xffffffffLL) {
        return "a number is missing or out of range";
    }
    state->uid_validity = (apr_uint32_t)validity;
    state->last_uid = (apr_uint32_t)last;
    return NULL;
}

const char *cli_mailbox_state_read(const char *text, apr_size_t len, const char *mailbox,
                                   cli_mailbox_state *state)
{
    json_t *document = json_loadb(text, len, 0, NULL);
    const char *error = document ? use(document, mailbox, state) : "it is not valid JSON";

    json_decref(document);
    return error;
}

const char *cli_mailbox_state_load(apr_pool_t *p, const char *state_dir, const char *mailbox,
                                   cli_mailbox_state *state)
{
    const char *file = file_of(p, state_dir, mailbox), *error;
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[FILE_MAX];
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
    int number = errno;

    memset(state, 0, sizeof(*state));
    if (fd >= 0) {
        close(fd);
    }
    if (len < 0 && fd < 0 && number == ENOENT) {
        return NULL;
    }
    error =
        len < 0 ? strerror(number) : cli_mailbox_state_read(text, (apr_size_t)len, mailbox, state);
    return error ? apr_psprintf(p, "%s cannot be used: %s", file, error) : NULL;
}

/* --- writing --- */

static char *render(const char *mailbox, const cli_mailbox_state *state)
{
    json_t *document =
        json_pack("{s:i, s:s, s:I, s:I}", "version", VERSION, "mailbox", mailbox, "uid_validity",
                  (json_int_t)state->uid_validity, "last_uid", (json_int_t)state->last_uid);
    char *text = json_dumps(document, JSON_COMPACT);

    json_decref(document);
    if (!text) {
        abort();
    }
    return text;
}

/* A text this short is written with a single call, unless the disk is full. */
static int fill(int fd, const char *text)
{
    size_t len = strlen(text);
    ssize_t written;

    errno = ENOSPC;
    written = write(fd, text, len);
    return written == (ssize_t)len ? fsync(fd) : -1;
}

static int replace(const char *file, char *temporary, const char *text)
{
    int fd = mkostemp(temporary, O_CLOEXEC), failed, error;

    if (fd < 0) {
        return errno;
    }
    failed = fill(fd, text) != 0 || rename(temporary, file) != 0;
    error = errno;
    close(fd);
    if (failed) {
        unlink(temporary);
    }
    return failed ? error : 0;
}

const char *cli_mailbox_state_save(apr_pool_t *p, const char *state_dir, const char *mailbox,
                                   const cli_mailbox_state *state)
{
    const char *file = file_of(p, state_dir, mailbox);
    char *temporary = apr_pstrcat(p, state_dir, "/tmp/imap-XXXXXX", NULL);
    char *text = render(mailbox, state);
    int error = replace(file, temporary, text);

    free(text);
    return error ? apr_psprintf(p, "%s cannot be written: %s", file, strerror(error)) : NULL;
}

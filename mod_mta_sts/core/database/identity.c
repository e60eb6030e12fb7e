/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_escape.h>
#include <apr_general.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#define RANDOM_BYTES 16
#define DIGITS (2 * RANDOM_BYTES)

static const char *explain(apr_pool_t *p, const char *path, const char *what)
{
    return apr_psprintf(p, "%s cannot be %s: %s", path, what, strerror(errno));
}

static const char *path_of(apr_pool_t *p, const char *state_dir)
{
    return apr_pstrcat(p, state_dir, "/" MTA_STS_IDENTITY_FILE, NULL);
}

const char *mta_sts_identity_read(apr_pool_t *p, const char *state_dir)
{
    const char *path = path_of(p, state_dir);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[DIGITS + 1] = "";
    ssize_t len = fd < 0 ? 0 : read(fd, text, DIGITS);

    if (fd >= 0) {
        close(fd);
    }
    return len == DIGITS && strspn(text, "0123456789abcdef") == DIGITS ? apr_pstrdup(p, text)
                                                                       : NULL;
}

/* Writes the identity to a file with a unique name. */
static int write_fresh(apr_pool_t *p, const char *path, const char *identity, char **fresh)
{
    int fd, is_written;

    *fresh = apr_pstrcat(p, path, ".XXXXXX", NULL);
    fd = mkostemp(*fresh, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return 0;
    }
    is_written = write(fd, identity, DIGITS) == DIGITS && fsync(fd) == 0;
    close(fd);
    return is_written;
}

/* Links the new file to its final name, so that it appears complete or not at all. If several
 * processes create an identity at the same time, the first one wins, and the others find its file.
 * The file is renamed, and so may replace another one, only if the existing one is damaged or the
 * file system has no hard links. */
static int add(apr_pool_t *p, const char *fresh, const char *path, const char *state_dir)
{
    return link(fresh, path) == 0 ||
           (errno == EEXIST && mta_sts_identity_read(p, state_dir) != NULL) ||
           rename(fresh, path) == 0;
}

static int replace(apr_pool_t *p, const char *fresh, const char *path, const char *state_dir)
{
    (void)p;
    (void)state_dir;
    return rename(fresh, path) == 0;
}

typedef int place(apr_pool_t *p, const char *fresh, const char *path, const char *state_dir);

static const char *make_identity(apr_pool_t *p, const char *state_dir, place *put,
                                 const char **identity)
{
    const char *path = path_of(p, state_dir), *error = NULL;
    unsigned char bytes[RANDOM_BYTES];
    char *fresh;

    if (apr_generate_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS) {
        return "no random numbers are available";
    }
    *identity = apr_pescape_hex(p, bytes, sizeof(bytes), 0);
    if (!write_fresh(p, path, *identity, &fresh) || !put(p, fresh, path, state_dir)) {
        error = explain(p, path, "written");
    }
    unlink(fresh);
    *identity = error ? NULL : mta_sts_identity_read(p, state_dir);
    return error || *identity ? error : explain(p, path, "read");
}

const char *mta_sts_identity_find(apr_pool_t *p, const char *state_dir, const char **identity)
{
    *identity = mta_sts_identity_read(p, state_dir);
    return *identity ? NULL : make_identity(p, state_dir, add, identity);
}

const char *mta_sts_identity_renew(apr_pool_t *p, const char *state_dir, const char **identity)
{
    return make_identity(p, state_dir, replace, identity);
}

const char *mta_sts_identity_host(apr_pool_t *p)
{
    char name[APRMAXHOSTLEN + 1];

    return apr_gethostname(name, sizeof(name), p) == APR_SUCCESS ? apr_pstrdup(p, name)
                                                                 : "localhost";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char text[DIGITS + 1] = "";
    ssize_t len = fd < 0 ? 0 : read(fd, text, DIGITS);

    if (fd >= 0) {
        close(fd);
    }
    return len == DIGITS && strspn(text, "0123456789abcdef") == DIGITS ? apr_pstrdup(p, text)
                                                                       : NULL;
}

/* The file appears complete, or not at all. */
static const char *write_identity(apr_pool_t *p, const char *path, const char *identity)
{
    const char *fresh = apr_pstrcat(p, path, ".new", NULL);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int is_written = fd >= 0 && write(fd, identity, DIGITS) == DIGITS && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    if (!is_written || rename(fresh, path) != 0) {
        return explain(p, path, "written");
    }
    return NULL;
}

const char *mta_sts_identity_find(apr_pool_t *p, const char *state_dir, const char **identity)
{
    *identity = mta_sts_identity_read(p, state_dir);
    return *identity ? NULL : mta_sts_identity_renew(p, state_dir, identity);
}

const char *mta_sts_identity_renew(apr_pool_t *p, const char *state_dir, const char **identity)
{
    unsigned char bytes[RANDOM_BYTES];

    if (apr_generate_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS) {
        return "no random numbers are available";
    }
    *identity = apr_pescape_hex(p, bytes, sizeof(bytes), 0);
    return write_identity(p, path_of(p, state_dir), *identity);
}

const char *mta_sts_identity_host(apr_pool_t *p)
{
    char name[APRMAXHOSTLEN + 1];

    return apr_gethostname(name, sizeof(name), p) == APR_SUCCESS ? apr_pstrdup(p, name)
                                                                 : "localhost";
}

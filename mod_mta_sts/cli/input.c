/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/policy_text.h"

const char *cli_read_policy(apr_pool_t *p, const char *name, const char *path, apr_size_t *len)
{
    int from_stdin = !path || strcmp(path, "-") == 0;
    const apr_size_t room = MTA_STS_POLICY_READ_MAX + 1;
    char *text = apr_palloc(p, room);
    FILE *file = from_stdin ? stdin : fopen(path, "rb");
    int failed;

    if (!file) {
        fprintf(stderr, "mta-sts %s: %s: %s\n", name, path, strerror(errno));
        return NULL;
    }
    *len = fread(text, 1, room, file);
    failed = ferror(file);
    if (failed) {
        fprintf(stderr, "mta-sts %s: %s: %s\n", name, from_stdin ? "standard input" : path,
                strerror(errno));
    }
    if (!from_stdin) {
        fclose(file);
    }
    return failed ? NULL : text;
}

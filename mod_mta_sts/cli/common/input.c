/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/policy/text.h"

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

static void print_errors(const char *name, const char *path, const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (finding->severity == MTA_STS_ERROR) {
            fprintf(stderr, "mta-sts %s: %s: line %d: %s [%s]\n", name, path, finding->line,
                    finding->message, finding->id);
        }
    }
}

const mta_sts_policy *cli_read_valid_policy(apr_pool_t *p, const char *name, const char *path)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    apr_size_t len;
    const char *text = cli_read_policy(p, name, path, &len);
    const mta_sts_policy *policy;

    if (!text) {
        return NULL;
    }
    policy = mta_sts_policy_text_read(p, text, len, findings);
    print_errors(name, path, findings);
    return mta_sts_findings_count(findings, MTA_STS_ERROR) ? NULL : policy;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/layout.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tlsrpt/spool/directory.h"

const char *const tlsrpt_spool_areas[TLSRPT_AREAS] = {"reports", "quarantine"};

int tlsrpt_spool_is_digest(const char *name)
{
    return strspn(name, "0123456789abcdef") == TLSRPT_DIGEST_LENGTH &&
           name[TLSRPT_DIGEST_LENGTH] == '\0';
}

int tlsrpt_spool_directory_of(const char *digest)
{
    static const char digits[] = "0123456789abcdef";

    return (int)(16 * (strchr(digits, digest[0]) - digits) + (strchr(digits, digest[1]) - digits));
}

const char *tlsrpt_spool_path(const tlsrpt_spool *spool, tlsrpt_area area, const char *digest,
                              apr_pool_t *p)
{
    return apr_psprintf(p, "%s/%s/%.2s/%s", spool->state_dir, tlsrpt_spool_areas[area], digest,
                        digest);
}

int tlsrpt_spool_open_area(const tlsrpt_spool *spool, tlsrpt_area area, int make,
                           mta_sts_findings *findings)
{
    tlsrpt_directory_rules rules = {geteuid(), getegid(), make};
    const char *name = tlsrpt_spool_areas[area];
    const char *path = apr_pstrcat(findings->pool, spool->state_dir, "/", name, NULL);
    int fd, state = tlsrpt_directory_open_path(spool->state_dir, &rules, findings);

    if (state < 0) {
        return -1;
    }
    fd = tlsrpt_directory_open(state, name, path, &rules, findings);
    close(state);
    return fd;
}

int tlsrpt_spool_open_directory(const tlsrpt_spool *spool, tlsrpt_area area, const char *name,
                                apr_pool_t *ptemp)
{
    tlsrpt_directory_rules rules = {geteuid(), getegid(), 0};
    mta_sts_findings *findings = mta_sts_findings_make(ptemp);
    int fd, parent = tlsrpt_spool_open_area(spool, area, 0, findings);

    if (parent < 0) {
        return -1;
    }
    fd = tlsrpt_directory_open(parent, name, name, &rules, findings);
    close(parent);
    return fd;
}

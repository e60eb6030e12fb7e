/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/foreign.h"

#include <dirent.h>
#include <string.h>

#include "core/base/text.h"
#include "core/database/database.h"
#include "core/hosting/snapshot.h"
#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/scope.h"

/* Begins the names of files that a state directory has, and others hardly. */
static int is_of_state(const char *name)
{
    static const char *const beginnings[] = {"reports",
                                             "quarantine",
                                             "limits.json",
                                             MTA_STS_DATABASE_FILE,
                                             MTA_STS_SNAPSHOT_FILE,
                                             TLSRPT_SCOPE_FILE,
                                             TLSRPT_SPOOL_DATE};
    apr_size_t i;
    int is = 0;

    for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        is |= strncmp(name, beginnings[i], strlen(beginnings[i])) == 0;
    }
    return is;
}

/* Where a file system is mounted, what every directory may have, and what `mta-sts watch` makes in
 * an empty one, and in its own directory. */
static int is_of_any(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "tmp") == 0 ||
           strcmp(name, "lost+found") == 0 ||
           strncmp(name, TLSRPT_FOREIGN_WATCH, strlen(TLSRPT_FOREIGN_WATCH)) == 0;
}

const char *tlsrpt_foreign_file(apr_pool_t *p, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    const char *other = NULL;
    int is_one = 0;

    while (dir && !is_one && (entry = readdir(dir)) != NULL) {
        is_one = is_of_state(entry->d_name);
        if (!other && !is_of_any(entry->d_name)) {
            other = mta_sts_text_quote(p, entry->d_name, strlen(entry->d_name));
        }
    }
    if (dir) {
        closedir(dir);
    }
    return is_one ? NULL : other;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/state_dir.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/owner.h"
#include "core/base/text.h"
#include "core/database/database.h"
#include "core/hosting/snapshot.h"
#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/scope.h"

const char *cli_state_dir_find(const char *value)
{
    const char *environment = getenv("MTA_STS_STATE_DIR");

    return value ? value : environment && *environment ? environment : CLI_STATE_DIR_DEFAULT;
}

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
 * an empty one. */
static int is_of_any(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "tmp") == 0 ||
           strcmp(name, "lost+found") == 0 || strcmp(name, CLI_STATE_DIR_WATCH) == 0;
}

/* Why nothing must be created here, or NULL: there are other files, and none of a state directory.
 */
static const char *why_not_a_state_dir(apr_pool_t *p, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    const char *other = NULL;
    int is_one = 0;

    while (dir && !is_one && (entry = readdir(dir)) != NULL) {
        is_one = is_of_state(entry->d_name);
        other = is_of_any(entry->d_name) ? other : apr_pstrdup(p, entry->d_name);
    }
    if (dir) {
        closedir(dir);
    }
    return is_one || !other
               ? NULL
               : apr_psprintf(p,
                              "%s is not a state directory: it contains %s and other files, but no "
                              "reports; specify MTASTSStateDir with --state-dir",
                              path, mta_sts_text_quote(p, other, strlen(other)));
}

const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir)
{
    const char *error = mta_sts_owner_become(p, dir);

    return error ? error : why_not_a_state_dir(p, dir);
}

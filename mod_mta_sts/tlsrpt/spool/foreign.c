/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/foreign.h"

#include <dirent.h>
#include <string.h>

#include "core/base/text.h"
#include "core/database/database.h"
#include "core/database/identity.h"
#include "core/hosting/snapshot.h"
#include "tlsrpt/spool/layout.h"
#include "tlsrpt/spool/scope.h"

/* Whether a file records what `mta-sts import` has read from a mailbox. */
static int is_of_mailbox(const char *name)
{
    const char *end = strrchr(name, '.');

    return strncmp(name, "imap-", 5) == 0 && end && strcmp(end, ".json") == 0;
}

/* Whether a file name is typical of state directories. The identity file is compared by its whole
 * name, because /etc contains a machine-id. */
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
    int is = is_of_mailbox(name) || strcmp(name, MTA_STS_IDENTITY_FILE) == 0;

    for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        is |= strncmp(name, beginnings[i], strlen(beginnings[i])) == 0;
    }
    return is;
}

/* Whether a file may be in an otherwise empty directory: in the root of a file system, in a
 * checkout, or where `mta-sts watch` or a lock came first. Other hidden files indicate a home
 * directory. */
static int is_of_any(const char *name)
{
    static const char *const names[] = {".",          "..",         "tmp",          "lost+found",
                                        ".snapshot",  ".snapshots", ".zfs",         ".gitkeep",
                                        ".gitignore", ".keep",      ".mta-sts.lock"};
    apr_size_t i;
    int is = strncmp(name, TLSRPT_FOREIGN_WATCH, strlen(TLSRPT_FOREIGN_WATCH)) == 0 ||
             strncmp(name, ".nfs", 4) == 0; /* a deleted file that is still open */

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        is |= strcmp(name, names[i]) == 0;
    }
    return is;
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

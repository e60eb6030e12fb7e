/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/internal.h"

#include <string.h>
#include <sys/statvfs.h>

#include <apr_strings.h>

#include "core/database/conninfo.h"

#define TEXT_MAX 300
#define IS_DAMAGED "is damaged"
#define IS_OUT_OF_ROOM "cannot grow: the disk is full"
#define IS_LOCKED "is locked by another process"

/* What to do about a damaged file: reports are in the spool, too; hosted domains are in the
 * database from which the file is derived. */
#define REBUILT "mta-sts reindex moves it away and rebuilds it from the reports"
#define BUILT_AGAIN                                                                                \
    "a running httpd builds it again from the database within seconds; if that does not help, "    \
    "delete the file, and see httpd's error log"

#define IS_LATE "does not answer in time"
#define LATE_FIX ": check its server, what it is busy with, and the network to it"

#define LOCK_TIMEOUT "lock timeout" /* part of PostgreSQL's error text */

#define CODE_BUSY 5
#define CODE_IO 10
#define CODE_DAMAGED 11
#define CODE_FULL 13
#define CODE_NOT_OPENED 14
#define CODE_FOREIGN 26

/* In bytes: a file system with less free space counts as full, because SQLite needs a few pages for
 * each change. */
#define ROOM_MIN (32 * 1024)

/* Result codes of SQLite (sqlite.org/rescode.html), which its driver passes on. */
typedef struct sqlite_trouble {
    int code;
    const char *what, *next;
} sqlite_trouble;

static const sqlite_trouble sqlite_troubles[] = {
    {CODE_BUSY, IS_LOCKED,
     "the operation is retried; fuser -v on the file shows which process has it open"},
    {6, IS_LOCKED,
     "the operation is retried; fuser -v on the file shows which process has it open"},
    {8, "cannot be written to",
     "check whether the disk is mounted read-only, and who owns the file and its directory"},
    {CODE_IO, "cannot be read or written: the disk reports an error",
     "see the kernel's messages (journalctl -k)"},
    {CODE_DAMAGED, IS_DAMAGED, REBUILT},
    {CODE_FULL, IS_OUT_OF_ROOM, "free space on its file system; df shows which one that is"},
    {CODE_NOT_OPENED, "cannot be opened", "check that its directory exists, and who owns it"},
    {CODE_FOREIGN, IS_DAMAGED ", or not an SQLite database", REBUILT},
};

static const sqlite_trouble *find_trouble(int code)
{
    apr_size_t i;

    for (i = 0; i < sizeof(sqlite_troubles) / sizeof(sqlite_troubles[0]); i++) {
        if (sqlite_troubles[i].code == (code & 0xff)) {
            return &sqlite_troubles[i];
        }
    }
    return NULL;
}

/* A change to WAL mode while others read, and a prepared statement, fail with a different code, but
 * with the texts of these errors. */
static const sqlite_trouble *find_by_text(const char *text)
{
    if (strcmp(text, "database is locked") == 0) {
        return find_trouble(CODE_BUSY);
    }
    return strcmp(text, "database or disk is full") == 0 ? find_trouble(CODE_FULL) : NULL;
}

/* On a full disk, SQLite also fails to create or extend its files beside the database, and then
 * reports that they cannot be opened or written. */
static int may_be_full(const sqlite_trouble *trouble)
{
    return !trouble || trouble->code == CODE_IO || trouble->code == CODE_NOT_OPENED;
}

static int is_disk_full(const char *file)
{
    struct statvfs info;

    return file && statvfs(file, &info) == 0 &&
           (info.f_favail == 0 || info.f_bavail * info.f_frsize < ROOM_MIN);
}

static const char *next_step(const mta_sts_database *db, const sqlite_trouble *trouble)
{
    int is_damage = trouble->code == CODE_DAMAGED || trouble->code == CODE_FOREIGN;

    return is_damage && db->use != MTA_STS_DATABASE_WITH_SCHEMA ? BUILT_AGAIN : trouble->next;
}

static int has_secret(const char *text, const mta_sts_conninfo *conninfo)
{
    int i;

    for (i = 0; conninfo && i < conninfo->secrets->nelts; i++) {
        const char *secret = APR_ARRAY_IDX(conninfo->secrets, i, const char *);

        if (*secret && strstr(text, secret)) {
            return 1;
        }
    }
    return 0;
}

const char *mta_sts_database_sanitize(apr_pool_t *p, const char *text,
                                      const mta_sts_conninfo *conninfo)
{
    char *clean, *out;

    if (!text || !*text) {
        return "no reason given";
    }
    if (has_secret(text, conninfo)) {
        return "the reason is not shown because it contains a password";
    }
    clean = out = apr_pstrndup(p, text, TEXT_MAX);
    for (text = clean; *text; text++) {
        char c = *text > ' ' && *text < 0x7f ? *text : *text == '\n' || *text == '\t' ? ' ' : *text;

        if (c < ' ' || c == 0x7f) {
            c = '?';
        }
        if (c != ' ' || (out > clean && out[-1] != ' ')) {
            *out++ = c;
        }
    }
    while (out > clean && (out[-1] == ' ' || out[-1] == '.')) {
        out--;
    }
    *out = '\0';
    return clean;
}

const char *mta_sts_database_error(mta_sts_database *db, const char *doing, int code)
{
    const sqlite_trouble *trouble = db->is_sqlite ? find_trouble(code) : NULL;
    const char *text;

    if (db->is_sqlite && !trouble) {
        trouble = find_by_text(apr_dbd_error(db->driver, db->handle, code));
    }
    if (db->is_sqlite && may_be_full(trouble) && is_disk_full(db->file)) {
        trouble = find_trouble(CODE_FULL);
    }
    if (trouble) {
        apr_snprintf(db->error, sizeof(db->error), "%s %s: %s", db->name, trouble->what,
                     next_step(db, trouble));
        return db->error;
    }
    if (db->is_late) {
        apr_snprintf(db->error, sizeof(db->error), "%s " IS_LATE LATE_FIX, db->name);
        return db->error;
    }
    text = mta_sts_database_sanitize(db->scratch, apr_dbd_error(db->driver, db->handle, code),
                                     db->conninfo);
    apr_snprintf(db->error, sizeof(db->error), "cannot %s %s: %s%s", doing, db->name, text,
                 strstr(text, LOCK_TIMEOUT)
                     ? ": another process is writing to it or upgrading its tables: try again when "
                       "that is finished"
                     : "");
    return db->error;
}

int mta_sts_database_is_locked(const char *error)
{
    return strstr(error, IS_LOCKED) || strstr(error, LOCK_TIMEOUT);
}

int mta_sts_database_is_late(const char *error)
{
    return strstr(error, IS_LATE) != NULL;
}

int mta_sts_database_is_damaged(const char *error)
{
    return strstr(error, IS_DAMAGED) != NULL;
}

int mta_sts_database_is_out_of_room(const char *error)
{
    return strstr(error, IS_OUT_OF_ROOM) != NULL;
}

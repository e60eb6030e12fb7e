/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/common/state_dir.h"
#include "core/database/database.h"
#include "core/database/machine.h"

/* SQLite's file in the state directory. */
static const char *find_file(apr_pool_t *p, const char *state_dir)
{
    const char *dir = cli_state_dir_find(state_dir);
    char *real = realpath(dir, NULL);
    const char *file = apr_pstrcat(p, real ? real : dir, "/" MTA_STS_DATABASE_FILE, NULL);

    free(real);
    return file;
}

const char *cli_database_find(apr_pool_t *p, const char *value, const char *state_dir,
                              cli_database *database)
{
    const char *text = value ? value : MTA_STS_DATABASE_SQLITE;
    apr_size_t len = strcspn(text, " ");

    database->driver = apr_pstrmemdup(p, text, len);
    database->where = text + len + strspn(text + len, " ");
    if (!*database->where && strcmp(database->driver, MTA_STS_DATABASE_SQLITE) == 0) {
        database->where = find_file(p, state_dir);
    }
    return mta_sts_database_validate(p, database->driver, database->where);
}

static int is_file(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* Whether a file of SQLite is missing, so that opening it would create it. */
static int is_missing(const cli_database *which)
{
    struct stat info;

    return strcmp(which->driver, MTA_STS_DATABASE_SQLITE) == 0 && lstat(which->where, &info) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

static const char *report_missing(apr_pool_t *p, const cli_database *which)
{
    return is_missing(which)
               ? apr_psprintf(p,
                              "there is no database %s: check the path; httpd creates it when it "
                              "starts with this MTASTSDatabase",
                              which->where)
               : NULL;
}

static const char *check_named_dir(apr_pool_t *p, const char *state_dir)
{
    const char *dir = cli_state_dir_find(state_dir);
    struct stat info;

    return cli_state_dir_is_named(state_dir) && lstat(dir, &info) != 0
               ? apr_psprintf(p,
                              "the state directory %s: %s: check the path; httpd creates it when "
                              "it starts with this MTASTSStateDir",
                              dir, strerror(errno))
               : cli_state_dir_check(p, dir);
}

const char *cli_database_check(apr_pool_t *p, const char *value, const char *state_dir)
{
    cli_database which;
    const char *error = check_named_dir(p, state_dir);

    if (error || !value) {
        return error;
    }
    error = cli_database_find(p, value, state_dir, &which);
    return error ? error : report_missing(p, &which);
}

static const char *open_found(apr_pool_t *p, const cli_database *which, const char *state_dir,
                              mta_sts_database **db)
{
    const char *error = mta_sts_database_init(p);

    error = error ? error : mta_sts_database_open(p, which->driver, which->where, db);
    return error ? error : mta_sts_machine_find(*db, cli_state_dir_find(state_dir), p);
}

const char *cli_database_open(apr_pool_t *p, const char *value, const char *state_dir,
                              mta_sts_database **db)
{
    cli_database which;
    const char *error = cli_database_find(p, value, state_dir, &which);

    *db = NULL;
    if (error || (!value && !is_file(which.where))) {
        return error;
    }
    error = report_missing(p, &which);
    return error ? error : open_found(p, &which, state_dir, db);
}

const char *cli_database_make(apr_pool_t *p, const char *value, const char *state_dir,
                              mta_sts_database **db)
{
    cli_database which;
    const char *error = value ? cli_database_find(p, value, state_dir, &which) : NULL;

    *db = NULL;
    if (!value) {
        return cli_database_open(p, value, state_dir, db);
    }
    return error ? error : open_found(p, &which, state_dir, db);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_THINGS_FIXTURE_H
#define TESTS_UNIT_THINGS_FIXTURE_H

#include "database_fixture.h"

#include "findings_fixture.h"

/* A database with a table of things, its contents as text, and the text of an error. */

#define TABLE "CREATE TABLE things (number BIGINT, text TEXT)"
#define INSERT "INSERT INTO things (number, text) VALUES (%lld, %s)"

/* The rows of a statement as text: "1|one,2|NULL". */
typedef struct rows_text {
    apr_pool_t *p;
    int columns;
    const char *rows;
} rows_text;

static inline int append_row(void *baton, const char *const *columns)
{
    rows_text *all = baton;
    int i;

    for (i = 0; i < all->columns; i++) {
        all->rows = apr_pstrcat(all->p, all->rows,
                                i            ? "|"
                                : *all->rows ? ","
                                             : "",
                                columns[i] ? columns[i] : "NULL", NULL);
    }
    return 1;
}

static inline const char *things(database_test *test, mta_sts_database *db)
{
    rows_text all = {test->p, 2, ""};

    assert_done(mta_sts_database_rows(db, "SELECT number, text FROM things ORDER BY number, text",
                                      append_row, &all));
    return all.rows;
}

static inline mta_sts_database *open_with_table(database_test *test)
{
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_database_run(db, TABLE));
    return db;
}

static inline const char *open_error(database_test *test)
{
    mta_sts_database *db;
    const char *error = mta_sts_database_open(test->p, test->driver, test->where, &db);

    assert_non_null(error);
    assert_null(db);
    assert_true(is_printable(error));
    return error;
}

#define assert_contains_text(error, part)                                                          \
    do {                                                                                           \
        const char *error_text = (error);                                                          \
        if (!error_text || !strstr(error_text, part)) {                                            \
            fail_msg("\"%s\" does not contain \"%s\"", error_text ? error_text : "NULL", part);    \
        }                                                                                          \
    } while (0)

#endif

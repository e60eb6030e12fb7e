/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include "core/database/identity.h"
#include "core/database/machine.h"

static const char *directory(database_test *test, const char *name)
{
    const char *made = apr_pstrcat(test->p, test->directory, "/", name, NULL);

    assert_int_equal(mkdir(made, 0700), 0);
    return made;
}

/* The name in a new connection, as another process has it. */
static const char *found(database_test *test, const char *state_dir)
{
    mta_sts_database *db = database_open(test);

    const char *host;

    assert_done(mta_sts_machine_find(db, state_dir, test->p));
    host = apr_pstrdup(test->p, mta_sts_database_host(db));
    mta_sts_database_close(db);
    return host;
}

static const char *joined(database_test *test, const char *state_dir)
{
    mta_sts_database *db = database_open(test);

    const char *host;

    assert_done(mta_sts_machine_join(db, state_dir, test->p));
    host = apr_pstrdup(test->p, mta_sts_database_host(db));
    mta_sts_database_close(db);
    assert_string_equal(found(test, state_dir), host);
    return host;
}

static void machines_of_one_host_name_have_names_of_their_own_and_keep_them(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p);
    const char *a = directory(test, "a"), *b = directory(test, "b"), *c = directory(test, "c");

    assert_string_equal(found(test, a), host);
    assert_string_equal(joined(test, a), host);
    assert_string_equal(joined(test, b), apr_psprintf(test->p, "%s (2)", host));
    assert_string_equal(joined(test, c), apr_psprintf(test->p, "%s (3)", host));
    assert_string_equal(joined(test, a), host);
    assert_string_equal(joined(test, b), apr_psprintf(test->p, "%s (2)", host));
}

/* As a machine that was made from an image of another one. */
static void a_copy_with_another_host_name_gets_an_identity_of_its_own(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p), *a = directory(test, "a"), *identity;
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_identity_find(test->p, a, &identity));
    assert_done(mta_sts_database_run(
        db, "INSERT INTO mta_sts_machine (identity, host) VALUES (%s, %s)", identity, "original"));
    mta_sts_database_close(db);
    assert_string_equal(joined(test, a), host);
    assert_string_not_equal(mta_sts_identity_read(test->p, a), identity);
    assert_string_equal(joined(test, a), host);
}

static void a_machine_whose_state_directory_cannot_be_written_to_does_not_join(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *missing = apr_pstrcat(test->p, test->directory, "/missing", NULL);
    const char *error = mta_sts_machine_join(db, missing, test->p);

    assert_non_null(error);
    assert_non_null(strstr(error, "/missing/machine cannot be written: No such file or directory"));
    assert_done(mta_sts_machine_find(db, missing, test->p));
    assert_string_equal(mta_sts_database_host(db), mta_sts_identity_host(test->p));
}

static void the_file_of_sqlite_belongs_to_one_machine(void **state)
{
    database_test *test = *state;

    assert_string_equal(joined(test, directory(test, "a")), mta_sts_identity_host(test->p));
    assert_string_equal(joined(test, directory(test, "b")), mta_sts_identity_host(test->p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PGSQL_TEST(machines_of_one_host_name_have_names_of_their_own_and_keep_them),
        PGSQL_TEST(a_copy_with_another_host_name_gets_an_identity_of_its_own),
        PGSQL_TEST(a_machine_whose_state_directory_cannot_be_written_to_does_not_join),
        SQLITE_TEST(the_file_of_sqlite_belongs_to_one_machine),
    };

    return RUN_DATABASE_TESTS(tests);
}

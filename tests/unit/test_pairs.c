/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>

#include "core/hosting/pairs.h"
#include "pair_fixture.h"

#define A "mta-sts.a.example"
#define NOW apr_time_from_sec(APR_INT64_C(1780272000)) /* 2026-06-01 */

/* --- directories of pairs --- */

typedef struct machine {
    apr_pool_t *p;
    const char *directory;
    mta_sts_pairs *pairs;
    apr_array_header_t *globs;
    int changes;         /* calls of changed() */
    int changes_of_text; /* those with a text */
    const char *refusal; /* what check() says */
} machine;

static machine begin(void **state)
{
    machine m = {.p = *state};
    char *name = apr_pstrdup(m.p, "/tmp/test_pairs.XXXXXX");

    assert_non_null(mkdtemp(name));
    m.directory = name;
    m.pairs = mta_sts_pairs_make(m.p);
    m.globs = apr_array_make(m.p, 2, sizeof(const char *));
    APR_ARRAY_PUSH(m.globs, const char *) = apr_pstrcat(m.p, name, "/live/*", NULL);
    APR_ARRAY_PUSH(m.globs, const char *) = apr_pstrcat(m.p, name, "/lego/*.crt", NULL);
    mta_sts_pairs_begin(m.pairs, m.p);
    return m;
}

static void end(machine *m)
{
    mta_sts_pairs_begin(m->pairs, m->p);
    mta_sts_pairs_sweep(m->pairs);
    assert_int_equal(system(apr_pstrcat(m->p, "rm -r ", m->directory, NULL)), 0);
}

/* Older than what counts as just written. */
static void write_file(machine *m, const char *name, const char *text)
{
    const char *path = apr_pstrcat(m->p, m->directory, "/", name, NULL);
    apr_file_t *file;

    assert_int_equal(
        apr_dir_make_recursive(apr_pstrmemdup(m->p, path, (apr_size_t)(strrchr(path, '/') - path)),
                               APR_OS_DEFAULT, m->p),
        APR_SUCCESS);
    apr_file_remove(path, m->p);
    assert_int_equal(apr_file_open(&file, path, APR_WRITE | APR_CREATE, APR_OS_DEFAULT, m->p),
                     APR_SUCCESS);
    apr_file_puts(text, file);
    apr_file_close(file);
}

static void write_pair(machine *m, const char *directory, EVP_PKEY *key, const san *names,
                       const char *from, const char *until)
{
    const char *name = apr_pstrcat(m->p, "live/", directory, NULL);

    write_file(m, apr_pstrcat(m->p, name, "/fullchain.pem", NULL),
               pem_of(m->p, make_leaf(m->p, key, names, from, until)));
    write_file(m, apr_pstrcat(m->p, name, "/privkey.pem", NULL), pkcs8_of(m->p, key, NULL));
}

static void write_ec(machine *m, const char *directory, const char *from, const char *until)
{
    write_pair(m, directory, make_key(m->p), one_name, from, until);
}

static const char *check(void *baton, mta_sts_pairs_users users, const mta_sts_pair *pair)
{
    (void)pair;
    (void)users;
    return ((machine *)baton)->refusal;
}

static void changed(void *baton, mta_sts_pairs_slot *slot, const mta_sts_pair_text *text)
{
    machine *m = baton;

    assert_non_null(slot->pair);
    m->changes++;
    m->changes_of_text += text != NULL;
}

static void scan_at(machine *m, mta_sts_pairs_users user, apr_time_t now)
{
    mta_sts_pairs_scan scan = {.globs = m->globs,
                               .user = user,
                               .now = now,
                               .check = check,
                               .changed = changed,
                               .baton = m};

    m->changes = m->changes_of_text = 0;
    mta_sts_pairs_run_scan(m->pairs, &scan, m->p);
}

/* The files are old by then, so that they count as settled. */
static void scan_as(machine *m, mta_sts_pairs_users user)
{
    scan_at(m, user, apr_time_now() + apr_time_from_sec(60));
}

static void scan(machine *m)
{
    mta_sts_pairs_next_round(m->pairs);
    scan_as(m, 1);
}

static const mta_sts_pair *found(machine *m, const char *name, mta_sts_pair_kind kind)
{
    mta_sts_pairs_choice choice;

    mta_sts_pairs_find(m->pairs, name, 1, NOW, &choice);
    return choice.by_kind[kind] ? choice.by_kind[kind]->pair : NULL;
}

static const mta_sts_pair *found_ec(machine *m, const char *name)
{
    return found(m, name, MTA_STS_PAIR_EC);
}

/* The error of the only slot. */
static void keep_error(void *baton, mta_sts_pairs_slot *slot)
{
    *(const char **)baton = slot->error;
}

static const char *error_of(machine *m)
{
    const char *error = NULL;

    mta_sts_pairs_each(m->pairs, keep_error, &error);
    return error;
}

/* --- tests --- */

static void test_pairs_are_found_in_the_forms_of_all_acme_clients(void **state)
{
    static const san b[] = {DNS("mta-sts.b.example"), NAMES_END};
    machine m = begin(state);
    EVP_PKEY *key = make_key(m.p);

    write_ec(&m, "a", NULL, NULL);
    write_file(&m, "live/README", "not a pair");
    write_file(&m, "live/empty/cert.csr", "not yet a pair");
    write_file(&m, "lego/b.crt", pem_of(m.p, make_leaf(m.p, key, b, NULL, NULL)));
    write_file(&m, "lego/b.issuer.crt", "the issuer");
    write_file(&m, "lego/b.key", pkcs8_of(m.p, key, NULL));
    scan(&m);
    assert_int_equal(m.changes, 2);
    assert_null(error_of(&m));
    assert_non_null(found_ec(&m, A));
    assert_non_null(found_ec(&m, "mta-sts.b.example"));
    assert_null(found_ec(&m, "mta-sts.c.example"));
    end(&m);
}

static void test_a_name_may_have_a_pair_of_each_kind_and_each_is_renewed_alone(void **state)
{
    machine m = begin(state);
    const mta_sts_pair *rsa;

    write_ec(&m, "a-ec", NULL, NULL);
    write_pair(&m, "a-rsa", make_key_of(m.p, EVP_PKEY_RSA), one_name, NULL, NULL);
    scan(&m);
    rsa = found(&m, A, MTA_STS_PAIR_RSA);
    assert_non_null(rsa);
    assert_non_null(found_ec(&m, A));
    write_ec(&m, "a-ec", "260501000000Z", "260801000000Z");
    scan(&m);
    assert_int_equal(m.changes, 1);
    assert_ptr_equal(found(&m, A, MTA_STS_PAIR_RSA), rsa);
    assert_int_equal(found_ec(&m, A)->not_before, apr_time_from_sec(APR_INT64_C(1777593600)));
    end(&m);
}

static void test_of_several_pairs_the_newest_that_is_valid_is_used(void **state)
{
    machine m = begin(state);

    write_ec(&m, "1", "260101000000Z", "271231235959Z");
    write_ec(&m, "2", "260301000000Z", "260801000000Z"); /* this one */
    write_ec(&m, "3", "260501000000Z", "260531000000Z"); /* expired */
    write_ec(&m, "4", "260701000000Z", "271231000000Z"); /* not yet valid */
    scan(&m);
    assert_int_equal(found_ec(&m, A)->not_before, apr_time_from_sec(APR_INT64_C(1772323200)));
    end(&m);
}

static void test_a_pair_that_is_not_valid_is_used_only_if_no_kind_has_a_valid_one(void **state)
{
    machine m = begin(state);

    write_pair(&m, "rsa", make_key_of(m.p, EVP_PKEY_RSA), one_name, "260101000000Z",
               "260501000000Z");
    scan(&m);
    assert_non_null(found(&m, A, MTA_STS_PAIR_RSA));
    write_ec(&m, "ec", "260501000000Z", "260801000000Z");
    scan(&m);
    assert_null(found(&m, A, MTA_STS_PAIR_RSA));
    assert_non_null(found_ec(&m, A));
    end(&m);
}

static void test_wildcards_cover_one_label(void **state)
{
    static const san names[] = {DNS("*.a.example"), NAMES_END};
    static const san dotted[] = {DNS("."), DNS("*."), DNS("*"), NAMES_END};
    machine m = begin(state);

    write_pair(&m, "a", make_key(m.p), names, NULL, NULL);
    write_pair(&m, "b", make_key(m.p), dotted, NULL, NULL);
    scan(&m);
    assert_non_null(found_ec(&m, A));
    assert_null(found_ec(&m, "mta-sts.b.a.example"));
    assert_null(found_ec(&m, "a.example"));
    assert_null(found_ec(&m, ".a.example"));
    assert_null(found_ec(&m, ""));
    assert_null(found_ec(&m, "mta-sts."));
    end(&m);
}

static void test_what_has_not_changed_is_not_read_again_even_after_a_restart(void **state)
{
    machine m = begin(state);
    const mta_sts_pair *before;

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    before = found_ec(&m, A);
    scan(&m);
    assert_int_equal(m.changes, 0);
    assert_ptr_equal(found_ec(&m, A), before);
    mta_sts_pairs_begin(m.pairs, m.p);
    assert_null(found_ec(&m, A));
    scan_as(&m, 1);
    assert_int_equal(m.changes_of_text, 0);
    assert_ptr_equal(found_ec(&m, A), before);
    end(&m);
}

static void test_a_broken_renewal_leaves_the_old_pair_until_it_is_complete(void **state)
{
    machine m = begin(state);
    EVP_PKEY *key = make_key(m.p);
    const mta_sts_pair *before;

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    before = found_ec(&m, A);
    write_file(&m, "live/a/fullchain.pem", pem_of(m.p, make_leaf(m.p, key, one_name, NULL, NULL)));
    scan(&m);
    assert_non_null(strstr(error_of(&m), "does not belong"));
    assert_ptr_equal(found_ec(&m, A), before);
    mta_sts_pairs_begin(m.pairs, m.p); /* a graceful restart in between */
    scan_as(&m, 1);
    assert_non_null(strstr(error_of(&m), "does not belong"));
    assert_ptr_equal(found_ec(&m, A), before);
    write_file(&m, "live/a/privkey.pem", pkcs8_of(m.p, key, NULL));
    scan(&m);
    assert_null(error_of(&m));
    assert_int_equal(m.changes_of_text, 1);
    assert_non_null(found_ec(&m, A));
    end(&m);
}

static void test_a_renewal_that_is_just_being_written_is_no_error_yet(void **state)
{
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    write_file(&m, "live/a/privkey.pem", pkcs8_of(m.p, make_key(m.p), NULL));
    mta_sts_pairs_next_round(m.pairs);
    scan_at(&m, 1, apr_time_now());
    assert_null(error_of(&m));
    assert_non_null(found_ec(&m, A));
    scan(&m);
    assert_non_null(strstr(error_of(&m), "does not belong"));
    assert_int_equal(system(apr_pstrcat(m.p, "rm ", m.directory, "/live/a/privkey.pem", NULL)), 0);
    scan(&m);
    assert_non_null(strstr(error_of(&m), "No such file"));
    end(&m);
}

static void test_a_broken_pair_concerns_only_its_names(void **state)
{
    static const san b[] = {DNS("mta-sts.b.example"), NAMES_END};
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    write_pair(&m, "b", make_key(m.p), b, NULL, NULL);
    write_file(&m, "live/b/privkey.pem", "nonsense");
    scan(&m);
    assert_non_null(found_ec(&m, A));
    assert_null(found_ec(&m, "mta-sts.b.example"));
    end(&m);
}

static void test_files_that_cannot_be_read_are_named(void **state)
{
    machine m = begin(state);

    write_file(&m, "live/a/fullchain.pem", "");
    scan(&m);
    assert_non_null(strstr(error_of(&m), "/live/a/privkey.pem cannot be read: No such file"));
    assert_int_equal(mkfifo(apr_pstrcat(m.p, m.directory, "/live/a/privkey.pem", NULL), 0600), 0);
    scan(&m);
    assert_non_null(strstr(error_of(&m), "/live/a/privkey.pem is not a file"));
    end(&m);
}

static void test_a_pair_that_the_caller_refuses_is_not_used(void **state)
{
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    m.refusal = "too weak";
    scan(&m);
    assert_string_equal(error_of(&m), "too weak");
    assert_null(found_ec(&m, A));
    end(&m);
}

static void test_what_the_caller_refuses_is_decided_again_after_a_restart(void **state)
{
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    m.refusal = "too weak";
    scan(&m);
    m.refusal = NULL;
    mta_sts_pairs_begin(m.pairs, m.p);
    scan_as(&m, 1);
    assert_false(mta_sts_pairs_check_again(m.pairs, check, &m));
    assert_null(error_of(&m));
    assert_non_null(found_ec(&m, A));
    m.refusal = "too weak";
    mta_sts_pairs_begin(m.pairs, m.p);
    scan_as(&m, 1);
    assert_non_null(found_ec(&m, A)); /* it was not read again */
    assert_true(mta_sts_pairs_check_again(m.pairs, check, &m));
    assert_string_equal(error_of(&m), "too weak");
    assert_null(found_ec(&m, A));
    m.refusal = NULL;
    scan(&m);
    assert_non_null(found_ec(&m, A));
    end(&m);
}

static void test_a_renewed_pair_may_have_other_names(void **state)
{
    static const san other[] = {DNS("mta-sts.b.example"), DNS("mta-sts.c.example"), NAMES_END};
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    write_pair(&m, "a", make_key(m.p), other, NULL, NULL);
    scan(&m);
    assert_null(found_ec(&m, A));
    assert_non_null(found_ec(&m, "mta-sts.b.example"));
    assert_ptr_equal(found_ec(&m, "mta-sts.b.example"), found_ec(&m, "mta-sts.c.example"));
    end(&m);
}

static void test_a_removed_pair_is_used_until_the_restart_and_then_freed(void **state)
{
    machine m = begin(state);

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    assert_int_equal(system(apr_pstrcat(m.p, "rm -r ", m.directory, "/live/a", NULL)), 0);
    scan(&m);
    assert_non_null(found_ec(&m, A));
    mta_sts_pairs_begin(m.pairs, m.p);
    scan_as(&m, 1);
    mta_sts_pairs_sweep(m.pairs);
    assert_null(found_ec(&m, A));
    end(&m);
}

static void test_users_share_the_pairs_that_both_have_and_see_no_others(void **state)
{
    static const san b[] = {DNS("mta-sts.b.example"), NAMES_END};
    machine m = begin(state);
    mta_sts_pairs_choice one, two;

    write_ec(&m, "a", NULL, NULL);
    write_pair(&m, "b", make_key(m.p), b, NULL, NULL);
    scan(&m);
    APR_ARRAY_IDX(m.globs, 0, const char *) = apr_pstrcat(m.p, m.directory, "/live/a", NULL);
    scan_as(&m, 2);
    assert_int_equal(m.changes, 1);
    assert_int_equal(m.changes_of_text, 0);
    assert_true(mta_sts_pairs_find(m.pairs, A, 1, NOW, &one));
    assert_true(mta_sts_pairs_find(m.pairs, A, 2, NOW, &two));
    assert_ptr_equal(one.by_kind[MTA_STS_PAIR_EC], two.by_kind[MTA_STS_PAIR_EC]);
    assert_true(mta_sts_pairs_find(m.pairs, "mta-sts.b.example", 1, NOW, &one));
    assert_false(mta_sts_pairs_find(m.pairs, "mta-sts.b.example", 2, NOW, &two));
    end(&m);
}

static void test_a_pair_of_another_process_replaces_the_one_of_its_file(void **state)
{
    machine m = begin(state);
    EVP_PKEY *key = make_key(m.p);
    const char *path = apr_pstrcat(m.p, m.directory, "/live/a/fullchain.pem", NULL);
    mta_sts_pair_text text =
        text_of(pem_of(m.p, make_leaf(m.p, key, one_name, "260501000000Z", "260801000000Z")),
                pkcs8_of(m.p, key, NULL));

    write_ec(&m, "a", NULL, NULL);
    scan(&m);
    mta_sts_pairs_put(m.pairs, path, 1, &text, m.p);
    assert_int_equal(found_ec(&m, A)->not_before, apr_time_from_sec(APR_INT64_C(1777593600)));
    mta_sts_pairs_put(m.pairs, path, 2, NULL, m.p);
    mta_sts_pairs_put(m.pairs, "/new", 2, &text, m.p);
    assert_int_equal(found_ec(&m, A)->not_before, apr_time_from_sec(APR_INT64_C(1777593600)));
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_pairs_are_found_in_the_forms_of_all_acme_clients),
        POOL_TEST(test_a_name_may_have_a_pair_of_each_kind_and_each_is_renewed_alone),
        POOL_TEST(test_of_several_pairs_the_newest_that_is_valid_is_used),
        POOL_TEST(test_a_pair_that_is_not_valid_is_used_only_if_no_kind_has_a_valid_one),
        POOL_TEST(test_wildcards_cover_one_label),
        POOL_TEST(test_what_has_not_changed_is_not_read_again_even_after_a_restart),
        POOL_TEST(test_a_broken_renewal_leaves_the_old_pair_until_it_is_complete),
        POOL_TEST(test_a_renewal_that_is_just_being_written_is_no_error_yet),
        POOL_TEST(test_a_broken_pair_concerns_only_its_names),
        POOL_TEST(test_files_that_cannot_be_read_are_named),
        POOL_TEST(test_a_pair_that_the_caller_refuses_is_not_used),
        POOL_TEST(test_what_the_caller_refuses_is_decided_again_after_a_restart),
        POOL_TEST(test_a_renewed_pair_may_have_other_names),
        POOL_TEST(test_a_removed_pair_is_used_until_the_restart_and_then_freed),
        POOL_TEST(test_users_share_the_pairs_that_both_have_and_see_no_others),
        POOL_TEST(test_a_pair_of_another_process_replaces_the_one_of_its_file),
    };
    int failed = RUN_POOL_TESTS(tests);

    EVP_PKEY_free(rsa_key);
    return failed;
}

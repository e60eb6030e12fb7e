/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "mixed_reports.h"

#include "gzip_fixture.h"

#include <sys/resource.h>
#include <utime.h>

#define MANY 1000

/* --- sums --- */

static void test_reports_are_summed_up(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_domain *all;

    keep(index, simple_json(p, "Google", "example.com", MONDAY, "10", "2"), "google.com");
    keep(index, simple_json(p, "Google", "example.com", MONDAY + 1, "20", "0"), NULL);
    keep(index,
         report_json(
             p, "Mail.ru", "r1", MONDAY + 1,
             apr_pstrcat(
                 p,
                 policy_json(
                     p, "sts", "example.com", "5", "7",
                     apr_pstrcat(p, failure_json(p, "certificate-expired", "mx1", "1", "4"), ",",
                                 failure_json(p, "certificate-expired", "mx1", "2", "3"), NULL)),
                 ",", policy_json(p, "tlsa", "example.org", "1", "0", ""), NULL)),
         NULL);
    tend(index);
    assert_int_equal(index->all.added, 3);
    assert_string_equal(
        index_text(index, NULL),
        "3 reports, 0 duplicates, 0 conflicts, 2 unverified, 36+9\n"
        "example.com 3 reports 35+9 in 1778371200..1778543999\n"
        " day 20583 10+2\n"
        " day 20584 25+7\n"
        " sender Google 2 reports 30+2 until 1778543999 verified\n"
        " sender Mail.ru 1 reports 5+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: 1,2;"
        " 2001:db8::1,2001:db8::2; 192.0.2.1,192.0.2.2\n"
        " seen sts \"version: STSv1\nmode: sts\" by Google,Mail.ru 44 until 1778543999\n"
        "example.org 1 reports 1+0 in 1778457600..1778543999\n"
        " day 20584 1+0\n"
        " sender Mail.ru 1 reports 1+0 until 1778543999\n"
        " seen tlsa \"version: STSv1\nmode: tlsa\" by Mail.ru 1 until 1778543999\n");
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_string_equal(
        domain_text(p, all),
        "* 3 reports 36+9 in 1778371200..1778543999\n"
        " day 20583 10+2\n"
        " day 20584 26+7\n"
        " sender Google 2 reports 30+2 until 1778543999 verified\n"
        " sender Mail.ru 1 reports 6+7 until 1778543999\n"
        " cause sts certificate-expired at mx1 7 in 1778457600..1778543999 by Mail.ru: ; ; \n");
}

static void test_sums_are_those_of_the_tally_whatever_is_asked_for(void **state)
{
    static const tlsrpt_filter filters[] = {
        {0, NULL, NULL},
        {(MONDAY + 2) * DAY, NULL, NULL},
        {0, "d1.example", NULL},
        {0, NULL, "GOOGLE"},
        {0, NULL, ""},
        {(MONDAY + 1) * DAY, "d2.example", "google"},
        {(MONDAY + 9) * DAY, NULL, NULL},
        {0, "nothing.example", NULL},
        {0, NULL, "Nobody"},
    };
    indexed *index = make_index(state);
    unsigned seed = 7, round, i;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < 25; i++) {
            keep_mixed(index, &seed);
        }
        tend(index); /* what comes later may take the place of what counted */
        for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
            assert_string_equal(index_text(index, &filters[i]), tally_text(index, &filters[i]));
        }
    }
    assert_true(index->all.conflicts > 2);
}

static void test_sums_stop_at_the_largest_number(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    int day;

    for (day = 0; day < 3; day++) {
        keep(index,
             report_json(p, "A", number(p, (unsigned)day), MONDAY + day / 2,
                         policy_json(p, "sts", "d.example", LARGEST, LARGEST,
                                     failure_json(p, "x", "mx", "1", LARGEST))),
             NULL);
        tend(index);
    }
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), LARGEST "+" LARGEST));
}

static void test_strange_ranges_are_summed_up_as_the_tally_does(void **state)
{
    static const char *const ranges[] = {
        "\"start-datetime\":\"2026-05-10T10:00:00Z\",\"end-datetime\":\"2026-05-11T10:00:00Z\"",
        "\"start-datetime\":\"2026-05-10T00:00:00Z\",\"end-datetime\":\"2026-05-11T00:00:00Z\"",
        "\"start-datetime\":\"2026-05-12T00:00:00Z\",\"end-datetime\":\"2026-05-09T00:00:00Z\"",
        "\"start-datetime\":\"1970-01-01T00:00:00Z\",\"end-datetime\":\"9999-01-01T00:00:00Z\"",
        "",
    };
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    unsigned i;
    int day;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        keep(index,
             apr_psprintf(p,
                          "{\"organization-name\":\"A\",\"report-id\":\"%u\",\"date-range\":{%s},"
                          "\"policies\":[%s]}",
                          i, ranges[i],
                          policy_json(p, "sts", "d.example", "1", "1",
                                      failure_json(p, "x", "mx", "1", "1"))),
             NULL);
    }
    tend(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    for (day = -2; day < 4; day++) {
        const tlsrpt_filter filter = {(MONDAY + day) * DAY, NULL, NULL};

        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
    }
}

static void test_a_report_that_tells_nothing_counts_as_a_report(void **state)
{
    indexed *index = make_index(state);

    keep(index, "{\"policies\":[]}", NULL);
    keep(index, "{\"policies\":[{}]}", NULL);
    tend(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_long_texts_are_kept_whole(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    char *text = apr_palloc(p, 7001);

    memset(text, 'x', 7000);
    text[7000] = '\0';
    keep(index,
         report_json(p, text, text, MONDAY,
                     policy_json(p, text, text, "1", "1", failure_json(p, text, text, text, "1"))),
         NULL);
    tend(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* --- which one counts --- */

static const char *variant(indexed *index, const char *successful)
{
    return simple_json(index->p, "Google", "example.com", MONDAY, successful, "0");
}

static void test_the_first_verified_report_of_an_identity_counts(void **state)
{
    indexed *index = make_index(state);

    keep(index, variant(index, "1"), NULL);
    tend(index);
    keep(index, variant(index, "2"), NULL);
    tend(index);
    assert_string_equal(states(index), "0 2");
    keep(index, variant(index, "3"), "google.com");
    tend(index);
    assert_string_equal(states(index), "2 2 0");
    keep(index, variant(index, "4"), "google.com");
    tend(index);
    assert_string_equal(states(index), "2 2 0 2");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    assert_non_null(strstr(index_text(index, NULL), "3 conflicts, 0 unverified, 3+0"));
    assert_string_equal(
        findings_summary(index->p, index->findings),
        "warning report-conflict@0, warning report-conflict@0, warning report-conflict@0");
    assert_findings_are_showable(index->findings);
}

static void test_the_next_best_counts_once_the_best_is_gone(void **state)
{
    indexed *index = make_index(state);
    const char *first = keep(index, variant(index, "1"), NULL);
    const char *second = keep(index, variant(index, "2"), "google.com");

    keep(index, variant(index, "3"), NULL);
    tend(index);
    assert_string_equal(states(index), "2 0 2");
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, second);
    tend(index);
    assert_string_equal(states(index), "0 2");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, first);
    tend(index);
    assert_string_equal(states(index), "0");
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_a_report_that_comes_again_verified_becomes_verified(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_filter all = {0, NULL, NULL};

    keep(index, variant(index, "1"), NULL);
    tend(index);
    assert_non_null(strstr(index_text(index, &all), "1 unverified"));
    keep(index, variant(index, "1"), "google.com");
    tend(index);
    assert_non_null(strstr(index_text(index, &all), "0 unverified"));
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_the_same_report_in_the_spools_of_two_machines_counts_once(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;
    const char *alone, *digest = keep(index, variant(index, "1"), NULL);

    other.spool = make_spool(index->p, ((database_test *)*state)->folder, "other");
    other.host = "two.example.net";
    tend(index);
    alone = strchr(index_text(index, NULL), '+');
    keep_at(index->p, other.spool, variant(index, "1"), (MONDAY + 101) * DAY, NULL);
    keep_at(index->p, other.spool, variant(index, "2"), (MONDAY + 102) * DAY, NULL);
    tend_with(index, &other);
    tend(index);
    assert_string_equal(states(index), "0 1 2");
    assert_string_equal(strchr(index_text(index, NULL), '+'), alone);
    assert_non_null(strstr(index_text(index, NULL), "1 reports, 1 duplicates, 1 conflicts"));
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    tend(index);
    assert_string_equal(states(index), "0 2");
    assert_string_equal(strchr(index_text(index, NULL), '+'), alone);
}

/* --- healing --- */

static void assert_nothing_is_left(indexed *index)
{
    static const char *const tables[] = {"tlsrpt_report", "tlsrpt_policy", "tlsrpt_failure",
                                         "tlsrpt_sum", "tlsrpt_cause"};
    unsigned i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        assert_int_equal(count_rows(index, tables[i]), 0);
    }
}

static void test_rows_go_with_their_files_and_no_sum_is_left(void **state)
{
    indexed *index = make_index(state);
    unsigned seed = 3, i;

    for (i = 0; i < 30; i++) {
        keep_mixed(index, &seed);
    }
    tend(index);
    assert_true(count_rows(index, "tlsrpt_cause") > 10);
    remove_everything(index);
    tend(index);
    assert_int_equal(index->all.gone, index->all.added);
    assert_nothing_is_left(index);
}

static void test_texts_that_nobody_names_any_more_go(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const char *digest =
        keep(index,
             report_json(p, "Gone", "1", MONDAY,
                         policy_json(p, "sts", "gone.example", "1", "1",
                                     failure_json(p, "gone", "gone", "gone", "1"))),
             NULL);

    keep(index,
         report_json(p, "Here", "1", MONDAY,
                     policy_json(p, "tlsa", "here.example", "1", "1",
                                 failure_json(p, "here", "mx", "1", "1"))),
         NULL);
    tend(index);
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    tend(index);
    assert_int_equal(count_rows(index, "tlsrpt_domain"), 2);
    index->task.swept = 0; /* a day later */
    tend(index);
    assert_int_equal(count_rows(index, "tlsrpt_domain"), 1);
    assert_int_equal(count_rows(index, "tlsrpt_organization"), 1);
    /* host, channel, type, policy; type, mx, reason and two addresses of the failure */
    assert_int_equal(count_rows(index, "tlsrpt_word"), 9);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_everything_is_read_again_after_it_was_forgotten(void **state)
{
    indexed *index = make_index(state);
    unsigned seed = 5, i;
    const char *before;
    int more;

    for (i = 0; i < 20; i++) {
        keep_mixed(index, &seed);
    }
    tend(index);
    before = index_text(index, NULL);
    assert_done(mta_sts_database_run(index->db, "UPDATE tlsrpt_sum SET failed = %d", 1));
    assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    assert_false(more);
    assert_nothing_is_left(index);
    tend(index);
    assert_string_equal(index_text(index, NULL), before);
}

static void test_reports_of_other_machines_are_not_forgotten(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;
    const char *before;
    int more, calls = 0;

    other.spool = make_spool(index->p, ((database_test *)*state)->folder, "other");
    other.host = "two.example.net";
    keep_at(index->p, other.spool, variant(index, "1"), MONDAY * DAY, NULL);
    tend_with(index, &other);
    before = index_text(index, NULL);
    keep(index, simple_json(index->p, "A", "a.example", MONDAY, "1", "1"), NULL);
    keep(index, simple_json(index->p, "B", "b.example", MONDAY, "1", "1"), NULL);
    tend(index);
    do {
        assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    } while (more && ++calls < 10);
    assert_string_equal(index_text(index, NULL), before);
}

static const char *folder_of(indexed *index, const char *digest)
{
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    return apr_pstrndup(index->p, path, strlen(path) - TLSRPT_DIGEST_LENGTH - 1);
}

/* It was changed so long ago that it need not be looked at twice. */
static void set_folder_back(indexed *index, const char *digest)
{
    static const struct utimbuf long_ago = {1000000000, 1000000000};

    assert_int_equal(utime(folder_of(index, digest), &long_ago), 0);
}

static void test_a_folder_that_did_not_change_is_not_read(void **state)
{
    indexed *index = make_index(state);
    const char *digest = keep(index, variant(index, "1"), NULL);
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    set_folder_back(index, digest);
    tend(index);
    assert_int_equal(unlink(path), 0);
    set_folder_back(index, digest);
    tend(index);
    assert_int_equal(index->all.gone, 0);
    assert_int_equal(utime(folder_of(index, digest), NULL), 0);
    tend(index);
    assert_int_equal(index->all.gone, 1);
}

static void test_a_spool_that_is_away_takes_no_row_with_it(void **state)
{
    indexed *index = make_index(state);
    const char *reports =
        apr_pstrcat(index->p, ((database_test *)*state)->folder, "/state/reports", NULL);
    const char *away = apr_pstrcat(index->p, reports, ".away", NULL);
    tlsrpt_index_done done;

    keep(index, variant(index, "1"), NULL);
    tend(index);
    assert_int_equal(rename(reports, away), 0);
    assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.more, 0);
    assert_int_equal(done.gone, 0);
    /* One that was read a while ago is missed; the others were never looked at. */
    assert_done(mta_sts_database_run(
        index->db, "INSERT INTO tlsrpt_folder (host, folder, changed) SELECT host, 7, 1"
                   " FROM tlsrpt_report"));
    assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.gone, 0);
    assert_string_equal(findings_summary(index->p, index->findings), "error spool-missing@0");
    assert_findings_are_showable(index->findings);
    assert_int_equal(symlink(away, reports), 0);
    assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.gone, 0);
    assert_int_equal(mta_sts_findings_count(index->findings, MTA_STS_ERROR), 2);
    assert_int_equal(unlink(reports), 0);
    assert_int_equal(rename(away, reports), 0);
    tend(index);
    assert_string_equal(states(index), "0");
}

static void write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_a_file_that_cannot_be_read_is_told_once_and_counts_nowhere(void **state)
{
    indexed *index = make_index(state);
    const char *digest = keep(index, variant(index, "1"), NULL);
    const char *other = keep(index, variant(index, "2"), NULL);
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    write_to(path, "nothing of ours");
    write_to(tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, other, index->p),
             "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\n{\"policies\":[");
    tend(index);
    tend(index);
    assert_int_equal(index->all.added, 2);
    assert_int_equal(index->all.unreadable, 2);
    assert_string_equal(findings_summary(index->p, index->findings),
                        "warning report-unreadable@0, warning report-unreadable@0");
    assert_findings_are_showable(index->findings);
    assert_non_null(strstr(index_text(index, NULL), "0 reports, 0 duplicates, 0 conflicts"));
    assert_int_equal(unlink(path), 0);
    tend(index);
    assert_int_equal(index->all.gone, 1);
}

typedef struct descriptors {
    struct rlimit before;
    int asked;
} descriptors;

/* Asked before a folder is looked at, then before its first file is: none can be opened then. */
static int use_up(void *baton)
{
    descriptors *of = baton;
    const struct rlimit none = {3, of->before.rlim_max};

    if (++of->asked == 2) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    return 0;
}

static void test_a_file_that_cannot_be_opened_is_tried_again(void **state)
{
    indexed *index = make_index(state);
    descriptors of = {.asked = 0};
    tlsrpt_index_done done;
    const char *error;

    set_folder_back(index, keep(index, variant(index, "1"), NULL));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &of.before), 0);
    index->task.is_ending = use_up;
    index->task.baton = &of;
    error = tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &of.before), 0);
    assert_null(error);
    assert_int_equal(of.asked, 2);
    assert_int_equal(count_rows(index, "tlsrpt_report"), 0);
    assert_string_equal(findings_summary(index->p, index->findings), "error report-closed@0");
    assert_findings_are_showable(index->findings);
    index->task.is_ending = NULL;
    tend(index);
    assert_string_equal(states(index), "0");
}

/* --- retention --- */

static void test_what_is_too_old_goes_with_its_file(void **state)
{
    indexed *index = make_index(state);
    apr_time_t now = apr_time_now();
    const char *old = keep_at(index->p, index->task.spool, variant(index, "1"),
                              now - 10 * DAY - apr_time_from_sec(60), NULL);
    const char *young = keep_at(index->p, index->task.spool,
                                simple_json(index->p, "A", "a.example", MONDAY, "1", "0"),
                                now - 10 * DAY + apr_time_from_sec(3600), NULL);

    tend(index);
    assert_int_equal(index->all.expired, 0);
    index->task.keep_days = 10;
    tend(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, old));
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, young));
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* Old reports of which the second one has a folder in the place of its file. */
static void test_one_that_cannot_be_removed_holds_no_other_one_up(void **state)
{
    indexed *index = make_index(state);
    apr_time_t now = apr_time_now();
    const char *digests[3];
    const char *path;
    int i;

    for (i = 0; i < 3; i++) {
        const char *json =
            simple_json(index->p, number(index->p, (unsigned)i), "a.example", MONDAY, "1", "0");

        digests[i] = keep_at(index->p, index->task.spool, json, now - (20 - i) * DAY, NULL);
    }
    tend(index);
    path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digests[1], index->p);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    index->task.keep_days = 10;
    tend(index);
    assert_int_equal(index->all.expired, 2);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digests[2]));
    assert_string_equal(findings_summary(index->p, index->findings), "error report-not-removed@0");
    assert_findings_are_showable(index->findings);
}

static void test_a_row_stays_while_the_file_of_an_old_report_is_out_of_reach(void **state)
{
    indexed *index = make_index(state);
    const char *digest =
        keep_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    const char *reports =
        apr_pstrcat(index->p, ((database_test *)*state)->folder, "/state/reports", NULL);
    const char *out_of_reach[] = {folder_of(index, digest), reports};
    unsigned i;

    set_folder_back(index, digest);
    tend(index);
    index->task.keep_days = 10;
    for (i = 0; i < 2; i++) {
        const char *away = apr_pstrcat(index->p, reports, ".away", NULL);
        tlsrpt_index_done done;

        assert_int_equal(rename(out_of_reach[i], away), 0);
        assert_int_equal(symlink(away, out_of_reach[i]), 0);
        assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
        assert_int_equal(done.expired, 0);
        assert_int_equal(unlink(out_of_reach[i]), 0);
        assert_int_equal(rename(away, out_of_reach[i]), 0);
    }
    tend(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
}

static void test_rows_of_a_machine_that_is_no_more_go_a_week_later(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;

    other.spool = make_spool(index->p, ((database_test *)*state)->folder, "other");
    other.host = "two.example.net";
    keep_at(index->p, other.spool, simple_json(index->p, "A", "a.example", MONDAY, "1", "0"),
            apr_time_now() - 20 * DAY, NULL);
    keep_at(index->p, other.spool, simple_json(index->p, "B", "a.example", MONDAY, "1", "0"),
            apr_time_now() - 12 * DAY, NULL);
    tend_with(index, &other);
    index->task.keep_days = 10;
    tend(index);
    assert_int_equal(index->all.expired, 1);
    assert_non_null(strstr(index_text(index, NULL), "sender B"));
    assert_null(strstr(index_text(index, NULL), "sender A"));
}

static void test_a_crash_between_file_and_row_is_mended(void **state)
{
    indexed *index = make_index(state);
    const char *digest =
        keep_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    int more;

    /* The file was removed, the row was not. */
    tend(index);
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    tend(index);
    assert_nothing_is_left(index);
    /* The row was removed, the file was not. */
    keep_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    tend(index);
    assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    index->task.keep_days = 10;
    tend(index);
    tend(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_nothing_is_left(index);
}

static void test_while_the_date_is_not_believed_nothing_is_removed_for_its_age(void **state)
{
    static const struct utimbuf long_ago = {1000000000, 1000000000};
    indexed *index = make_index(state);
    apr_time_t boot = tlsrpt_clock_since_boot();
    tlsrpt_clock clock = {apr_time_now() - boot - 1000 * DAY, 0};
    const char *digest =
        keep_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    const tlsrpt_receipt receipt = {1000000000000000, "https", NULL, NULL};
    const char *reason;

    assert_int_equal(tlsrpt_spool_keep(index->task.spool, TLSRPT_QUARANTINE, digest, &receipt, "{",
                                       1, index->p, &reason),
                     TLSRPT_KEPT);
    assert_int_equal(
        utime(tlsrpt_spool_path(index->task.spool, TLSRPT_QUARANTINE, digest, index->p), &long_ago),
        0);
    index->task.clock = &clock; /* leapt by 1000 days */
    tend(index);
    index->task.keep_days = 10;
    tend(index);
    assert_int_equal(index->all.expired, 0);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
    assert_string_equal(findings_summary(index->p, index->findings), "error clock-leapt@0");
    assert_findings_are_showable(index->findings);
    clock.until = boot; /* a day later */
    tend(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
}

static void test_the_quarantine_is_not_kept_longer(void **state)
{
    static const struct utimbuf long_ago = {1000000000, 1000000000};
    const tlsrpt_receipt receipt = {1000000000000000, "https", NULL, NULL};
    indexed *index = make_index(state);
    char digest[TLSRPT_DIGEST_LENGTH + 1];
    const char *reason;

    memset(digest, 'a', sizeof(digest));
    digest[TLSRPT_DIGEST_LENGTH] = '\0';
    assert_int_equal(tlsrpt_spool_keep(index->task.spool, TLSRPT_QUARANTINE, digest, &receipt, "{",
                                       1, index->p, &reason),
                     TLSRPT_KEPT);
    index->task.keep_days = 10;
    tend(index);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
    assert_int_equal(
        utime(tlsrpt_spool_path(index->task.spool, TLSRPT_QUARANTINE, digest, index->p), &long_ago),
        0);
    index->task.swept = 0;
    tend(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
}

/* --- bounds --- */

static void test_a_call_ends_with_its_budget_and_goes_on_with_the_next_one(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_done done;
    unsigned seed = 9, i;

    for (i = 0; i < 20; i++) {
        keep_mixed(index, &seed);
    }
    index->task.budget = 0;
    assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.added, 1);
    assert_int_equal(done.more, 1);
    tend(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static int always(void *baton)
{
    (void)baton;
    return 1;
}

static void test_a_call_that_should_end_does_nothing_more(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_done done;

    keep(index, variant(index, "1"), NULL);
    index->task.is_ending = always;
    assert_done(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.added, 0);
    assert_int_equal(done.more, 1);
}

/* Failures that differ in what `format` makes of their number. */
static const char *many_failures(apr_pool_t *p, const char *id, const char *format)
{
    apr_array_header_t *parts = apr_array_make(p, MANY, sizeof(const char *));
    int i;

    for (i = 0; i < MANY; i++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(p, format, i);
    }
    return report_json(
        p, "A", id, MONDAY,
        policy_json(p, "sts", "d.example", "1", number(p, MANY), apr_array_pstrcat(p, parts, ',')));
}

/* A few octets that inflate to many rows. */
static void keep_packed(indexed *index, const char *json)
{
    const tlsrpt_receipt receipt = {MONDAY * DAY, "https", NULL, NULL};
    const octets packed = gzip_of(index->p, json, strlen(json));
    const char *reason;
    const char *digest =
        tlsrpt_report_read(index->p, packed.at, packed.len, &tlsrpt_limits_default)->digest;

    assert_int_equal(tlsrpt_spool_keep(index->task.spool, TLSRPT_REPORTS, digest, &receipt,
                                       packed.at, packed.len, index->p, &reason),
                     TLSRPT_KEPT);
    assert_true(packed.len < strlen(json) / 4);
}

static void test_a_report_takes_rows_in_proportion_to_its_octets(void **state)
{
    static const struct {
        const char *format;
        int min, max;
    } cases[] = {
        {"{\"result-type\":\"t\",\"failed-session-count\":1,\"sending-mta-ip\":\"%d\"}", 1, 1},
        {"{\"result-type\":\"t\",\"failed-session-count\":1,\"receiving-mx-hostname\":\"%d\"}", 1,
         1},
        {"{\"result-type\":\"t%d\",\"failed-session-count\":1}", 64, MANY / 2},
    };
    indexed *index = make_index(state);
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tlsrpt_domain *all;

        keep_packed(index, many_failures(index->p, number(index->p, i), cases[i].format));
        tend(index);
        assert_int_equal(index->all.unreadable, 0);
        assert_in_range(count_rows(index, "tlsrpt_failure"), cases[i].min, cases[i].max);
        assert_done(tlsrpt_index_sum_all(index->db, NULL, index->p, &all));
        assert_true(all->failed == MANY);
        remove_everything(index);
        tend(index);
        assert_nothing_is_left(index);
    }
}

/* The octets of all texts in the index. */
static int count_text(indexed *index)
{
    static const char *const tables[] = {"tlsrpt_word", "tlsrpt_domain", "tlsrpt_organization"};
    int sum = 0;
    unsigned i;

    for (i = 0; i < 3; i++) {
        told_rows told = {index->p, ""};

        assert_done(mta_sts_database_rows(
            index->db,
            apr_pstrcat(index->p, "SELECT sum(length(text) + coalesce(length(whole), 0)) FROM ",
                        tables[i], " WHERE 0 < %d", NULL),
            tell_first, &told, 1));
        sum += atoi(told.text);
    }
    return sum;
}

/* Long texts that differ at their beginning, and inflate from next to nothing. */
static const char *long_text(apr_pool_t *p, int number)
{
    char *tail = apr_palloc(p, 8001);

    memset(tail, 'a', 8000);
    tail[8000] = '\0';
    return apr_psprintf(p, "%d-%s", number, tail);
}

static void test_texts_take_room_in_proportion_to_the_octets_of_a_report(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const char *policies = "", *failures = "";
    tlsrpt_domain *all;
    int i;

    for (i = 0; i < 20; i++) {
        const char *text = long_text(p, i);

        failures = apr_pstrcat(p, failures, i ? "," : "",
                               failure_json(p, text, text, long_text(p, 100 + i), "1"), NULL);
        policies =
            apr_pstrcat(p, policies, i ? "," : "", policy_json(p, text, text, "1", "0", ""), NULL);
    }
    policies = apr_pstrcat(p, policies, ",",
                           policy_json(p, "sts", "a.example", "1", "20", failures), NULL);
    keep_packed(index, report_json(p, long_text(p, 99), "1", MONDAY, policies));
    tend(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_in_range(count_text(index), 4096, 65536);
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_true(all->successful == 21 && all->failed == 20 && all->reports == 1);
    remove_everything(index);
    tend(index);
    assert_nothing_is_left(index);
}

static void test_a_report_with_many_failures_and_octets_is_told_in_full(void **state)
{
    indexed *index = make_index(state);

    keep(index, many_failures(index->p, "1", "{\"result-type\":\"t\",\"sending-mta-ip\":\"%d\"}"),
         NULL);
    tend(index);
    assert_int_equal(count_rows(index, "tlsrpt_failure"), MANY);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_whatever_a_larger_limit_let_in_is_indexed(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const int objects = 100000; /* jansson takes 24 MB for them */
    const char *json = simple_json(p, "A", "a.example", MONDAY, "7", "0");
    char *more = apr_palloc(p, 3 * (apr_size_t)objects + 1);
    tlsrpt_limits limits = tlsrpt_limits_default;
    const tlsrpt_receipt receipt = {MONDAY * DAY, "https", NULL, NULL};
    const char *digest, *reason;
    int i;

    for (i = 0; i < objects; i++) {
        memcpy(more + 3 * i, "{},", 3);
    }
    more[3 * objects - 1] = '\0';
    json = apr_pstrcat(p, "{\"more\":[", more, "],", json + 1, NULL);
    assert_int_not_equal(tlsrpt_report_read(p, json, strlen(json), &limits)->outcome, TLSRPT_READ);
    limits.memory = 100 << 20;
    digest = tlsrpt_report_read(p, json, strlen(json), &limits)->digest;
    assert_int_equal(tlsrpt_spool_keep(index->task.spool, TLSRPT_REPORTS, digest, &receipt, json,
                                       strlen(json), p, &reason),
                     TLSRPT_KEPT);
    tend(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_non_null(strstr(index_text(index, NULL), "1 reports"));
}

static void test_a_locked_database_is_told_and_nothing_is_lost(void **state)
{
    indexed *index = make_index(state);
    mta_sts_database *holder = database_open(*state);
    told_rows told = {index->p, ""};
    tlsrpt_index_done done;

    keep(index, variant(index, "1"), NULL);
    assert_done(mta_sts_database_rows(index->db, "PRAGMA busy_timeout = 1", tell_first, &told));
    assert_done(mta_sts_database_begin(holder));
    assert_non_null(tlsrpt_index_tend(index->db, &index->task, index->p, index->findings, &done));
    mta_sts_database_rollback(holder);
    tend(index);
    assert_string_equal(states(index), "0");
}

/* --- lists --- */

static const char *domains_text(indexed *index, int max)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_domains(index->db, NULL, max, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_domain *domain = &APR_ARRAY_IDX(list, i, tlsrpt_domain);

        text = apr_psprintf(index->p, "%s%s%s " N "+" N, text, i ? ", " : "", domain->domain,
                            domain->successful, domain->failed);
    }
    return text;
}

static void test_domains_are_listed_most_failed_first_then_by_name(void **state)
{
    static const struct {
        const char *domain, *failed;
    } cases[] = {{"c", "0"}, {"a", "2"}, {"B", "0"}, {"d", "5"}, {"b-", "0"}, {"e", "2"}};
    indexed *index = make_index(state);
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        keep(index, simple_json(index->p, "A", cases[i].domain, MONDAY, "1", cases[i].failed),
             NULL);
    }
    tend(index);
    assert_string_equal(domains_text(index, 10), "d 1+5, a 1+2, e 1+2, b 1+0, b- 1+0, c 1+0");
    assert_string_equal(domains_text(index, 5), "d 1+5, a 1+2, e 1+2, b 1+0, b- 1+0");
    assert_string_equal(domains_text(index, 3), "d 1+5, a 1+2, e 1+2");
    assert_string_equal(domains_text(index, 2), "d 1+5, a 1+2");
    assert_string_equal(domains_text(index, 0), "");
}

static const char *last_text(indexed *index, const tlsrpt_filter *filter, int max)
{
    apr_array_header_t *list;
    const char *text = "";
    int i;

    assert_done(tlsrpt_index_last(index->db, filter, max, index->p, &list));
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_index_report *report = &APR_ARRAY_IDX(list, i, tlsrpt_index_report);

        assert_string_equal(report->host,
                            mta_sts_database_is_shared(index->db) ? HOST : "localhost");
        text =
            apr_psprintf(index->p, "%s%s%s %s %s %d%s " N "+" N, text, i ? ", " : "",
                         report->organization, report->report_id, report->channel, report->state,
                         report->verified ? " verified" : "", report->successful, report->failed);
    }
    return text;
}

static void test_the_last_reports_are_listed(void **state)
{
    static const tlsrpt_filter of_domain = {0, "a.example", NULL};
    static const tlsrpt_filter of_sender = {0, NULL, "b"};
    static const tlsrpt_filter lately = {(MONDAY + 1) * DAY, NULL, NULL};
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    apr_time_t received;

    assert_done(tlsrpt_index_received(index->db, NULL, &received));
    assert_true(received == 0);
    receipts = 0;
    keep(index, simple_json(p, "A", "a.example", MONDAY, "1", "0"), NULL);
    keep(index, simple_json(p, "A", "a.example", MONDAY, "2", "0"), NULL);
    keep(index,
         report_json(p, "B", "r", MONDAY + 1,
                     apr_pstrcat(p, policy_json(p, "sts", "a.example", "3", "1", ""), ",",
                                 policy_json(p, "sts", "b.example", "4", "2", ""), ",",
                                 policy_json(p, "tlsa", "a.example", "5", "0", ""), NULL)),
         "b.example");
    tend(index);
    assert_string_equal(last_text(index, NULL, 10),
                        "B r mail 0 verified 12+3, A 20583-a.example https 2 2+0, "
                        "A 20583-a.example https 0 1+0");
    assert_string_equal(last_text(index, NULL, 1), "B r mail 0 verified 12+3");
    assert_string_equal(last_text(index, &of_domain, 2),
                        "B r mail 0 verified 8+1, A 20583-a.example https 2 2+0");
    assert_string_equal(last_text(index, &of_sender, 10), "B r mail 0 verified 12+3");
    assert_string_equal(last_text(index, &lately, 10), "B r mail 0 verified 12+3");
    assert_done(tlsrpt_index_received(index->db, NULL, &received));
    assert_true(received == (MONDAY + 100) * DAY + apr_time_from_sec(2));
    assert_done(tlsrpt_index_received(index->db, "b.example", &received));
    assert_true(received == (MONDAY + 100) * DAY + apr_time_from_sec(2));
    assert_done(tlsrpt_index_received(index->db, "c.example", &received));
    assert_true(received == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_reports_are_summed_up),
        DATABASE_TESTS(test_sums_are_those_of_the_tally_whatever_is_asked_for),
        DATABASE_TESTS(test_sums_stop_at_the_largest_number),
        DATABASE_TESTS(test_strange_ranges_are_summed_up_as_the_tally_does),
        DATABASE_TESTS(test_a_report_that_tells_nothing_counts_as_a_report),
        DATABASE_TESTS(test_long_texts_are_kept_whole),
        DATABASE_TESTS(test_the_first_verified_report_of_an_identity_counts),
        DATABASE_TESTS(test_the_next_best_counts_once_the_best_is_gone),
        DATABASE_TESTS(test_a_report_that_comes_again_verified_becomes_verified),
        PGSQL_TEST(test_the_same_report_in_the_spools_of_two_machines_counts_once),
        DATABASE_TESTS(test_rows_go_with_their_files_and_no_sum_is_left),
        DATABASE_TESTS(test_texts_that_nobody_names_any_more_go),
        DATABASE_TESTS(test_everything_is_read_again_after_it_was_forgotten),
        PGSQL_TEST(test_reports_of_other_machines_are_not_forgotten),
        SQLITE_TEST(test_a_folder_that_did_not_change_is_not_read),
        SQLITE_TEST(test_a_spool_that_is_away_takes_no_row_with_it),
        DATABASE_TESTS(test_a_file_that_cannot_be_read_is_told_once_and_counts_nowhere),
        DATABASE_TESTS(test_a_file_that_cannot_be_opened_is_tried_again),
        DATABASE_TESTS(test_what_is_too_old_goes_with_its_file),
        SQLITE_TEST(test_one_that_cannot_be_removed_holds_no_other_one_up),
        SQLITE_TEST(test_a_row_stays_while_the_file_of_an_old_report_is_out_of_reach),
        PGSQL_TEST(test_rows_of_a_machine_that_is_no_more_go_a_week_later),
        DATABASE_TESTS(test_a_crash_between_file_and_row_is_mended),
        SQLITE_TEST(test_while_the_date_is_not_believed_nothing_is_removed_for_its_age),
        SQLITE_TEST(test_the_quarantine_is_not_kept_longer),
        SQLITE_TEST(test_a_call_ends_with_its_budget_and_goes_on_with_the_next_one),
        SQLITE_TEST(test_a_call_that_should_end_does_nothing_more),
        DATABASE_TESTS(test_a_report_takes_rows_in_proportion_to_its_octets),
        DATABASE_TESTS(test_texts_take_room_in_proportion_to_the_octets_of_a_report),
        SQLITE_TEST(test_a_report_with_many_failures_and_octets_is_told_in_full),
        SQLITE_TEST(test_whatever_a_larger_limit_let_in_is_indexed),
        SQLITE_TEST(test_a_locked_database_is_told_and_nothing_is_lost),
        DATABASE_TESTS(test_domains_are_listed_most_failed_first_then_by_name),
        DATABASE_TESTS(test_the_last_reports_are_listed),
    };

    return RUN_DATABASE_TESTS(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INDEX_FIXTURE_H
#define TESTS_UNIT_INDEX_FIXTURE_H

#include "database_fixture.h"

#include <utime.h>

#include "findings_fixture.h"
#include "tlsrpt/index/index.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/summary/tally.h"

/* A spool and an index of it for each test. */

#define DAY (86400 * APR_USEC_PER_SEC)
#define MONDAY 20583 /* 2026-05-10 */
#define HOST "one.example.net"
#define LARGEST "9223372036854775807"

typedef struct indexed {
    apr_pool_t *p;
    mta_sts_database *db;
    tlsrpt_index_task task;
    mta_sts_findings *findings;
    tlsrpt_index_done all; /* sums over all updates so far */
} indexed;

static inline tlsrpt_spool *make_spool(apr_pool_t *p, const char *directory, const char *name)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const char *dir = apr_pstrcat(p, directory, "/", name, NULL);
    tlsrpt_spool *spool;

    assert_int_equal(mkdir(dir, 0700), 0);
    spool = tlsrpt_spool_open(p, dir, findings);
    assert_non_null(spool);
    return spool;
}

static inline indexed *make_index(void **state)
{
    database_test *test = *state;
    indexed *made = apr_pcalloc(test->p, sizeof(*made));

    made->p = test->p;
    made->db = database_open(test);
    made->task.spool = make_spool(test->p, test->directory, "state");
    made->task.host = HOST;
    made->task.budget = apr_time_from_sec(60);
    made->findings = mta_sts_findings_make(test->p);
    return made;
}

static inline void update_with(indexed *index, tlsrpt_index_task *task)
{
    tlsrpt_index_done done;
    int calls = 0;

    do {
        assert_done(tlsrpt_index_update(index->db, task, index->p, index->findings, &done));
        index->all.added += done.added;
        index->all.gone += done.gone;
        index->all.expired += done.expired;
        index->all.conflicts += done.conflicts;
        index->all.unreadable += done.unreadable;
        assert_true(++calls < 10000);
    } while (done.more);
    assert_int_equal(done.directories, TLSRPT_SPOOL_DIRECTORIES);
}

static inline void update_index(indexed *index)
{
    update_with(index, &index->task);
}

/* --- reports --- */

static inline const char *number(apr_pool_t *p, unsigned value)
{
    return apr_psprintf(p, "%u", value);
}

static inline const char *time_of(apr_pool_t *p, int day, const char *clock)
{
    apr_time_exp_t exploded;

    apr_time_exp_gmt(&exploded, day * DAY);
    return apr_psprintf(p, "%04d-%02d-%02dT%sZ", exploded.tm_year + 1900, exploded.tm_mon + 1,
                        exploded.tm_mday, clock);
}

static inline const char *failure_json(apr_pool_t *p, const char *type, const char *mx,
                                       const char *detail, const char *sessions)
{
    return apr_psprintf(p,
                        "{\"result-type\":\"%s\",\"receiving-mx-hostname\":\"%s\","
                        "\"receiving-ip\":\"2001:db8::%s\",\"sending-mta-ip\":\"192.0.2.%s\","
                        "\"failure-reason-code\":\"%s\",\"failed-session-count\":%s}",
                        type, mx, detail, detail, detail, sessions);
}

static inline const char *policy_json(apr_pool_t *p, const char *type, const char *domain,
                                      const char *successful, const char *failed,
                                      const char *failures)
{
    return apr_psprintf(p,
                        "{\"policy\":{\"policy-type\":\"%s\",\"policy-domain\":\"%s\","
                        "\"policy-string\":[\"version: STSv1\",\"mode: %s\"]},"
                        "\"summary\":{\"total-successful-session-count\":%s,"
                        "\"total-failure-session-count\":%s},\"failure-details\":[%s]}",
                        type, domain, type, successful, failed, failures);
}

static inline const char *report_json(apr_pool_t *p, const char *organization, const char *id,
                                      int day, const char *policies)
{
    return apr_psprintf(p,
                        "{\"organization-name\":\"%s\",\"report-id\":\"%s\",\"date-range\":"
                        "{\"start-datetime\":\"%s\",\"end-datetime\":\"%s\"},\"policies\":[%s]}",
                        organization, id, time_of(p, day, "00:00:00"), time_of(p, day, "23:59:59"),
                        policies);
}

/* The most common report: one policy of one domain. */
static inline const char *simple_json(apr_pool_t *p, const char *organization, const char *domain,
                                      int day, const char *successful, const char *failed)
{
    return report_json(p, organization, apr_psprintf(p, "%d-%s", day, domain), day,
                       policy_json(p, "sts", domain, successful, failed, ""));
}

static int receipts; /* each is received a second after the previous one */

static inline const char *store_at(apr_pool_t *p, tlsrpt_spool *spool, const char *json,
                                   apr_time_t received, const char *verified)
{
    const tlsrpt_receipt receipt = {received, verified ? "mail" : "https", NULL, verified};
    const char *digest = tlsrpt_report_read(p, json, strlen(json), &tlsrpt_limits_default)->digest;
    const char *reason = NULL;

    assert_int_not_equal(
        tlsrpt_spool_store(spool, TLSRPT_REPORTS, digest, &receipt, json, strlen(json), p, &reason),
        TLSRPT_NOT_STORED);
    return digest;
}

static inline const char *store(indexed *index, const char *json, const char *verified)
{
    return store_at(index->p, index->task.spool, json,
                    (MONDAY + 100) * DAY + apr_time_from_sec(receipts++), verified);
}

/* Google's report about Monday; variants with different numbers contradict each other. */
static inline const char *variant(indexed *index, const char *successful)
{
    return simple_json(index->p, "Google", "example.com", MONDAY, successful, "0");
}

static inline void remove_everything(indexed *index)
{
    int directory, i;

    for (directory = 0; directory < TLSRPT_SPOOL_DIRECTORIES; directory++) {
        apr_array_header_t *names =
            tlsrpt_spool_directory_list(index->task.spool, TLSRPT_REPORTS, directory, index->p);

        for (i = 0; i < names->nelts; i++) {
            tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS,
                                APR_ARRAY_IDX(names, i, const char *));
        }
    }
}

static inline const char *directory_of(indexed *index, const char *digest)
{
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    return apr_pstrndup(index->p, path, strlen(path) - TLSRPT_DIGEST_LENGTH - 1);
}

/* Sets the modification time of a directory back, so that it need not be read twice. */
static inline void set_directory_back(indexed *index, const char *digest)
{
    static const struct utimbuf long_ago = {1000000000, 1000000000};

    assert_int_equal(utime(directory_of(index, digest), &long_ago), 0);
}

/* --- the contents of the database, as text --- */

typedef struct text_rows {
    apr_pool_t *p;
    const char *text;
} text_rows;

static inline int add_first(void *baton, const char *const *columns)
{
    text_rows *rows = baton;

    rows->text = apr_pstrcat(rows->p, rows->text, *rows->text ? " " : "",
                             columns[0] ? columns[0] : "", NULL);
    return 1;
}

/* The number of rows in a table. */
static inline int count_rows(indexed *index, const char *table)
{
    text_rows rows = {index->p, ""};

    /* A statement that the test builds at run time. */
    assert_done(mta_sts_database_rows(
        index->db, apr_pstrcat(index->p, "SELECT count(*) FROM ", table, " WHERE 0 < %d", NULL),
        add_first, &rows, 1));
    return atoi(rows.text);
}

static inline void assert_nothing_is_left(indexed *index)
{
    static const char *const tables[] = {"tlsrpt_report", "tlsrpt_policy", "tlsrpt_failure",
                                         "tlsrpt_sum", "tlsrpt_cause"};
    unsigned i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        assert_int_equal(count_rows(index, tables[i]), 0);
    }
}

static inline const char *states(indexed *index)
{
    text_rows rows = {index->p, ""};

    assert_done(mta_sts_database_rows(
        index->db, "SELECT state FROM tlsrpt_report WHERE 0 < %d ORDER BY received, host",
        add_first, &rows, 1));
    return rows.text;
}

/* --- summaries as text --- */

static inline const char *list_text(apr_pool_t *p, const apr_array_header_t *list)
{
    const char *text = "";
    int i;

    for (i = 0; i < list->nelts; i++) {
        text = apr_pstrcat(p, text, i ? "," : "", APR_ARRAY_IDX(list, i, const char *), NULL);
    }
    return text;
}

#define N "%" APR_INT64_T_FMT

static inline const char *domain_text(apr_pool_t *p, const tlsrpt_domain *domain)
{
    const char *text = apr_psprintf(
        p, "%s " N " reports " N "+" N ", verified " N " " N "+" N " in " N ".." N "\n",
        domain->domain, domain->reports, domain->successful, domain->failed, domain->verified,
        domain->verified_successful, domain->verified_failed, domain->begin / APR_USEC_PER_SEC,
        domain->end / APR_USEC_PER_SEC);
    int i;

    for (i = 0; i < domain->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(domain->days, i, tlsrpt_day);

        text = apr_psprintf(p, "%s day " N " " N "+" N ", verified " N "+" N "\n", text,
                            day->day / DAY, day->successful, day->failed, day->verified_successful,
                            day->verified_failed);
    }
    for (i = 0; i < domain->senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(domain->senders, i, tlsrpt_sender);

        text =
            apr_psprintf(p, "%s sender %s " N " reports " N "+" N " until " N "%s\n", text,
                         sender->organization, sender->reports, sender->successful, sender->failed,
                         sender->last / APR_USEC_PER_SEC, sender->is_verified ? " verified" : "");
    }
    for (i = 0; i < domain->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause);

        text = apr_psprintf(p, "%s cause%s %s %s at %s " N " in " N ".." N " by %s: %s; %s; %s\n",
                            text, cause->is_verified ? " verified" : "", cause->policy_type,
                            cause->result_type, cause->receiving_mx ? cause->receiving_mx : "-",
                            cause->sessions, cause->first / APR_USEC_PER_SEC,
                            cause->last / APR_USEC_PER_SEC, list_text(p, cause->senders),
                            list_text(p, cause->reasons), list_text(p, cause->receiving_ips),
                            list_text(p, cause->sending_ips));
    }
    for (i = 0; i < domain->seen->nelts; i++) {
        const tlsrpt_seen_policy *seen = &APR_ARRAY_IDX(domain->seen, i, tlsrpt_seen_policy);

        text = apr_psprintf(p, "%s seen%s %s \"%s\" by %s " N " until " N "\n", text,
                            seen->is_verified ? " verified" : "", seen->type, seen->policy,
                            list_text(p, seen->senders), seen->sessions,
                            seen->last / APR_USEC_PER_SEC);
    }
    return text;
}

static inline const char *summary_text(apr_pool_t *p, const tlsrpt_summary *sum)
{
    const char *text = apr_psprintf(
        p, N " reports, " N " duplicates, " N " conflicts, " N " unverified, " N "+" N "\n",
        sum->reports, sum->duplicates, sum->conflicts, sum->unverified, sum->successful,
        sum->failed);
    int i;

    for (i = 0; i < sum->apart->nelts; i++) {
        const tlsrpt_apart *apart = &APR_ARRAY_IDX(sum->apart, i, tlsrpt_apart);

        text =
            apr_psprintf(p, "%s apart %s by %s on " N ": " N "+" N "\n", text, apart->domain,
                         apart->organization, apart->day / DAY, apart->successful, apart->failed);
    }
    for (i = 0; i < sum->domains->nelts; i++) {
        text = apr_pstrcat(p, text, domain_text(p, APR_ARRAY_IDX(sum->domains, i, tlsrpt_domain *)),
                           NULL);
    }
    return text;
}

static inline const char *index_text(indexed *index, const tlsrpt_filter *filter)
{
    tlsrpt_summary *sum;

    assert_done(tlsrpt_index_sum(index->db, filter, 1000, index->p, &sum));
    return summary_text(index->p, sum);
}

/* --- the same sums by the tally, from the spool --- */

static inline int order_files(const void *a, const void *b)
{
    const tlsrpt_stored_file *x = a, *y = b;

    if (!x->receipt.verified != !y->receipt.verified) {
        return x->receipt.verified ? -1 : 1;
    }
    return x->receipt.received < y->receipt.received ? -1 : 1;
}

static inline const char *tally_text(indexed *index, const tlsrpt_filter *filter)
{
    apr_array_header_t *files = apr_array_make(index->p, 16, sizeof(tlsrpt_stored_file));
    tlsrpt_tally *tally = tlsrpt_tally_make(index->p, filter);
    int directory, i;

    for (directory = 0; directory < TLSRPT_SPOOL_DIRECTORIES; directory++) {
        apr_array_header_t *names =
            tlsrpt_spool_directory_list(index->task.spool, TLSRPT_REPORTS, directory, index->p);

        for (i = 0; i < names->nelts; i++) {
            assert_null(tlsrpt_spool_read(index->task.spool, TLSRPT_REPORTS,
                                          APR_ARRAY_IDX(names, i, const char *), 1 << 20, index->p,
                                          apr_array_push(files)));
        }
    }
    qsort(files->elts, (size_t)files->nelts, (size_t)files->elt_size, order_files);
    for (i = 0; i < files->nelts; i++) {
        const tlsrpt_stored_file *file = &APR_ARRAY_IDX(files, i, tlsrpt_stored_file);
        const tlsrpt_reading *reading =
            tlsrpt_report_read(index->p, file->bytes, file->len, &tlsrpt_limits_default);

        tlsrpt_tally_add(tally, reading->report, reading->digest, file->len, file->receipt.verified,
                         tlsrpt_receipt_time(&file->receipt));
    }
    return summary_text(index->p, tlsrpt_tally_sum(tally));
}

#endif

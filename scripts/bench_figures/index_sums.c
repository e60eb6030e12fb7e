/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the queries that the status page makes to the index, each once with an open database:
 *
 *   index_sums DATABASE DOMAIN SINCE-DAY
 *
 * Prints a line for each: its name and the milliseconds of CPU time. On an idle machine these are
 * also the elapsed milliseconds, since the pages of the database are in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <apr_general.h>

#include "tlsrpt/index/index.h"

typedef struct asked {
    apr_pool_t *p;
    mta_sts_database *db;
    tlsrpt_filter all, lately, domain;
} asked;

static const char *ask_totals(asked *a)
{
    tlsrpt_summary *sum;

    return tlsrpt_index_sum(a->db, &a->all, 0, a->p, &sum);
}

static const char *ask_all(asked *a)
{
    tlsrpt_domain *all;

    return tlsrpt_index_sum_all(a->db, &a->all, a->p, &all);
}

static const char *ask_lately(asked *a)
{
    tlsrpt_domain *all;

    return tlsrpt_index_sum_all(a->db, &a->lately, a->p, &all);
}

static const char *ask_domain(asked *a)
{
    tlsrpt_summary *sum;

    return tlsrpt_index_sum(a->db, &a->domain, 1, a->p, &sum);
}

static const char *ask_domains(asked *a)
{
    apr_array_header_t *list;

    return tlsrpt_index_domains(a->db, &a->lately, TLSRPT_INDEX_LIST_MAX, a->p, &list);
}

static const char *ask_causes(asked *a)
{
    apr_array_header_t *list;

    return tlsrpt_index_causes(a->db, &a->lately, 20, 1, a->p, &list);
}

static const char *ask_reports(asked *a)
{
    apr_array_header_t *list;

    return tlsrpt_index_last(a->db, &a->all, 50, a->p, &list);
}

static const char *ask_reports_of_domain(asked *a)
{
    apr_array_header_t *list;

    return tlsrpt_index_last(a->db, &a->domain, 50, a->p, &list);
}

static const struct {
    const char *name;
    const char *(*ask)(asked *);
} questions[] = {
    {"totals", ask_totals},
    {"all-domains", ask_all},
    {"all-domains-lately", ask_lately},
    {"one-domain", ask_domain},
    {"domains", ask_domains},
    {"causes", ask_causes},
    {"last-reports", ask_reports},
    {"last-reports-of-domain", ask_reports_of_domain},
};

int main(int argc, const char *const *argv)
{
    asked a = {NULL};
    const char *error;
    apr_size_t i;

    if (argc != 4 || apr_initialize() != APR_SUCCESS) {
        return 2;
    }
    apr_pool_create(&a.p, NULL);
    error = mta_sts_database_init(a.p);
    if (!error) {
        error = mta_sts_database_open(a.p, MTA_STS_DATABASE_SQLITE, argv[1], &a.db);
    }
    a.domain.domain = argv[2];
    a.lately.since = apr_time_from_sec((apr_time_t)atoi(argv[3]) * 86400);
    for (i = 0; !error && i < sizeof(questions) / sizeof(questions[0]); i++) {
        clock_t begin = clock();

        error = questions[i].ask(&a);
        printf("%s %.1f\n", questions[i].name,
               (double)(clock() - begin) * 1000 / (double)CLOCKS_PER_SEC);
    }
    if (error) {
        fprintf(stderr, "%s\n", error);
    }
    apr_pool_destroy(a.p);
    return error != NULL;
}

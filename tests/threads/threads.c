/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "tlsrpt/digest.h"
#include "tlsrpt/report.h"
#include "tlsrpt/spool.h"

/*
 * What the threads of one child of httpd do to the spool at the same time, for ThreadSanitizer:
 * all of them on one tlsrpt_spool, with equal and with different reports. Ends with status 1 if a
 * report that was kept is not there; ThreadSanitizer ends it with a status of its own.
 */

#define THREADS 6
#define ROUNDS 40
#define LARGEST 4096

typedef struct worker {
    pthread_t thread;
    int number;
    int failures;
} worker;

static tlsrpt_spool *spool;
static pthread_barrier_t start;

static const tlsrpt_receipt unverified = {1795553989123456, "https", "192.0.2.1", NULL};
static const tlsrpt_receipt verified = {1795553989123457, "mail", NULL, "example.com"};

static void check(worker *w, int is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "thread %d: %s\n", w->number, what);
        w->failures++;
    }
}

/* A report as it arrives: read, its digest taken, kept, read back. */
static void keep(worker *w, apr_pool_t *p, const char *json, const tlsrpt_receipt *receipt)
{
    const tlsrpt_reading *reading =
        tlsrpt_report_read(p, json, strlen(json), &tlsrpt_limits_default);
    const char *reason;
    tlsrpt_kept_file file;

    check(w, reading->outcome == TLSRPT_READ, "a report was not read");
    check(w, strcmp(reading->digest, tlsrpt_digest_of(p, json, strlen(json))) == 0,
          "two digests of a report differ");
    check(w,
          tlsrpt_spool_keep(spool, TLSRPT_REPORTS, reading->digest, receipt, json, strlen(json), p,
                            &reason) != TLSRPT_NOT_KEPT,
          "a report was not kept");
    check(w, tlsrpt_spool_has(spool, TLSRPT_REPORTS, reading->digest), "a kept report is away");
    check(w,
          !tlsrpt_spool_read(spool, TLSRPT_REPORTS, reading->digest, LARGEST, p, &file) &&
              file.len == strlen(json) && memcmp(file.octets, json, file.len) == 0,
          "a kept report reads otherwise");
}

static const char *report_of(apr_pool_t *p, int thread, int round)
{
    return apr_psprintf(p,
                        "{\"organization-name\":\"o%d\",\"report-id\":\"%d\",\"date-range\":"
                        "{\"start-datetime\":\"2026-05-10T00:00:00Z\","
                        "\"end-datetime\":\"2026-05-10T23:59:59Z\"},\"policies\":[]}",
                        thread, round);
}

/* What is put aside and removed again, by whoever comes first. */
static void come_and_go(apr_pool_t *p, int round)
{
    const char *digest = tlsrpt_digest_of(p, &round, sizeof(round)), *reason;

    tlsrpt_spool_keep(spool, TLSRPT_QUARANTINE, digest, &unverified, "{", 1, p, &reason);
    tlsrpt_spool_remove(spool, TLSRPT_QUARANTINE, digest);
}

/* What the watchdog and the status page do meanwhile. */
static void look(apr_pool_t *p, int round)
{
    apr_int64_t octets, files;
    apr_time_t changed;

    tlsrpt_spool_tidy(spool);
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &octets, &files);
    tlsrpt_spool_folder_changed(spool, TLSRPT_REPORTS, round, &changed);
    tlsrpt_spool_folder_list(spool, TLSRPT_REPORTS, round, p);
    tlsrpt_spool_room(spool);
    tlsrpt_spool_expire(spool, TLSRPT_QUARANTINE, 1);
}

static void *work(void *baton)
{
    worker *w = baton;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        apr_pool_t *p;

        pthread_barrier_wait(&start);
        apr_pool_create(&p, NULL);
        keep(w, p, report_of(p, THREADS, round), w->number % 2 ? &verified : &unverified);
        keep(w, p, report_of(p, w->number, round), &unverified);
        come_and_go(p, round);
        if (round % 8 == w->number) {
            look(p, round);
        }
        apr_pool_destroy(p);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    worker workers[THREADS];
    apr_int64_t octets, files;
    apr_pool_t *p;
    mta_sts_findings *findings;
    int i, failures = 0;

    if (argc != 2 || apr_initialize() != APR_SUCCESS) {
        fprintf(stderr, "usage: threads EMPTY-FOLDER\n");
        return 2;
    }
    apr_pool_create(&p, NULL);
    findings = mta_sts_findings_make(p);
    spool = tlsrpt_spool_open(p, argv[1], findings);
    if (!spool) {
        fprintf(stderr, "%s\n", mta_sts_findings_at(findings, 0)->message);
        return 2;
    }
    pthread_barrier_init(&start, NULL, THREADS);
    memset(workers, 0, sizeof(workers));
    for (i = 0; i < THREADS; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            return 2;
        }
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        failures += workers[i].failures;
    }
    tlsrpt_spool_usage(spool, TLSRPT_REPORTS, &octets, &files);
    printf("threads: %d threads, %d reports kept, %d failures\n", THREADS, (int)files, failures);
    return failures || files != ROUNDS * (THREADS + 1);
}

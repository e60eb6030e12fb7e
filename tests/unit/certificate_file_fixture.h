/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CERTIFICATE_FILE_FIXTURE_H
#define TESTS_UNIT_CERTIFICATE_FILE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "certificate_fixture.h"
#include "core/policy/certificate.h"
#include "findings_fixture.h"

/*
 * Certificate files in a directory that this program owns, and helpers that read them and check the
 * findings. The program runs its tests with RUN_DIRECTORY_TESTS.
 */

#define RUN_DIRECTORY_TESTS(tests) cmocka_run_group_tests(tests, directory_make, directory_drop)

#define NAME_FIX "run: certbot --apache -d " HOST

/* The time at which certificates are judged: 2026-01-01 00:00:00 UTC. */
#define NOW apr_time_from_sec(APR_INT64_C(1767225600))

/* The files of the tests */

static char *directory;

/* Accessible to all users, so that only the mode of a file decides who can read it. */
static inline int directory_make(void **state)
{
    const char *parent = getenv("TMPDIR");
    char name[512];

    if (apr_start(state) != 0) {
        return -1;
    }
    snprintf(name, sizeof(name), "%s/test_certificate.XXXXXX", parent ? parent : "/tmp");
    directory = strdup(name);
    return directory && mkdtemp(directory) && chmod(directory, 0755) == 0 ? 0 : -1;
}

static inline int directory_drop(void **state)
{
    int rc = rmdir(directory);

    free(directory);
    return apr_stop(state) == 0 ? rc : -1;
}

static inline apr_status_t remove_file(void *path)
{
    remove(path);
    return APR_SUCCESS;
}

/* A path in the directory; a file there is deleted with the pool. */
static inline char *new_path(apr_pool_t *p)
{
    static int made;
    char *path = apr_psprintf(p, "%s/%d.pem", directory, made++);

    apr_pool_cleanup_register(p, path, remove_file, apr_pool_cleanup_null);
    return path;
}

static inline const char *write_bytes(apr_pool_t *p, const void *bytes, size_t len)
{
    const char *path = new_path(p);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *write_text(apr_pool_t *p, const char *text)
{
    return write_bytes(p, text, strlen(text));
}

/* The certificates of the tests */

static inline const mta_sts_certificate *read_text(apr_pool_t *p, const char *text)
{
    const mta_sts_certificate *certificate = mta_sts_certificate_read(p, write_text(p, text), NULL);

    assert_non_null(certificate);
    return certificate;
}

static inline const mta_sts_certificate *read_names(apr_pool_t *p, const san *names)
{
    const mta_sts_certificate *certificate = read_text(p, pem_with(p, names));

    assert_null(certificate->error);
    return certificate;
}

static inline const mta_sts_certificate *read_times(apr_pool_t *p, const char *from,
                                                    const char *until)
{
    const mta_sts_certificate *certificate;
    X509 *x509 = draft_x509(p);

    add_names(x509, only_host);
    set_times(x509, from, until);
    sign(p, x509);
    certificate = read_text(p, pem_of(p, x509));
    assert_null(certificate->error);
    return certificate;
}

/* The names of a certificate, separated by commas. */
static inline const char *names_of(apr_pool_t *p, const mta_sts_certificate *certificate)
{
    return apr_array_pstrcat(p, certificate->names, ',');
}

static inline mta_sts_findings *check_at(apr_pool_t *p, const mta_sts_certificate *certificate,
                                         apr_time_t now)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    int i;

    mta_sts_certificate_check(certificate, HOST, now, NAME_FIX, findings);
    assert_findings_are_printable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_string_equal(mta_sts_findings_at(findings, i)->subject, HOST);
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
        assert_non_null(strstr(mta_sts_findings_at(findings, i)->message, certificate->path));
    }
    return findings;
}

static inline mta_sts_findings *check(apr_pool_t *p, const mta_sts_certificate *certificate)
{
    return check_at(p, certificate, NOW);
}

/* The message of the only finding. */
static inline const char *only_message(const mta_sts_findings *findings)
{
    assert_int_equal(findings->list->nelts, 1);
    return mta_sts_findings_at(findings, 0)->message;
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
    }
}

#endif

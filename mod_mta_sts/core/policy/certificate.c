/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/text.h"

#define NAMES_SHOWN 5
#define DAY apr_time_from_sec(24 * 60 * 60)
#define HOUR apr_time_from_sec(60 * 60)

#define SOON_MAX (14 * DAY)
#define SOON_SHARE 3 /* one third of the lifetime */

#define CHAIN_MAX 20 /* certificates that are read after the first */

/* A subjectAltName with an embedded NUL is an attack on parsers, so it is ignored. */
static void take_names(apr_pool_t *p, X509 *x509, mta_sts_certificate *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const char *bytes;
        apr_size_t len;

        if (name->type != GEN_DNS) {
            continue;
        }
        bytes = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
        len = (apr_size_t)ASN1_STRING_length(name->d.dNSName);
        if (len && !memchr(bytes, '\0', len)) {
            APR_ARRAY_PUSH(certificate->names, const char *) = apr_pstrmemdup(p, bytes, len);
        }
    }
    GENERAL_NAMES_free(names);
}

static int take_time(const ASN1_TIME *asn1, apr_time_t *out)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(asn1, &tm)) {
        return 0;
    }
    *out = apr_time_from_sec((apr_time_t)timegm(&tm));
    return 1;
}

/* Starting httpd must not wait for a password to be typed. */
static int no_password(char *out, int size, int writing, void *baton)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)baton;
    return -1;
}

static mta_sts_certificate *make_certificate(apr_pool_t *p, const char *path)
{
    mta_sts_certificate *certificate = apr_pcalloc(p, sizeof(*certificate));

    certificate->path = path;
    certificate->names = apr_array_make(p, 2, sizeof(const char *));
    certificate->trust = MTA_STS_TRUST_NOT_JUDGED;
    return certificate;
}

static void take_x509(apr_pool_t *p, X509 *x509, mta_sts_certificate *certificate)
{
    if (!take_time(X509_get0_notBefore(x509), &certificate->not_before) ||
        !take_time(X509_get0_notAfter(x509), &certificate->not_after)) {
        certificate->error = "it has dates that cannot be read";
    }
    else {
        take_names(p, x509, certificate);
    }
}

/* OpenSSL's earliest error is the cause, unless the caller left errors in the queue. */
static const char *parse_error(apr_pool_t *p, int queue_was_empty)
{
    const char *reason =
        ERR_reason_error_string(queue_was_empty ? ERR_peek_error() : ERR_peek_last_error());

    return apr_pstrcat(p, "its certificate cannot be parsed: ", reason ? reason : "unknown error",
                       NULL);
}

/* PEM with or without trust settings, as mod_ssl accepts both. */
static X509 *read_x509(apr_pool_t *p, BIO *bio, const char **error)
{
    int queue_was_empty = ERR_peek_error() == 0;
    unsigned char *der = NULL;
    const unsigned char *at;
    long len;
    X509 *x509;

    if (!PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509_TRUSTED, bio, no_password, NULL)) {
        *error = "it holds no certificate in PEM format";
        return NULL;
    }
    at = der;
    x509 = d2i_X509_AUX(NULL, &at, len);
    if (!x509) {
        *error = parse_error(p, queue_was_empty);
    }
    OPENSSL_free(der);
    return x509;
}

/* Judges the trust by the rest of the file, which contains the chain. */
static void judge_trust(apr_pool_t *p, BIO *bio, X509 *own, mta_sts_trust_store *store,
                        mta_sts_certificate *certificate)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *x509;

    while (others && sk_X509_num(others) < CHAIN_MAX &&
           (x509 = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
        sk_X509_push(others, x509);
    }
    certificate->trust = mta_sts_chain_judge(p, store, own, others, &certificate->issuer);
    sk_X509_pop_free(others, X509_free);
}

/* OpenSSL's error queue belongs to the caller and is left as it was. */
mta_sts_certificate *mta_sts_certificate_read(apr_pool_t *p, const char *path,
                                              mta_sts_trust_store *store)
{
    mta_sts_certificate *certificate = make_certificate(p, path);
    FILE *file = fopen(path, "rb");
    X509 *x509;
    BIO *bio;

    if (!file) {
        certificate->error = apr_pstrdup(p, strerror(errno));
        return certificate;
    }
    ERR_set_mark();
    bio = BIO_new_fp(file, BIO_CLOSE);
    x509 = read_x509(p, bio, &certificate->error);
    if (x509) {
        take_x509(p, x509, certificate);
    }
    if (x509 && store && !certificate->error) {
        judge_trust(p, bio, x509, store, certificate);
    }
    BIO_free(bio);
    ERR_pop_to_mark();
    X509_free(x509);
    return certificate;
}

mta_sts_certificate *mta_sts_certificate_of(apr_pool_t *p, X509 *x509)
{
    mta_sts_certificate *certificate = make_certificate(p, NULL);

    ERR_set_mark();
    take_x509(p, x509, certificate);
    ERR_pop_to_mark();
    return certificate;
}

int mta_sts_certificate_names(const mta_sts_certificate *certificate, const char *host)
{
    int i;

    for (i = 0; i < certificate->names->nelts; i++) {
        if (mta_sts_name_matches_mx(APR_ARRAY_IDX(certificate->names, i, const char *), host)) {
            return 1;
        }
    }
    return 0;
}

/* Lists the names in the certificate, which help the admin to recognize it. */
static const char *list_names(apr_pool_t *p, const mta_sts_certificate *certificate)
{
    return certificate->names->nelts ? mta_sts_format_names(p, certificate->names, NAMES_SHOWN)
                                     : "no DNS name";
}

int mta_sts_certificate_days(const mta_sts_certificate *certificate, apr_time_t now)
{
    apr_time_t left = certificate->not_after - now;

    return (int)(left < 0 ? (left - DAY + 1) / DAY : left / DAY);
}

apr_interval_time_t mta_sts_certificate_soon(const mta_sts_certificate *certificate, int days)
{
    apr_interval_time_t share = (certificate->not_after - certificate->not_before) / SOON_SHARE;

    return days >= 0                   ? days * DAY
           : certificate->warning_days ? certificate->warning_days * DAY
           : share < SOON_MAX          ? share
                                       : SOON_MAX;
}

mta_sts_severity mta_sts_certificate_severity(const mta_sts_certificate *certificate,
                                              apr_time_t now)
{
    apr_interval_time_t left = certificate->not_after - now;

    return left < 0                                           ? MTA_STS_ERROR
           : left < mta_sts_certificate_soon(certificate, -1) ? MTA_STS_WARNING
                                                              : MTA_STS_OK;
}

/* "13 days" or "5 hours" */
static const char *time_left(apr_pool_t *p, apr_interval_time_t left)
{
    return left < DAY ? mta_sts_format_count(p, left / HOUR, "hour", "hours")
                      : mta_sts_format_count(p, left / DAY, "day", "days");
}

static void judge_dates(const mta_sts_certificate *certificate, const char *host, apr_time_t now,
                        const mta_sts_certificate_use *use, mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    apr_interval_time_t left = certificate->not_after - now;
    int is_error = left < use->error_days * DAY;

    if (now < certificate->not_before) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "certificate-not-yet-valid", host,
                            "check the clock of this machine",
                            "the certificate %s is not valid before %s", use->where,
                            mta_sts_format_time(p, certificate->not_before));
    }
    else if (now > certificate->not_after) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "certificate-expired", host, use->renew_fix,
                            "the certificate %s expired on %s: %s", use->where,
                            mta_sts_format_time(p, certificate->not_after), use->loss);
    }
    else if (is_error || left < mta_sts_certificate_soon(certificate, use->warning_days)) {
        mta_sts_finding_add(findings, is_error ? MTA_STS_ERROR : MTA_STS_WARNING,
                            "certificate-expires-soon", host, use->renew_fix,
                            "the certificate %s expires on %s, in %s", use->where,
                            mta_sts_format_time(p, certificate->not_after), time_left(p, left));
    }
}

void mta_sts_certificate_judge(const mta_sts_certificate *certificate, const char *host,
                               apr_time_t now, const mta_sts_certificate_use *use,
                               mta_sts_findings *findings)
{
    if (!mta_sts_certificate_names(certificate, host)) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "certificate-name-missing", host,
                            use->name_fix,
                            "the certificate %s does not cover this host (it covers %s): %s",
                            use->where, list_names(findings->pool, certificate), use->loss);
    }
    judge_dates(certificate, host, now, use, findings);
}

void mta_sts_certificate_check(const mta_sts_certificate *certificate, const char *host,
                               apr_time_t now, const char *name_fix, mta_sts_findings *findings)
{
    mta_sts_certificate_use use = {
        .where = apr_pstrcat(findings->pool, "in ", certificate->path, NULL),
        .loss = "senders do not accept a policy from this host",
        .name_fix = name_fix,
        .renew_fix = "renew it (certbot renew) and reload httpd; 'certbot certificates' lists the "
                     "certificates",
        .warning_days = -1,
    };

    if (certificate->error) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "certificate-unreadable", host,
            "check the file and its permissions, or have the certificate issued again",
            "the certificate file %s cannot be read: %s", certificate->path, certificate->error);
        return;
    }
    mta_sts_certificate_judge(certificate, host, now, &use, findings);
}

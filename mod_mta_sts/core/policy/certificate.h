/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_CERTIFICATE_H
#define CORE_POLICY_CERTIFICATE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"
#include "core/policy/chain.h"

/*
 * What MTA-STS requires of a server's certificate (RFC 8461 sections 3.3 and 4.2): its
 * subjectAltName contains the host's name, and it is valid now. Whether it chains to a trusted CA
 * is up to the trust store of each client; for a certificate file, this machine's trust store gives
 * an indication.
 */

typedef struct mta_sts_certificate {
    const char *path;  /* the file it was read from; NULL: presented by a server */
    const char *error; /* why it could not be read, or NULL; if set, the members below are not */
    apr_array_header_t *names; /* of const char *: the DNS names of its subjectAltName */
    apr_time_t not_before;
    apr_time_t not_after;
    int warning_days;    /* it expires soon when fewer days are left; 0: depends on its lifetime */
    mta_sts_trust trust; /* by this machine's trust store; MTA_STS_TRUST_NOT_JUDGED without one */
    const char *issuer;  /* the name of the CA whose certificate is missing, expired or not trusted;
                            or NULL */
} mta_sts_certificate;

/*
 * Reads a PEM file: the first certificate, which is the server's own, and whether the others
 * complete a chain to a trusted CA.
 *
 * @param p     pool of the result
 * @param path  borrowed
 * @param store the trusted CAs; NULL: trust is not judged
 * @return never NULL; its member error says whether it could be read
 */
mta_sts_certificate *mta_sts_certificate_read(apr_pool_t *p, const char *path,
                                              mta_sts_trust_store *store);

/* The same for a certificate in OpenSSL's memory (an X509 *, borrowed during the call). */
struct x509_st;
mta_sts_certificate *mta_sts_certificate_of(apr_pool_t *p, struct x509_st *x509);

/* Whether a DNS name of the certificate matches the host: "*" stands for one whole left-most
 * label (RFC 6125 section 6.4.3); the subject's common name does not count. */
int mta_sts_certificate_names(const mta_sts_certificate *certificate, const char *host);

/* How strictly a certificate is judged, and the texts of the findings, which borrow them. */
typedef struct mta_sts_certificate_use {
    const char *where;     /* "in /etc/ssl/a.pem", "at 192.0.2.1" */
    const char *loss;      /* the effect of a certificate that is not valid: "senders do not take a
                              policy from this host" */
    const char *name_fix;  /* what to do if it does not cover the host */
    const char *renew_fix; /* what to do if it has expired or soon will */
    int warning_days;      /* a certificate that expires within this many days is a warning; -1: see
                              mta_sts_certificate_soon() */
    int error_days;        /* within this many days it is an error; 0: only once expired */
} mta_sts_certificate_use;

/*
 * Judges a certificate that could be read.
 *
 * @param host the host that the findings are about; borrowed by them
 * @param now  the time at which the certificate should be valid
 */
void mta_sts_certificate_judge(const mta_sts_certificate *certificate, const char *host,
                               apr_time_t now, const mta_sts_certificate_use *use,
                               mta_sts_findings *findings);

/* Whole days until the certificate expires; negative once it has. */
int mta_sts_certificate_days(const mta_sts_certificate *certificate, apr_time_t now);

/*
 * How long before its expiry a certificate counts as expiring soon, in microseconds: a third of its
 * lifetime, because ACME clients renew it before then, or 14 days, whichever is less.
 *
 * @param days a number of days to use instead; -1: the certificate's own warning_days, if set
 */
apr_interval_time_t mta_sts_certificate_soon(const mta_sts_certificate *certificate, int days);

/* MTA_STS_ERROR if it has expired, MTA_STS_WARNING if it expires soon, else MTA_STS_OK. */
mta_sts_severity mta_sts_certificate_severity(const mta_sts_certificate *certificate,
                                              apr_time_t now);

/* Adds the findings about the trust of a certificate file of this machine: whether senders will
 * trust it. host is borrowed by the findings. */
void mta_sts_certificate_trust_check(const mta_sts_certificate *certificate, const char *host,
                                     mta_sts_findings *findings);

/*
 * Judges the certificate file that this machine's httpd presents for a host.
 *
 * @param host     the host that the findings are about; borrowed by them
 * @param now      the time at which the certificate should be valid
 * @param name_fix what to do if the certificate does not cover the host; borrowed
 */
void mta_sts_certificate_check(const mta_sts_certificate *certificate, const char *host,
                               apr_time_t now, const char *name_fix, mta_sts_findings *findings);

#endif

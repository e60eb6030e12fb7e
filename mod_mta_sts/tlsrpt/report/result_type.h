/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_RESULT_TYPE_H
#define TLSRPT_REPORT_RESULT_TYPE_H

/*
 * The result types of RFC 8460 section 4.3 (IANA's "STARTTLS Validation Result Types"), which say
 * why sessions failed. This is the only list of them: the reader of reports, the explanations and
 * the metrics all use it. To add one, add a line here and a rule in advice/rules.c.
 *
 * TYPE(enumerator, name, is_general): the name is what a report contains; it is also the value of
 * the label result_type in the metrics and, where no rule is more specific, the id of the cause.
 * is_general: the type only says that something did not match, so the fact that the policy does not
 * cover the MX host explains more.
 */
#define TLSRPT_RESULT_TYPES(TYPE)                                                                  \
    TYPE(TLSRPT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported", 0)                               \
    TYPE(TLSRPT_CERTIFICATE_HOST_MISMATCH, "certificate-host-mismatch", 1)                         \
    TYPE(TLSRPT_CERTIFICATE_EXPIRED, "certificate-expired", 0)                                     \
    TYPE(TLSRPT_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted", 0)                             \
    TYPE(TLSRPT_VALIDATION_FAILURE, "validation-failure", 1)                                       \
    TYPE(TLSRPT_TLSA_INVALID, "tlsa-invalid", 0)                                                   \
    TYPE(TLSRPT_DNSSEC_INVALID, "dnssec-invalid", 0)                                               \
    TYPE(TLSRPT_DANE_REQUIRED, "dane-required", 0)                                                 \
    TYPE(TLSRPT_STS_POLICY_FETCH_ERROR, "sts-policy-fetch-error", 0)                               \
    TYPE(TLSRPT_STS_POLICY_INVALID, "sts-policy-invalid", 0)                                       \
    TYPE(TLSRPT_STS_WEBPKI_INVALID, "sts-webpki-invalid", 0)

typedef enum tlsrpt_result_type {
#define TYPE(enumerator, name, is_general) enumerator,
    TLSRPT_RESULT_TYPES(TYPE)
#undef TYPE
        TLSRPT_RESULT_OTHER,   /* a type that is not registered: label "other", cause "unknown" */
    TLSRPT_RESULT_UNSPECIFIED, /* the report does not specify a type: label "unspecified" */
} tlsrpt_result_type;

#define TLSRPT_RESULT_TYPE_COUNT (TLSRPT_RESULT_UNSPECIFIED + 1)

/* Whether a type only says that something did not match; also true for "other" and
 * "unspecified". */
int tlsrpt_result_type_is_general(tlsrpt_result_type type);

/* The type with a name as sent, ignoring case and "_" instead of "-"; NULL and "" are
 * TLSRPT_RESULT_UNSPECIFIED. */
tlsrpt_result_type tlsrpt_result_type_of(const char *name);

/* The value of the label result_type in the metrics; a string constant. */
const char *tlsrpt_result_type_label(tlsrpt_result_type type);

/* The cause id of a failure of which only the result type is known; a string constant. */
const char *tlsrpt_result_type_cause(tlsrpt_result_type type);

#endif

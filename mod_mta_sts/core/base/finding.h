/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_FINDING_H
#define CORE_BASE_FINDING_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * A finding is one result of any check. The same finding, with the same words, reaches configtest,
 * the error log, the command and the status page.
 */

typedef enum mta_sts_severity {
    MTA_STS_OK,      /* looked at and right */
    MTA_STS_INFO,    /* worth knowing, nothing to do */
    MTA_STS_WARNING, /* works, but not as it should or not for long */
    MTA_STS_ERROR,   /* broken: senders will not do what the admin expects */
    MTA_STS_UNKNOWN, /* could not be looked at */
} mta_sts_severity;

typedef struct mta_sts_finding {
    mta_sts_severity severity;
    const char *id;      /* stable, in words: "mx-missing"; a string constant */
    const char *subject; /* what it is about: a domain, a host, a field; never NULL */
    const char *message; /* what was found, without a final full stop; one line */
    const char *fix;     /* what to do, one line, or NULL */
    const char *file;    /* where it was typed, or NULL */
    int line;            /* line in that file, or in the text that was read; 0: no line */
} mta_sts_finding;

/* Findings in the order in which they were made. Everything in them lives in the pool that made
 * the list, or longer. */
typedef struct mta_sts_findings {
    apr_pool_t *pool;
    apr_array_header_t *list; /* of mta_sts_finding */
} mta_sts_findings;

/* Who has read this many about one text needs no more: readers of hostile text stop there, but
 * never leave out their first error. */
#define MTA_STS_FINDINGS_ENOUGH 100

/* An empty list that allocates from p. */
mta_sts_findings *mta_sts_findings_make(apr_pool_t *p);

/*
 * Adds a finding; its message is formatted into the list's pool as by apr_psprintf.
 *
 * @param id      string constant
 * @param subject borrowed: must live as long as the list
 * @param fix     borrowed likewise, or NULL
 * @return the new finding, for setting file and line; valid until the next one is added
 */
mta_sts_finding *mta_sts_finding_add(mta_sts_findings *findings, mta_sts_severity severity,
                                     const char *id, const char *subject, const char *fix,
                                     const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Adds a copy of a finding, with all that it points to. */
void mta_sts_finding_copy(mta_sts_findings *to, const mta_sts_finding *finding);

/* The i-th finding, 0 being the first. i must be less than findings->list->nelts. */
const mta_sts_finding *mta_sts_findings_at(const mta_sts_findings *findings, int i);

/* The number of findings of this severity. */
int mta_sts_findings_count(const mta_sts_findings *findings, mta_sts_severity severity);

/* "ok", "info", "warning", "error" or "unknown". */
const char *mta_sts_severity_name(mta_sts_severity severity);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_FINDING_H
#define CORE_BASE_FINDING_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * A finding is one result of any check. The same finding, with the same text, appears in
 * configtest, the error log, the output of the command and the status page.
 */

typedef enum mta_sts_severity {
    MTA_STS_OK,      /* checked and correct */
    MTA_STS_INFO,    /* worth knowing, nothing to do */
    MTA_STS_WARNING, /* works, but not as it should, or not for much longer */
    MTA_STS_ERROR,   /* broken: senders will not do what the admin expects */
    MTA_STS_UNKNOWN, /* could not be checked */
} mta_sts_severity;

typedef struct mta_sts_finding {
    mta_sts_severity severity;
    const char *id;      /* "mx-missing": one of finding_ids.h; a string constant */
    const char *subject; /* a domain, a host or a field; never NULL */
    const char *message; /* one line without a final full stop */
    const char *fix;     /* what to do, one line, or NULL */
    const char *file;    /* the configuration file that the finding is about, or NULL */
    int line; /* the line in that file, or in the text that was parsed, from 1; 0: none */
} mta_sts_finding;

/* Findings in the order in which they were added. Their strings live at least as long as the list's
 * pool. */
typedef struct mta_sts_findings {
    apr_pool_t *pool;
    apr_array_header_t *list; /* of mta_sts_finding */
} mta_sts_findings;

/* Parsers of untrusted text stop adding findings at this number, but always add the first error. */
#define MTA_STS_FINDINGS_MAX 100

/* Creates an empty list that allocates from p. */
mta_sts_findings *mta_sts_findings_make(apr_pool_t *p);

/*
 * Adds a finding; its message is formatted into the list's pool as by apr_psprintf.
 *
 * @param id      string constant, one of finding_ids.h: development builds abort on any other
 * @param subject borrowed: must live as long as the list
 * @param fix     borrowed: must live as long as the list; or NULL
 * @return the new finding, for setting file and line; valid until the next one is added
 */
mta_sts_finding *mta_sts_finding_add(mta_sts_findings *findings, mta_sts_severity severity,
                                     const char *id, const char *subject, const char *fix,
                                     const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The meaning of an id in one line, as in finding_ids.h, or NULL if the id is not listed there. */
const char *mta_sts_finding_meaning(const char *id);

/* Adds a deep copy of a finding, allocated from the pool of the list it is added to. */
void mta_sts_finding_copy(mta_sts_findings *to, const mta_sts_finding *finding);

/* The i-th finding, 0 being the first. i must be less than findings->list->nelts. */
const mta_sts_finding *mta_sts_findings_at(const mta_sts_findings *findings, int i);

/* The number of findings with this severity. */
int mta_sts_findings_count(const mta_sts_findings *findings, mta_sts_severity severity);

/* "ok", "info", "warning", "error" or "unknown". */
const char *mta_sts_severity_name(mta_sts_severity severity);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/number.h"
#include "tlsrpt/report/limits.h"
#include "tlsrpt/spool/scope.h"

#define SENT_MIN 1024       /* in bytes, as in the directive */
#define FILE_MAX 4096       /* in bytes, of limits.json */
#define VERSION 1           /* of limits.json */
#define FETCH_KEEP_MAX 3650 /* days, as in the directive */

cli_limits cli_limits_make(void)
{
    cli_limits limits = {.report = tlsrpt_limits_default,
                         .quota = {TLSRPT_QUOTA_REPORTS, TLSRPT_QUOTA_QUARANTINE}};

    return limits;
}

/* Splits at the first comma. Returns the text after it, or NULL if there is no comma. */
static const char *split(apr_pool_t *p, const char *text, const char **first)
{
    const char *comma = strchr(text, ',');

    *first = comma ? apr_pstrmemdup(p, text, (apr_size_t)(comma - text)) : text;
    return comma ? comma + 1 : NULL;
}

static const char *read_size(apr_pool_t *p, const char *option, const char *text, apr_int64_t min,
                             apr_int64_t max, apr_int64_t *bytes)
{
    const char *error = mta_sts_size_parse(p, text, min, max, bytes);

    return error ? apr_pstrcat(p, option, ": ", error, NULL) : NULL;
}

static void set_size(cli_limits *limits, apr_int64_t sent, apr_int64_t inflated)
{
    limits->report.sent = (apr_size_t)sent;
    limits->report.inflated = (apr_size_t)inflated;
    limits->report.memory = TLSRPT_MEMORY_OF(inflated);
}

const char *cli_limits_set_size(cli_limits *limits, apr_pool_t *p, const char *text)
{
    const char *first, *second = split(p, text, &first), *error;
    apr_int64_t sent, inflated;

    if (!second) {
        return "--max-size takes two sizes, separated by a comma, like 1M,10M: bytes as sent, "
               "bytes "
               "inflated";
    }
    error = read_size(p, "--max-size", first, SENT_MIN, TLSRPT_SENT_MAX, &sent);
    if (!error) {
        error = read_size(p, "--max-size", second, SENT_MIN, TLSRPT_INFLATED_MAX, &inflated);
    }
    if (error) {
        return error;
    }
    if (inflated < sent) {
        return apr_psprintf(p, "--max-size: fewer bytes inflated (%s) than sent (%s)",
                            mta_sts_size_render(p, inflated), mta_sts_size_render(p, sent));
    }
    set_size(limits, sent, inflated);
    limits->has_size = 1;
    return NULL;
}

const char *cli_limits_set_quota(cli_limits *limits, apr_pool_t *p, const char *text)
{
    const char *first, *second = split(p, text, &first);
    const char *error = read_size(p, "--quota", first, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX,
                                  &limits->quota[TLSRPT_REPORTS]);

    limits->has_quota = 1;
    if (error || !second) {
        return error;
    }
    return read_size(p, "--quota", second, TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX,
                     &limits->quota[TLSRPT_QUARANTINE]);
}

/* --- the module's file --- */

/* A number in an object of the document; -1 if it is missing or out of range. */
static apr_int64_t number_of(const json_t *document, const char *object, const char *name,
                             apr_int64_t min, apr_int64_t max)
{
    const json_t *value = json_object_get(json_object_get(document, object), name);
    apr_int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;

    return number < min || number > max ? -1 : number;
}

static const char *use(cli_limits *limits, const json_t *document)
{
    apr_int64_t sent = number_of(document, "max_size", "sent", SENT_MIN, TLSRPT_SENT_MAX);
    apr_int64_t inflated =
        number_of(document, "max_size", "inflated", SENT_MIN, TLSRPT_INFLATED_MAX);
    apr_int64_t reports =
        number_of(document, "quota", "reports", TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX);
    apr_int64_t quarantine =
        number_of(document, "quota", "quarantine", TLSRPT_QUOTA_MIN, TLSRPT_QUOTA_MAX);
    apr_int64_t keep = number_of(document, "fetch_log", "keep_days", 0, FETCH_KEEP_MAX);

    if (json_integer_value(json_object_get(document, "version")) != VERSION) {
        return "it is of another version of the module";
    }
    if (sent < 0 || inflated < sent || reports < 0 || quarantine < 0) {
        return "a limit is missing or out of range";
    }
    if (!limits->has_size) {
        set_size(limits, sent, inflated);
    }
    if (!limits->has_quota) {
        limits->quota[TLSRPT_REPORTS] = reports;
        limits->quota[TLSRPT_QUARANTINE] = quarantine;
    }
    limits->fetch_keep_days = keep > 0 ? keep : 0; /* earlier versions have none */
    return NULL;
}

const char *cli_limits_read(cli_limits *limits, const char *text, apr_size_t len)
{
    json_t *document = json_loadb(text, len, 0, NULL);
    const char *error = document ? use(limits, document) : "it is not valid JSON";

    json_decref(document);
    return error;
}

/* @return NULL also if there is no file */
static const char *load(cli_limits *limits, apr_pool_t *p, const char *file)
{
    char text[FILE_MAX];
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
    const char *error = NULL;

    if (len >= 0) {
        error = cli_limits_read(limits, text, (apr_size_t)len);
    }
    else if (errno != ENOENT) {
        error = apr_pstrdup(p, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* Maps the file of local names into memory, because it may have any number of lines, of which only
 * few are read. */
static const char *map_names(cli_limits *limits, apr_pool_t *p, const char *file)
{
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const char *error = NULL;
    struct stat info;
    void *map;

    if (fd < 0) {
        return errno == ENOENT ? NULL : apr_pstrdup(p, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
        error = "it is not a file with text";
    }
    else if ((map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
             MAP_FAILED) {
        error = apr_pstrdup(p, strerror(errno));
    }
    else {
        limits->names = map;
        limits->names_len = (apr_size_t)info.st_size;
    }
    close(fd);
    return error;
}

/* Opens the snapshot, which httpd keeps up to date; without MTASTSHosting there is none. */
static const char *open_hosted(cli_limits *limits, apr_pool_t *p, const char *file)
{
    struct stat info;
    const char *error;

    if (lstat(file, &info) != 0) {
        return NULL;
    }
    error = mta_sts_database_init(p);
    return error ? error : mta_sts_lookup_open(p, file, &limits->hosted);
}

static int is_hosted(const cli_limits *limits, apr_pool_t *p, const char *domain)
{
    const char *error;

    return limits->hosted &&
           mta_sts_lookup_accepts(limits->hosted, domain, p, &error) == MTA_STS_LOOKUP_FOUND;
}

static int is_configured(const cli_limits *limits, apr_pool_t *p, const char *domain)
{
    return limits->names ? tlsrpt_scope_has(p, limits->names, limits->names_len, domain)
                         : !limits->hosted;
}

int cli_limits_admit(const cli_limits *limits, apr_pool_t *p, const tlsrpt_report *report)
{
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (policy->domain
                ? is_configured(limits, p, policy->domain) || is_hosted(limits, p, policy->domain)
                : tlsrpt_policy_may_omit_domain(policy)) {
            return 1;
        }
    }
    return 0;
}

const char *cli_limits_load(cli_limits *limits, apr_pool_t *p, const char *state_dir)
{
    const char *file = apr_pstrcat(p, state_dir, "/" CLI_LIMITS_FILE, NULL);
    const char *error = load(limits, p, file);

    if (!error) {
        file = apr_pstrcat(p, state_dir, "/" TLSRPT_SCOPE_FILE, NULL);
        error = map_names(limits, p, file);
    }
    if (!error) {
        file = apr_pstrcat(p, state_dir, "/" MTA_STS_SNAPSHOT_FILE, NULL);
        error = open_hosted(limits, p, file);
    }
    return error ? apr_psprintf(p, "%s cannot be used: %s; restart httpd to write it again", file,
                                error)
                 : NULL;
}

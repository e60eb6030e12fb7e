/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/fold.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <openssl/evp.h>

#include "core/base/text.h"

/* In bytes. Texts up to TEXT_SHORT are never truncated. Longer ones together may have TEXT_MIN,
 * plus the size of the report, so that those of an uncompressed report always fit. */
#define TEXT_SHORT 64
#define TEXT_MIN 4096
#define CUT "\xe2\x80\xa6" /* an ellipsis */

/* Its address distinguishes it from a name that a report itself contains. */
static const char other[] = TLSRPT_OTHER;

#define KIND_SIZE 32 /* of SHA-256 */
#define PARTS 5      /* of a failure */

/* How many members of a failure remain; the others become TLSRPT_OTHER. */
typedef enum detail {
    DETAIL_ALL,
    DETAIL_RECEIVING_IP,
    DETAIL_REASON,
    DETAIL_MX,
    DETAIL_TYPE,
} detail;

typedef struct folding {
    apr_pool_t *p;
    EVP_MD_CTX *digest;
    detail detail;
    apr_size_t rows, names, text; /* how many may still be added */
    apr_hash_t *used;             /* the names in policies */
    apr_hash_t *texts;            /* long text -> its truncated form */
    tlsrpt_fold_is_known *is_known;
    void *baton;
} folding;

/* --- texts --- */

static const char *begin_of(apr_pool_t *p, const char *text)
{
    return apr_pstrcat(p, apr_pstrmemdup(p, text, mta_sts_text_cut(text, TEXT_SHORT)), CUT, NULL);
}

/* Truncates a text if it exceeds the limit; equal texts in the same way. */
static const char *shorten(folding *f, const char *text)
{
    apr_size_t len = text ? strlen(text) : 0;
    const char *made;

    if (len <= TEXT_SHORT) {
        return text;
    }
    made = apr_hash_get(f->texts, text, (apr_ssize_t)len);
    if (!made) {
        made = len <= f->text ? text : begin_of(f->p, text);
        f->text -= made == text ? len : 0;
        apr_hash_set(f->texts, text, (apr_ssize_t)len, made);
    }
    return made;
}

static const char *fold(folding *f, const char *text)
{
    return text && *text && f->is_known && !f->is_known(f->baton, text) ? other : shorten(f, text);
}

/* --- failures --- */

static const char *other_than_null(const char *text)
{
    return text ? other : NULL;
}

static tlsrpt_failure fold_failure(folding *f, const tlsrpt_failure *failure)
{
    tlsrpt_failure made = *failure;

    made.result_type = fold(f, made.result_type);
    made.receiving_mx =
        f->detail < DETAIL_TYPE ? fold(f, made.receiving_mx) : other_than_null(made.receiving_mx);
    made.reason = f->detail < DETAIL_MX ? fold(f, made.reason) : other_than_null(made.reason);
    made.receiving_ip =
        f->detail < DETAIL_REASON ? fold(f, made.receiving_ip) : other_than_null(made.receiving_ip);
    made.sending_ip =
        f->detail == DETAIL_ALL ? fold(f, made.sending_ip) : other_than_null(made.sending_ip);
    return made;
}

static void list_parts(const tlsrpt_failure *failure, const char *parts[PARTS])
{
    parts[0] = failure->result_type;
    parts[1] = failure->receiving_mx;
    parts[2] = failure->reason;
    parts[3] = failure->receiving_ip;
    parts[4] = failure->sending_ip;
}

/* Identifies the kind of a failure by KIND_SIZE bytes. NULL and "" differ, and NUL ends each
 * part. */
static const unsigned char *kind_of(folding *f, const tlsrpt_failure *failure)
{
    unsigned char *kind = apr_palloc(f->p, KIND_SIZE);
    const char *parts[PARTS];
    int i;

    list_parts(failure, parts);
    EVP_DigestInit_ex(f->digest, EVP_sha256(), NULL);
    for (i = 0; i < PARTS; i++) {
        EVP_DigestUpdate(f->digest, parts[i] ? "=" : "-", 1);
        if (parts[i]) {
            EVP_DigestUpdate(f->digest, parts[i], strlen(parts[i]) + 1);
        }
    }
    EVP_DigestFinal_ex(f->digest, kind, NULL);
    return kind;
}

static void count_names(const tlsrpt_failure *failure, apr_hash_t *names)
{
    const char *parts[PARTS];
    int i;

    list_parts(failure, parts);
    for (i = 0; i < PARTS; i++) {
        if (parts[i]) {
            apr_hash_set(names, parts[i], APR_HASH_KEY_STRING, "");
        }
    }
}

/* Whether all failures of the policies are within the limits with the chosen detail. */
static int fits(folding *f, const apr_array_header_t *policies)
{
    apr_hash_t *names = apr_hash_make(f->p);
    apr_size_t count = 0;
    int i, k;

    for (i = 0; i < policies->nelts; i++) {
        const apr_array_header_t *failures = APR_ARRAY_IDX(policies, i, tlsrpt_policy).failures;
        apr_hash_t *kinds = apr_hash_make(f->p);

        for (k = 0; k < failures->nelts; k++) {
            const tlsrpt_failure made =
                fold_failure(f, &APR_ARRAY_IDX(failures, k, tlsrpt_failure));

            count_names(&made, names);
            apr_hash_set(kinds, kind_of(f, &made), KIND_SIZE, "");
            if (count + apr_hash_count(kinds) > f->rows || apr_hash_count(names) > f->names) {
                return 0;
            }
        }
        count += apr_hash_count(kinds);
    }
    return 1;
}

/* Chooses as much detail as the limits permit; most reports have few failures and need no
 * counting. */
static void choose_detail(folding *f, const apr_array_header_t *policies)
{
    apr_size_t failures = 0;
    int i;

    for (i = 0; i < policies->nelts; i++) {
        failures += (apr_size_t)APR_ARRAY_IDX(policies, i, tlsrpt_policy).failures->nelts;
    }
    f->detail = DETAIL_ALL;
    if (failures > f->rows || failures * PARTS > f->names) {
        while (f->detail < DETAIL_TYPE && !fits(f, policies)) {
            f->detail++;
        }
    }
}

/* Adds the row of a kind of failure that has none yet. Once the limit is reached, all further kinds
 * share one row. */
static tlsrpt_failure *add_row(folding *f, apr_array_header_t *rows, const tlsrpt_failure *failure,
                               tlsrpt_failure **rest)
{
    tlsrpt_failure *row;

    if (f->rows == 0 && *rest) {
        return *rest;
    }
    row = apr_array_push(rows);
    *row = *failure;
    row->sessions = 0;
    if (f->rows == 0) {
        row->result_type = other;
        row->receiving_mx = other_than_null(row->receiving_mx);
        *rest = row;
    }
    f->rows -= f->rows > 0;
    return row;
}

/* Adds up the failures of each kind. The array has space for all rows, so it is never
 * reallocated. */
static apr_array_header_t *fold_failures(folding *f, const apr_array_header_t *failures)
{
    apr_array_header_t *rows =
        apr_array_make(f->p, failures->nelts ? failures->nelts : 1, sizeof(tlsrpt_failure));
    apr_hash_t *kinds = apr_hash_make(f->p);
    tlsrpt_failure *rest = NULL;
    int i;

    for (i = 0; i < failures->nelts; i++) {
        const tlsrpt_failure made = fold_failure(f, &APR_ARRAY_IDX(failures, i, tlsrpt_failure));
        const unsigned char *kind = kind_of(f, &made);
        tlsrpt_failure *row = apr_hash_get(kinds, kind, KIND_SIZE);

        if (!row) {
            row = add_row(f, rows, &made, &rest);
            apr_hash_set(kinds, kind, KIND_SIZE, row);
        }
        row->sessions = tlsrpt_count_add(row->sessions, made.sessions);
    }
    return rows;
}

/* --- policies --- */

/* Joins the lines of a policy to one, since policies are compared as a whole. */
static apr_array_header_t *fold_lines(folding *f, const apr_array_header_t *lines)
{
    const char *text = lines->nelts ? apr_array_pstrcat(f->p, lines, '\n') : "";
    apr_array_header_t *made = apr_array_make(f->p, 1, sizeof(const char *));

    if (*text) {
        APR_ARRAY_PUSH(made, const char *) = fold(f, text);
    }
    return made;
}

static tlsrpt_policy fold_policy(folding *f, const tlsrpt_policy *policy)
{
    tlsrpt_policy made = *policy;

    made.domain = fold(f, policy->domain);
    made.type = fold(f, policy->type);
    made.policy = fold_lines(f, policy->policy);
    return made;
}

static int is_new(folding *f, const char *name)
{
    return name && *name && !apr_hash_get(f->used, name, APR_HASH_KEY_STRING);
}

/* Whether a policy is within the limits; if so, records its names. */
static int has_room(folding *f, const tlsrpt_policy *policy)
{
    const char *names[] = {policy->domain, policy->type,
                           policy->policy->nelts ? APR_ARRAY_IDX(policy->policy, 0, const char *)
                                                 : NULL};
    apr_size_t i, count = 0;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        count += (apr_size_t)is_new(f, names[i]);
    }
    if (f->rows == 0 || count > f->names) {
        return 0;
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i]) {
            apr_hash_set(f->used, names[i], APR_HASH_KEY_STRING, "");
        }
    }
    f->rows--;
    f->names -= count;
    return 1;
}

/* Adds a policy beyond the limits to the one that stands for all of these. */
static void add_to_rest(apr_pool_t *p, const tlsrpt_policy *policy, tlsrpt_policy *rest)
{
    if (!rest->failures) {
        rest->domain = rest->type = other;
        rest->mx = rest->policy = apr_array_make(p, 1, sizeof(const char *));
        rest->failures = apr_array_make(p, 1, sizeof(tlsrpt_failure));
    }
    rest->successful = tlsrpt_count_add(rest->successful, policy->successful);
    rest->failed = tlsrpt_count_add(rest->failed, policy->failed);
    apr_array_cat(rest->failures, policy->failures);
}

/* Policies may use half of the rows and names, so that the other half is left for failures. */
static apr_array_header_t *fold_policies(folding *f, const apr_array_header_t *policies)
{
    apr_array_header_t *list = apr_array_make(f->p, policies->nelts + 1, sizeof(tlsrpt_policy));
    const apr_size_t rows = f->rows / 2, names = f->names / 2;
    tlsrpt_policy rest = {0};
    int i;

    f->rows -= rows;
    f->names -= names;
    for (i = 0; i < policies->nelts; i++) {
        const tlsrpt_policy made = fold_policy(f, &APR_ARRAY_IDX(policies, i, tlsrpt_policy));

        if (has_room(f, &made)) {
            APR_ARRAY_PUSH(list, tlsrpt_policy) = made;
        }
        else {
            add_to_rest(f->p, &made, &rest);
        }
    }
    if (rest.failures) {
        APR_ARRAY_PUSH(list, tlsrpt_policy) = rest;
    }
    f->rows += rows;
    f->names += names;
    choose_detail(f, list);
    for (i = 0; i < list->nelts; i++) {
        tlsrpt_policy *policy = &APR_ARRAY_IDX(list, i, tlsrpt_policy);

        policy->failures = fold_failures(f, policy->failures);
    }
    return list;
}

static const tlsrpt_report *fold_all(folding *f, const tlsrpt_report *report)
{
    tlsrpt_report *made = apr_pmemdup(f->p, report, sizeof(*made));

    f->digest = EVP_MD_CTX_new();
    f->used = apr_hash_make(f->p);
    f->texts = apr_hash_make(f->p);
    /* The organization is never replaced: the numbers of several senders, taken as those of one,
     * might not be plausible. */
    made->organization = shorten(f, report->organization);
    made->policies = fold_policies(f, report->policies);
    EVP_MD_CTX_free(f->digest);
    return made;
}

const tlsrpt_report *tlsrpt_fold_report(apr_pool_t *p, const tlsrpt_report *report, apr_size_t len)
{
    const apr_size_t over = len > TLSRPT_FOLD_BYTES_MIN ? len - TLSRPT_FOLD_BYTES_MIN : 0;
    const apr_size_t room = TLSRPT_FOLD_MIN + over / TLSRPT_FOLD_BYTES_A_ROW;
    folding f = {.p = p, .rows = room, .names = room, .text = TEXT_MIN + len};

    return fold_all(&f, report);
}

const tlsrpt_report *tlsrpt_fold_to_known(apr_pool_t *p, const tlsrpt_report *report,
                                          tlsrpt_fold_is_known *is_known, void *baton)
{
    folding f = {.p = p,
                 .rows = TLSRPT_FOLD_FEW,
                 .names = TLSRPT_FOLD_FEW * PARTS,
                 .text = APR_SIZE_MAX,
                 .is_known = is_known,
                 .baton = baton};

    return fold_all(&f, report);
}

static int failure_has_other(const tlsrpt_failure *failure)
{
    const char *parts[PARTS];
    int i;

    list_parts(failure, parts);
    for (i = 0; i < PARTS && parts[i] != other; i++) {
    }
    return i < PARTS;
}

static int policy_has_other(const tlsrpt_policy *policy)
{
    int i,
        found = policy->domain == other || policy->type == other ||
                (policy->policy->nelts && APR_ARRAY_IDX(policy->policy, 0, const char *) == other);

    for (i = 0; i < policy->failures->nelts && !found; i++) {
        found = failure_has_other(&APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure));
    }
    return found;
}

int tlsrpt_fold_has_other(const tlsrpt_report *report)
{
    int i, found = 0;

    for (i = 0; i < report->policies->nelts && !found; i++) {
        found = policy_has_other(&APR_ARRAY_IDX(report->policies, i, tlsrpt_policy));
    }
    return found;
}

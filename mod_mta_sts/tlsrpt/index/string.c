/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "tlsrpt/report/digest.h"

/* PostgreSQL cannot index texts of more than about 2,700 bytes. */
#define KEY_MAX 1000

#define NEXT(table) "(SELECT coalesce(max(id), 0) + 1 FROM " table ")"

static const struct {
    const char *find, *add;
} statements[TLSRPT_STRINGS] = {
    {"SELECT id FROM tlsrpt_string WHERE text = %s",
     "INSERT INTO tlsrpt_string (id, text, whole, folded) VALUES (%lld, %s, %s, %s)"},
    {"SELECT id FROM tlsrpt_domain WHERE text = %s",
     "INSERT INTO tlsrpt_domain (id, text, whole, folded) VALUES (%lld, %s, %s, %s)"},
    {"SELECT id FROM tlsrpt_organization WHERE text = %s",
     "INSERT INTO tlsrpt_organization (id, text, whole, folded) VALUES (%lld, %s, %s, %s)"},
};

/* Reads the numbers at which the rows of a batch begin. */
static int take_next(void *baton, const char *const *columns)
{
    tlsrpt_batch *batch = baton;
    int i;

    for (i = 0; i < TLSRPT_STRINGS; i++) {
        batch->next_string[i] = (long long)mta_sts_database_number(columns[i]);
    }
    batch->next_report = (long long)mta_sts_database_number(columns[TLSRPT_STRINGS]);
    return 0;
}

static int take_number(void *baton, const char *const *columns)
{
    *(long long *)baton = (long long)mta_sts_database_number(columns[0]);
    return 0;
}

static const char *begin(tlsrpt_batch *batch, const char *host)
{
    const char *error = mta_sts_database_begin(batch->db);
    int i;

    for (i = 0; i < TLSRPT_STRINGS; i++) {
        batch->known[i] = apr_hash_make(batch->p);
    }
    if (!error) {
        error = mta_sts_database_rows(
            batch->db,
            "SELECT " NEXT("tlsrpt_string") ", " NEXT("tlsrpt_domain") ", " NEXT(
                "tlsrpt_organization") ", " NEXT("tlsrpt_report"),
            take_next, batch);
    }
    return error ? error
                 : tlsrpt_string_number(batch, TLSRPT_STRING, tlsrpt_host_name(batch->db, host),
                                        &batch->host);
}

const char *tlsrpt_batch_begin(tlsrpt_batch *batch, mta_sts_database *db, const char *host,
                               apr_pool_t *p, mta_sts_findings *findings)
{
    const char *error;

    memset(batch, 0, sizeof(*batch));
    batch->db = db;
    batch->findings = findings;
    apr_pool_create(&batch->p, p);
    apr_pool_create(&batch->ptemp, batch->p);
    batch->sums = apr_hash_make(batch->p);
    batch->causes = apr_hash_make(batch->p);
    error = begin(batch, host);
    return error ? tlsrpt_batch_end(batch, error) : NULL;
}

const char *tlsrpt_batch_end(tlsrpt_batch *batch, const char *error)
{
    if (!error) {
        error = tlsrpt_delta_write(batch);
    }
    if (!error) {
        error = mta_sts_database_commit(batch->db);
    }
    else {
        mta_sts_database_rollback(batch->db);
    }
    apr_pool_destroy(batch->p);
    return error;
}

const char *tlsrpt_host_name(const mta_sts_database *db, const char *host)
{
    return mta_sts_database_is_shared(db) ? host : "localhost";
}

const char *tlsrpt_string_shorten(apr_pool_t *p, const char *text, apr_size_t max)
{
    if (strlen(text) <= max) {
        return text;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
        max--;
    }
    return apr_pstrmemdup(p, text, max);
}

const char *tlsrpt_string_key(apr_pool_t *p, const char *text)
{
    return strlen(text) <= KEY_MAX
               ? text
               : apr_pstrcat(p, "sha256:", tlsrpt_digest_of(p, text, strlen(text)), NULL);
}

const char *tlsrpt_string_fold(apr_pool_t *p, const char *text)
{
    return tlsrpt_string_key(p, mta_sts_format_lower(p, text));
}

static const char *find_or_add(tlsrpt_batch *batch, tlsrpt_strings table, const char *text,
                               long long *number)
{
    apr_pool_t *p = batch->ptemp;
    const char *key = tlsrpt_string_key(p, text);
    const char *error;

    *number = 0;
    error = mta_sts_database_rows(batch->db, statements[table].find, take_number, number, key);
    if (error || *number) {
        return error;
    }
    *number = batch->next_string[table]++;
    return mta_sts_database_run(
        batch->db, statements[table].add, *number, key, key == text ? NULL : text,
        table == TLSRPT_STRING_ORGANIZATION ? tlsrpt_string_fold(p, text) : NULL);
}

const char *tlsrpt_string_number(tlsrpt_batch *batch, tlsrpt_strings table, const char *text,
                                 long long *number)
{
    const long long *known;
    const char *error;

    *number = 0;
    if (!text) {
        return NULL;
    }
    known = apr_hash_get(batch->known[table], text, APR_HASH_KEY_STRING);
    if (known) {
        *number = *known;
        return NULL;
    }
    error = find_or_add(batch, table, text, number);
    if (!error) {
        apr_hash_set(batch->known[table], apr_pstrdup(batch->p, text), APR_HASH_KEY_STRING,
                     apr_pmemdup(batch->p, number, sizeof(*number)));
    }
    return error;
}

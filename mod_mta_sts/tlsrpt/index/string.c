/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/text.h"
#include "tlsrpt/report/digest.h"

/* In bytes: PostgreSQL cannot index strings of more than about 2,700 bytes. */
#define KEY_MAX 1000

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

static int take_number(void *baton, const char *const *columns)
{
    *(long long *)baton = (long long)mta_sts_database_number(columns[0]);
    return 0;
}

const char *tlsrpt_host_name(const mta_sts_database *db, const char *host)
{
    return mta_sts_database_is_shared(db) ? host : "localhost";
}

int tlsrpt_host_is_this(const mta_sts_database *db, const char *host)
{
    return strcmp(host, tlsrpt_host_name(db, mta_sts_database_host(db))) == 0;
}

const char *tlsrpt_string_shorten(apr_pool_t *p, const char *text, apr_size_t max)
{
    return strlen(text) <= max ? text : apr_pstrmemdup(p, text, mta_sts_text_cut(text, max));
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
    tlsrpt_cost_add(batch, tlsrpt_cost_of_name(text));
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

const char *tlsrpt_string_is_known(tlsrpt_batch *batch, const char *text, int *known)
{
    const char *key = tlsrpt_string_key(batch->ptemp, text), *error = NULL;
    long long number = 0;
    int i;

    for (i = 0; i < TLSRPT_STRINGS && !number && !error; i++) {
        if (apr_hash_get(batch->known[i], text, APR_HASH_KEY_STRING)) {
            number = 1;
        }
        else {
            error = mta_sts_database_rows(batch->db, statements[i].find, take_number, &number, key);
        }
    }
    *known = number != 0;
    return error;
}

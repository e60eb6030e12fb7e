/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pair.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/hosting/pair_chain.h"
#include "core/hosting/pair_key.h"
#include "core/policy/certificate.h"

struct mta_sts_pair_reader {
    mta_sts_pair_key_reader *keys;
    mta_sts_pair_chains *chains;
};

mta_sts_pair_reader *mta_sts_pair_reader_make(apr_pool_t *p)
{
    mta_sts_pair_reader *reader = apr_palloc(p, sizeof(*reader));

    reader->keys = mta_sts_pair_key_reader_make(p);
    reader->chains = mta_sts_pair_chains_make(p);
    return reader;
}

/* Reads the certificate; rest: out: the text after it. */
static X509 *read_leaf(const mta_sts_pair_text *text, const char **rest, apr_size_t *rest_len)
{
    BIO *bio = BIO_new_mem_buf(text->certificate, (int)text->certificate_len);
    X509 *leaf;
    char *left;

    ERR_set_mark();
    leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ERR_pop_to_mark();
    *rest_len = (apr_size_t)BIO_get_mem_data(bio, &left);
    *rest = text->certificate + text->certificate_len - *rest_len;
    BIO_free(bio);
    return leaf;
}

static int find_kind(const EVP_PKEY *key, mta_sts_pair_kind *kind)
{
    static const struct {
        int id;
        mta_sts_pair_kind kind;
    } kinds[] = {
        {EVP_PKEY_EC, MTA_STS_PAIR_EC},
        {EVP_PKEY_RSA, MTA_STS_PAIR_RSA},
        {EVP_PKEY_ED25519, MTA_STS_PAIR_OTHER},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (EVP_PKEY_base_id(key) == kinds[i].id) {
            *kind = kinds[i].kind;
            return 1;
        }
    }
    return 0;
}

/* --- the memory of a pair: one block, with the names at its end --- */

static char *copy_lower(char *to, const char *name)
{
    do {
        *to++ = (char)apr_tolower(*name);
    } while (*name++);
    return to;
}

static mta_sts_pair *make_pair(const mta_sts_certificate *certificate)
{
    const apr_array_header_t *names = certificate->names;
    apr_size_t size = sizeof(mta_sts_pair) + (apr_size_t)names->nelts * sizeof(char *);
    const char **list;
    mta_sts_pair *pair;
    char *end;
    int i;

    for (i = 0; i < names->nelts; i++) {
        size += strlen(APR_ARRAY_IDX(names, i, const char *)) + 1;
    }
    pair = calloc(1, size);
    pair->names = list = (const char **)(pair + 1);
    end = (char *)(list + names->nelts);
    for (i = 0; i < names->nelts; i++) {
        list[i] = end;
        end = copy_lower(end, APR_ARRAY_IDX(names, i, const char *));
    }
    pair->name_count = names->nelts;
    pair->not_before = certificate->not_before;
    pair->not_after = certificate->not_after;
    return pair;
}

/* --- reading --- */

/* The parts that have been read, before it is known that they form a pair. */
typedef struct parts {
    X509 *leaf;
    EVP_PKEY *key;
    mta_sts_pair_chain *chain;
    mta_sts_pair_kind kind;
    const mta_sts_certificate *certificate;
} parts;

static const char *read_parts(mta_sts_pair_reader *reader, const mta_sts_pair_text *text,
                              apr_pool_t *scratch, parts *read)
{
    const char *error = NULL, *rest;
    apr_size_t rest_len;

    read->leaf = read_leaf(text, &rest, &rest_len);
    if (!read->leaf) {
        return "it contains no certificate in PEM format";
    }
    read->certificate = mta_sts_certificate_of(scratch, read->leaf);
    if (read->certificate->error) {
        return "its validity dates cannot be parsed";
    }
    if (!read->certificate->names->nelts) {
        return "the certificate has no DNS name in its subjectAltName";
    }
    read->chain = mta_sts_pair_chains_find(reader->chains, rest, rest_len, &error);
    if (read->chain) {
        read->key =
            mta_sts_pair_key_read(reader->keys, text->key, text->key_len, read->leaf, &error);
    }
    if (read->key && !find_kind(read->key, &read->kind)) {
        return "its key type is not supported: use ECDSA, RSA or Ed25519";
    }
    return error;
}

mta_sts_pair *mta_sts_pair_read(mta_sts_pair_reader *reader, const mta_sts_pair_text *text,
                                apr_pool_t *scratch, const char **error)
{
    parts read = {NULL, NULL, NULL, MTA_STS_PAIR_EC, NULL};
    mta_sts_pair *pair;

    *error = read_parts(reader, text, scratch, &read);
    if (*error) {
        mta_sts_pair_chain_release(read.chain);
        EVP_PKEY_free(read.key);
        X509_free(read.leaf);
        return NULL;
    }
    pair = make_pair(read.certificate);
    pair->leaf = read.leaf;
    pair->key = read.key;
    pair->chain = read.chain;
    pair->kind = read.kind;
    return pair;
}

void mta_sts_pair_free(mta_sts_pair *pair)
{
    if (pair) {
        mta_sts_pair_chain_release(pair->chain);
        EVP_PKEY_free(pair->key);
        X509_free(pair->leaf);
        free(pair);
    }
}

int mta_sts_pair_is_same(const mta_sts_pair *one, const mta_sts_pair *other)
{
    return X509_cmp(one->leaf, other->leaf) == 0 &&
           mta_sts_pair_chain_is_same(one->chain, other->chain);
}

int mta_sts_pair_is_valid(const mta_sts_pair *pair, apr_time_t now)
{
    return pair->not_before <= now && now <= pair->not_after;
}

int mta_sts_pair_is_better(const mta_sts_pair *pair, const mta_sts_pair *than, apr_time_t now)
{
    if (mta_sts_pair_is_valid(pair, now) != mta_sts_pair_is_valid(than, now)) {
        return mta_sts_pair_is_valid(pair, now);
    }
    return pair->not_before != than->not_before ? pair->not_before > than->not_before
                                                : pair->not_after > than->not_after;
}

STACK_OF(X509) * mta_sts_pair_intermediates(const mta_sts_pair *pair)
{
    return mta_sts_pair_chain_certificates(pair->chain);
}

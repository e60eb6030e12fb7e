/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/known.h"

#include <string.h>

#include <openssl/evp.h>

#define WAYS 4 /* number of entries in which a key may be stored */

/* The configuration that this process serves; children inherit the number. */
static apr_uint32_t configuration;

void mts_known_prepare(void)
{
    configuration = __atomic_add_fetch(&mts_counters_shared->configurations, 1, __ATOMIC_RELAXED);
}

/* Without the secret, a sender could construct two bodies with the same key. */
mts_known_key mts_known_key_of(const char *bytes, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    mts_known_key key = {{0, 0}};

    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
        EVP_DigestUpdate(context, mts_counters_shared->secret,
                         sizeof(mts_counters_shared->secret)) &&
        (!len || EVP_DigestUpdate(context, bytes, len)) &&
        EVP_DigestFinal_ex(context, digest, NULL)) {
        memcpy(key.hash, digest, sizeof(key.hash));
    }
    EVP_MD_CTX_free(context);
    return key;
}

/* The content of an entry. */
typedef struct known_body {
    mts_known_key key;
    char digest[TLSRPT_DIGEST_LENGTH + 1];
    apr_uint32_t outcome;
    apr_uint32_t configuration;
    apr_uint32_t until; /* in seconds since 1970, modulo 2^32; 0: never */
} known_body;

/* The contents as words, which can be read and written atomically. */
typedef union known_words {
    known_body body;
    apr_uint64_t words[MTS_KNOWN_WORDS];
} known_words;

static mts_known *set_of(const mts_known_key *key)
{
    return mts_counters_shared->known + key->hash[0] % (MTS_KNOWN_MAX / WAYS) * WAYS;
}

/* Copies an entry. Returns 0 if it is being written. */
static int copy_entry(const mts_known *entry, known_words *copy)
{
    apr_uint64_t before = __atomic_load_n(&entry->changes, __ATOMIC_ACQUIRE);
    int i;

    for (i = 0; i < MTS_KNOWN_WORDS; i++) {
        copy->words[i] = __atomic_load_n(&entry->words[i], __ATOMIC_ACQUIRE);
    }
    return before % 2 == 0 && __atomic_load_n(&entry->changes, __ATOMIC_RELAXED) == before;
}

/* Whether a hash could be computed; otherwise it is 0. */
static int is_key(const mts_known_key *key)
{
    return key->hash[0] || key->hash[1];
}

static apr_uint32_t seconds_of(apr_time_t time)
{
    return (apr_uint32_t)apr_time_sec(time);
}

/* Whether an entry has expired; also true if the clock was set back. */
static int is_over(const known_body *body, apr_time_t now)
{
    apr_uint32_t left = body->until - seconds_of(now);

    return body->until && (left == 0 || left > apr_time_sec(MTS_KNOWN_BRIEFLY));
}

int mts_known_find(const mts_known_key *key, apr_time_t now, char digest[TLSRPT_DIGEST_LENGTH + 1],
                   mts_counter *outcome)
{
    const mts_known *set = set_of(key);
    int i;

    for (i = 0; i < WAYS && is_key(key); i++) {
        known_words copy;

        if (copy_entry(set + i, &copy) && copy.body.configuration == configuration &&
            memcmp(&copy.body.key, key, sizeof(*key)) == 0 && !is_over(&copy.body, now)) {
            memcpy(digest, copy.body.digest, sizeof(copy.body.digest));
            *outcome = (mts_counter)copy.body.outcome;
            return 1;
        }
    }
    return 0;
}

/* If a process is killed while it is writing an entry, that entry is unusable until the next
 * start. */
void mts_known_add(const mts_known_key *key, apr_time_t until, const char *digest,
                   mts_counter outcome)
{
    mts_known *entry = set_of(key) + key->hash[1] % WAYS;
    apr_uint64_t before = __atomic_load_n(&entry->changes, __ATOMIC_RELAXED);
    known_words fresh;
    int i;

    if (!is_key(key) || before % 2 != 0 ||
        !__atomic_compare_exchange_n(&entry->changes, &before, before + 1, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return;
    }
    memset(&fresh, 0, sizeof(fresh));
    fresh.body.key = *key;
    strncpy(fresh.body.digest, digest, TLSRPT_DIGEST_LENGTH);
    fresh.body.outcome = (apr_uint32_t)outcome;
    fresh.body.configuration = configuration;
    fresh.body.until = seconds_of(until);
    for (i = 0; i < MTS_KNOWN_WORDS; i++) {
        __atomic_store_n(&entry->words[i], fresh.words[i], __ATOMIC_RELEASE);
    }
    __atomic_store_n(&entry->changes, before + 2, __ATOMIC_RELEASE);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/chain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#define DEPTH_MAX 10 /* in certificates; no real chain is longer */

/* --- the trust store --- */

static apr_status_t drop_store(void *store)
{
    X509_STORE_free(store);
    return APR_SUCCESS;
}

static const char *setting(const char *variable, const char *otherwise)
{
    const char *value = getenv(variable);

    return value ? value : otherwise;
}

/* Whether a directory contains a certificate under its subject hash, as c_rehash creates it. */
static int has_hashed(apr_pool_t *p, const char *path)
{
    apr_finfo_t entry;
    apr_dir_t *dir;
    int found = 0;

    if (apr_dir_open(&dir, path, p) != APR_SUCCESS) {
        return 0;
    }
    while (!found && apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        apr_size_t len = strlen(entry.name);

        found = len == 10 && strcmp(entry.name + 8, ".0") == 0;
    }
    apr_dir_close(dir);
    return found;
}

static int has_cas(apr_pool_t *p)
{
    const char *file = setting(X509_get_default_cert_file_env(), X509_get_default_cert_file());
    char *dirs =
        apr_pstrdup(p, setting(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    char *state, *dir;
    int found = access(file, R_OK) == 0;

    for (dir = apr_strtok(dirs, ":", &state); dir && !found; dir = apr_strtok(NULL, ":", &state)) {
        found = has_hashed(p, dir);
    }
    return found;
}

mta_sts_trust_store *mta_sts_trust_store_open(apr_pool_t *p)
{
    X509_STORE *store = has_cas(p) ? X509_STORE_new() : NULL;

    if (store) {
        apr_pool_cleanup_register(p, store, drop_store, apr_pool_cleanup_null);
        X509_STORE_set_default_paths(store);
    }
    return store;
}

/* --- the chain --- */

static int is_issuer(X509 *issuer, X509 *x509)
{
    return X509_check_issued(issuer, x509) == X509_V_OK;
}

/* Whether the certificate is in the trust store, or its issuer is. */
static int is_trusted(X509_STORE_CTX *context, X509 *x509)
{
    X509 *issuer = NULL;
    int found = X509_STORE_CTX_get1_issuer(&issuer, context, x509) > 0;

    X509_free(issuer);
    return found;
}

/* Finds the issuer among the other certificates in the file, preferably one that is valid now. */
static X509 *find_issuer(const STACK_OF(X509) * others, X509 *x509)
{
    X509 *expired = NULL;
    int i;

    for (i = 0; i < sk_X509_num(others); i++) {
        X509 *other = sk_X509_value(others, i);

        if (other != x509 && is_issuer(other, x509) && !is_issuer(x509, x509)) {
            if (X509_cmp_current_time(X509_get0_notAfter(other)) > 0) {
                return other;
            }
            expired = other;
        }
    }
    return expired;
}

/* Whether the certificate gives the URL of its issuer's certificate (Authority Information Access),
 * as those of public CAs do. */
static int names_its_issuer(X509 *x509)
{
    return X509_get_ext_by_NID(x509, NID_info_access, -1) >= 0;
}

static const char *common_name(apr_pool_t *p, X509_NAME *name)
{
    char text[256];

    return X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text)) > 0
               ? apr_pstrdup(p, text)
               : NULL;
}

static mta_sts_trust judge_end(X509 *own, X509 *last)
{
    if (last != own) {
        return MTA_STS_TRUST_UNKNOWN_CA;
    }
    return is_issuer(own, own)     ? MTA_STS_TRUST_SELF_SIGNED
           : names_its_issuer(own) ? MTA_STS_TRUST_CHAIN_INCOMPLETE
                                   : MTA_STS_TRUST_UNKNOWN_CA;
}

static mta_sts_trust follow(apr_pool_t *p, X509_STORE_CTX *context, X509 *own,
                            const STACK_OF(X509) * others, const char **issuer)
{
    X509 *last = own, *next;
    int depth;

    for (depth = 0; depth < DEPTH_MAX; depth++) {
        if (is_trusted(context, last)) {
            return MTA_STS_TRUST_OK;
        }
        next = find_issuer(others, last);
        if (!next) {
            break;
        }
        last = next;
        if (X509_cmp_current_time(X509_get0_notAfter(last)) < 0) {
            *issuer = common_name(p, X509_get_subject_name(last));
            return MTA_STS_TRUST_CHAIN_INVALID;
        }
    }
    *issuer = common_name(p, X509_get_issuer_name(last));
    return judge_end(own, last);
}

mta_sts_trust mta_sts_chain_judge(apr_pool_t *p, mta_sts_trust_store *store, X509 *own,
                                  STACK_OF(X509) * others, const char **issuer)
{
    X509_STORE_CTX *context = store ? X509_STORE_CTX_new() : NULL;
    mta_sts_trust trust = MTA_STS_TRUST_NOT_JUDGED;

    *issuer = NULL;
    if (context && X509_STORE_CTX_init(context, store, own, others)) {
        trust = follow(p, context, own, others, issuer);
    }
    X509_STORE_CTX_free(context);
    return trust;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/dkim.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <apr_strings.h>
#include <dkim.h>

#include "cli/import/dkim_key.h"
#include "core/base/format.h"
#include "core/base/name.h"

/* Maximum number of keys that are looked up for one message; its author chooses how many signatures
 * it has. */
#define LOOKUPS_MAX 5

struct cli_dkim {
    cli_resolver *resolver;
    apr_interval_time_t timeout;
    DKIM_LIB *library;
};

/* The verification of one message. */
typedef struct verification {
    const cli_dkim *of;
    apr_pool_t *p;
    int lookups;
} verification;

/* --- keys --- */

static DKIM_CBSTAT look_up_key(DKIM *message, DKIM_SIGINFO *signature, u_char *buffer, size_t size)
{
    verification *v = (verification *)dkim_get_user_context(message);
    mta_sts_answer answer;
    const char *name, *ignored, *key;

    name = apr_pstrcat(v->p, (const char *)dkim_sig_getselector(signature), "._domainkey.",
                       (const char *)dkim_sig_getdomain(signature), NULL);
    if (v->lookups++ >= LOOKUPS_MAX || strlen(name) > 253 ||
        mta_sts_name_parse_host(v->p, (const char *)dkim_sig_getdomain(signature),
                                MTA_STS_NAME_ALABEL, &ignored)) {
        return DKIM_CBSTAT_NOTFOUND;
    }
    memset(&answer, 0, sizeof(answer));
    cli_resolver_ask(v->of->resolver, v->p, name, MTA_STS_RDATA_TXT, &answer);
    cli_resolver_wait(v->of->resolver, apr_time_now() + v->of->timeout);
    if (!answer.values || answer.values->nelts != 1) {
        return DKIM_CBSTAT_NOTFOUND;
    }
    key = cli_dkim_key_accept_tlsrpt(v->p, APR_ARRAY_IDX(answer.values, 0, const char *));
    if (strlen(key) >= size) {
        return DKIM_CBSTAT_NOTFOUND;
    }
    memcpy(buffer, key, strlen(key) + 1);
    return DKIM_CBSTAT_CONTINUE;
}

/* --- the message --- */

/* Converts line ends to CRLF, with which the message was signed. The message may contain NUL. */
static u_char *to_crlf(apr_pool_t *p, const char *bytes, apr_size_t len, apr_size_t *crlf_len)
{
    u_char *text = apr_palloc(p, 2 * len + 1), *out = text;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) {
            *out++ = '\r';
        }
        *out++ = (u_char)bytes[i];
    }
    *crlf_len = (apr_size_t)(out - text);
    return text;
}

/* Whether name is domain or below it; both must be in lower case. */
static int is_within(const char *name, const char *domain)
{
    apr_size_t name_len = strlen(name), len = strlen(domain);

    return strchr(domain, '.') && name_len >= len && strcmp(name + name_len - len, domain) == 0 &&
           (name_len == len || name[name_len - len - 1] == '.');
}

/* RFC 8460 section 3 forbids l=, which would allow anyone to append a report to a signed
 * message. */
static int covers_all(DKIM *message, DKIM_SIGINFO *signature)
{
    ssize_t whole = 0, covered = 0, limit = -1;

    return dkim_sig_getcanonlen(message, signature, &whole, &covered, &limit) == DKIM_STAT_OK &&
           limit == -1;
}

static const char *find_valid(verification *v, DKIM *message, const char *from)
{
    DKIM_SIGINFO **signatures;
    int count = 0, i;

    if (dkim_getsiglist(message, &signatures, &count) != DKIM_STAT_OK) {
        return NULL;
    }
    for (i = 0; i < count; i++) {
        const u_char *name = dkim_sig_getdomain(signatures[i]);
        const char *domain = name ? mta_sts_format_lower(v->p, (const char *)name) : NULL;

        if (domain && is_within(from, domain) &&
            dkim_sig_process(message, signatures[i]) == DKIM_STAT_OK &&
            DKIM_SIG_CHECK(signatures[i]) && covers_all(message, signatures[i])) {
            return domain;
        }
    }
    return NULL;
}

const char *cli_dkim_verify(void *data, apr_pool_t *p, const char *bytes, apr_size_t len,
                            const char *from)
{
    const cli_dkim *dkim = data;
    verification v = {.of = dkim, .p = p};
    const char *domain = NULL;
    apr_size_t crlf_len;
    u_char *text = to_crlf(p, bytes, len, &crlf_len);
    DKIM_STAT status;
    DKIM *message = dkim_verify(dkim->library, (const unsigned char *)"import", NULL, &status);
    bool testkey;

    if (!message) {
        return NULL;
    }
    dkim_set_user_context(message, &v);
    if (dkim_chunk(message, text, crlf_len) == DKIM_STAT_OK &&
        dkim_chunk(message, NULL, 0) == DKIM_STAT_OK) {
        dkim_eom(message, &testkey);
        domain = find_valid(&v, message, from);
    }
    dkim_free(message);
    return domain;
}

static apr_status_t close_library(void *library)
{
    dkim_close(library);
    return APR_SUCCESS;
}

const char *cli_dkim_make(apr_pool_t *p, const cli_resolver_options *options, cli_dkim **dkim)
{
    const char *error;

    *dkim = apr_pcalloc(p, sizeof(**dkim));
    (*dkim)->timeout = options->timeout;
    (*dkim)->library = dkim_init(NULL, NULL);
    if (!(*dkim)->library) {
        return "libopendkim cannot be initialized";
    }
    apr_pool_cleanup_register(p, (*dkim)->library, close_library, apr_pool_cleanup_null);
    dkim_set_key_lookup((*dkim)->library, look_up_key);
    error = cli_resolver_make(p, options, &(*dkim)->resolver);
    return error;
}

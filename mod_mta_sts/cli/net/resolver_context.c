/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/resolver_context.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define PORT_MAX 65535

/* The largest TTL: libunbound limits TTLs to a day by default. */
#define TTL_MAX "2147483647"

/*
 * In milliseconds. libunbound queries a resolver that does not respond five times, waits at least
 * this long each time, and then reports SERVFAIL, after 12 seconds or more. Without this minimum,
 * the time depends on how fast the resolver responded for other names, down to 50 ms.
 */
#define WAIT_MS "2500"

static apr_status_t drop_context(void *context)
{
    ub_ctx_delete(context);
    return APR_SUCCESS;
}

static const char *check_server(apr_pool_t *p, const char *server)
{
    const char *at = strchr(server, '@');
    const char *address = at ? apr_pstrmemdup(p, server, (apr_size_t)(at - server)) : server;
    unsigned char bytes[16];
    char *rest = "";
    long port = at ? strtol(at + 1, &rest, 10) : 1;

    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1) {
        return apr_psprintf(p, "the resolver %s is not an IP address, or ADDRESS@PORT",
                            mta_sts_text_quote(p, server, strlen(server)));
    }
    if (*rest || (at && (at[1] < '0' || at[1] > '9')) || port < 1 || port > PORT_MAX) {
        return apr_psprintf(p, "the resolver %s has a port that is not 1 to 65535",
                            mta_sts_text_quote(p, server, strlen(server)));
    }
    return NULL;
}

static const char *set_servers(apr_pool_t *p, struct ub_ctx *context, const char *server)
{
    const char *error = server ? check_server(p, server) : NULL;
    int rc;

    if (error) {
        return error;
    }
    rc = server ? ub_ctx_set_fwd(context, server) : ub_ctx_resolvconf(context, RESOLV_CONF);
    if (rc == 0) {
        return NULL;
    }
    return server ? apr_psprintf(p, "the resolver %s: %s",
                                 mta_sts_text_quote(p, server, strlen(server)), ub_strerror(rc))
                  : "no resolver in " RESOLV_CONF " can be read: specify one with --resolver";
}

static const char *set_anchor(apr_pool_t *p, struct ub_ctx *context, const char *path)
{
    FILE *file = fopen(path, "rb");
    int c = file ? getc(file) : EOF, number = errno;

    if (!file || ferror(file)) {
        number = errno;
        if (file) {
            fclose(file);
        }
        return apr_psprintf(p, "the trust anchor %s cannot be read: %s", path, strerror(number));
    }
    fclose(file);
    if (c == EOF) {
        return apr_psprintf(p, "the trust anchor %s is empty", path);
    }
    return ub_ctx_add_ta_file(context, path) == 0
               ? NULL
               : apr_psprintf(p, "the trust anchor %s cannot be used", path);
}

static const char *set_authorities(apr_pool_t *p, struct ub_ctx *context,
                                   const apr_array_header_t *authorities)
{
    int i;

    for (i = 0; authorities && i < authorities->nelts; i++) {
        const cli_resolver_authority *one = &APR_ARRAY_IDX(authorities, i, cli_resolver_authority);

        if (ub_ctx_set_stub(context, one->zone, one->address, 0) != 0) {
            return apr_psprintf(
                p,
                "libunbound rejects %s as a name server of %s: check the NS records of that zone",
                one->address, one->zone);
        }
    }
    return NULL;
}

const char *cli_resolver_context_make(apr_pool_t *p, const cli_resolver_options *options,
                                      const char *anchor, struct ub_ctx **context)
{
    const char *error;

    *context = ub_ctx_create();
    if (!*context) {
        return "libunbound cannot be started: free memory, or reinstall libunbound";
    }
    apr_pool_cleanup_register(p, *context, drop_context, apr_pool_cleanup_null);
    ub_ctx_debugout(*context, NULL); /* errors are reported in the answers */
    ub_ctx_async(*context, 1);
    ub_ctx_set_option(*context, "cache-max-ttl:", TTL_MAX);
    ub_ctx_set_option(*context, "do-not-query-localhost:", "no");
    ub_ctx_set_option(*context, "infra-cache-min-rtt:", WAIT_MS);
    error = set_servers(p, *context, options->server);
    if (!error) {
        error = set_authorities(p, *context, options->authorities);
    }
    if (!error && anchor) {
        error = set_anchor(p, *context, anchor);
    }
    if (error) {
        return error;
    }
    /* Otherwise libunbound would answer queries for this zone itself (RFC 6761). The context cannot
     * be configured any more after this call. */
    if (ub_ctx_zone_remove(*context, "test.") != 0) {
        return anchor ? apr_psprintf(p, "the trust anchor %s has no valid DS or DNSKEY records",
                                     anchor)
                      : "libunbound cannot be set up: free memory, or reinstall libunbound";
    }
    return NULL;
}

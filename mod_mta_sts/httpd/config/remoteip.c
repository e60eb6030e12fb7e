/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/remoteip.h"

#include <apr_cstr.h>
#include <apr_network_io.h>
#include <apr_tables.h>
#include <http_core.h>

#include "httpd/config/conftree.h"
#include "httpd/config/vhost_names.h"

typedef struct listener {
    apr_sockaddr_t *addr;
    int is_on;
} listener;

struct mts_remoteip {
    apr_array_header_t *listeners; /* the addresses to which RemoteIPProxyProtocol applies, each
                                      once */
};

static int is_same(apr_sockaddr_t *a, apr_sockaddr_t *b)
{
    return a->port == b->port && apr_sockaddr_equal(a, b);
}

/* Whether an address of a virtual host, which may be a wildcard, covers another one. */
static int covers(apr_sockaddr_t *wide, apr_sockaddr_t *addr)
{
    return (!wide->port || wide->port == addr->port) &&
           (apr_sockaddr_is_wildcard(wide) || apr_sockaddr_equal(wide, addr));
}

static void set_listener(mts_remoteip *remoteip, apr_sockaddr_t *addr, int is_on)
{
    int i;

    for (i = 0; i < remoteip->listeners->nelts; i++) {
        listener *known = &APR_ARRAY_IDX(remoteip->listeners, i, listener);

        if (is_same(known->addr, addr)) {
            known->is_on = is_on;
            return;
        }
    }
    APR_ARRAY_PUSH(remoteip->listeners, listener) = (listener){addr, is_on};
}

static void take_flag(mts_remoteip *remoteip, const server_rec *s, const ap_directive_t *directive)
{
    int is_on = mts_vhost_names_is_on(directive);
    const server_addr_rec *addr;

    for (addr = s->addrs; addr; addr = addr->next) {
        set_listener(remoteip, addr->host_addr, is_on);
    }
}

static int is_named(const ap_directive_t *directive, const char *name)
{
    return apr_cstr_casecmp(directive->directive, name) == 0;
}

/* The last directive with this name among these. */
static const ap_directive_t *find(const ap_directive_t *directive, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; directive; directive = directive->next) {
        found = is_named(directive, name) ? directive : found;
    }
    return found;
}

const mts_remoteip *mts_remoteip_read(apr_pool_t *p, const server_rec *main)
{
    static const char name[] = "RemoteIPProxyProtocol";
    mts_remoteip *remoteip = apr_palloc(p, sizeof(*remoteip));
    const ap_directive_t *directive;
    const server_rec *s;

    remoteip->listeners = apr_array_make(p, 2, sizeof(listener));
    for (directive = ap_conftree; directive; directive = directive->next) {
        if (is_named(directive, name)) {
            take_flag(remoteip, main, directive);
        }
        if (is_named(directive, "<VirtualHost") && find(directive->first_child, name)) {
            s = mts_conftree_server(directive);
            if (s) {
                take_flag(remoteip, s, find(directive->first_child, name));
            }
        }
    }
    return remoteip;
}

int mts_remoteip_has_proxy_protocol(const mts_remoteip *remoteip, apr_sockaddr_t *local)
{
    int i, is_on = 0;

    for (i = 0; i < remoteip->listeners->nelts; i++) {
        const listener *known = &APR_ARRAY_IDX(remoteip->listeners, i, listener);

        if (covers(known->addr, local)) {
            if (!known->is_on) {
                return 0;
            }
            is_on = 1;
        }
    }
    return is_on;
}

/* The directive that is in effect for a server: its own, or else that of the main server. */
static const ap_directive_t *in_effect(const server_rec *s, const char *name)
{
    const ap_directive_t *own = find(mts_conftree_section(s), name);

    return own ? own : mts_conftree_find(name);
}

int mts_remoteip_replaces(const mts_remoteip *remoteip, const server_rec *s)
{
    const server_addr_rec *addr = s->addrs;

    while (addr && mts_remoteip_has_proxy_protocol(remoteip, addr->host_addr)) {
        addr = addr->next;
    }
    return (s->addrs && !addr) || in_effect(s, "RemoteIPHeader");
}

const ap_directive_t *mts_remoteip_open_header(const server_rec *s)
{
    static const char *const lists[] = {"RemoteIPInternalProxy", "RemoteIPTrustedProxy",
                                        "RemoteIPInternalProxyList", "RemoteIPTrustedProxyList"};
    const ap_directive_t *header = in_effect(s, "RemoteIPHeader");
    apr_size_t i;

    for (i = 0; header && i < sizeof(lists) / sizeof(lists[0]); i++) {
        header = in_effect(s, lists[i]) ? NULL : header;
    }
    return header;
}

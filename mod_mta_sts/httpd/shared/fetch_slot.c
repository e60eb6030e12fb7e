/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/fetch_slot.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/network.h"

/* Characters that may be shown on a page or in a terminal, and those that end the first word. */
#define ENDS 2
static const unsigned char kinds[256] = {
    ['-'] = 1,         ['.'] = 1,         ['_'] = 1,     ['+'] = 1,     ['0' ... '9'] = 1,
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['\0'] = ENDS, [' '] = ENDS,  ['/'] = ENDS,
    ['('] = ENDS,      [','] = ENDS,      [';'] = ENDS,  ['\t'] = ENDS,
};

/* Whether a text ends within size bytes, and consists of harmless characters: PostgreSQL would
 * reject others, and with them the whole batch. */
static int is_harmless(const char *text, apr_size_t size)
{
    apr_size_t len = 0;

    while (len < size && kinds[(unsigned char)text[len]] == 1) {
        len++;
    }
    return len < size && text[len] == '\0';
}

/* The first word, up to the version; "" for one with other characters. */
static const char *agent_of(apr_pool_t *p, const mts_fetch_slot *slot)
{
    apr_size_t len = 0;

    while (len < MTS_FETCH_AGENT_MAX && kinds[(unsigned char)slot->agent[len]] == 1) {
        len++;
    }
    if (len < MTS_FETCH_AGENT_MAX && kinds[(unsigned char)slot->agent[len]] != ENDS) {
        len = 0;
    }
    return apr_pstrmemdup(p, slot->agent, len);
}

static int is_plausible(const mts_fetch_slot *slot)
{
    return (slot->family == 0 || slot->family == 4 || slot->family == 6) &&
           slot->outcome < MTA_STS_FETCH_OUTCOMES && slot->first > 0 &&
           is_harmless(slot->id, sizeof(slot->id)) &&
           is_harmless(slot->domain, sizeof(slot->domain));
}

static const char *address_of(apr_pool_t *p, const mts_fetch_slot *slot)
{
    char address[INET6_ADDRSTRLEN] = "";

    if (slot->family) {
        inet_ntop(slot->family == 4 ? AF_INET : AF_INET6, slot->address, address, sizeof(address));
    }
    return apr_pstrdup(p, address);
}

int mts_fetch_slot_read(apr_pool_t *p, const mts_fetch_slot *slot, mta_sts_fetch *fetch)
{
    const apr_size_t rest = offsetof(mts_fetch_slot, first);
    mts_fetch_slot copy; /* so that the checked bytes are the ones that are used */
    const char *address;

    copy.last = __atomic_load_n(&slot->last, __ATOMIC_RELAXED);
    memcpy((char *)&copy + rest, (const char *)slot + rest, sizeof(copy) - rest);
    if (!is_plausible(&copy)) {
        return 0;
    }
    address = address_of(p, &copy);
    *fetch = (mta_sts_fetch){.domain = apr_pstrdup(p, copy.domain),
                             .network = mta_sts_network_of(p, address),
                             .address = copy.has_address ? address : "",
                             .outcome = copy.outcome,
                             .id = apr_pstrdup(p, copy.id),
                             .agent = agent_of(p, &copy),
                             .first = copy.first,
                             .last = copy.last < copy.first ? copy.first : copy.last};
    return 1;
}

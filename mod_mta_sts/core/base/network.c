/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/network.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>

static const char *print(apr_pool_t *p, int family, unsigned char bytes[16], apr_size_t width)
{
    char name[INET6_ADDRSTRLEN];

    memset(bytes + width, 0, 16 - width);
    return inet_ntop(family, bytes, name, sizeof(name))
               ? apr_psprintf(p, "%s/%d", name, (int)width * 8)
               : "";
}

const char *mta_sts_network_of(apr_pool_t *p, const char *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char bytes[16];
    char host[INET6_ADDRSTRLEN];

    apr_cpystrn(host, address, sizeof(host));
    host[strcspn(host, "%")] = '\0'; /* remove a zone */
    if (inet_pton(AF_INET, host, bytes) == 1) {
        return print(p, AF_INET, bytes, MTA_STS_NETWORK_IPV4_BYTES);
    }
    if (inet_pton(AF_INET6, host, bytes) != 1) {
        return "";
    }
    if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        memmove(bytes, bytes + sizeof(mapped), 4);
        return print(p, AF_INET, bytes, MTA_STS_NETWORK_IPV4_BYTES);
    }
    return print(p, AF_INET6, bytes, MTA_STS_NETWORK_IPV6_BYTES);
}

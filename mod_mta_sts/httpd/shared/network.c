/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/network.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/evp.h>

#include "httpd/shared/counters.h"

#define WHAT_SIZE 32

/* A parsed address; IPv4-mapped IPv6 addresses count as IPv4. */
typedef struct address {
    int family; /* AF_INET, AF_INET6, or 0 */
    unsigned char bytes[16];
} address;

static address read_address(const char *text)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    address read = {.family = AF_INET6};
    char host[INET6_ADDRSTRLEN];

    apr_cpystrn(host, text ? text : "", sizeof(host));
    host[strcspn(host, "%")] = '\0'; /* remove a zone */
    if (inet_pton(AF_INET, host, read.bytes) == 1) {
        read.family = AF_INET;
    }
    else if (inet_pton(AF_INET6, host, read.bytes) != 1) {
        read.family = 0;
    }
    else if (memcmp(read.bytes, mapped, sizeof(mapped)) == 0) {
        memmove(read.bytes, read.bytes + sizeof(mapped), 4);
        read.family = AF_INET;
    }
    return read;
}

/* The length in bytes of the part of an address that identifies the network. */
static apr_size_t width_of(const address *read, mts_network_width width)
{
    static const apr_size_t ipv4[] = {4, 3, 2}, ipv6[] = {8, 6, 4};

    return read->family == AF_INET ? ipv4[width] : read->family == AF_INET6 ? ipv6[width] : 0;
}

apr_uint64_t mts_network_hash(const char *what, const char *text, mts_network_width width)
{
    unsigned char input[sizeof(mts_counters_shared->secret) + WHAT_SIZE + 2 + 16] = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *end = input + sizeof(mts_counters_shared->secret);
    address read = read_address(text);
    apr_size_t bytes = width_of(&read, width);
    apr_uint64_t hash = 0;

    memcpy(input, mts_counters_shared->secret, sizeof(mts_counters_shared->secret));
    apr_cpystrn((char *)end, what, WHAT_SIZE);
    end += WHAT_SIZE;
    *end++ = (unsigned char)read.family;
    *end++ = (unsigned char)width;
    memcpy(end, read.bytes, bytes);
    end += bytes;
    if (EVP_Digest(input, (size_t)(end - input), digest, NULL, EVP_sha256(), NULL)) {
        memcpy(&hash, digest, sizeof(hash));
    }
    return hash;
}

const char *mts_network_name(apr_pool_t *p, const char *text, mts_network_width width)
{
    address read = read_address(text);
    apr_size_t bytes = width_of(&read, width);
    char name[INET6_ADDRSTRLEN];

    memset(read.bytes + bytes, 0, sizeof(read.bytes) - bytes);
    if (!read.family || !inet_ntop(read.family, read.bytes, name, sizeof(name))) {
        return "unknown";
    }
    return apr_psprintf(p, "%s/%d", name, (int)bytes * 8);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/rdata.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#define NAME_OCTETS_MAX 255
#define LABEL_OCTETS_MAX 63
#define ESCAPED_MAX 4 /* octets of text for one octet of a label: \065 */

static const char *address_text(apr_pool_t *p, int family, const unsigned char *octets)
{
    char text[INET6_ADDRSTRLEN];

    return apr_pstrdup(p, inet_ntop(family, octets, text, sizeof(text)));
}

static const char *strings_text(apr_pool_t *p, const unsigned char *octets, apr_size_t len)
{
    char *text = apr_palloc(p, len + 1), *out = text, *c;

    if (len == 0) {
        return NULL;
    }
    while (len > 0) {
        apr_size_t length = octets[0];

        if (length + 1 > len) {
            return NULL;
        }
        memcpy(out, octets + 1, length);
        out += length;
        octets += length + 1;
        len -= length + 1;
    }
    *out = '\0';
    for (c = text; c < out; c++) {
        if (*c == '\0') {
            *c = '\1';
        }
    }
    return text;
}

/* One octet of a label as zone files write it (RFC 1035 section 5.1), in lower case. */
static char *put_octet(char *out, unsigned char octet)
{
    if (octet >= 'A' && octet <= 'Z') {
        octet = (unsigned char)(octet - 'A' + 'a');
    }
    if (octet > 0x20 && octet < 0x7f && !strchr(".\\\"();@$", octet)) {
        *out++ = (char)octet;
        return out;
    }
    *out++ = '\\';
    *out++ = (char)('0' + octet / 100);
    *out++ = (char)('0' + octet / 10 % 10);
    *out++ = (char)('0' + octet % 10);
    return out;
}

/* A name that takes all of the octets. */
static const char *name_text(apr_pool_t *p, const unsigned char *octets, apr_size_t len)
{
    char text[NAME_OCTETS_MAX * ESCAPED_MAX + 1], *out = text;
    apr_size_t at = 0, i;

    if (len == 0 || len > NAME_OCTETS_MAX) {
        return NULL;
    }
    while (octets[at] != 0) {
        apr_size_t length = octets[at];

        if (length > LABEL_OCTETS_MAX || at + 1 + length >= len) {
            return NULL;
        }
        if (at > 0) {
            *out++ = '.';
        }
        for (i = 0; i < length; i++) {
            out = put_octet(out, octets[at + 1 + i]);
        }
        at += length + 1;
    }
    if (at + 1 != len) {
        return NULL;
    }
    return at == 0 ? "." : apr_pstrmemdup(p, text, (apr_size_t)(out - text));
}

static const char *tlsa_text(apr_pool_t *p, const unsigned char *octets, apr_size_t len)
{
    if (len < 4) {
        return NULL;
    }
    return apr_psprintf(p, "%d %d %d %s", octets[0], octets[1], octets[2],
                        apr_pescape_hex(p, octets + 3, len - 3, 0));
}

const char *mta_sts_rdata_text(apr_pool_t *p, int type, const unsigned char *octets, apr_size_t len,
                               int *preference)
{
    *preference = 0;
    switch (type) {
    case MTA_STS_RDATA_A:
        return len == 4 ? address_text(p, AF_INET, octets) : NULL;
    case MTA_STS_RDATA_AAAA:
        return len == 16 ? address_text(p, AF_INET6, octets) : NULL;
    case MTA_STS_RDATA_TXT:
        return strings_text(p, octets, len);
    case MTA_STS_RDATA_NS:
    case MTA_STS_RDATA_CNAME:
        return name_text(p, octets, len);
    case MTA_STS_RDATA_TLSA:
        return tlsa_text(p, octets, len);
    case MTA_STS_RDATA_MX:
        if (len < 3) {
            return NULL;
        }
        *preference = octets[0] << 8 | octets[1];
        return name_text(p, octets + 2, len - 2);
    default:
        return NULL;
    }
}

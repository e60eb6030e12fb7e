/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/rdata.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#define NAME_BYTES_MAX 255
#define LABEL_BYTES_MAX 63
#define ESCAPED_MAX 4 /* in bytes: the text of one byte of a label, like \065 */

static const char *address_text(apr_pool_t *p, int family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN];

    return apr_pstrdup(p, inet_ntop(family, bytes, text, sizeof(text)));
}

static const char *strings_text(apr_pool_t *p, const unsigned char *bytes, apr_size_t len)
{
    char *text = apr_palloc(p, len + 1), *out = text, *c;

    if (len == 0) {
        return NULL;
    }
    while (len > 0) {
        apr_size_t length = bytes[0];

        if (length + 1 > len) {
            return NULL;
        }
        memcpy(out, bytes + 1, length);
        out += length;
        bytes += length + 1;
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

/* One byte of a label in zone file notation (RFC 1035 section 5.1), in lower case. */
static char *put_byte(char *out, unsigned char byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        byte = (unsigned char)(byte - 'A' + 'a');
    }
    if (byte > 0x20 && byte < 0x7f && !strchr(".\\\"();@$", byte)) {
        *out++ = (char)byte;
        return out;
    }
    *out++ = '\\';
    *out++ = (char)('0' + byte / 100);
    *out++ = (char)('0' + byte / 10 % 10);
    *out++ = (char)('0' + byte % 10);
    return out;
}

/* The text of a name that occupies exactly these bytes; NULL if they are anything else. */
static const char *name_text(apr_pool_t *p, const unsigned char *bytes, apr_size_t len)
{
    char text[NAME_BYTES_MAX * ESCAPED_MAX + 1], *out = text;
    apr_size_t at = 0, i;

    if (len == 0 || len > NAME_BYTES_MAX) {
        return NULL;
    }
    while (bytes[at] != 0) {
        apr_size_t length = bytes[at];

        if (length > LABEL_BYTES_MAX || at + 1 + length >= len) {
            return NULL;
        }
        if (at > 0) {
            *out++ = '.';
        }
        for (i = 0; i < length; i++) {
            out = put_byte(out, bytes[at + 1 + i]);
        }
        at += length + 1;
    }
    if (at + 1 != len) {
        return NULL;
    }
    return at == 0 ? "." : apr_pstrmemdup(p, text, (apr_size_t)(out - text));
}

static const char *tlsa_text(apr_pool_t *p, const unsigned char *bytes, apr_size_t len)
{
    if (len < 4) {
        return NULL;
    }
    return apr_psprintf(p, "%d %d %d %s", bytes[0], bytes[1], bytes[2],
                        apr_pescape_hex(p, bytes + 3, len - 3, 0));
}

const char *mta_sts_rdata_text(apr_pool_t *p, int type, const unsigned char *bytes, apr_size_t len,
                               int *preference)
{
    *preference = 0;
    switch (type) {
    case MTA_STS_RDATA_A:
        return len == 4 ? address_text(p, AF_INET, bytes) : NULL;
    case MTA_STS_RDATA_AAAA:
        return len == 16 ? address_text(p, AF_INET6, bytes) : NULL;
    case MTA_STS_RDATA_TXT:
        return strings_text(p, bytes, len);
    case MTA_STS_RDATA_NS:
    case MTA_STS_RDATA_PTR:
    case MTA_STS_RDATA_CNAME:
        return name_text(p, bytes, len);
    case MTA_STS_RDATA_TLSA:
        return tlsa_text(p, bytes, len);
    case MTA_STS_RDATA_MX:
        if (len < 3) {
            return NULL;
        }
        *preference = bytes[0] << 8 | bytes[1];
        return name_text(p, bytes + 2, len - 2);
    default:
        return NULL;
    }
}

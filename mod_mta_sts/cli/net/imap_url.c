/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/net/imap_url.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/number.h"
#include "core/base/text.h"

#define IMAPS "imaps://"
#define IMAP "imap://"
#define IMAPS_PORT 993
#define IMAP_PORT 143
#define PORT_MAX 65535
#define USER_MAX 320 /* in bytes: the maximum length of a mail address (RFC 5321) */
#define MAILBOX_MAX 1000
#define FORM "a mailbox is imaps://USER@HOST/MAILBOX"

static int starts_with(const char *text, const char *start)
{
    return apr_cstr_casecmpn(text, start, strlen(start)) == 0;
}

int cli_imap_url_is(const char *text)
{
    return starts_with(text, IMAPS) || starts_with(text, IMAP);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* Decodes percent-encoding; NULL if it is malformed, or the result is not text. */
static const char *decode(apr_pool_t *p, const char *text, apr_size_t len)
{
    char *decoded = apr_palloc(p, len + 1), *out = decoded;
    apr_size_t i, length;

    for (i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (text[i] == '%' && low < 0) {
            return NULL;
        }
        *out++ = low < 0 ? text[i] : (char)(high * 16 + low);
        i += low < 0 ? 0 : 2;
    }
    *out = '\0';
    for (len = (apr_size_t)(out - decoded), i = 0; i < len; i += length) {
        length = mta_sts_text_utf8_length(decoded + i, len - i);
        if (!length || mta_sts_text_is_unprintable(decoded + i, length)) {
            return NULL;
        }
    }
    return decoded;
}

/* Percent-encodes everything except letters, digits and "-._/". */
static const char *encode(apr_pool_t *p, const char *text)
{
    char *encoded = apr_palloc(p, 3 * strlen(text) + 1), *out = encoded;

    for (; *text; text++) {
        if (mta_sts_text_is_alnum(*text) || strchr("-._/", *text)) {
            *out++ = *text;
        }
        else {
            *out++ = '%';
            *out++ = "0123456789ABCDEF"[(unsigned char)*text >> 4];
            *out++ = "0123456789ABCDEF"[(unsigned char)*text & 15];
        }
    }
    *out = '\0';
    return encoded;
}

/* Parses a host name or an IPv4 address; names with a single label, such as "localhost", are
 * allowed. */
static const char *read_host(apr_pool_t *p, const char *text, const char **host)
{
    unsigned char address[16];
    apr_size_t len = strlen(text);
    const char *error;

    if (text[0] == '[' && len > 2 && text[len - 1] == ']') {
        *host = apr_pstrmemdup(p, text + 1, len - 2);
        return inet_pton(AF_INET6, *host, address) == 1
                   ? NULL
                   : apr_pstrcat(p, mta_sts_text_quote(p, *host, len - 2),
                                 " is not an IPv6 address", NULL);
    }
    if (inet_pton(AF_INET, text, address) == 1) {
        *host = text;
        return NULL;
    }
    error = mta_sts_name_parse_host(p, text, MTA_STS_NAME_ULABEL, host);
    return error ? apr_pstrcat(p, "the host of the mailbox: ", error, NULL) : NULL;
}

static const char *read_port(apr_pool_t *p, const char *text, int *port)
{
    apr_int64_t number;
    const char *error = mta_sts_number_parse(p, text, 1, PORT_MAX, &number);

    *port = error ? 0 : (int)number;
    return error ? apr_pstrcat(p, "the port of the mailbox: ", error, NULL) : NULL;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT */
static const char *read_server(apr_pool_t *p, const char *text, apr_size_t len, cli_imap_url *url)
{
    char *server = apr_pstrmemdup(p, text, len), *colon = strrchr(server, ':');
    const char *error = NULL;

    if (colon && !strchr(colon, ']')) {
        *colon = '\0';
        error = read_port(p, colon + 1, &url->port);
    }
    return error ? error : read_host(p, server, &url->host);
}

static const char *read_user(apr_pool_t *p, const char *text, apr_size_t len, cli_imap_url *url)
{
    if (memchr(text, ':', len)) {
        return "a password in a URL can be seen by every user of this machine: use "
               "--password-file";
    }
    if (memchr(text, ';', len)) {
        return "parameters in the URL of a mailbox (;AUTH=...) are not supported";
    }
    url->user = decode(p, text, len);
    return !url->user || !*url->user || strlen(url->user) > USER_MAX
               ? "the user of the mailbox is not a text of 1 to 320 bytes"
               : NULL;
}

static const char *read_mailbox(apr_pool_t *p, const char *text, cli_imap_url *url)
{
    if (strpbrk(text, ";?#")) {
        return "the URL of a mailbox ends with its name: write a ;, ? or # in it as %3B, %3F or "
               "%23";
    }
    url->mailbox = decode(p, text, strlen(text));
    if (url->mailbox && apr_cstr_casecmp(url->mailbox, "INBOX") == 0) {
        url->mailbox = "INBOX"; /* INBOX is the only name that is case-insensitive */
    }
    return !url->mailbox || !cli_imap_mailbox_quote(p, url->mailbox)
               ? "the name of the mailbox is not a text of 1 to 1000 bytes"
               : NULL;
}

static const char *render(apr_pool_t *p, const cli_imap_url *url)
{
    int standard = url->is_starttls ? IMAP_PORT : IMAPS_PORT;

    return apr_pstrcat(p, url->is_starttls ? IMAP : IMAPS, encode(p, url->user), "@",
                       strchr(url->host, ':') ? apr_psprintf(p, "[%s]", url->host) : url->host,
                       url->port == standard ? "" : apr_psprintf(p, ":%d", url->port), "/",
                       encode(p, url->mailbox), NULL);
}

const char *cli_imap_url_read(apr_pool_t *p, const char *text, cli_imap_url *url)
{
    const char *server, *slash, *at, *error;

    memset(url, 0, sizeof(*url));
    url->is_starttls = starts_with(text, IMAP);
    url->port = url->is_starttls ? IMAP_PORT : IMAPS_PORT;
    server = text + strlen(url->is_starttls ? IMAP : IMAPS);
    slash = strchr(server, '/');
    slash = slash ? slash : server + strlen(server);
    for (at = slash; at > server && at[-1] != '@'; at--) {
    }
    if (at == server || !*slash || !slash[1]) {
        return at == server && slash > server &&
                       memchr(server, ':', (apr_size_t)(slash - server)) && !*slash
                   ? FORM
               : at == server ? FORM ", and the user is missing"
                              : FORM ", and the mailbox is missing, as INBOX";
    }
    error = read_user(p, server, (apr_size_t)(at - 1 - server), url);
    error = error ? error : read_server(p, at, (apr_size_t)(slash - at), url);
    error = error ? error : read_mailbox(p, slash + 1, url);
    url->text = error ? NULL : render(p, url);
    return error;
}

/* --- the name of a mailbox in a command --- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* The bits that have not been written yet, six at a time. */
typedef struct bits {
    char *out;
    unsigned value;
    int count;
} bits;

static void put_unit(bits *to, unsigned unit)
{
    to->value = to->value << 16 | unit;
    for (to->count += 16; to->count >= 6; to->count -= 6) {
        *to->out++ = base64[to->value >> (to->count - 6) & 63];
    }
    to->value &= (1u << to->count) - 1;
}

static unsigned code_point(const char *text, apr_size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned value = (unsigned char)text[0] & masks[length];
    apr_size_t i;

    for (i = 1; i < length; i++) {
        value = value << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return value;
}

static void put_code_point(bits *to, unsigned value)
{
    if (value >= 0x10000) {
        put_unit(to, 0xd800 + ((value - 0x10000) >> 10));
        put_unit(to, 0xdc00 + ((value - 0x10000) & 0x3ff));
    }
    else {
        put_unit(to, value);
    }
}

/* Encodes a run of non-ASCII characters: "&", their UTF-16 in modified base64, "-". */
static const char *encode_run(const char *text, const char *end, char **out)
{
    bits to = {.out = *out};

    *to.out++ = '&';
    while (text < end && (*text & 0x80)) {
        apr_size_t length = mta_sts_text_utf8_length(text, (apr_size_t)(end - text));

        put_code_point(&to, code_point(text, length));
        text += length;
    }
    if (to.count) {
        *to.out++ = base64[to.value << (6 - to.count) & 63];
    }
    *to.out++ = '-';
    *out = to.out;
    return text;
}

static int is_name(const char *text, apr_size_t len)
{
    apr_size_t i, length;

    for (i = 0; i < len; i += length) {
        length = mta_sts_text_utf8_length(text + i, len - i);
        if (!length || apr_iscntrl(text[i])) {
            return 0;
        }
    }
    return len > 0 && len <= MAILBOX_MAX;
}

const char *cli_imap_mailbox_quote(apr_pool_t *p, const char *mailbox)
{
    apr_size_t len = strlen(mailbox);
    const char *end = mailbox + len;
    char *quoted, *out;

    if (!is_name(mailbox, len)) {
        return NULL;
    }
    /* Two bytes of UTF-8 become "&", three of base64 and "-". */
    quoted = out = apr_palloc(p, 3 * len + 3);
    *out++ = '"';
    while (mailbox < end) {
        if (*mailbox & 0x80) {
            mailbox = encode_run(mailbox, end, &out);
            continue;
        }
        if (*mailbox == '"' || *mailbox == '\\') {
            *out++ = '\\';
        }
        *out++ = *mailbox;
        if (*mailbox++ == '&') {
            *out++ = '-';
        }
    }
    *out++ = '"';
    *out = '\0';
    return quoted;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/spool/receipt.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"

#define MARK "tlsrpt 1 "
#define UNKNOWN "-"
#define PEER_MAX 64
#define YEAR_MAX 9999
#define TIME_SIZE sizeof("2026-11-24T20:59:49.123456Z")

static int render_time(apr_time_t time, char *text)
{
    apr_time_exp_t parts;

    if (time < 0 || apr_time_exp_gmt(&parts, time) != APR_SUCCESS ||
        parts.tm_year > YEAR_MAX - 1900) {
        return 0;
    }
    apr_snprintf(text, TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                 parts.tm_usec);
    return 1;
}

/* Invalid input may yield any time: tlsrpt_receipt_read renders the receipt again and compares. */
static int read_time(const char *text, apr_time_t *time)
{
    apr_time_exp_t parts;

    memset(&parts, 0, sizeof(parts));
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &parts.tm_usec) != 7 ||
        parts.tm_year < 1970 || parts.tm_mon < 1 || parts.tm_mon > 12) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return apr_time_exp_gmt_get(time, &parts) == APR_SUCCESS;
}

static int is_channel(const char *channel)
{
    static const char *const channels[] = {"https", "mail", "file"};
    apr_size_t i;

    for (i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        if (strcmp(channel, channels[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* An IPv4 or IPv6 address, which may contain a zone; its form is not checked further. */
static int is_peer(const char *peer)
{
    apr_size_t len = strlen(peer), i;

    for (i = 0; i < len; i++) {
        if (!mta_sts_text_is_alnum(peer[i]) && !strchr(".:%_", peer[i])) {
            return 0;
        }
    }
    return len >= 1 && len <= PEER_MAX;
}

static int is_canonical(apr_pool_t *p, const char *domain)
{
    const char *canonical;

    return !mta_sts_name_parse_host(p, domain, MTA_STS_NAME_ALABEL, &canonical) &&
           strcmp(canonical, domain) == 0;
}

const char *tlsrpt_receipt_render(apr_pool_t *p, const tlsrpt_receipt *receipt)
{
    char time[TIME_SIZE];

    if (!render_time(receipt->received, time) || !is_channel(receipt->channel) ||
        (receipt->peer && !is_peer(receipt->peer)) ||
        (receipt->verified && !is_canonical(p, receipt->verified))) {
        return NULL;
    }
    return apr_pstrcat(p, MARK, time, " ", receipt->channel, " ",
                       receipt->peer ? receipt->peer : UNKNOWN, " ",
                       receipt->verified ? receipt->verified : UNKNOWN, "\n", NULL);
}

/* The next field of a line, which is modified; "" after the last one. */
static const char *next_field(char **line)
{
    char *field = *line;

    *line += strcspn(field, " ");
    if (**line) {
        *(*line)++ = '\0';
    }
    return field;
}

static const char *known(const char *field)
{
    return strcmp(field, UNKNOWN) == 0 ? NULL : field;
}

apr_size_t tlsrpt_receipt_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                               tlsrpt_receipt *receipt)
{
    const char *end = memchr(bytes, '\n', len < TLSRPT_RECEIPT_MAX ? len : TLSRPT_RECEIPT_MAX);
    const char *again;
    apr_size_t line_len;
    char *line;

    if (!end || strncmp(bytes, MARK, strlen(MARK)) != 0) {
        return 0;
    }
    line_len = (apr_size_t)(end + 1 - bytes);
    line = apr_pstrmemdup(p, bytes + strlen(MARK), line_len - strlen(MARK) - 1);
    if (!read_time(next_field(&line), &receipt->received)) {
        return 0;
    }
    receipt->channel = next_field(&line);
    receipt->peer = known(next_field(&line));
    receipt->verified = known(next_field(&line));
    again = tlsrpt_receipt_render(p, receipt);
    return again && strlen(again) == line_len && memcmp(again, bytes, line_len) == 0 ? line_len : 0;
}

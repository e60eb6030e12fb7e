/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/smtp_reply.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

#define CODE_DIGITS 3

static int says_starttls(const char *text)
{
    return apr_cstr_casecmpn(text, "STARTTLS", 8) == 0 && strchr(" \t", text[8]);
}

/* Parses the line, which is complete and NUL-terminated. */
static mta_sts_smtp_reply_status read_line(mta_sts_smtp_reply *reply)
{
    const char *line = reply->line;
    int code, i;

    for (i = 0; i < CODE_DIGITS; i++) {
        if (!apr_isdigit(line[i])) {
            return MTA_STS_SMTP_REPLY_INVALID;
        }
    }
    code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (code < 200 || code > 599 || !strchr("- ", line[CODE_DIGITS]) ||
        (reply->code && reply->code != code) || ++reply->lines > MTA_STS_SMTP_LINES_MAX) {
        return MTA_STS_SMTP_REPLY_INVALID;
    }
    reply->code = code;
    if (line[CODE_DIGITS]) {
        reply->offers_starttls |= says_starttls(line + CODE_DIGITS + 1);
    }
    return line[CODE_DIGITS] == '-' ? MTA_STS_SMTP_REPLY_MORE : MTA_STS_SMTP_REPLY_DONE;
}

mta_sts_smtp_reply_status mta_sts_smtp_reply_read(mta_sts_smtp_reply *reply, const char *bytes,
                                                  apr_size_t len, apr_size_t *used)
{
    mta_sts_smtp_reply_status status = MTA_STS_SMTP_REPLY_MORE;

    for (*used = 0; *used < len && status == MTA_STS_SMTP_REPLY_MORE;) {
        char byte = bytes[(*used)++];

        if (byte == '\n') {
            if (reply->len && reply->line[reply->len - 1] == '\r') {
                reply->len--;
            }
            reply->line[reply->len] = '\0';
            status = read_line(reply);
            reply->len = 0;
        }
        else if (byte == '\0' || reply->len == MTA_STS_SMTP_LINE_MAX) {
            reply->line[reply->len] = '\0';
            status = MTA_STS_SMTP_REPLY_INVALID;
        }
        else {
            reply->line[reply->len++] = byte;
        }
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/item.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define SEPARATOR "\x1f" /* in no name, since names are escaped */

const char *cli_watch_item_key(apr_pool_t *p, const cli_watch_item *item)
{
    return apr_pstrcat(p, item->domain, SEPARATOR, item->part, SEPARATOR, item->subject, SEPARATOR,
                       item->id, SEPARATOR, item->kind, NULL);
}

int cli_watch_rank(mta_sts_severity severity)
{
    return severity == MTA_STS_UNKNOWN ? 0 : (int)severity;
}

int cli_watch_is_plain(const char *text)
{
    apr_size_t left = strlen(text), len;

    for (; left; text += len, left -= len) {
        len = mta_sts_text_utf8_length(text, left);
        if (!len || mta_sts_text_is_unprintable(text, len)) {
            return 0;
        }
    }
    return 1;
}

const char *cli_watch_severity_name(mta_sts_severity severity)
{
    static const char *const names[] = {
        [MTA_STS_OK] = "ok",          [MTA_STS_INFO] = "note",       [MTA_STS_WARNING] = "warning",
        [MTA_STS_ERROR] = "critical", [MTA_STS_UNKNOWN] = "unknown",
    };

    return names[severity];
}

const char *cli_watch_event_name(cli_watch_event event)
{
    static const char *const names[] = {
        [CLI_WATCH_BEGIN] = "begin",       [CLI_WATCH_DAMAGED] = "state-damaged",
        [CLI_WATCH_NEW] = "new",           [CLI_WATCH_WORSE] = "worse",
        [CLI_WATCH_RESOLVED] = "resolved", [CLI_WATCH_DROPPED] = "dropped",
    };

    return names[event];
}

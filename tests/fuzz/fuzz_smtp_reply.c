/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/check/smtp_reply.h"

/* Reads in portions of a size given by the first byte: the result must not depend on it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mta_sts_smtp_reply whole = {0}, parts = {0};
    mta_sts_smtp_reply_status status, by_parts = MTA_STS_SMTP_REPLY_MORE;
    const char *text = (const char *)data + 1;
    size_t len = size ? size - 1 : 0, step = size ? data[0] % 16 + 1u : 1, taken = 0;
    apr_size_t used, part;

    if (!size) {
        return 0;
    }
    status = mta_sts_smtp_reply_read(&whole, text, len, &used);
    CHECK(used <= len);
    while (taken < len && by_parts == MTA_STS_SMTP_REPLY_MORE) {
        by_parts = mta_sts_smtp_reply_read(&parts, text + taken,
                                           len - taken < step ? len - taken : step, &part);
        taken += part;
    }
    CHECK(status == by_parts && used == taken);
    CHECK(whole.code == parts.code && whole.offers_starttls == parts.offers_starttls);
    if (status != MTA_STS_SMTP_REPLY_MORE) {
        CHECK(strlen(whole.line) <= MTA_STS_SMTP_LINE_MAX && !strcmp(whole.line, parts.line));
    }
    CHECK(status != MTA_STS_SMTP_REPLY_DONE || (whole.code >= 200 && whole.code <= 599));
    return 0;
}

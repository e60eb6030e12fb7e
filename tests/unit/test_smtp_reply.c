/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/check/smtp_reply.h"

static mta_sts_smtp_reply_status read_by(mta_sts_smtp_reply *reply, const char *text,
                                         apr_size_t step, apr_size_t *taken)
{
    mta_sts_smtp_reply_status status = MTA_STS_SMTP_REPLY_MORE;
    apr_size_t len = strlen(text), used;

    memset(reply, 0, sizeof(*reply));
    for (*taken = 0; *taken < len && status == MTA_STS_SMTP_REPLY_MORE; *taken += used) {
        apr_size_t portion = len - *taken < step ? len - *taken : step;

        status = mta_sts_smtp_reply_read(reply, text + *taken, portion, &used);
    }
    return status;
}

static void test_a_reply_is_read_in_pieces_of_any_size(void **state)
{
    static const struct {
        const char *text;
        mta_sts_smtp_reply_status status;
        int code, starttls;
        apr_size_t taken;
    } rows[] = {
        {"220 mx ready\r\n", MTA_STS_SMTP_REPLY_DONE, 220, 0, 14},
        {"220\r\n", MTA_STS_SMTP_REPLY_DONE, 220, 0, 5},
        {"220 bare\n", MTA_STS_SMTP_REPLY_DONE, 220, 0, 9},
        {"250-mx\r\n250-starttls\r\n250 SIZE\r\n", MTA_STS_SMTP_REPLY_DONE, 250, 1, 32},
        {"250 STARTTLSX\r\n", MTA_STS_SMTP_REPLY_DONE, 250, 0, 15},
        {"250-mx\r\n", MTA_STS_SMTP_REPLY_MORE, 250, 0, 8},
        {"220 a\r\n220 b\r\n", MTA_STS_SMTP_REPLY_DONE, 220, 0, 7},
        {"250-a\r\n251 b\r\n", MTA_STS_SMTP_REPLY_INVALID, 250, 0, 14},
        {"HTTP/1.1 400\r\n", MTA_STS_SMTP_REPLY_INVALID, 0, 0, 14},
        {"199 low\r\n", MTA_STS_SMTP_REPLY_INVALID, 0, 0, 9},
        {"600 high\r\n", MTA_STS_SMTP_REPLY_INVALID, 0, 0, 10},
        {"220_x\r\n", MTA_STS_SMTP_REPLY_INVALID, 0, 0, 7},
        {"\r\n", MTA_STS_SMTP_REPLY_INVALID, 0, 0, 2},
    };
    size_t i, step;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (step = 1; step < 40; step += 6) {
            mta_sts_smtp_reply reply;
            apr_size_t taken;

            if (read_by(&reply, rows[i].text, step, &taken) != rows[i].status ||
                reply.code != rows[i].code || reply.offers_starttls != rows[i].starttls ||
                taken != rows[i].taken) {
                fail_msg("row %d by %d: code %d, starttls %d, taken %d", (int)i, (int)step,
                         reply.code, reply.offers_starttls, (int)taken);
            }
        }
    }
}

static void test_a_reply_without_an_end_is_invalid(void **state)
{
    mta_sts_smtp_reply reply = {0};
    apr_size_t used;
    int i;

    (void)state;
    for (i = 0; i < MTA_STS_SMTP_LINE_MAX; i++) {
        assert_int_equal(mta_sts_smtp_reply_read(&reply, "2", 1, &used), MTA_STS_SMTP_REPLY_MORE);
    }
    assert_int_equal(mta_sts_smtp_reply_read(&reply, "2", 1, &used), MTA_STS_SMTP_REPLY_INVALID);
    memset(&reply, 0, sizeof(reply));
    for (i = 0; i < MTA_STS_SMTP_LINES_MAX; i++) {
        assert_int_equal(mta_sts_smtp_reply_read(&reply, "220-x\n", 6, &used),
                         MTA_STS_SMTP_REPLY_MORE);
    }
    assert_int_equal(mta_sts_smtp_reply_read(&reply, "220-x\n", 6, &used),
                     MTA_STS_SMTP_REPLY_INVALID);
    memset(&reply, 0, sizeof(reply));
    assert_int_equal(mta_sts_smtp_reply_read(&reply, "2\0", 2, &used), MTA_STS_SMTP_REPLY_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_reply_is_read_in_pieces_of_any_size),
        POOL_TEST(test_a_reply_without_an_end_is_invalid),
    };

    return RUN_POOL_TESTS(tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/clock.h"

#include "version.h"

#define JUMP apr_time_from_sec(60 * 60)
#define DISTRUST apr_time_from_sec(24 * 60 * 60)

/* In microseconds: tolerance for time during which httpd was stopped and did not note the date. */
#define GAP apr_time_from_sec(24 * 60 * 60)

/* The machine that built this may have been in another time zone, or its clock may have been
 * ahead. */
#define EARLIEST (apr_time_from_sec(MTA_STS_BUILT) - apr_time_from_sec(24 * 60 * 60))

tlsrpt_clock_trust tlsrpt_clock_check(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot,
                                      apr_time_t known)
{
    apr_time_t offset = date - boot, moved = 0, most = JUMP;

    if (date < EARLIEST) {
        return TLSRPT_CLOCK_TOO_EARLY;
    }
    if (clock->offset) {
        moved = offset - clock->offset;
    }
    else if (known) {
        moved = date - known;
        most = GAP;
    }
    if (moved >= most || moved <= -JUMP) {
        clock->until = boot + DISTRUST;
        clock->reason = clock->offset ? TLSRPT_CLOCK_SET : TLSRPT_CLOCK_AT_START;
    }
    clock->offset = offset;
    return boot >= clock->until ? TLSRPT_CLOCK_TRUSTED : clock->reason;
}

apr_time_t tlsrpt_clock_stamp(apr_time_t date)
{
    return date < EARLIEST ? 0 : date;
}

static const char *const reasons[] = {
    [TLSRPT_CLOCK_SET] = "the clock of this machine was set while httpd was running",
    [TLSRPT_CLOCK_AT_START] =
        "httpd started at a date that is more than a day after the last one at which it ran",
    [TLSRPT_CLOCK_TOO_EARLY] =
        "the date of this machine is before that of this version of mod_mta_sts",
};

void tlsrpt_clock_add_distrust(mta_sts_findings *findings, tlsrpt_clock_trust trust,
                               const char *subject, const char *what)
{
    mta_sts_finding_add(findings, MTA_STS_ERROR, "clock-jumped", subject,
                        "check the date (timedatectl) and correct it if it is wrong; if it is "
                        "right, nothing needs to be done",
                        "%s, and by the new date some %s have expired: none of them is removed%s",
                        reasons[trust], what,
                        trust == TLSRPT_CLOCK_TOO_EARLY ? "" : " for one day after that");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/check/policy_fetch.h"

/* The next line of a text, which is cut there; NULL if there is none, or it is empty. */
static const char *next_header(char **text)
{
    char *header = *text, *lf = header ? strchr(header, '\n') : NULL;

    *text = lf ? lf + 1 : NULL;
    if (lf) {
        *lf = '\0';
    }
    return header && *header ? header : NULL;
}

/* What any web server may answer instead of a policy: status, Content-Type, Location, body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 301, 304, 403, 404, 421, 429, 500, 503, 999};
    apr_pool_t *p = fuzz_pool_make();
    char *text = apr_pstrmemdup(p, (const char *)data, size);
    mta_sts_findings *findings = mta_sts_findings_make(p);
    mta_sts_check_limits limits = {.warning_days = -1};
    mta_sts_policy_fetch fetch = {.address = "192.0.2.1", .status = MTA_STS_FETCH_ANSWERED};
    const char *status = next_header(&text);

    fetch.http_status = statuses[status ? *status % 10u : 0];
    fetch.content_type = next_header(&text);
    fetch.location = next_header(&text);
    fetch.text = text ? text : "";
    fetch.len = strlen(fetch.text);
    if (status && status[1] == 'x') {
        fetch.status = MTA_STS_FETCH_BROKEN;
        fetch.detail = fetch.content_type;
    }
    CHECK(!mta_sts_policy_fetch_check(&fetch, "mta-sts.example.com", &limits, findings));
    fuzz_check_findings(findings, 0);
    mta_sts_policy_fetch_is_page(&fetch);
    apr_pool_destroy(p);
    return 0;
}

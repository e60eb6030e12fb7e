/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/format.h"
#include "httpd/status/mod_status.h"

#include <apu.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <mod_status.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"

/* "policy-served" -> "PolicyServed" */
static const char *key_of(apr_pool_t *p, const char *name)
{
    char *key = apr_pstrdup(p, name), *to = key;
    int is_first = 1;

    for (; *name; name++) {
        if (*name == '-') {
            is_first = 1;
            continue;
        }
        *to++ = (char)(is_first ? *name - 'a' + 'A' : *name);
        is_first = 0;
    }
    *to = '\0';
    return key;
}

typedef struct section {
    request_rec *r;
    int is_short;
} section;

static void put_row(const section *to, const char *key, const char *text, apr_int64_t value)
{
    if (to->is_short) {
        ap_rprintf(to->r, "MTASTS%s: %" APR_INT64_T_FMT "\n", key, value);
    }
    else {
        ap_rprintf(to->r, "<tr><td>%s</td><td>%s</td></tr>\n", text,
                   mta_sts_format_number(to->r->pool, value));
    }
}

static void put_rows(const section *to)
{
    static const struct {
        tlsrpt_area area;
        const char *files_key, *files, *bytes_key, *bytes;
    } areas[] = {
        {TLSRPT_REPORTS, "SpoolFiles", "Reports on disk", "SpoolBytes", "Bytes of reports on disk"},
        {TLSRPT_QUARANTINE, "QuarantineFiles", "Files in quarantine", "QuarantineBytes",
         "Bytes in quarantine"},
    };
    apr_size_t i;
    int c;

    for (c = 0; c < MTS_COUNTERS; c++) {
        put_row(to, key_of(to->r->pool, mts_counters_name((mts_counter)c)),
                mts_counters_text((mts_counter)c), (apr_int64_t)mts_counters_value((mts_counter)c));
    }
    for (i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        mts_usage usage = mts_counters_usage(areas[i].area);

        put_row(to, areas[i].files_key, areas[i].files, usage.files);
        put_row(to, areas[i].bytes_key, areas[i].bytes, usage.bytes);
    }
}

static int put_section(request_rec *r, int flags)
{
    const section to = {r, (flags & AP_STATUS_SHORT) != 0};

    if (to.is_short) {
        put_rows(&to);
        return OK;
    }
    ap_rputs("<hr />\n<h2>MTA-STS policies and TLS reports</h2>\n<table border=\"0\">\n", r);
    put_rows(&to);
    ap_rputs("</table>\n", r);
    return OK;
}

/* Called only if mod_status is loaded. */
void mts_mod_status_register_hooks(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, put_section, NULL, NULL, APR_HOOK_MIDDLE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of this server, and the disk usage of the spool. */
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"
#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"

/* Successful outcomes are always shown, others only if they occurred. */
static int is_shown(int counter)
{
    return counter == MTS_POLICY_SERVED || counter == MTS_REPORT_NEW ||
           counter == MTS_REPORT_REPEATED || counter == MTS_REPORT_QUARANTINED ||
           mts_counters_value((mts_counter)counter) > 0;
}

static void put_counters(const mts_status_view *view)
{
    int counter, hidden = 0;

    MTS_HTML(view->out, "<table><thead class=\"hidden\"><tr><th scope=\"col\">Outcome</th>"
                        "<th scope=\"col\">Requests</th></tr></thead><tbody>");
    for (counter = 0; counter < MTS_COUNTERS; counter++) {
        if (!is_shown(counter)) {
            hidden++;
            continue;
        }
        MTS_HTML(
            view->out, "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td></tr>",
            mts_counters_text((mts_counter)counter),
            mta_sts_format_number(view->p, (apr_int64_t)mts_counters_value((mts_counter)counter)));
    }
    MTS_HTML(view->out, "</tbody></table>");
    if (hidden) {
        MTS_HTML(view->out, "<p class=\"soft small\">No %sfailures or refusals.</p>",
                 hidden == MTS_COUNTERS - 4 ? "" : "other ");
    }
}

static void put_usage(const mts_status_view *view, const char *name, tlsrpt_area area,
                      apr_int64_t quota)
{
    mts_usage usage = mts_counters_usage(area);
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<dt>%s</dt><dd>%s, %s of %s (%s)</dd>", name,
             mta_sts_format_count(p, usage.files, "file", "files"),
             mta_sts_format_size(p, usage.bytes), mta_sts_format_size(p, quota),
             usage.bytes ? mta_sts_format_share(p, usage.bytes, quota) : "empty");
}

void mts_status_quarantine_html(const mts_status_view *view)
{
    apr_int64_t files = mts_counters_usage(TLSRPT_QUARANTINE).files;

    if (files) {
        MTS_HTML(
            view->out,
            "<p class=\"soft small\">The quarantine has %s with reports that cannot be read to "
            "their end or are about other domains, in <code>quarantine/</code> of the state "
            "directory. They are not counted on any page. If they are about a domain of yours, add "
            "it with <code>MTASTSReportDomain</code>; otherwise nothing needs to be done.</p>",
            mta_sts_format_count(view->p, files, "file", "files"));
    }
}

/* Adds the number of key pairs, and only problems besides it. */
static void put_key_pairs(const mts_status_view *view)
{
    mts_pair_numbers numbers = mts_renewal_numbers();
    const struct {
        int count;
        const char *text;
    } problems[] = {
        {numbers.pairs.broken, "with broken files"},
        {numbers.pairs.soon, "expiring soon or expired"},
        {numbers.pairs.waiting, "waiting for a reload"},
        {numbers.missing, "missing for hosted domains"},
    };
    apr_size_t i;

    if (!mts_pairs_are_used()) {
        return;
    }
    MTS_HTML(view->out, "<dt>Key pairs</dt><dd>%s in use",
             mta_sts_format_number(view->p, numbers.pairs.used));
    for (i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        if (problems[i].count) {
            MTS_HTML(view->out, ", %s %s", mta_sts_format_number(view->p, problems[i].count),
                     problems[i].text);
        }
    }
    MTS_HTML(view->out, "</dd>");
}

static void put_store(const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);

    MTS_HTML(view->out, "<dl class=\"facts\">");
    put_usage(view, "Reports stored", TLSRPT_REPORTS, config->spool_quota);
    put_usage(view, "Quarantine", TLSRPT_QUARANTINE, config->quarantine_quota);
    if (!mts_counters_are_counted()) {
        MTS_HTML(view->out, "<dt>Note</dt><dd>Disk usage has not been measured since the "
                            "start yet.</dd>");
    }
    else {
        MTS_HTML(view->out, "<dt>Note</dt><dd>What <code>mta-sts import</code> stores is included "
                            "within ten minutes.</dd>");
    }
    put_key_pairs(view);
    MTS_HTML(view->out, "<dt>State directory</dt><dd>");
    mts_status_location_html(view->out, config->state_dir);
    MTS_HTML(view->out, "</dd></dl>");
    mts_status_quarantine_html(view);
}

void mts_status_endpoint_html(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<section aria-labelledby=\"endpoint\"><h2 id=\"endpoint\">This server</h2>"
             "<p class=\"soft small\">Counters since %s; graceful restarts do not reset them.</p>"
             "<div class=\"columns\"><div>",
             mta_sts_format_time(view->p, mts_counters_since()));
    put_counters(view);
    MTS_HTML(view->out, "</div><div>");
    put_store(view);
    MTS_HTML(view->out, "</div></div></section>");
}

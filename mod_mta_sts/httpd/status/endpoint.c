/* SPDX-License-Identifier: Apache-2.0 */
/* What the endpoints did since counting began, and how full the spool is. */
#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"

const char *mts_status_counter_text(int counter)
{
    static const char *const words[] = {
        [MTS_POLICY_SERVED] = "Requests for a policy, served",
        [MTS_POLICY_METHOD] = "Requests for a policy, refused: neither GET nor HEAD (405)",
        [MTS_POLICY_BAD_BODY] =
            "Requests for a policy, refused: a body that could not be read (400)",
        [MTS_REPORT_NEW] = "Reports kept (201)",
        [MTS_REPORT_REPEATED] = "Reports kept already (200)",
        [MTS_REPORT_QUARANTINED] = "Reports put into the quarantine (202)",
        [MTS_REPORT_METHOD] = "Reports refused: not a POST (405)",
        [MTS_REPORT_LIMITED] = "Reports refused: too many from one address (503)",
        [MTS_REPORT_CUT] = "Reports refused: did not come whole (400, 408)",
        [MTS_REPORT_TOO_LARGE] = "Reports refused: too large (413)",
        [MTS_REPORT_NOT_A_REPORT] = "Reports refused: no report at all (415)",
        [MTS_REPORT_NO_POLICIES] = "Reports refused: JSON without policies (400)",
        [MTS_REPORT_QUOTA] = "Reports lost: the quota is reached (503)",
        [MTS_REPORT_NOT_STORED] = "Reports lost: could not be written to disk (503)",
    };

    return words[counter];
}

/* What goes well is always told, the rest where it happened. */
static int is_set(int counter)
{
    return counter == MTS_POLICY_SERVED || counter == MTS_REPORT_NEW ||
           counter == MTS_REPORT_REPEATED || counter == MTS_REPORT_QUARANTINED ||
           mts_counters_value((mts_counter)counter) > 0;
}

static void put_counters(const mts_status_view *view)
{
    int counter, untold = 0;

    MTS_HTML(view->out, "<table><thead class=\"hidden\"><tr><th scope=\"col\">What</th><th "
                        "scope=\"col\">How often</th></tr></thead><tbody>");
    for (counter = 0; counter < MTS_COUNTERS; counter++) {
        if (!is_set(counter)) {
            untold++;
            continue;
        }
        MTS_HTML(view->out, "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td></tr>",
                 mts_status_counter_text(counter),
                 mts_html_count(view->p, (apr_int64_t)mts_counters_value((mts_counter)counter)));
    }
    MTS_HTML(view->out, "</tbody></table>");
    if (untold) {
        MTS_HTML(view->out, "<p class=\"soft small\">%s was refused or lost.</p>",
                 untold == MTS_COUNTERS - 4 ? "Nothing" : "Nothing else");
    }
}

static void put_usage(const mts_status_view *view, const char *name, tlsrpt_area area,
                      apr_int64_t quota)
{
    mts_usage usage = mts_counters_usage(area);
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<dt>%s</dt><dd>%s file%s, %s of %s (%s)</dd>", name,
             mts_html_count(p, usage.files), usage.files == 1 ? "" : "s",
             mts_html_bytes(p, usage.bytes), mts_html_bytes(p, quota),
             usage.bytes ? mts_html_share(p, usage.bytes, quota) : "empty");
}

static void put_store(const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);

    MTS_HTML(view->out, "<dl class=\"facts\">");
    put_usage(view, "Reports kept", TLSRPT_REPORTS, config->spool_quota);
    put_usage(view, "Quarantine", TLSRPT_QUARANTINE, config->quarantine_quota);
    if (!mts_counters_are_counted()) {
        MTS_HTML(view->out, "<dt>Note</dt><dd>The disk has not been counted since the start "
                            "yet.</dd>");
    }
    MTS_HTML(view->out, "<dt>State directory</dt><dd><code>%s</code></dd></dl>", config->state_dir);
}

void mts_status_endpoint_html(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<section aria-labelledby=\"endpoint\"><h2 id=\"endpoint\">This httpd</h2>"
             "<p class=\"soft small\">Counted since %s, over graceful restarts.</p>"
             "<div class=\"columns\"><div>",
             mts_html_time(view->p, mts_counters_since()));
    put_counters(view);
    MTS_HTML(view->out, "</div><div>");
    put_store(view);
    MTS_HTML(view->out, "</div></div></section>");
}

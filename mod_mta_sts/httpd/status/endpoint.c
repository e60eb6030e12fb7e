/* SPDX-License-Identifier: Apache-2.0 */
/* What the endpoints did since counting began, and how full the spool is. */
#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"

const char *mod_status_counter_words(int counter)
{
    static const char *const words[] = {
        [MOD_POLICY_SERVED] = "Requests for a policy, served",
        [MOD_POLICY_METHOD] = "Requests for a policy, refused: neither GET nor HEAD (405)",
        [MOD_POLICY_BAD_BODY] =
            "Requests for a policy, refused: a body that could not be read (400)",
        [MOD_REPORT_NEW] = "Reports kept (201)",
        [MOD_REPORT_REPEATED] = "Reports kept already (200)",
        [MOD_REPORT_QUARANTINED] = "Reports put into the quarantine (202)",
        [MOD_REPORT_METHOD] = "Reports refused: not a POST (405)",
        [MOD_REPORT_LIMITED] = "Reports refused: too many from one address (503)",
        [MOD_REPORT_CUT] = "Reports refused: did not come whole (400, 408)",
        [MOD_REPORT_TOO_LARGE] = "Reports refused: too large (413)",
        [MOD_REPORT_FOREIGN] = "Reports refused: no report at all (415)",
        [MOD_REPORT_NO_POLICIES] = "Reports refused: JSON without policies (400)",
        [MOD_REPORT_QUOTA] = "Reports lost: the quota is reached (503)",
        [MOD_REPORT_NOT_KEPT] = "Reports lost: could not be written to disk (503)",
    };

    return words[counter];
}

/* What goes well is always told, the rest where it happened. */
static int is_told(int counter)
{
    return counter == MOD_POLICY_SERVED || counter == MOD_REPORT_NEW ||
           counter == MOD_REPORT_REPEATED || counter == MOD_REPORT_QUARANTINED ||
           mod_counters_value((mod_counter)counter) > 0;
}

static void put_counters(const mod_status_view *view)
{
    int counter, untold = 0;

    MOD_HTML(view->out, "<table><thead class=\"hidden\"><tr><th scope=\"col\">What</th><th "
                        "scope=\"col\">How often</th></tr></thead><tbody>");
    for (counter = 0; counter < MOD_COUNTERS; counter++) {
        if (!is_told(counter)) {
            untold++;
            continue;
        }
        MOD_HTML(view->out, "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td></tr>",
                 mod_status_counter_words(counter),
                 mod_html_count(view->p, (apr_int64_t)mod_counters_value((mod_counter)counter)));
    }
    MOD_HTML(view->out, "</tbody></table>");
    if (untold) {
        MOD_HTML(view->out, "<p class=\"soft small\">%s was refused or lost.</p>",
                 untold == MOD_COUNTERS - 4 ? "Nothing" : "Nothing else");
    }
}

static void put_usage(const mod_status_view *view, const char *name, tlsrpt_area area,
                      apr_int64_t quota)
{
    mod_usage usage = mod_counters_usage(area);
    apr_pool_t *p = view->p;

    MOD_HTML(view->out, "<dt>%s</dt><dd>%s file%s, %s of %s (%s)</dd>", name,
             mod_html_count(p, usage.files), usage.files == 1 ? "" : "s",
             mod_html_octets(p, usage.octets), mod_html_octets(p, quota),
             usage.octets ? mod_html_share(p, usage.octets, quota) : "empty");
}

static void put_store(const mod_status_view *view)
{
    const mod_report_config *config = mod_report_config_of(view->r->server);

    MOD_HTML(view->out, "<dl class=\"facts\">");
    put_usage(view, "Reports kept", TLSRPT_REPORTS, config->spool_quota);
    put_usage(view, "Quarantine", TLSRPT_QUARANTINE, config->quarantine_quota);
    if (!mod_counters_are_counted()) {
        MOD_HTML(view->out, "<dt>Note</dt><dd>The disk has not been counted since the start "
                            "yet.</dd>");
    }
    MOD_HTML(view->out, "<dt>State directory</dt><dd><code>%s</code></dd></dl>", config->state_dir);
}

void mod_status_endpoint_html(const mod_status_view *view)
{
    MOD_HTML(view->out,
             "<section aria-labelledby=\"endpoint\"><h2 id=\"endpoint\">This httpd</h2>"
             "<p class=\"soft small\">Counted since %s, over graceful restarts.</p>"
             "<div class=\"columns\"><div>",
             mod_html_time(view->p, mod_counters_since()));
    put_counters(view);
    MOD_HTML(view->out, "</div><div>");
    put_store(view);
    MOD_HTML(view->out, "</div></div></section>");
}

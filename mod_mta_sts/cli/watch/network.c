/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the live deployment, like `mta-sts check`. */
#include <string.h>

#include <apr_strings.h>

#include "cli/watch/family.h"
#include "cli/common/command.h"
#include "cli/watch/look.h"

/* Whether an info finding is worth reporting when it is new: that MX records and policy no longer
 * agree. */
static int is_wanted(const mta_sts_finding *finding)
{
    return finding->severity == MTA_STS_WARNING || finding->severity == MTA_STS_ERROR ||
           finding->severity == MTA_STS_UNKNOWN || strcmp(finding->id, "pattern-unused") == 0;
}

/* The kind of an item: an unused pattern is identified by the pattern itself, because a policy may
 * have several. */
static const char *kind_of(const mta_sts_finding *finding)
{
    return strcmp(finding->id, "pattern-unused") == 0 ? finding->message : "";
}

/* The fix of a finding; if the policy does not cover an MX host, a separate command solves that. */
static const char *fix_of(cli_watch_look *look, const char *domain, const mta_sts_finding *finding)
{
    int is_drift =
        strcmp(finding->id, "pattern-unused") == 0 || strcmp(finding->id, "mx-not-in-policy") == 0;

    return is_drift ? apr_psprintf(look->p, "%s (see: %s)", finding->fix ? finding->fix : "",
                                   cli_command(look->p, "mx", "", domain))
                    : finding->fix;
}

static void take_section(cli_watch_look *look, const cli_check_domain *checked,
                         const mta_sts_check_section *section)
{
    const char *domain = checked->domain;
    int i;

    for (i = 0; i < section->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(section->findings, i);
        const cli_watch_item item = {
            .domain = domain,
            .part = mta_sts_check_part_name(section->part),
            .subject = section->part == MTA_STS_CHECK_MX ? section->subject : finding->subject,
            .id = finding->id,
            .kind = kind_of(finding),
            .severity = finding->severity,
            .fix = fix_of(look, domain, finding),
            .families =
                cli_watch_family_of(checked->facts, section->part, section->subject, finding->id)
                    .reached,
            .needed = look->runs + (finding->severity == MTA_STS_UNKNOWN)};

        if (is_wanted(finding)) {
            cli_watch_look_add(look, &item, finding->message);
        }
    }
}

static void take_results(cli_watch_look *look, const cli_check_domains *domains)
{
    int i, j;

    look->has_checked = 1;
    for (i = 0; i < domains->list->nelts; i++) {
        const cli_check_domain *domain = &APR_ARRAY_IDX(domains->list, i, cli_check_domain);
        const apr_array_header_t *sections = domain->result->sections;

        for (j = 0; j < sections->nelts; j++) {
            take_section(look, domain, &APR_ARRAY_IDX(sections, j, mta_sts_check_section));
        }
    }
}

static void note_domains(cli_watch_look *look, const cli_check_domains *domains)
{
    int i;

    for (i = 0; i < domains->list->nelts; i++) {
        const cli_check_domain *domain = &APR_ARRAY_IDX(domains->list, i, cli_check_domain);

        apr_hash_set(look->domains, domain->domain, APR_HASH_KEY_STRING, domain);
    }
}

/* Determines which named domains are hosted here. Errors are not fatal, because only some findings
 * depend on it. */
static void find_hosted(cli_watch_look *look, const cli_watch_request *request)
{
    const char *error = cli_check_domains_find_hosted(request->domains, request->state_dir);

    look->has_hosted = !error;
    look->is_hosting_unread = error != NULL;
    if (error) {
        cli_watch_look_add_blind(look, "hosted domains", error,
                                 "until then, wrong rows are not noticed");
    }
}

/* Determines the domains to watch. If the configuration cannot be read, its domains are not
 * known. */
static void find_domains(cli_watch_look *look, const cli_watch_request *request)
{
    const char *error;

    if (request->domains->list->nelts) {
        find_hosted(look, request);
        return;
    }
    error = cli_check_domains_read(request->domains, request->with_hosted);
    if (error && !request->domains->apache) {
        look->problem = error;
        cli_watch_look_add_blind(look, "httpd", error,
                                 "run mta-sts watch as root, once apachectl configtest reports no "
                                 "errors; or name the domains");
        return;
    }
    look->nothing = error;
    look->is_configured = 1;
    look->has_hosted = request->with_hosted;
}

const char *cli_watch_look_network(cli_watch_look *look, cli_watch_request *request)
{
    const char *error;

    request->network.began = look->began;
    find_domains(look, request);
    if (request->network.warning_days < 0) {
        request->network.warning_days = request->domains->certificate_days;
    }
    note_domains(look, request->domains);
    if (look->is_configured) {
        cli_watch_look_hosting(look, request->domains->apache);
    }
    if (!request->domains->list->nelts) {
        return NULL;
    }
    error = cli_check_run(look->p, &request->network, request->domains->list);
    if (error == cli_check_no_network) {
        cli_watch_look_add_blind(look, "DNS", error, NULL);
        return NULL;
    }
    if (!error) {
        take_results(look, request->domains);
    }
    return error;
}

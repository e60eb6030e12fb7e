/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns/call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/check/network_option.h"
#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/dns/history.h"
#include "core/base/name.h"
#include "core/policy/record.h"
#include "core/base/text.h"

/* --- reading the command line: each function returns NULL, or what is wrong --- */

static const char *take_format(apr_pool_t *p, const cli_option *option, void *target,
                               const char *value)
{
    static cli_dns_show *const shows[] = {cli_dns_show_zone, cli_dns_show_nsupdate,
                                          cli_dns_show_json};
    cli_dns_call *call = target;
    int chosen = 0;
    const char *error = cli_take_choice(p, option, &chosen, value);

    call->show = shows[chosen];
    return error;
}

static const char *take_source(cli_dns_call *call, cli_dns_source source, const char *file)
{
    if (call->source != CLI_DNS_SERVED && call->source != source) {
        return "--policy and --from-apache cannot be combined";
    }
    call->source = source;
    call->file = file;
    return NULL;
}

static const char *take_file(apr_pool_t *p, const cli_option *option, void *target,
                             const char *value)
{
    const char *error = cli_take_text(p, option, &value, value);

    return error ? error : take_source(target, CLI_DNS_FILE, value);
}

static const char *take_from_apache(apr_pool_t *p, const cli_option *option, void *target,
                                    const char *value)
{
    (void)p;
    (void)option;
    return take_source(target, CLI_DNS_APACHE, value);
}

static const char *take_rua(apr_pool_t *p, const cli_option *option, void *target,
                            const char *value)
{
    const char *error = mta_sts_rua_parse_list(p, value, *(apr_array_header_t **)target);

    return error ? apr_pstrcat(p, "--", option->name, ": ", error, NULL) : NULL;
}

static const char *take_address(apr_pool_t *p, const cli_option *option, void *target,
                                const char *value)
{
    int family = strchr(value, ':') ? AF_INET6 : AF_INET;
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];

    if (inet_pton(family, value, bytes) != 1) {
        return apr_psprintf(p, "--%s takes an IPv4 or IPv6 address, not %s", option->name,
                            mta_sts_text_quote(p, value, strlen(value)));
    }
    APR_ARRAY_PUSH(*(apr_array_header_t **)target, const char *) =
        apr_pstrdup(p, inet_ntop(family, bytes, text, sizeof(text)));
    return NULL;
}

static const char *take_cname(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    const char *error =
        mta_sts_name_parse_host(p, cli_option_name(p, value), MTA_STS_NAME_ULABEL, target);

    return error ? apr_pstrcat(p, "--", option->name, ": ", error, NULL) : NULL;
}

static const cli_option options[] = {
    {"policy", 0, "FILE",
     "Use the policy in FILE (- is standard input) instead of the one that is served.", take_file,
     0, 0, 0},
    {"from-apache", 0, NULL,
     "Use the policy in the configuration of this machine's httpd; without DOMAIN, those of all "
     "its policy domains.",
     take_from_apache, 0, 0, 0},
    {"offline", 0, NULL, "Query neither DNS nor the policy host, and compare nothing.",
     cli_take_flag, offsetof(cli_dns_call, is_offline), 0, 0},
    {"rua", 0, "URI[,URI...]",
     "Where reports are sent: mailto:ADDRESS or https://... Can be repeated. Default: as it is "
     "in DNS.",
     take_rua, offsetof(cli_dns_call, rua), 0, 0},
    {"address", 0, "ADDRESS",
     "An address of the policy host. Can be repeated. Default: as it is in DNS.", take_address,
     offsetof(cli_dns_call, addresses), 0, 0},
    {"cname", 0, "HOST", "Make the policy host an alias of HOST instead.", take_cname,
     offsetof(cli_dns_call, cname), 0, 0},
    {"ttl", 0, "SECONDS", "TTL of the records. Default: as it is in DNS, or 3600.", cli_take_number,
     offsetof(cli_dns_call, ttl), 1, MTA_STS_TTL_MAX},
    {"format", 0, "zone|nsupdate|json", "Format of the records. Default: zone.", take_format, 0, 0,
     0},
    CLI_STATE_DIR_OPTION(offsetof(cli_dns_call, state_dir)),
    CLI_DATABASE_OPTION(offsetof(cli_dns_call, database)),
    CLI_NETWORK_OPTIONS(offsetof(cli_dns_call, network)),
    {0},
};

static const char *take_domains(cli_dns_call *call, const cli_args *args)
{
    const char *domain, *error;
    int i;

    for (i = 0; i < args->count; i++) {
        error =
            mta_sts_name_parse_domain(call->p, cli_option_name(call->p, args->list[i]), &domain);
        if (error) {
            return error;
        }
        cli_dns_add_domain(call->p, call, domain);
    }
    return NULL;
}

/* Rejects combinations of options. */
static const char *check_call(const cli_dns_call *call)
{
    if (call->domains->nelts == 0 && call->source != CLI_DNS_APACHE) {
        return "DOMAIN is missing (or use --from-apache)";
    }
    if (call->is_offline && call->source == CLI_DNS_SERVED) {
        return "--offline needs --policy or --from-apache";
    }
    if (call->cname && call->addresses->nelts) {
        return "--address and --cname cannot be combined";
    }
    return NULL;
}

static int exit_status(const cli_dns_call *call)
{
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        const mta_sts_findings *findings = APR_ARRAY_IDX(call->domains, i, cli_dns_domain).findings;

        if (mta_sts_findings_count(findings, MTA_STS_ERROR) ||
            mta_sts_findings_count(findings, MTA_STS_UNKNOWN)) {
            return CLI_EXIT_INVALID;
        }
    }
    return CLI_EXIT_OK;
}

static int run_dns(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_dns_call call = {.p = p,
                         .show = cli_dns_show_zone,
                         .ttl = MTA_STS_TTL_UNCHANGED,
                         .rua = apr_array_make(p, 2, sizeof(const char *)),
                         .addresses = apr_array_make(p, 2, sizeof(const char *)),
                         .domains = apr_array_make(p, 2, sizeof(cli_dns_domain))};
    cli_args args;
    const char *error;
    int status;

    cli_check_options_default(&call.network);
    call.network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.network.no_smtp = 1;
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_domains(&call, &args);
    error = error ? error : check_call(&call);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    error = cli_database_check(p, call.database, call.state_dir);
    if (error) {
        fprintf(stderr, "mta-sts dns: %s\n", error);
        return CLI_EXIT_INVALID;
    }
    status = cli_dns_gather(p, self, &call);
    if (status != CLI_EXIT_OK) {
        return status;
    }
    error = cli_dns_read_history(p, &call);
    if (error) {
        fprintf(stderr, "mta-sts dns: the history of served policies cannot be read: %s\n", error);
    }
    call.show(p, &call, call.domains);
    return exit_status(&call);
}

const cli_subcommand cli_dns = {
    .name = "dns",
    .summary = "print the DNS records to publish, and the steps in order",
    .usage = "[OPTION...] DOMAIN...\n"
             "--policy FILE [OPTION...] DOMAIN...\n"
             "--from-apache [OPTION...] [DOMAIN...]",
    .arguments = "DOMAIN",
    .description =
        "Prints the DNS records to publish for the policy that is served now, how they differ from "
        "DNS, and the steps to take, in order.",
    .exit_statuses = "0 all well; 1 something is not valid, could not be obtained, or must not "
                     "be published yet; 2 wrong usage, or FILE cannot be read.",
    .options = options,
    .run = run_dns,
};

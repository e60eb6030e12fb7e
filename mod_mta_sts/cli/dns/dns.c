/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns/dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/option.h"
#include "core/base/name.h"
#include "core/policy/record.h"
#include "core/base/text.h"

enum {
    OPT_ADDRESS = 256,
    OPT_CNAME,
    OPT_FORMAT,
    OPT_FROM_APACHE,
    OPT_OFFLINE,
    OPT_POLICY,
    OPT_RUA,
    OPT_TTL,
};

static const struct option options[] = {
    CLI_HELP_OPTION,
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"cname", required_argument, NULL, OPT_CNAME},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"from-apache", no_argument, NULL, OPT_FROM_APACHE},
    {"offline", no_argument, NULL, OPT_OFFLINE},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"rua", required_argument, NULL, OPT_RUA},
    {"ttl", required_argument, NULL, OPT_TTL},
    CLI_NETWORK_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* --- reading the call: each returns NULL, or what is wrong with it --- */

static const char *take_format(cli_dns_call *call, const char *value)
{
    static const char *const formats[] = {"zone", "nsupdate", "json", NULL};
    static cli_dns_show *const shows[] = {cli_dns_show_zone, cli_dns_show_nsupdate,
                                          cli_dns_show_json};
    int chosen = 0;
    const char *error = cli_option_format(call->p, value, formats, &chosen);

    call->show = shows[chosen];
    return error;
}

static const char *take_source(cli_dns_call *call, cli_dns_source source, const char *file)
{
    if (call->source != CLI_DNS_SERVED && call->source != source) {
        return "--policy and --from-apache exclude each other";
    }
    call->source = source;
    call->file = file;
    return NULL;
}

static const char *take_rua(cli_dns_call *call, const char *value)
{
    const char *uri, *error = mta_sts_rua_parse(call->p, value, &uri);

    if (error) {
        return apr_pstrcat(call->p, "--rua: ", error, NULL);
    }
    APR_ARRAY_PUSH(call->rua, const char *) = uri;
    return NULL;
}

static const char *take_address(cli_dns_call *call, const char *value)
{
    int family = strchr(value, ':') ? AF_INET6 : AF_INET;
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];

    if (inet_pton(family, value, bytes) != 1) {
        return apr_psprintf(call->p, "--address takes an IPv4 or IPv6 address, not %s",
                            mta_sts_text_quote(call->p, value, strlen(value)));
    }
    APR_ARRAY_PUSH(call->addresses, const char *) =
        apr_pstrdup(call->p, inet_ntop(family, bytes, text, sizeof(text)));
    return NULL;
}

static const char *take_cname(cli_dns_call *call, const char *value)
{
    const char *error = mta_sts_name_parse_host(call->p, value, MTA_STS_NAME_ULABEL, &call->cname);

    return error ? apr_pstrcat(call->p, "--cname: ", error, NULL) : NULL;
}

static const char *take_option(void *baton, int option, const char *value)
{
    cli_dns_call *call = baton;

    switch (option) {
    case OPT_ADDRESS:
        return take_address(call, value);
    case OPT_CNAME:
        return take_cname(call, value);
    case OPT_FORMAT:
        return take_format(call, value);
    case OPT_FROM_APACHE:
        return take_source(call, CLI_DNS_APACHE, NULL);
    case OPT_OFFLINE:
        call->is_offline = 1;
        return NULL;
    case OPT_POLICY:
        return take_source(call, CLI_DNS_FILE, value);
    case OPT_RUA:
        return take_rua(call, value);
    case OPT_TTL:
        return cli_option_number(call->p, "--ttl", value, 1, MTA_STS_TTL_MAX, &call->ttl);
    default:
        return cli_option_network(call->p, &call->network, option, value);
    }
}

static const char *take_domains(cli_dns_call *call, int count, const char *const *words)
{
    const char *domain, *error;
    int i;

    for (i = 0; i < count; i++) {
        error = mta_sts_name_parse_domain(call->p, words[i], &domain);
        if (error) {
            return error;
        }
        cli_dns_add_domain(call->p, call, domain);
    }
    return NULL;
}

/* Options that do not go together. */
static const char *check_call(const cli_dns_call *call)
{
    if (call->domains->nelts == 0 && call->source != CLI_DNS_APACHE) {
        return "name the DOMAIN, or use --from-apache";
    }
    if (call->is_offline && call->source == CLI_DNS_SERVED) {
        return "--offline needs --policy or --from-apache";
    }
    if (call->cname && call->addresses->nelts) {
        return "--address and --cname exclude each other";
    }
    return NULL;
}

static const char *parse_call(cli_dns_call *call, int argc, const char *const *argv, int *help)
{
    cli_words words;
    const char *error = cli_options_read(call->p, argc, argv, options, take_option, call, &words);

    *help = words.help;
    if (!error && !*help) {
        error = take_domains(call, words.count, words.list);
    }
    return error || *help ? error : check_call(call);
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
                         .ttl = MTA_STS_TTL_AS_NOW,
                         .rua = apr_array_make(p, 2, sizeof(const char *)),
                         .addresses = apr_array_make(p, 2, sizeof(const char *)),
                         .domains = apr_array_make(p, 2, sizeof(cli_dns_domain))};
    const char *error;
    int help, status;

    cli_check_options_default(&call.network);
    call.network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.network.no_smtp = 1;
    error = parse_call(&call, argc, argv, &help);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    if (help) {
        fputs(self->help, stdout);
        return CLI_EXIT_OK;
    }
    status = cli_dns_gather(p, self, &call);
    if (status != CLI_EXIT_OK) {
        return status;
    }
    call.show(p, &call, call.domains);
    return exit_status(&call);
}

const cli_subcommand cli_dns = {
    "dns",
    "print the DNS records to publish, what differs, and in which order",
    "Usage: mta-sts dns [OPTION...] DOMAIN...\n"
    "       mta-sts dns --policy FILE [OPTION...] DOMAIN...\n"
    "       mta-sts dns --from-apache [OPTION...] [DOMAIN...]\n"
    "\n"
    "Prints the DNS records to publish for the policy that is served now, what differs from what\n"
    "DNS has, and what is to be done in which order.\n"
    "\n"
    "  --policy FILE       take the policy from FILE (- is standard input) instead\n"
    "  --from-apache       take it from the configuration of this machine's httpd, as apachectl\n"
    "                      tells it; without DOMAIN, of all its policy domains\n"
    "  --offline           ask nobody: compare with nothing\n"
    "  --rua URI           where reports go: mailto:ADDRESS or https://... (repeatable; default:\n"
    "                      as it is in DNS)\n"
    "  --address ADDRESS   an address of the policy host (repeatable; default: as it is in DNS)\n"
    "  --cname HOST        make the policy host an alias of HOST instead\n"
    "  --ttl SECONDS       TTL of the records (default: as it is in DNS, or 3600)\n"
    "  --format zone|nsupdate|json\n"
    "                      how to write the records (default: zone)\n"
    "  --timeout SECONDS   for each lookup and fetch, 1 to 17 (default: 15)\n"
    "  --resolver ADDRESS[@PORT]\n"
    "                      ask this name server instead of those of the system\n"
    "  --trust-anchor FILE\n"
    "                      DS or DNSKEY records to validate DNSSEC with, instead of the root's\n"
    "  --ca-file FILE      trust the CAs in this PEM file instead of the system's\n"
    "  --connect HOST=ADDRESS:PORT\n"
    "                      connect there for this policy host (repeatable)\n"
    "  --help              this text\n"
    "\n"
    "Exit status: 0 all well; 1 something is not valid, could not be had, or must not be "
    "published\n"
    "yet; 2 wrong usage, or FILE cannot be read.\n",
    run_dns,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dns.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/option.h"
#include "core/name.h"
#include "core/record.h"

enum {
    OPT_HELP = 'h',
    OPT_ADDRESS = 256,
    OPT_CA_FILE,
    OPT_CNAME,
    OPT_CONNECT,
    OPT_FORMAT,
    OPT_FROM_APACHE,
    OPT_OFFLINE,
    OPT_POLICY,
    OPT_RESOLVER,
    OPT_RUA,
    OPT_TIMEOUT,
    OPT_TRUST_ANCHOR,
    OPT_TTL,
};

static const struct option options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"address", required_argument, NULL, OPT_ADDRESS},
    {"ca-file", required_argument, NULL, OPT_CA_FILE},
    {"cname", required_argument, NULL, OPT_CNAME},
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"from-apache", no_argument, NULL, OPT_FROM_APACHE},
    {"offline", no_argument, NULL, OPT_OFFLINE},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"resolver", required_argument, NULL, OPT_RESOLVER},
    {"rua", required_argument, NULL, OPT_RUA},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"trust-anchor", required_argument, NULL, OPT_TRUST_ANCHOR},
    {"ttl", required_argument, NULL, OPT_TTL},
    {NULL, 0, NULL, 0},
};

/* --- values of options: each returns CLI_EXIT_OK, or CLI_EXIT_USAGE after saying why --- */

static int take_format(const cli_subcommand *self, cli_dns_call *call, const char *value)
{
    static const struct {
        const char *name;
        cli_dns_show *show;
    } formats[] = {
        {"zone", cli_dns_show_zone},
        {"nsupdate", cli_dns_show_nsupdate},
        {"json", cli_dns_show_json},
    };
    size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(value, formats[i].name) == 0) {
            call->show = formats[i].show;
            return CLI_EXIT_OK;
        }
    }
    return cli_usage_error(self, "--format takes zone, nsupdate or json, not \"%s\"", value);
}

static int take_source(const cli_subcommand *self, cli_dns_call *call, cli_dns_source source,
                       const char *file)
{
    if (call->source != CLI_DNS_SERVED && call->source != source) {
        return cli_usage_error(self, "--policy and --from-apache exclude each other");
    }
    call->source = source;
    call->file = file;
    return CLI_EXIT_OK;
}

static int take_rua(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call,
                    const char *value)
{
    const char *uri, *error = mta_sts_rua_parse(p, value, &uri);

    if (error) {
        return cli_usage_error(self, "--rua: %s", error);
    }
    APR_ARRAY_PUSH(call->rua, const char *) = uri;
    return CLI_EXIT_OK;
}

static int take_address(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call,
                        const char *value)
{
    int family = strchr(value, ':') ? AF_INET6 : AF_INET;
    char text[INET6_ADDRSTRLEN];
    unsigned char octets[16];

    if (inet_pton(family, value, octets) != 1) {
        return cli_usage_error(self, "--address takes an IPv4 or IPv6 address, not \"%s\"", value);
    }
    APR_ARRAY_PUSH(call->addresses, const char *) =
        apr_pstrdup(p, inet_ntop(family, octets, text, sizeof(text)));
    return CLI_EXIT_OK;
}

static int take_cname(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call,
                      const char *value)
{
    const char *error = mta_sts_name_parse_host(p, value, MTA_STS_NAME_ULABEL, &call->cname);

    return error ? cli_usage_error(self, "--cname: %s", error) : CLI_EXIT_OK;
}

static int take_number(apr_pool_t *p, const cli_subcommand *self, const char *name,
                       const char *value, int max, int *number)
{
    const char *error = cli_option_number(p, name, value, 1, max, number);

    return error ? cli_usage_error(self, "%s", error) : CLI_EXIT_OK;
}

static int take_connect(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call,
                        const char *value)
{
    const char *error = cli_option_connect(p, value, call->network.connects);

    return error ? cli_usage_error(self, "%s", error) : CLI_EXIT_OK;
}

static int take_option(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call, int option,
                       const char *value)
{
    switch (option) {
    case OPT_ADDRESS:
        return take_address(p, self, call, value);
    case OPT_CA_FILE:
        call->network.ca_file = value;
        break;
    case OPT_CNAME:
        return take_cname(p, self, call, value);
    case OPT_CONNECT:
        return take_connect(p, self, call, value);
    case OPT_FORMAT:
        return take_format(self, call, value);
    case OPT_FROM_APACHE:
        return take_source(self, call, CLI_DNS_APACHE, NULL);
    case OPT_OFFLINE:
        call->is_offline = 1;
        break;
    case OPT_POLICY:
        return take_source(self, call, CLI_DNS_FILE, value);
    case OPT_RESOLVER:
        call->network.server = value;
        break;
    case OPT_RUA:
        return take_rua(p, self, call, value);
    case OPT_TIMEOUT:
        return take_number(p, self, "--timeout", value, CLI_CHECK_TIMEOUT_MAX,
                           &call->network.timeout);
    case OPT_TRUST_ANCHOR:
        call->network.trust_anchor = value;
        break;
    case OPT_TTL:
        return take_number(p, self, "--ttl", value, MTA_STS_TTL_MAX, &call->ttl);
    }
    return CLI_EXIT_OK;
}

static int take_domains(apr_pool_t *p, const cli_subcommand *self, cli_dns_call *call, int count,
                        const char *const *words)
{
    const char *domain, *error;
    int i;

    for (i = 0; i < count; i++) {
        error = mta_sts_name_parse_domain(p, words[i], &domain);
        if (error) {
            return cli_usage_error(self, "%s", error);
        }
        cli_dns_add_domain(p, call, domain);
    }
    return CLI_EXIT_OK;
}

/* Options that do not go together. */
static int check_call(const cli_subcommand *self, const cli_dns_call *call)
{
    if (call->domains->nelts == 0 && call->source != CLI_DNS_APACHE) {
        return cli_usage_error(self, "name the DOMAIN, or use --from-apache");
    }
    if (call->is_offline && call->source == CLI_DNS_SERVED) {
        return cli_usage_error(self, "--offline needs --policy or --from-apache");
    }
    if (call->cname && call->addresses->nelts) {
        return cli_usage_error(self, "--address and --cname exclude each other");
    }
    return CLI_EXIT_OK;
}

/*
 * @param help out: set if help was asked for
 * @return CLI_EXIT_OK, or CLI_EXIT_USAGE after saying why
 */
static int parse_call(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv,
                      cli_dns_call *call, int *help)
{
    char *const *words = (char *const *)argv; /* getopt_long moves them, but changes none */
    int option, status;

    opterr = 0;
    while ((option = getopt_long(argc, words, ":h", options, NULL)) != -1) {
        if (option == OPT_HELP) {
            *help = 1;
            return CLI_EXIT_OK;
        }
        status = option == ':'   ? cli_usage_error(self, "%s needs a value", argv[optind - 1])
                 : option == '?' ? cli_usage_error(self, "there is no option %s", argv[optind - 1])
                                 : take_option(p, self, call, option, optarg);
        if (status != CLI_EXIT_OK) {
            return status;
        }
    }
    status = take_domains(p, self, call, argc - optind, argv + optind);
    return status != CLI_EXIT_OK ? status : check_call(self, call);
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
    cli_dns_call call = {.show = cli_dns_show_zone,
                         .ttl = MTA_STS_TTL_AS_NOW,
                         .rua = apr_array_make(p, 2, sizeof(const char *)),
                         .addresses = apr_array_make(p, 2, sizeof(const char *)),
                         .domains = apr_array_make(p, 2, sizeof(cli_dns_domain))};
    int help = 0, status;

    cli_check_options_default(&call.network);
    call.network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.network.no_smtp = 1;
    status = parse_call(p, self, argc, argv, &call, &help);
    if (status != CLI_EXIT_OK) {
        return status;
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

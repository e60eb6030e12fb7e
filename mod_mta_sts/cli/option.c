/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/name.h"
#include "core/text.h"

#define DAYS_MAX 3650

/* The short options of a table, as getopt_long() wants them. */
static const char *short_options(apr_pool_t *p, const struct option *options)
{
    const char *letters = ":"; /* a missing value is told apart from an unknown option */

    for (; options->name; options++) {
        if (options->val < 256) {
            letters = apr_psprintf(p, "%s%c%s", letters, options->val,
                                   options->has_arg == required_argument ? ":" : "");
        }
    }
    return letters;
}

const char *cli_options_read(apr_pool_t *p, int argc, const char *const *argv,
                             const struct option *options, cli_option_take *take, void *call,
                             cli_words *words)
{
    char *const *moved = (char *const *)argv; /* getopt_long moves them, but changes none */
    const char *letters = short_options(p, options), *error = NULL;
    int option;

    words->help = 0;
    opterr = 0;
    while (!error && (option = getopt_long(argc, moved, letters, options, NULL)) != -1) {
        if (option == CLI_OPTION_HELP) {
            words->help = 1;
            return NULL;
        }
        error = option == ':'   ? apr_psprintf(p, "%s needs a value", argv[optind - 1])
                : option == '?' ? apr_psprintf(p, "there is no option %s", argv[optind - 1])
                                : take(call, option, optarg);
    }
    words->list = argv + optind;
    words->count = argc - optind;
    return error;
}

const char *cli_option_network(apr_pool_t *p, cli_check_options *set, int option, const char *value)
{
    switch (option) {
    case CLI_OPTION_CONNECT:
        return cli_option_connect(p, value, set->connects);
    case CLI_OPTION_TIMEOUT:
        return cli_option_number(p, "--timeout", value, 1, CLI_CHECK_TIMEOUT_MAX, &set->timeout);
    case CLI_OPTION_SMTP_PORT:
        return cli_option_number(p, "--smtp-port", value, 1, CLI_PORT_MAX, &set->smtp_port);
    case CLI_OPTION_NO_SMTP:
        set->no_smtp = 1;
        break;
    case CLI_OPTION_RESOLVER:
        set->server = value;
        break;
    case CLI_OPTION_TRUST_ANCHOR:
        set->trust_anchor = value;
        break;
    case CLI_OPTION_CA_FILE:
        set->ca_file = value;
        break;
    }
    return NULL;
}

const char *cli_option_number(apr_pool_t *p, const char *name, const char *text, int min, int max,
                              int *number)
{
    int value = 0;
    const char *c;

    for (c = text; *c >= '0' && *c <= '9' && value <= max; c++) {
        value = value * 10 + (*c - '0');
    }
    if (*c || c == text || value < min || value > max) {
        return apr_psprintf(p, "%s takes a number from %d to %d, not %s", name, min, max,
                            mta_sts_text_quote(p, text, strlen(text)));
    }
    *number = value;
    return NULL;
}

/* "2026-11-25" */
static int read_day(const char *text, apr_time_t *day)
{
    static const char shape[] = "dddd-dd-dd";
    apr_time_exp_t parts = {0};
    int i;

    for (i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) {
            return 0;
        }
    }
    parts.tm_year = atoi(text) - 1900;
    parts.tm_mon = atoi(text + 5) - 1;
    parts.tm_mday = atoi(text + 8);
    if (text[i] || parts.tm_year < 70 || parts.tm_mon < 0 || parts.tm_mon > 11 ||
        parts.tm_mday < 1 || apr_time_exp_get(day, &parts) != APR_SUCCESS) {
        return 0;
    }
    /* The 31st of April would be the 1st of May. */
    i = parts.tm_mday;
    return apr_time_exp_gmt(&parts, *day) == APR_SUCCESS && parts.tm_mday == i;
}

const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since)
{
    apr_size_t len = strlen(text);
    int days;

    if (read_day(text, since) && *since <= now) {
        return NULL;
    }
    if (len && text[len - 1] == 'd' &&
        !cli_option_number(p, "--since", apr_pstrmemdup(p, text, len - 1), 1, DAYS_MAX, &days)) {
        *since = now - apr_time_from_sec(days * APR_INT64_C(86400));
        return NULL;
    }
    return apr_psprintf(p,
                        "--since takes a day like 2026-11-25, not in the future, or 1d to %dd, not "
                        "%s",
                        DAYS_MAX, mta_sts_text_quote(p, text, len));
}

const char *cli_option_connect(apr_pool_t *p, const char *text, apr_array_header_t *connects)
{
    char *host = apr_pstrdup(p, text), *address = strchr(host, '=');
    char *port = address ? strrchr(address, ':') : NULL;
    cli_check_connect connect;
    unsigned char octets[16];
    const char *error;

    if (!port) {
        return "--connect takes HOST=ADDRESS:PORT";
    }
    *address++ = '\0';
    *port++ = '\0';
    if (address[0] == '[' && port - address > 2 && port[-2] == ']') {
        address++;
        port[-2] = '\0';
    }
    if (inet_pton(AF_INET, address, octets) != 1 && inet_pton(AF_INET6, address, octets) != 1) {
        return apr_psprintf(p, "--connect: %s is not an IP address",
                            mta_sts_text_quote(p, address, strlen(address)));
    }
    error = mta_sts_name_parse_host(p, host, MTA_STS_NAME_ULABEL, &connect.host);
    if (error) {
        return apr_pstrcat(p, "--connect: ", error, NULL);
    }
    connect.address = address;
    error = cli_option_number(p, "the port of --connect", port, 1, CLI_PORT_MAX, &connect.port);
    APR_ARRAY_PUSH(connects, cli_check_connect) = connect;
    return error;
}

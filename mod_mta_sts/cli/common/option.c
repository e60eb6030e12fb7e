/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/option.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"
#include "core/base/time.h"

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

const char *cli_option_format(apr_pool_t *p, const char *text, const char *const *formats,
                              int *chosen)
{
    const char *allowed = formats[0];
    int i;

    for (i = 0; formats[i]; i++) {
        if (strcmp(text, formats[i]) == 0) {
            *chosen = i;
            return NULL;
        }
    }
    for (i = 1; formats[i]; i++) {
        allowed = apr_pstrcat(p, allowed, formats[i + 1] ? ", " : " or ", formats[i], NULL);
    }
    return apr_psprintf(p, "--format takes %s, not %s", allowed,
                        mta_sts_text_quote(p, text, strlen(text)));
}

/* Seconds of a unit that a span of time may end with; 0: there is none of that name. */
static int seconds_of(char unit)
{
    return unit == 'h' ? 3600 : unit == 'd' ? 86400 : unit == 'w' ? 7 * 86400 : 0;
}

const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since)
{
    apr_size_t len = strlen(text);
    int seconds = len > 1 ? seconds_of(text[len - 1]) : 0, count = 0;

    *since = 0;
    if (strcmp(text, "all") == 0) {
        return NULL;
    }
    if (seconds &&
        !cli_option_number(p, "--since", apr_pstrmemdup(p, text, len - 1), 1, 99999, &count)) {
        *since = now - apr_time_from_sec((apr_time_t)seconds * count);
        *since = *since > 0 ? *since : 0;
        return NULL;
    }
    if (len > 9 && mta_sts_time_parse(text, since) != MTA_STS_TIME_WRONG) {
        return NULL;
    }
    return apr_psprintf(p,
                        "--since takes a time like 12h, 30d, 4w, a date like 2026-05-11, or all, "
                        "not %s",
                        mta_sts_text_quote(p, text, len));
}

const char *cli_option_connect(apr_pool_t *p, const char *text, apr_array_header_t *connects)
{
    char *host = apr_pstrdup(p, text), *address = strchr(host, '=');
    char *port = address ? strrchr(address, ':') : NULL;
    cli_check_connect connect;
    unsigned char bytes[16];
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
    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1) {
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

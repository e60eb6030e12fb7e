/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/check.h"
#include "core/name.h"
#include "core/text.h"

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

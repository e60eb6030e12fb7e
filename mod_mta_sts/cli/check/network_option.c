/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/network_option.h"

#include <arpa/inet.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"

const char *cli_take_connect(apr_pool_t *p, const cli_option *option, void *target,
                             const char *value)
{
    char *host = apr_pstrdup(p, value), *address = strchr(host, '=');
    char *port = address ? strrchr(address, ':') : NULL;
    cli_check_connect connect;
    unsigned char bytes[16];
    const char *error;

    if (!port) {
        return apr_psprintf(p, "--%s takes HOST=ADDRESS:PORT, not %s", option->name,
                            mta_sts_text_quote(p, value, strlen(value)));
    }
    *address++ = '\0';
    *port++ = '\0';
    if (address[0] == '[' && port - address > 2 && port[-2] == ']') {
        address++;
        port[-2] = '\0';
    }
    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1) {
        return apr_psprintf(p, "--%s: %s is not an IP address", option->name,
                            mta_sts_text_quote(p, address, strlen(address)));
    }
    error =
        mta_sts_name_parse_host(p, cli_option_name(p, host), MTA_STS_NAME_ULABEL, &connect.host);
    if (error) {
        return apr_pstrcat(p, "--", option->name, ": ", error, NULL);
    }
    connect.address = address;
    error = cli_option_number(p, apr_pstrcat(p, "the port of --", option->name, NULL), port, 1,
                              CLI_PORT_MAX, &connect.port);
    APR_ARRAY_PUSH(*(apr_array_header_t **)target, cli_check_connect) = connect;
    return error;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/rua.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "core/base/name.h"
#include "core/base/text.h"
#include "core/policy/repair.h"

/* The error for a byte that is not allowed in URIs. */
static const char *refuse_byte(apr_pool_t *p, const char *uri, char byte)
{
    if (*uri == '"') {
        return "is in quotation marks: write it without them";
    }
    switch (byte) {
    case '!':
        return "contains \"!\", which must be written as %21 (a size limit as in DMARC records is "
               "not allowed)";
    case ' ':
    case '\t':
        return strchr(uri, '@') == strrchr(uri, '@') && !strstr(uri + 1, "://")
                   ? "contains a blank, which no report address has"
                   : "contains a blank: separate report addresses with commas";
    case '|':
        return "contains \"|\": separate report addresses with commas";
    case '<':
    case '>':
        return "contains angle brackets: write the address without them";
    default:
        return (unsigned char)byte >= 0x80
                   ? "is not ASCII: write a domain with its A-labels (xn--...), and percent-encode "
                     "other characters"
                   : apr_psprintf(p,
                                  "contains a character that is not allowed in a URI: "
                                  "percent-encode it as %%%02X",
                                  (unsigned char)byte);
    }
}

/* The first error in the bytes of a URI (RFC 3986 section 2, RFC 8460 section 3), or NULL. */
static const char *check_bytes(apr_pool_t *p, const char *uri)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~:/?#[]@$&'()*+=%";
    apr_size_t len = strspn(uri, allowed);

    if (uri[len]) {
        return refuse_byte(p, uri, uri[len]);
    }
    for (; (uri = strchr(uri, '%')) != NULL; uri++) {
        if (!apr_isxdigit(uri[1]) || !apr_isxdigit(uri[2])) {
            return "contains \"%\" that is not followed by two hex digits";
        }
    }
    return NULL;
}

static const char *check_mailto(apr_pool_t *p, const char *address)
{
    const char *mailbox = apr_pstrmemdup(p, address, strcspn(address, "?#"));
    const char *at = strrchr(mailbox, '@');
    const char *domain, *error;

    if (strncmp(mailbox, "//", 2) == 0) {
        return "contains \"//\" after mailto:, which only http and https URLs have";
    }
    if (!at && strstr(mailbox, "%40")) {
        return "has %40 instead of \"@\" before the domain";
    }
    if (!at || at == mailbox || strchr(mailbox, '@') != at) {
        return "is not a mail address: write mailto:, the user, one @ and the domain";
    }
    if (at[1] == '[' || (at[1] && !at[1 + strspn(at + 1, "0123456789.")])) {
        return "has an IP address as its domain, to which most senders send no mail: write a "
               "domain name";
    }
    if (at[1] && at[strlen(at) - 1] == '.') {
        return "has a domain that ends with a dot: remove the dot";
    }
    error = mta_sts_name_parse_host(p, at + 1, MTA_STS_NAME_ALABEL, &domain);
    return error ? apr_pstrcat(p, "has an invalid domain: ", error, NULL)
           : strchr(domain, '.')
               ? NULL
               : "has a domain of one label: no mail from the Internet reaches it";
}

static int is_port(const char *port)
{
    return !port || (strlen(port) < 6 && atoi(port) > 0 && atoi(port) < 65536);
}

static const char *check_https(apr_pool_t *p, const char *uri)
{
    apr_uri_t parsed;

    return apr_uri_parse(p, uri, &parsed) != APR_SUCCESS || !parsed.hostname || !*parsed.hostname
               ? "contains no host: write https://, the host and the path"
           : !is_port(parsed.port_str) ? "has an invalid port number: 1 to 65535 are allowed"
           : !strpbrk(parsed.hostname, ".:")
               ? "has a host of one label, which cannot be reached from the Internet"
               : NULL;
}

const char *mta_sts_rua_check(apr_pool_t *p, const char *uri, int *is_used)
{
    const char *next, *error = *uri ? check_bytes(p, uri) : "is empty";

    *is_used = 1;
    if (error) {
        return error;
    }
    for (next = uri + 1; *next; next++) {
        if (apr_cstr_casecmpn(next, "mailto:", 7) == 0) {
            return "contains a second report address: separate them with a comma";
        }
    }
    if (apr_cstr_casecmpn(uri, "mailto:", 7) == 0) {
        return check_mailto(p, uri + 7);
    }
    if (apr_cstr_casecmpn(uri, "https://", 8) == 0) {
        return check_https(p, uri);
    }
    if (!strchr(uri, ':')) {
        return "has no scheme: use mailto: or https:";
    }
    *is_used = 0;
    return NULL;
}

/* The intended report addresses; NULL if no repair makes all of them valid. */
static const char *meant(apr_pool_t *p, const char *text)
{
    mta_sts_repair repair = mta_sts_repair_begin(p, text, strlen(text));
    const char *field = strstr(text, "rua="); /* if the whole record was pasted */
    char *bare = apr_pstrdup(p, field ? field + 4 : text);
    apr_size_t len;
    const char *repaired;
    char *uri, *last;
    int is_used = 1;

    bare += *bare == '"';
    len = strlen(bare);
    bare[len - (len && bare[len - 1] == '"')] = '\0';
    repaired = mta_sts_repair_rua(&repair, bare);
    for (uri = apr_strtok(apr_pstrdup(p, repaired), ",", &last); uri && is_used;
         uri = apr_strtok(NULL, ",", &last)) {
        if (mta_sts_rua_check(p, uri, &is_used)) {
            return NULL;
        }
    }
    return is_used && strcmp(repaired, text) != 0 ? repaired : NULL;
}

const char *mta_sts_rua_parse(apr_pool_t *p, const char *text, const char **uri)
{
    char *encoded = apr_palloc(p, 3 * strlen(text) + 1), *out = encoded;
    const char *error, *quoted = mta_sts_text_quote(p, text, strlen(text)), *c;
    int is_used;

    for (c = text; *c; c++) {
        if (strchr(",!;", *c)) {
            out += sprintf(out, "%%%02X", (unsigned char)*c);
        }
        else {
            *out++ = *c;
        }
    }
    *out = '\0';
    *uri = mta_sts_repair_uri_host(p, encoded);
    error = mta_sts_rua_check(p, *uri, &is_used);
    if (!error && !is_used) {
        error = "has a scheme that senders do not support: use mailto: or https:";
    }
    if (error && meant(p, text)) {
        return apr_psprintf(p, "%s %s; write \"%s\"", quoted, error, meant(p, text));
    }
    return error ? apr_psprintf(p, "%s %s", quoted, error) : NULL;
}

static int begins_uri(const char *text)
{
    apr_size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    return len > 2 && text[len] == ':';
}

/* The comma after the first URI of a list, or NULL. */
static const char *find_end(const char *text)
{
    const char *comma = text;

    while ((comma = strchr(comma, ',')) != NULL) {
        const char *next = comma + 1 + strspn(comma + 1, " \t");

        if (begins_uri(next) || !*next) {
            return comma;
        }
        comma++;
    }
    return NULL;
}

const char *mta_sts_rua_parse_list(apr_pool_t *p, const char *text, apr_array_header_t *rua)
{
    const char *end, *error, *uri;

    do {
        apr_size_t len;

        text += strspn(text, " \t");
        end = find_end(text);
        len = end ? (apr_size_t)(end - text) : strlen(text);
        while (len && strchr(" \t", text[len - 1])) {
            len--;
        }
        error = mta_sts_rua_parse(p, apr_pstrmemdup(p, text, len), &uri);
        if (!error) {
            APR_ARRAY_PUSH(rua, const char *) = uri;
        }
        text = end ? end + 1 : text;
    } while (!error && end);
    return error;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/name.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>
#include <idn2.h>

#include "core/base/format.h"
#include "core/base/text.h"

#define NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES 63
#define PREFIX_BYTES (sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1)

/* A longer text cannot be a valid name; the limit bounds the work of libidn2. */
#define TYPED_MAX_BYTES 1024

static const char *const host_rule =
    "a host name like mx1.example.com is allowed: letters, digits and hyphens in labels of 1 to 63 "
    "bytes, 253 in all";

static const char *refuse(apr_pool_t *p, const char *text, const char *why)
{
    return apr_pstrcat(p, mta_sts_text_quote(p, text, strlen(text)), " ", why, NULL);
}

static const char *refuse_as_name(apr_pool_t *p, const char *text, const char *why)
{
    return apr_pstrcat(p, refuse(p, text, why), "; ", host_rule, NULL);
}

static int is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            return 0;
        }
    }
    return 1;
}

/* Common mistakes that have a message of their own, recognised before the grammar is applied. */
static const char *recognise_mistake(const char *text)
{
    const char *c, *bracket;
    int colons = 0;

    if (!*text) {
        return "is empty";
    }
    if (strpbrk(text, ",;")) {
        return strchr(text, ',') ? "contains a comma: write one host name alone"
                                 : "contains a semicolon: write one host name alone";
    }
    for (c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return "contains a control character";
        }
        if (*c == ' ') {
            return "contains a blank: write one host name alone";
        }
        colons += *c == ':';
    }
    if (strstr(text, "://")) {
        return "is a URL: write the host name alone, without the scheme";
    }
    bracket = strchr(text, '[');
    if (bracket && !strchr(bracket, ':') && bracket[1 + strspn(bracket + 1, "0123456789.]")]) {
        return "is in square brackets: write the host name without them";
    }
    if (bracket || colons > 1) {
        return "is an IP address: senders compare names, not addresses";
    }
    if (colons) {
        return "contains a port: write the host name alone, mail always arrives on port 25";
    }
    if (strchr(text, '@')) {
        return "is a mail address: write the host name alone";
    }
    if (strchr(text, '/')) {
        return "contains a path: write the host name alone";
    }
    if (c[-1] == '.') {
        return "ends with a dot: remove the dot";
    }
    return NULL;
}

/* What violates the grammar in a lower-case ASCII name, or NULL. */
static const char *check_labels(const char *name)
{
    const char *label = name;
    int numeric = 1;

    if (strlen(name) > NAME_MAX_BYTES) {
        return "is longer than 253 bytes";
    }
    for (;;) {
        apr_size_t len = strcspn(label, ".");

        if (len == 0) {
            return "has an empty label";
        }
        if (len > LABEL_MAX_BYTES) {
            return "has a label longer than 63 bytes";
        }
        if (label[0] == '-' || label[len - 1] == '-') {
            return "has a label that begins or ends with a hyphen";
        }
        if (strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") < len) {
            return label[strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '*'
                       ? "has a \"*\" that is not the entire leftmost label of an mx pattern"
                       : "has a character that is not allowed in a host name";
        }
        numeric = strspn(label, "0123456789") >= len;
        if (!label[len]) {
            break;
        }
        label += len + 1;
    }
    /* No top-level domain is all digits (RFC 3696 section 2), so this is an address or part of
     * one. */
    return numeric ? "is an IP address or a number: senders compare names, not addresses" : NULL;
}

static const char *to_alabels(apr_pool_t *p, const char *text, const char **ascii)
{
    char *converted = NULL;
    int rc;

    rc = idn2_to_ascii_8z(text, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) {
        return refuse(
            p, text,
            apr_psprintf(p, "is not a valid internationalized name (%s)", idn2_strerror(rc)));
    }
    *ascii = apr_pstrdup(p, converted);
    idn2_free(converted);
    return NULL;
}

const char *mta_sts_name_parse_host(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                    const char **name)
{
    const char *ascii = text, *error;

    error = recognise_mistake(text);
    if (error) {
        return refuse_as_name(p, text, error);
    }
    if (strlen(text) > TYPED_MAX_BYTES) {
        return refuse_as_name(p, text, "is longer than 253 bytes");
    }
    if (!is_ascii(text)) {
        if (form == MTA_STS_NAME_ALABEL) {
            return refuse(p, text, "is not ASCII: write the name with its A-labels (xn--...)");
        }
        error = to_alabels(p, text, &ascii);
        if (error) {
            return error;
        }
    }
    ascii = mta_sts_format_lower(p, ascii);
    error = check_labels(ascii);
    if (error) {
        return refuse_as_name(p, text, error);
    }
    *name = ascii;
    return NULL;
}

const char *mta_sts_name_parse_mx(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                  const char **pattern)
{
    const char *host, *error;

    if (strcmp(text, "*") == 0 || strcmp(text, "*.") == 0) {
        return refuse(p, text,
                      "would match nothing: \"*\" stands for one label before a domain, as in "
                      "*.example.com");
    }
    if (text[0] != '*' || text[1] != '.') {
        return mta_sts_name_parse_host(p, text, form, pattern);
    }
    error = mta_sts_name_parse_host(p, text + 2, form, &host);
    if (error) {
        return apr_pstrcat(p, mta_sts_text_quote(p, text, strlen(text)), ": ", error, NULL);
    }
    if (strlen(host) + 2 > NAME_MAX_BYTES) {
        return refuse_as_name(p, text, "is longer than 253 bytes");
    }
    *pattern = host == text + 2 ? text : apr_pstrcat(p, "*.", host, NULL);
    return NULL;
}

const char *mta_sts_name_parse_domain(apr_pool_t *p, const char *text, const char **domain)
{
    const char *name, *error;

    error = mta_sts_name_parse_host(p, text, MTA_STS_NAME_ULABEL, &name);
    if (error) {
        return error;
    }
    if (strlen(name) + PREFIX_BYTES > NAME_MAX_BYTES) {
        return refuse(p, text,
                      "is too long for a policy domain: with \"mta-sts.\" in front, 253 bytes are "
                      "allowed");
    }
    if (mta_sts_name_policy_domain(name)) {
        return refuse(p, text,
                      "is a policy host: write the policy domain, the part after \"mta-sts.\"");
    }
    *domain = name;
    return NULL;
}

/* Compares without case; host may have one trailing dot. */
static int same_name(const char *name, const char *host)
{
    apr_size_t len = strlen(name);

    return apr_cstr_casecmpn(name, host, len) == 0 &&
           (host[len] == '\0' || (host[len] == '.' && host[len + 1] == '\0'));
}

int mta_sts_name_matches_mx(const char *pattern, const char *host)
{
    const char *dot;

    if (pattern[0] != '*') {
        return same_name(pattern, host);
    }
    dot = strchr(host, '.');
    return dot && dot != host && same_name(pattern + 1, dot);
}

const char *mta_sts_name_policy_domain(const char *host)
{
    return apr_cstr_casecmpn(host, MTA_STS_POLICY_HOST_PREFIX, PREFIX_BYTES) == 0 &&
                   host[PREFIX_BYTES]
               ? host + PREFIX_BYTES
               : NULL;
}

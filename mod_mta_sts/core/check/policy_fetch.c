/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/policy_fetch.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/base/text.h"
#include "core/check/origin.h"

#define OK_STATUS 200
#define NOT_MODIFIED 304

/* The default timeout of postfix-mta-sts-resolver, the most common one for Postfix. */
#define SLOW apr_time_from_sec(4)

static const char *const loss = "senders do not accept a policy from this host";

/* The findings for a fetch without an answer. "%s" is the address, and in the fix the host. */
static const struct {
    mta_sts_severity severity;
    const char *id;
    const char *format;
    const char *fix;
} failures[] = {
    [MTA_STS_FETCH_NOT_TRIED] = {MTA_STS_UNKNOWN, "fetch-untried", "no time was left to test %s",
                                 "check fewer domains at once"},
    [MTA_STS_FETCH_NO_ROUTE] = {MTA_STS_UNKNOWN, "fetch-no-route",
                                "this machine has no route to %s, so it could not be tested",
                                "check from a machine that has IPv4 and IPv6"},
    [MTA_STS_FETCH_REFUSED] =
        {MTA_STS_ERROR, "fetch-refused", "nothing listens on port 443 of %s",
         "if there is no certificate yet, run: certbot --apache -d %s; otherwise configure httpd "
         "to listen on this address, or remove it from DNS"},
    [MTA_STS_FETCH_UNREACHABLE] = {MTA_STS_ERROR, "fetch-unreachable", "%s cannot be reached",
                                   "check the firewall, or remove the address from DNS"},
    [MTA_STS_FETCH_CONNECT_TIMEOUT] = {MTA_STS_ERROR, "fetch-connect-timeout",
                                       "%s does not accept a connection in time",
                                       "check the firewall, or remove the address from DNS"},
    [MTA_STS_FETCH_TLS_OLD] = {MTA_STS_ERROR, "tls-too-old",
                               "%s supports no TLS version newer than 1.1, which senders refuse",
                               "allow TLS 1.2 and 1.3 (SSLProtocol)"},
    [MTA_STS_FETCH_NAME_UNKNOWN] =
        {MTA_STS_ERROR, "fetch-name-unknown",
         "the server at %s refuses this name in the TLS handshake: it has no certificate for it",
         "have a certificate issued for %s; on the web server, mta-sts policy list "
         "--without-certificate lists all hosted domains without one (MTASTSCertificates)"},
    [MTA_STS_FETCH_TLS_FAILED] = {MTA_STS_ERROR, "fetch-tls-failed",
                                  "the TLS handshake with %s fails",
                                  "if there is no certificate yet, run: certbot --apache -d %s; "
                                  "otherwise check httpd's error log"},
    [MTA_STS_FETCH_TIMEOUT] =
        {MTA_STS_ERROR, "fetch-timeout", "%s accepts a connection, but does not answer in time",
         "check httpd's load and error log; senders wait for a minute at most"},
    [MTA_STS_FETCH_TOO_LONG] =
        {MTA_STS_ERROR, "policy-too-long",
         "%s answers with more than 64 KiB, where senders stop reading",
         "check which server answers there: a policy is only a few hundred bytes long"},
    [MTA_STS_FETCH_BROKEN] = {MTA_STS_ERROR, "fetch-broken",
                              "the answer of %s is not HTTP, or incomplete",
                              "check which server answers there, and httpd's error log"},
};

int mta_sts_policy_fetch_is_page(const mta_sts_policy_fetch *fetch)
{
    apr_size_t at = 0;

    while (at < fetch->len && strchr(" \t\r\n", fetch->text[at])) {
        at++;
    }
    return at < fetch->len && fetch->text[at] == '<';
}

int mta_sts_policy_fetch_is_unreached(const mta_sts_policy_fetch *fetch)
{
    return fetch->status == MTA_STS_FETCH_NO_ROUTE || fetch->status == MTA_STS_FETCH_REFUSED ||
           fetch->status == MTA_STS_FETCH_UNREACHABLE ||
           fetch->status == MTA_STS_FETCH_CONNECT_TIMEOUT;
}

static const char *quote(mta_sts_findings *findings, const char *text)
{
    return mta_sts_text_quote(findings->pool, text, strlen(text));
}

static void report_failure(const mta_sts_policy_fetch *fetch, const char *host,
                           mta_sts_findings *findings)
{
    const char *message =
        apr_psprintf(findings->pool, failures[fetch->status].format, fetch->address);
    const char *fix = apr_psprintf(findings->pool, failures[fetch->status].fix, host);

    mta_sts_finding_add(findings, failures[fetch->status].severity, failures[fetch->status].id,
                        host, fix, "%s%s%s", message, fetch->detail ? ": " : "",
                        fetch->detail ? quote(findings, fetch->detail) : "");
}

static int check_peer(const mta_sts_policy_fetch *fetch, const char *host,
                      const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    mta_sts_certificate_use use = {
        .where = apr_pstrcat(findings->pool, "at ", fetch->address, NULL),
        .loss = loss,
        .name_fix = apr_psprintf(findings->pool, "run: certbot --apache -d %s", host),
        .renew_fix = "renew it (certbot renew) and reload the web server",
        .warning_days = limits->warning_days,
        .error_days = limits->error_days,
    };

    return mta_sts_peer_check(
        &fetch->peer, host, limits->now, &use,
        "use a certificate of a public CA, with its complete chain (certbot's "
        "fullchain.pem)",
        findings);
}

/* The meaning of a status other than 200 and 3xx, and what to do. */
typedef struct status_text {
    int first, last;
    const char *meaning;
    const char *fix;
} status_text;

/* Works whether or not the module is loaded. */
static const char vhost_fix[] = "on the web server, find the virtual host that answers for this "
                                "name: apachectl -t -D DUMP_VHOSTS";

static const char cache_fix[] =
    "answer every request for this URL with status 200 and the whole policy: look for a cache or a "
    "proxy in front of httpd";

static const status_text status_texts[] = {
    {206, 206, " (a part of the document)", cache_fix},
    {304, 304, " (not modified)", cache_fix},
    {401, 401, " (it asks for a password)",
     "remove the authentication for this URL: the policy must be accessible to everyone"},
    {403, 403, " (access denied)",
     "mod_mta_sts answers before Require and Deny, so something comes before it: look for "
     "\"ModSecurity: Access denied\" in httpd's error log (a rule of phase 1), for mod_evasive, "
     "mod_qos, bot protection or country blocking, and a proxy in front; or another virtual host "
     "answers, without the policy: apachectl -t -D DUMP_VHOSTS"},
    {404, 404, " (not found)",
     "the request reaches a virtual host that does not serve the policy; on the web server, find "
     "it: apachectl -t -D DUMP_VHOSTS"},
    {406, 406, " (not acceptable)", mta_sts_origin_firewall_fix},
    {410, 410, " (gone)", vhost_fix},
    {421, 421, " (misdirected request)",
     "give the virtual host of this name a certificate of its own, or the same TLS settings as the "
     "others at this address"},
    {429, 429, " (too many requests)", mta_sts_origin_firewall_fix},
    {500, 599, " (server error)",
     "check httpd's error log, and any proxy in front of httpd or behind it"},
    {0, 999, "", vhost_fix},
};

static const status_text *find_status(int status)
{
    const status_text *text = status_texts;

    while (status < text->first || (status > text->last && text->last != 999)) {
        text++;
    }
    return text;
}

static int check_status(const mta_sts_policy_fetch *fetch, const char *host,
                        mta_sts_findings *findings)
{
    int status = fetch->http_status;

    if (status == OK_STATUS) {
        return 1;
    }
    if (status >= 300 && status < 400 && status != NOT_MODIFIED) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "fetch-redirect", host,
                            "serve the policy itself at this URL, without a redirect",
                            "%s redirects (status %d%s%s), which senders do not follow",
                            fetch->address, status, fetch->location ? ", to " : "",
                            fetch->location ? quote(findings, fetch->location) : "");
    }
    else {
        const status_text *text = find_status(status);
        mta_sts_origin origin = mta_sts_origin_of(findings->pool, fetch);

        mta_sts_finding_add(findings, MTA_STS_ERROR, "fetch-status", host,
                            origin.fix ? origin.fix : text->fix,
                            "%s answers with status %d instead of 200%s%s", fetch->address, status,
                            text->meaning, origin.text);
    }
    return 0;
}

/* Only some senders check it (RFC 8461 section 3.2: SHOULD). */
static int check_content_type(const mta_sts_policy_fetch *fetch, const char *host,
                              mta_sts_findings *findings)
{
    static const char plain[] = "text/plain";
    const char *type = fetch->content_type;
    mta_sts_origin origin;

    if (type && apr_cstr_casecmpn(type, plain, strlen(plain)) == 0 &&
        strchr("; \t", type[strlen(plain)])) {
        return 1;
    }
    if (!mta_sts_policy_fetch_is_page(fetch)) {
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "content-type", host, "serve the policy as text/plain",
            "%s sends the policy %s%s: many senders accept only text/plain", fetch->address,
            type ? "as " : "without a content type", type ? quote(findings, type) : "");
        return 0;
    }
    origin = mta_sts_origin_of(findings->pool, fetch);
    mta_sts_finding_add(findings, MTA_STS_ERROR, "content-type", host,
                        origin.fix ? origin.fix : vhost_fix,
                        "%s sends a web page instead of the policy, %s%s: many senders accept only "
                        "text/plain%s",
                        fetch->address, type ? "as " : "without a content type",
                        type ? quote(findings, type) : "", origin.text);
    return 0;
}

static void check_time(const mta_sts_policy_fetch *fetch, const char *host,
                       mta_sts_findings *findings)
{
    if (fetch->took > SLOW) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "fetch-slow", host,
                            "check httpd's load and error log",
                            "%s takes %d seconds to answer: many senders wait only 4 seconds",
                            fetch->address, (int)apr_time_sec(fetch->took));
    }
}

int mta_sts_policy_fetch_check(const mta_sts_policy_fetch *fetch, const char *host,
                               const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    int usable = fetch->peer.version && check_peer(fetch, host, limits, findings);

    if (fetch->status != MTA_STS_FETCH_ANSWERED) {
        report_failure(fetch, host, findings);
        return 0;
    }
    check_time(fetch, host, findings);
    return check_status(fetch, host, findings) && check_content_type(fetch, host, findings) &&
           usable;
}

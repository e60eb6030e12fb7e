/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/explain.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Commands that more than one rule has. */
#define CHECK "mta-sts check {domain}"
#define FETCH "curl -sSi https://mta-sts.{domain}/.well-known/mta-sts.txt"
#define OF_CERTIFICATE " </dev/null | openssl x509 -noout -enddate -ext subjectAltName"
#define SMTP_CERTIFICATE "openssl s_client -starttls smtp -connect {mx}:25" OF_CERTIFICATE
#define WEB_CERTIFICATE "openssl s_client -connect mta-sts.{domain}:443" OF_CERTIFICATE
#define SMTP_CHAIN "openssl s_client -starttls smtp -connect {mx}:25 -showcerts </dev/null"

/* Beginnings and ends that more than one rule has. */
#define FETCH_FAILED                                                                               \
    "The _mta-sts record announces a policy, but the sender could not fetch it from "              \
    "mta-sts.{domain}"
#define KEEPS_OLD "A sender that has an older policy in its cache goes on with that one meanwhile."
#define EXPIRED "The certificate of {mx} is out of date."
#define RENEW                                                                                      \
    "Renew it and reload the mail server: renewing alone changes nothing for the running one. "    \
    "Look at every MX, and give the renewal a hook that reloads (certbot: --deploy-hook)."
#define UNTRUSTED                                                                                  \
    "The certificate of {mx} does not lead to a certification authority that the sender trusts."
#define FULL_CHAIN                                                                                 \
    "Install the whole chain, with the intermediate certificates (certbot's fullchain.pem, not "   \
    "cert.pem); a self-signed certificate will not do for MTA-STS."
#define MISMATCH "The certificate of {mx} does not name that host."
#define ADD_NAME                                                                                   \
    "Get a certificate that has the MX host's name among its names (SAN), or let the MX record "   \
    "and the policy's mx lines name a host that the certificate has."

#define CHECK_FAILED                                                                               \
    "The sender found something wrong with the certificate of {mx}: the reason names the check "   \
    "that failed."
#define NEW_CHAIN                                                                                  \
    "Look at each certificate of the chain that the server sends. A new certificate, installed "   \
    "with its full chain, mends nearly all of these."

/* Hints that rules for MTA-STS and for DANE have. */
#define SAYS_EXPIRED "CERT_HAS_EXPIRED|certificate has expired"
#define SAYS_MISMATCH "HOSTNAME_MISMATCH|hostname mismatch|host name mismatch"
#define SAYS_MX_MISMATCH "MX_HOSTS_MISMATCH|mx hosts mismatch|mx_mismatch"
#define SAYS_UNTRUSTED                                                                             \
    "UNABLE_TO_GET_ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY_LEAF|CERT_UNTRUSTED|self-signed|"           \
    "unknown authority|unable to get local issuer"

/* Under DANE it is the zone that vouches for a certificate: neither authorities nor the policy. */
#define NOT_VOUCHED "The certificate of {mx} is not one that its TLSA records (DANE) vouch for."
#define NO_MATCH "No TLSA record (DANE) of {mx} matches its certificate."
#define PUBLISH_TLSA                                                                               \
    "Publish a TLSA record for the certificate that the server has now. Before the next change "   \
    "of the key publish both, and wait for the TTL to run out."
#define TLSA_FIRST                                                                                 \
    " Where that changes what the TLSA records name, publish the new one first, and wait for the " \
    "TTL to run out."
#define ADD_NAME_DANE                                                                              \
    "Get a certificate that has the MX host's name among its names (SAN), or publish a TLSA "      \
    "record of usage 3 (\"3 1 1\"), of which senders look at the key alone." TLSA_FIRST
#define TLSA_RECORDS "dig +dnssec TLSA _25._tcp.{mx}"

/*
 * The first rule that fits a failure explains it: those with a hint stand before those without.
 * {domain}, {mx} and {type} are put in.
 */
typedef struct rule {
    const char *result_type; /* NULL: any */
    const char *hint;        /* any of these, parted by "|", in the reason; NULL: any or none.
                                Digits are a number of their own: "404" is not in "14041" */
    const char *policy_type; /* NULL: any */
    const char *cause;
    tlsrpt_owner owner;
    const char *what;
    const char *action;
    const char *command;
    int may_be_senders; /* see tlsrpt_explanation */
} rule;

/* RFC 8460 section 4.3, and what senders are known to write for a reason. */
static const rule rules[] = {
    {"certificate-host-mismatch", NULL, "tlsa", "certificate-host-mismatch", TLSRPT_OWNER_MX,
     MISMATCH, ADD_NAME_DANE, SMTP_CERTIFICATE, 0},
    {"certificate-expired", NULL, "tlsa", "certificate-expired", TLSRPT_OWNER_MX, EXPIRED,
     RENEW TLSA_FIRST, SMTP_CERTIFICATE, 0},
    {"certificate-not-trusted", NULL, "tlsa", "tlsa-invalid", TLSRPT_OWNER_DNS, NOT_VOUCHED,
     PUBLISH_TLSA, TLSA_RECORDS, 0},
    {"validation-failure", SAYS_EXPIRED, "tlsa", "certificate-expired", TLSRPT_OWNER_MX, EXPIRED,
     RENEW TLSA_FIRST, SMTP_CERTIFICATE, 0},
    {"validation-failure", "CERT_NOT_YET_VALID|not yet valid", NULL, "certificate-not-yet-valid",
     TLSRPT_OWNER_MX, "The certificate of {mx} is not valid yet.",
     "Look at the clocks of the mail server and of the machine that got the certificate.",
     SMTP_CERTIFICATE, 0},
    {"validation-failure", SAYS_MISMATCH "|" SAYS_MX_MISMATCH, "tlsa", "certificate-host-mismatch",
     TLSRPT_OWNER_MX, MISMATCH, ADD_NAME_DANE, SMTP_CERTIFICATE, 0},
    {"validation-failure", SAYS_UNTRUSTED, "tlsa", "tlsa-invalid", TLSRPT_OWNER_DNS, NOT_VOUCHED,
     PUBLISH_TLSA, TLSA_RECORDS, 0},
    {"validation-failure", "DANE_NO_MATCH|DANE TLSA|TLSA record", NULL, "tlsa-invalid",
     TLSRPT_OWNER_DNS, NO_MATCH, PUBLISH_TLSA, TLSA_RECORDS, 0},
    {"validation-failure", "X509_V_ERR_|x509", "tlsa", "certificate-invalid", TLSRPT_OWNER_MX,
     CHECK_FAILED, NEW_CHAIN TLSA_FIRST, SMTP_CHAIN, 0},
    {NULL, SAYS_MX_MISMATCH, NULL, "mx-not-in-policy", TLSRPT_OWNER_POLICY_HOST,
     "The sender was about to deliver to an MX host that no mx line of your policy names.",
     "Let MTASTSMx name every host that the MX records of {domain} name, or take the MX record "
     "away; then publish the new id.",
     CHECK, 0},
    {"starttls-not-supported", NULL, NULL, "starttls-not-supported", TLSRPT_OWNER_MX,
     "The sender reached {mx}, and it did not offer encryption (STARTTLS).",
     "Turn STARTTLS on for every MX host and each of its addresses, IPv6 too; look for a firewall "
     "or an \"SMTP fixup\" that strips it. If one sender alone tells this, something on its way "
     "to you may do it: an attack looks the same.",
     "openssl s_client -starttls smtp -connect {mx}:25", 1},
    {"certificate-host-mismatch", NULL, NULL, "certificate-host-mismatch", TLSRPT_OWNER_MX,
     MISMATCH, ADD_NAME, SMTP_CERTIFICATE, 0},
    {"certificate-expired", NULL, NULL, "certificate-expired", TLSRPT_OWNER_MX, EXPIRED, RENEW,
     SMTP_CERTIFICATE, 0},
    {"certificate-not-trusted", NULL, NULL, "certificate-not-trusted", TLSRPT_OWNER_MX, UNTRUSTED,
     FULL_CHAIN, SMTP_CHAIN, 0},
    {"validation-failure", SAYS_EXPIRED, NULL, "certificate-expired", TLSRPT_OWNER_MX, EXPIRED,
     RENEW, SMTP_CERTIFICATE, 0},
    {"validation-failure", SAYS_MISMATCH, NULL, "certificate-host-mismatch", TLSRPT_OWNER_MX,
     MISMATCH, ADD_NAME, SMTP_CERTIFICATE, 0},
    {"validation-failure", SAYS_UNTRUSTED, NULL, "certificate-not-trusted", TLSRPT_OWNER_MX,
     UNTRUSTED, FULL_CHAIN, SMTP_CHAIN, 0},
    {"validation-failure", "timeout|timed out|deadline", NULL, "timeout", TLSRPT_OWNER_SENDER,
     "The encrypted session with {mx} was begun and took too long.",
     "Few of these, spread over senders, are the network's everyday: watch them. Many at one time: "
     "look at the load and the mail log of that day.",
     CHECK, 1},
    {"validation-failure", "alert|handshake|protocol version|no shared cipher|cipher", NULL,
     "tls-handshake", TLSRPT_OWNER_MX,
     "The sender and {mx} could not agree on how to encrypt (TLS version, cipher or certificate).",
     "Let the mail server speak TLS 1.2 and 1.3 with common ciphers; Postfix: leave "
     "smtpd_tls_protocols and smtpd_tls_ciphers at their defaults.",
     "openssl s_client -starttls smtp -connect {mx}:25 -tls1_2 </dev/null", 1},
    {"validation-failure", "X509_V_ERR_|x509", NULL, "certificate-invalid", TLSRPT_OWNER_MX,
     CHECK_FAILED, NEW_CHAIN, SMTP_CHAIN, 0},
    {"validation-failure", NULL, NULL, "validation-failure", TLSRPT_OWNER_UNKNOWN,
     "The encrypted session with {mx} failed for another reason than a certificate that is out of "
     "date, untrusted or of another host.",
     "Read the reason, if the sender gives one. Few of these, spread over senders, are mostly "
     "timeouts: watch them. Many at one time: look at the mail log of that day, and whether TLS "
     "1.2 and common ciphers are on.",
     CHECK, 1},
    {"sts-policy-fetch-error", "404|not found", NULL, "policy-not-found", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": it was told that there is no such page (404).",
     "The request reaches a virtual host that does not serve the policy: let the one with "
     "mta-sts.{domain} among its names have the MTASTS lines. " KEEPS_OLD,
     FETCH, 0},
    {"sts-policy-fetch-error", "401|403|forbidden|unauthorized", NULL, "policy-forbidden",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": it was refused (401 or 403).",
     "Look for a web application firewall, a bot check, a country block or a proxy in front of "
     "httpd: the policy is for everybody. " KEEPS_OLD,
     FETCH, 1},
    {"sts-policy-fetch-error", "301|302|303|307|308|redirect", NULL, "policy-redirect",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": it was sent elsewhere (a redirect).",
     "Senders do not follow redirects (RFC 8461 section 3.3): answer with the policy itself. A "
     "proxy or panel in front of httpd does this. " KEEPS_OLD,
     FETCH, 0},
    {"sts-policy-fetch-error", "500|502|503|504|bad gateway|unavailable", NULL,
     "policy-server-error", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": the server answered with an error (5xx).",
     "Look at httpd's error log of that day, and at a proxy in front of it. " KEEPS_OLD, FETCH, 0},
    {"sts-policy-fetch-error", "nxdomain|servfail|no such host|resolve|dns", NULL,
     "policy-host-dns", TLSRPT_OWNER_DNS, FETCH_FAILED ": DNS had no address for that host.",
     "Give mta-sts.{domain} its A and AAAA records, or a CNAME. " KEEPS_OLD, "mta-sts dns {domain}",
     1},
    {"sts-policy-fetch-error", "timeout|timed out|deadline|refused|unreachable|reset|connect", NULL,
     "policy-unreachable", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": no connection, or no answer in time.",
     "Let port 443 be open to everybody, on each address that DNS tells, IPv6 too. " KEEPS_OLD,
     CHECK, 1},
    {"sts-policy-fetch-error", "content-type|content type|text/plain|media type", NULL,
     "policy-content-type", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": the answer was no text/plain.",
     "Something other than this module answers: look which virtual host it is. " KEEPS_OLD, FETCH,
     0},
    {"sts-policy-fetch-error", "certificate|x509|tls|ssl", NULL, "sts-webpki-invalid",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED " over a trusted encrypted connection.",
     "Mend httpd's certificate for mta-sts.{domain}; it is not the mail server's. " KEEPS_OLD,
     WEB_CERTIFICATE, 0},
    {"sts-policy-fetch-error", NULL, NULL, "sts-policy-fetch-error", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ".",
     "Fetch it from elsewhere: the answer must be 200 and text/plain, without a redirect, on each "
     "address that DNS tells. Look at the virtual host, the A and AAAA records, the firewall. If "
     "one sender alone tells this and others fetch it, its network may be the reason. " KEEPS_OLD,
     CHECK, 1},
    {"sts-policy-invalid", NULL, NULL, "sts-policy-invalid", TLSRPT_OWNER_POLICY_HOST,
     "The sender fetched the policy and could not make sense of it.",
     "Look at what is served: mode, max_age, at least one mx line, line ends, nothing else. What "
     "this module serves is always valid, so something else may answer.",
     "curl -sS https://mta-sts.{domain}/.well-known/mta-sts.txt | mta-sts lint -", 0},
    {"sts-webpki-invalid", "expired", NULL, "web-certificate-expired", TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server mta-sts.{domain} is out of date, so the policy could not "
     "be fetched.",
     "Renew it and reload httpd; it is not the mail server's. " KEEPS_OLD, WEB_CERTIFICATE, 0},
    {"sts-webpki-invalid", "HOSTNAME_MISMATCH|mismatch|unrecognized name|not valid for", NULL,
     "web-certificate-host-mismatch", TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server does not name mta-sts.{domain}, so the policy could not "
     "be fetched.",
     "Add mta-sts.{domain} to httpd's certificate; it is not the mail server's. " KEEPS_OLD,
     WEB_CERTIFICATE, 0},
    {"sts-webpki-invalid", NULL, NULL, "sts-webpki-invalid", TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server mta-sts.{domain} does not hold (name, dates or chain), so "
     "the policy could not be fetched.",
     "Mend httpd's certificate for mta-sts.{domain} (certbot, mod_md); it is not the mail "
     "server's. " KEEPS_OLD,
     WEB_CERTIFICATE, 0},
    {"tlsa-invalid", NULL, NULL, "tlsa-invalid", TLSRPT_OWNER_DNS, NO_MATCH, PUBLISH_TLSA,
     TLSA_RECORDS, 0},
    {"dnssec-invalid", NULL, NULL, "dnssec-invalid", TLSRPT_OWNER_DNS,
     "The sender could not validate the DNSSEC signatures of a name on the way to {mx}.",
     "Look at the DS record at the parent zone, and whether the signatures are out of date; "
     "dnsviz.net shows the chain.",
     "delv MX {domain}", 1},
    {"dane-required", NULL, NULL, "dane-required", TLSRPT_OWNER_SENDER,
     "The sender is set up to deliver only with DANE, and found no TLSA record for {mx}.",
     "Nothing is broken for others: publish TLSA records in a signed zone, or talk to that "
     "sender.",
     TLSA_RECORDS, 0},
    {"", NULL, NULL, "unspecified", TLSRPT_OWNER_UNKNOWN,
     "The sender does not tell what kind of failure it was.",
     "Read the reason, if it gives one, and look at the mail log of that day.", CHECK, 0},
    {NULL, NULL, NULL, "unknown", TLSRPT_OWNER_UNKNOWN,
     "The sender calls the failure {type}, which is none of the registered result types.",
     "Read the reason, if it gives one, look at the mail log of that day, or ask the sender's "
     "contact.",
     CHECK, 0},
};

static const rule no_details = {
    .cause = "no-details",
    .owner = TLSRPT_OWNER_UNKNOWN,
    .what = "The sender counts failed sessions, but does not tell what failed.",
    .action = "Look at other senders' reports and at the mail log of that day.",
    .command = CHECK,
};

static int is_digits(const char *text, apr_size_t len)
{
    return strspn(text, "0123456789") >= len;
}

#define LOOKED_AT 2000 /* no honest reason is longer, and a page explains hundreds */

/* Whether a hint stands in a reason, in upper or lower case. */
static int has_hint(const char *reason, const char *hint, apr_size_t len)
{
    int number = is_digits(hint, len), first = apr_tolower(*hint);
    const char *at;

    for (at = reason; *at && at < reason + LOOKED_AT; at++) {
        if (apr_tolower(*at) == first && strncasecmp(at, hint, len) == 0 &&
            (!number || ((at == reason || !apr_isdigit(at[-1])) && !apr_isdigit(at[len])))) {
            return 1;
        }
    }
    return 0;
}

static int has_any_hint(const char *reason, const char *hints)
{
    const char *hint = hints;

    while (reason) {
        apr_size_t len = strcspn(hint, "|");

        if (has_hint(reason, hint, len)) {
            return 1;
        }
        if (!hint[len]) {
            return 0;
        }
        hint += len + 1;
    }
    return 0;
}

static int fits(const rule *one, const tlsrpt_facts *facts)
{
    return (!one->result_type || strcmp(one->result_type, facts->result_type) == 0) &&
           (!one->policy_type ||
            (facts->policy_type && strcmp(one->policy_type, facts->policy_type) == 0)) &&
           (!one->hint || has_any_hint(facts->reason, one->hint));
}

/* A name that can stand in a sentence and in a command, or NULL. */
static const char *host_of(apr_pool_t *p, const char *name)
{
    const char *host;

    return name && !mta_sts_name_parse_host(p, name, MTA_STS_NAME_ALABEL, &host) ? host : NULL;
}

/* What is put in for the words in braces. */
typedef struct filling {
    const char *word, *sentence, *command;
} filling;

static const char *fill(apr_pool_t *p, const char *text, const filling *fillings, apr_size_t count,
                        int is_command)
{
    const char *filled = "", *brace;
    apr_size_t i;

    for (; text && (brace = strchr(text, '{')) != NULL; text = strchr(brace, '}') + 1) {
        const char *value = "";

        for (i = 0; i < count; i++) {
            if (strncmp(brace + 1, fillings[i].word, strlen(fillings[i].word)) == 0) {
                value = is_command ? fillings[i].command : fillings[i].sentence;
            }
        }
        filled = apr_pstrcat(p, filled, apr_pstrmemdup(p, text, (apr_size_t)(brace - text)), value,
                             NULL);
    }
    return text ? apr_pstrcat(p, filled, text, NULL) : NULL;
}

static const tlsrpt_explanation *apply(apr_pool_t *p, const rule *one, const tlsrpt_facts *facts)
{
    const char *domain = host_of(p, facts->domain), *mx = host_of(p, facts->mx);
    const filling fillings[] = {
        {"domain", domain ? domain : "your domain", domain ? domain : "DOMAIN"},
        {"mx", mx ? mx : "your mail server", mx ? mx : "MX-HOST"},
        {"type", mta_sts_text_quote(p, facts->result_type, strlen(facts->result_type)), ""},
    };
    tlsrpt_explanation *explanation = apr_palloc(p, sizeof(*explanation));

    explanation->cause = one->cause;
    explanation->owner = one->owner;
    explanation->may_be_senders = one->may_be_senders;
    explanation->what = fill(p, one->what, fillings, COUNT(fillings), 0);
    explanation->action = fill(p, one->action, fillings, COUNT(fillings), 0);
    explanation->command = fill(p, one->command, fillings, COUNT(fillings), 1);
    return explanation;
}

const tlsrpt_explanation *tlsrpt_explain(apr_pool_t *p, const tlsrpt_facts *facts)
{
    tlsrpt_facts told = *facts;
    const rule *one = rules;

    told.result_type = told.result_type ? told.result_type : "";
    while (!fits(one, &told)) { /* the last one fits all */
        one++;
    }
    return apply(p, one, &told);
}

const tlsrpt_explanation *tlsrpt_explain_no_details(apr_pool_t *p, const char *domain)
{
    const tlsrpt_facts facts = {.result_type = "", .domain = domain};

    return apply(p, &no_details, &facts);
}

/* The names of whose, for machines and for people. */
static const struct {
    const char *name, *text;
} owners[] = {
    [TLSRPT_OWNER_POLICY_HOST] = {"policy-host", "your policy host (the web server)"},
    [TLSRPT_OWNER_MX] = {"mx", "your mail server (MX)"},
    [TLSRPT_OWNER_DNS] = {"dns", "your DNS"},
    [TLSRPT_OWNER_SENDER] = {"sender", "likely the sender, or its way to you"},
    [TLSRPT_OWNER_UNKNOWN] = {"unknown", "not told"},
};

const char *tlsrpt_owner_name(tlsrpt_owner owner)
{
    return owners[owner].name;
}

const char *tlsrpt_owner_text(tlsrpt_owner owner)
{
    return owners[owner].text;
}

const char *tlsrpt_where_text(apr_pool_t *p, const tlsrpt_explanation *explanation, int others)
{
    const char *text = tlsrpt_owner_text(explanation->owner);

    return others && explanation->may_be_senders
               ? apr_psprintf(p,
                              "likely this sender's own, or its way to you: %d others had no "
                              "failure; else %s",
                              others, text)
               : text;
}

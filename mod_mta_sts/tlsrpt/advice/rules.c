/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/rules.h"

#include <stddef.h>

#define DANE "tlsa"

/* Commands that several rules share. */
#define CHECK "mta-sts check {domain}"
#define FETCH "curl -sSi https://mta-sts.{domain}/.well-known/mta-sts.txt"
#define SHOW_CERTIFICATE " </dev/null | openssl x509 -noout -enddate -ext subjectAltName"
#define SMTP_CERTIFICATE "openssl s_client -starttls smtp -connect {mx}:25" SHOW_CERTIFICATE
#define WEB_CERTIFICATE "openssl s_client -connect mta-sts.{domain}:443" SHOW_CERTIFICATE
#define SMTP_CHAIN "openssl s_client -starttls smtp -connect {mx}:25 -showcerts </dev/null"
#define TLSA_RECORDS "dig +dnssec TLSA _25._tcp.{mx}"

/* Texts that several rules share. */
#define FETCH_FAILED                                                                               \
    "The _mta-sts record announces a policy, but the sender could not fetch it from "              \
    "mta-sts.{domain}"
#define MEANWHILE                                                                                  \
    "Meanwhile, senders that have a policy in their cache continue to use it; all others deliver " \
    "without MTA-STS."
#define NOT_THE_MX "; this is not the certificate of the mail server. "
#define EXPIRED "The certificate of {mx} has expired."
#define RENEW                                                                                      \
    "Renew it, then reload the mail server: until it is reloaded, it continues to use the old "    \
    "certificate. Check every MX host, and have each renewal reload the mail server "              \
    "automatically (certbot: --deploy-hook)."
#define UNTRUSTED                                                                                  \
    "The certificate of {mx} does not chain to a certification authority that the sender trusts."
#define FULL_CHAIN                                                                                 \
    "Install the full chain, including the intermediate certificates (certbot: fullchain.pem, "    \
    "not cert.pem). Self-signed certificates are not valid for MTA-STS."
#define MISMATCH "The certificate of {mx} is not valid for its host name."
#define ADD_NAME                                                                                   \
    "Get a certificate that includes the name of the MX host (subjectAltName), or change "         \
    "the MX record and the mx lines of the policy to a name that the certificate includes."
#define INVALID                                                                                    \
    "The sender could not validate the certificate of {mx}: the reason names the check that "      \
    "failed."
#define NEW_CHAIN                                                                                  \
    "Inspect each certificate in the chain that the server sends. Installing a new certificate "   \
    "with its full chain fixes nearly all of these failures."

/* With DANE, the DNS zone authenticates the certificate; CAs and the MTA-STS policy do not
 * matter. */
#define NO_MATCH "No TLSA record (DANE) of {mx} matches its certificate."
#define PUBLISH_TLSA                                                                               \
    "Publish a TLSA record that matches the certificate in use. The next time the key changes, "   \
    "publish the record of the new key next to the old one first, and wait until the TTL of the "  \
    "old records has expired."
#define TLSA_FIRST                                                                                 \
    " If the TLSA records have to change for that, publish the new one first, and wait until the " \
    "TTL of the old ones has expired."
#define ADD_NAME_DANE                                                                              \
    "Get a certificate that includes the name of the MX host (subjectAltName), or publish a TLSA " \
    "record with usage 3 (\"3 1 1\"), for which senders check only the key." TLSA_FIRST

/* Hints for an OpenSSL verification error by number: "num=10", "verify error 10", "code: 10". */
#define NUMBER(n) "|num=" n "|error " n "|error: " n "|code " n "|code: " n

/* Hints that several rules share. */
#define HINT_EXPIRED                                                                               \
    "CERT_HAS_EXPIRED|certificate has expired|certificate-expired|certificate_expired" NUMBER("1"  \
                                                                                              "0")
#define HINT_NOT_YET_VALID "CERT_NOT_YET_VALID|not yet valid" NUMBER("9")
#define HINT_MISMATCH                                                                              \
    "HOSTNAME_MISMATCH|hostname mismatch|host name mismatch|host-mismatch|host_mismatch" NUMBER(   \
        "62")
#define HINT_MX_MISMATCH "MX_HOSTS_MISMATCH|mx hosts mismatch|mx_mismatch"
#define HINT_UNTRUSTED                                                                             \
    "UNABLE_TO_GET_ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY_LEAF|CERT_UNTRUSTED|self-signed|"           \
    "unknown authority|unable to get local issuer|CERT_CHAIN|certificate chain|unknown_ca|"        \
    "unknown ca|not-trusted|not_trusted" NUMBER("18") NUMBER("19") NUMBER("20") NUMBER("21")       \
        NUMBER("27")
#define HINT_INVALID "X509_V_ERR_|x509"

/* The result types of RFC 8460 section 4.3, and the reasons that real senders give. */
const tlsrpt_rule tlsrpt_rules[] = {
    {TLSRPT_CERTIFICATE_HOST_MISMATCH, DANE, NULL, NULL, TLSRPT_OWNER_MX, MISMATCH, ADD_NAME_DANE,
     SMTP_CERTIFICATE, 0},
    {TLSRPT_CERTIFICATE_EXPIRED, DANE, NULL, NULL, TLSRPT_OWNER_MX, EXPIRED, RENEW TLSA_FIRST,
     SMTP_CERTIFICATE, 0},
    {TLSRPT_CERTIFICATE_NOT_TRUSTED, DANE, NULL, "tlsa-invalid", TLSRPT_OWNER_DNS, NO_MATCH,
     PUBLISH_TLSA, TLSA_RECORDS, 0},
    {TLSRPT_VALIDATION_FAILURE, DANE, HINT_EXPIRED, "certificate-expired", TLSRPT_OWNER_MX, EXPIRED,
     RENEW TLSA_FIRST, SMTP_CERTIFICATE, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, HINT_NOT_YET_VALID, "certificate-not-yet-valid",
     TLSRPT_OWNER_MX, "The certificate of {mx} is not yet valid.",
     "Check the clocks of the mail server and of the machine that obtained the certificate.",
     SMTP_CERTIFICATE, 0},
    {TLSRPT_VALIDATION_FAILURE, DANE, HINT_MISMATCH "|" HINT_MX_MISMATCH,
     "certificate-host-mismatch", TLSRPT_OWNER_MX, MISMATCH, ADD_NAME_DANE, SMTP_CERTIFICATE, 0},
    {TLSRPT_VALIDATION_FAILURE, DANE, HINT_UNTRUSTED, "tlsa-invalid", TLSRPT_OWNER_DNS, NO_MATCH,
     PUBLISH_TLSA, TLSA_RECORDS, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, "DANE_NO_MATCH|DANE TLSA|TLSA record", "tlsa-invalid",
     TLSRPT_OWNER_DNS, NO_MATCH, PUBLISH_TLSA, TLSA_RECORDS, 0},
    {TLSRPT_VALIDATION_FAILURE, DANE, HINT_INVALID, "certificate-invalid", TLSRPT_OWNER_MX, INVALID,
     NEW_CHAIN TLSA_FIRST, SMTP_CHAIN, 0},
    {TLSRPT_ANY_TYPE, NULL, HINT_MX_MISMATCH, "mx-not-in-policy", TLSRPT_OWNER_POLICY_HOST,
     "The sender found an MX host that does not match any mx line of your policy.",
     "Add every host in the MX records of {domain} to MTASTSMx, or remove the MX record of that "
     "host; then publish the new policy id.",
     CHECK, 0},
    {TLSRPT_STARTTLS_NOT_SUPPORTED, NULL, NULL, NULL, TLSRPT_OWNER_MX,
     "The sender reached {mx}, but the server did not offer encryption (STARTTLS).",
     "Enable STARTTLS on every MX host and each of its addresses, including IPv6; check for a "
     "firewall or an \"SMTP fixup\" feature that removes it. If only one sender reports this, "
     "something between it and you may remove it: an attack looks the same.",
     "openssl s_client -starttls smtp -connect {mx}:25", 1},
    {TLSRPT_CERTIFICATE_HOST_MISMATCH, NULL, NULL, NULL, TLSRPT_OWNER_MX, MISMATCH, ADD_NAME,
     SMTP_CERTIFICATE, 0},
    {TLSRPT_CERTIFICATE_EXPIRED, NULL, NULL, NULL, TLSRPT_OWNER_MX, EXPIRED, RENEW,
     SMTP_CERTIFICATE, 0},
    {TLSRPT_CERTIFICATE_NOT_TRUSTED, NULL, NULL, NULL, TLSRPT_OWNER_MX, UNTRUSTED, FULL_CHAIN,
     SMTP_CHAIN, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, HINT_EXPIRED, "certificate-expired", TLSRPT_OWNER_MX, EXPIRED,
     RENEW, SMTP_CERTIFICATE, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, HINT_MISMATCH, "certificate-host-mismatch", TLSRPT_OWNER_MX,
     MISMATCH, ADD_NAME, SMTP_CERTIFICATE, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, HINT_UNTRUSTED, "certificate-not-trusted", TLSRPT_OWNER_MX,
     UNTRUSTED, FULL_CHAIN, SMTP_CHAIN, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL,
     "timeout|timed out|deadline|refused|reset|unreachable|broken pipe|closed", "timeout",
     TLSRPT_OWNER_SENDER, "The connection to {mx} failed or timed out.",
     "A few timeouts, from several senders, are normal on the internet: keep watching. If many "
     "occur at the same time, check the load of the mail server and its log of that day.",
     CHECK, 1},
    {TLSRPT_VALIDATION_FAILURE, NULL,
     "alert|handshake|protocol version|tls version|unsupported protocol|no shared cipher|cipher",
     "tls-handshake", TLSRPT_OWNER_MX,
     "The sender and {mx} could not negotiate TLS (version, cipher or certificate).",
     "Enable TLS 1.2 and 1.3 with common ciphers on the mail server; in Postfix, leave "
     "smtpd_tls_protocols and smtpd_tls_ciphers at their defaults.",
     "openssl s_client -starttls smtp -connect {mx}:25 -tls1_2 </dev/null", 1},
    {TLSRPT_VALIDATION_FAILURE, NULL, HINT_INVALID, "certificate-invalid", TLSRPT_OWNER_MX, INVALID,
     NEW_CHAIN, SMTP_CHAIN, 0},
    {TLSRPT_VALIDATION_FAILURE, NULL, NULL, NULL, TLSRPT_OWNER_UNKNOWN,
     "The TLS session with {mx} failed, and the report gives no known reason.",
     "Check the reason, if the report gives one. A few of these failures, from several senders, "
     "are mostly timeouts: keep watching. If many occur at the same time, check the mail log of "
     "that day, and whether TLS 1.2 and common ciphers are enabled.",
     CHECK, 1},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "404|not found", "policy-not-found",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": the server answered 404 Not Found.",
     "The request reaches a virtual host that does not serve the policy: move the MTASTS "
     "directives to the virtual host with mta-sts.{domain} as ServerName or "
     "ServerAlias. " MEANWHILE,
     FETCH, 0},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "401|403|forbidden|unauthorized", "policy-forbidden",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": the server denied access (401 or 403).",
     "Check for a web application firewall, bot protection, country blocking or a proxy in front "
     "of httpd: the policy must be accessible to everyone. " MEANWHILE,
     FETCH, 1},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "301|302|303|307|308|redirect", "policy-redirect",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": the server answered with a redirect.",
     "Senders do not follow redirects (RFC 8461 section 3.3), so the policy itself has to be "
     "served at this URL. Check for a proxy or a control panel in front of httpd. " MEANWHILE,
     FETCH, 0},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "500|502|503|504|bad gateway|unavailable",
     "policy-server-error", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": the server answered with an error (5xx).",
     "Check httpd's error log of that day, and any proxy in front of httpd. " MEANWHILE, FETCH, 0},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "nxdomain|servfail|no such host|resolve|dns",
     "policy-host-dns", TLSRPT_OWNER_DNS, FETCH_FAILED ": DNS returned no address for that host.",
     "Publish A and AAAA records, or a CNAME, for mta-sts.{domain}. " MEANWHILE,
     "mta-sts dns {domain}", 1},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL,
     "timeout|timed out|deadline|refused|unreachable|reset|connect", "policy-unreachable",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ": the connection failed or timed out.",
     "Allow connections to port 443 from everywhere, on each address in DNS, including "
     "IPv6. " MEANWHILE,
     CHECK, 1},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "content-type|content type|text/plain|media type",
     "policy-content-type", TLSRPT_OWNER_POLICY_HOST,
     FETCH_FAILED ": the answer was not of type text/plain.",
     "Something other than this module answers: find out which virtual host does. " MEANWHILE,
     FETCH, 0},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, "certificate|x509|tls|ssl", "sts-webpki-invalid",
     TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED " over a trusted TLS connection.",
     "Fix httpd's certificate for mta-sts.{domain}" NOT_THE_MX MEANWHILE, WEB_CERTIFICATE, 0},
    {TLSRPT_STS_POLICY_FETCH_ERROR, NULL, NULL, NULL, TLSRPT_OWNER_POLICY_HOST, FETCH_FAILED ".",
     "Fetch it from another network: the answer must be 200 and text/plain, without a redirect, on "
     "each address in DNS. Check the virtual host, the A and AAAA records and the firewall. If "
     "only one sender reports this while others fetch the policy, its network may be the "
     "cause. " MEANWHILE,
     CHECK, 1},
    {TLSRPT_STS_POLICY_INVALID, NULL, NULL, NULL, TLSRPT_OWNER_POLICY_HOST,
     "The sender fetched the policy but could not parse it.",
     "Check what is served: mode, max_age, at least one mx line, line ends, and nothing else. "
     "Policies served by this module are always valid, so something else may have answered.",
     "curl -sS https://mta-sts.{domain}/.well-known/mta-sts.txt | mta-sts lint -", 0},
    {TLSRPT_STS_WEBPKI_INVALID, NULL, "expired", "web-certificate-expired",
     TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server mta-sts.{domain} has expired, so the policy could not be "
     "fetched.",
     "Renew it and reload httpd" NOT_THE_MX MEANWHILE, WEB_CERTIFICATE, 0},
    {TLSRPT_STS_WEBPKI_INVALID, NULL, "HOSTNAME_MISMATCH|mismatch|unrecognized name|not valid for",
     "web-certificate-host-mismatch", TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server is not valid for mta-sts.{domain}, so the policy could not "
     "be fetched.",
     "Add mta-sts.{domain} to httpd's certificate" NOT_THE_MX MEANWHILE, WEB_CERTIFICATE, 0},
    {TLSRPT_STS_WEBPKI_INVALID, NULL, NULL, NULL, TLSRPT_OWNER_POLICY_HOST,
     "The certificate of the web server mta-sts.{domain} is not valid (name, dates or chain), so "
     "the policy could not be fetched.",
     "Fix httpd's certificate for mta-sts.{domain} (certbot, mod_md)" NOT_THE_MX MEANWHILE,
     WEB_CERTIFICATE, 0},
    {TLSRPT_TLSA_INVALID, NULL, NULL, NULL, TLSRPT_OWNER_DNS, NO_MATCH, PUBLISH_TLSA, TLSA_RECORDS,
     0},
    {TLSRPT_DNSSEC_INVALID, NULL, NULL, NULL, TLSRPT_OWNER_DNS,
     "The sender could not validate the DNSSEC signatures of a name on the way to {mx}.",
     "Check the DS record in the parent zone, and whether the signatures have expired; dnsviz.net "
     "shows the chain.",
     "delv MX {domain}", 1},
    {TLSRPT_DANE_REQUIRED, NULL, NULL, NULL, TLSRPT_OWNER_SENDER,
     "The sender is configured to deliver only with DANE, but found no TLSA record for {mx}.",
     "Other senders are not affected. Publish TLSA records in a zone signed with DNSSEC, or "
     "contact "
     "that sender.",
     TLSA_RECORDS, 0},
    {TLSRPT_RESULT_UNSPECIFIED, NULL, NULL, NULL, TLSRPT_OWNER_UNKNOWN,
     "The report does not specify the kind of failure.",
     "Check the reason, if the report gives one, and the mail log of that day.", CHECK, 0},
    {TLSRPT_ANY_TYPE, NULL, NULL, NULL, TLSRPT_OWNER_UNKNOWN,
     "The report calls the failure {type}, which is not a registered result type.",
     "Check the reason, if the report gives one, and the mail log of that day, or ask the contact "
     "of the reporter.",
     CHECK, 0},
};

const tlsrpt_rule tlsrpt_rule_not_covered = {
    .result_type = TLSRPT_ANY_TYPE,
    .cause = "mx-not-in-policy",
    .owner = TLSRPT_OWNER_POLICY_HOST,
    .what =
        "No mx line of the policy that the sender applied covers {mx} (a \"*\" stands for exactly "
        "one label).",
    .action =
        "Add {pattern} to MTASTSMx, or remove the MX record of that host; then publish the new "
        "policy id.",
    .command = CHECK,
};

const tlsrpt_rule tlsrpt_rule_no_details = {
    .result_type = TLSRPT_ANY_TYPE,
    .cause = "no-details",
    .owner = TLSRPT_OWNER_UNKNOWN,
    .what = "The report counts failed sessions but gives no details about them.",
    .action = "Check the reports of other senders, and the mail log of that day.",
    .command = CHECK,
};

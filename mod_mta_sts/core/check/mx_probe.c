/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/mx_probe.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define NOT_AVAILABLE 421

static const char *const loss = "senders in mode enforce do not deliver to it";

typedef struct words {
    mta_sts_severity severity;
    const char *id;
    const char *format; /* "%s" is the address */
    const char *fix;
} words;

/* Results whose stage does not matter. */
static const words results[] = {
    [MTA_STS_SMTP_UNTRIED] = {MTA_STS_UNKNOWN, "smtp-untried", "no time was left to ask %s",
                              "check fewer domains at once"},
    [MTA_STS_SMTP_NO_ROUTE] = {MTA_STS_UNKNOWN, "smtp-no-route",
                               "this machine has no way to %s, so nobody knows if it answers",
                               "check from a machine that has IPv4 and IPv6"},
    [MTA_STS_SMTP_REFUSED] = {MTA_STS_ERROR, "smtp-refused", "%s refuses connections",
                              "start the mail server, or let it listen on that address"},
    [MTA_STS_SMTP_UNREACHABLE] = {MTA_STS_ERROR, "smtp-unreachable", "%s cannot be reached",
                                  "look at the firewall, or remove the address from DNS"},
    [MTA_STS_SMTP_GARBAGE] = {MTA_STS_ERROR, "smtp-invalid-reply", "what %s says is no SMTP",
                              "see what listens there"},
    [MTA_STS_SMTP_NO_STARTTLS] = {MTA_STS_ERROR, "starttls-missing", "%s does not offer STARTTLS",
                                  "switch TLS on (Postfix: smtpd_tls_security_level = may), and "
                                  "see that no firewall takes STARTTLS out"},
    [MTA_STS_SMTP_TLS_OLD] = {MTA_STS_ERROR, "tls-too-old",
                              "%s speaks no TLS newer than 1.1, which senders refuse",
                              "allow TLS 1.2 and 1.3"},
    [MTA_STS_SMTP_TLS_FAILED] = {MTA_STS_ERROR, "smtp-handshake-failed",
                                 "no TLS connection to %s can be made",
                                 "see the mail server's log: has it a certificate and its key?"},
};

static const char *const slow_fix = "see the mail server's load and log; a greeting may be slow, "
                                    "then try a longer --timeout";
static const char *const closed_fix = "see the mail server's log, and what it has against this "
                                      "machine's address";

/* Results at each stage. */
static const words timeouts[] = {
    [MTA_STS_SMTP_CONNECT] = {MTA_STS_ERROR, "smtp-connect-timeout",
                              "%s does not take a connection in time",
                              "look at the firewall, or remove the address from DNS"},
    [MTA_STS_SMTP_GREETING] = {MTA_STS_ERROR, "smtp-greeting-timeout",
                               "%s takes a connection, but does not greet in time", slow_fix},
    [MTA_STS_SMTP_EHLO] = {MTA_STS_ERROR, "smtp-ehlo-timeout",
                           "%s greets, but does not answer EHLO in time", slow_fix},
    [MTA_STS_SMTP_STARTTLS] = {MTA_STS_ERROR, "smtp-starttls-timeout",
                               "%s does not answer STARTTLS in time", slow_fix},
    [MTA_STS_SMTP_HANDSHAKE] = {MTA_STS_ERROR, "smtp-handshake-timeout",
                                "%s does not finish the TLS handshake in time", slow_fix},
};
static const words closings[] = {
    [MTA_STS_SMTP_CONNECT] = {MTA_STS_ERROR, "smtp-closed", "%s closes the connection at once",
                              closed_fix},
    [MTA_STS_SMTP_GREETING] = {MTA_STS_ERROR, "smtp-closed",
                               "%s closes the connection instead of greeting", closed_fix},
    [MTA_STS_SMTP_EHLO] = {MTA_STS_ERROR, "smtp-closed", "%s closes the connection at EHLO",
                           closed_fix},
    [MTA_STS_SMTP_STARTTLS] = {MTA_STS_ERROR, "smtp-closed", "%s closes the connection at STARTTLS",
                               closed_fix},
    [MTA_STS_SMTP_HANDSHAKE] = {MTA_STS_ERROR, "smtp-closed",
                                "%s closes the connection in the TLS handshake",
                                "see the mail server's log: has it a certificate and its key?"},
};
static const words rejections[] = {
    [MTA_STS_SMTP_GREETING] = {MTA_STS_ERROR, "smtp-greeting-rejected", "%s greets with a refusal",
                               closed_fix},
    [MTA_STS_SMTP_EHLO] = {MTA_STS_ERROR, "smtp-ehlo-rejected", "%s refuses EHLO", closed_fix},
    [MTA_STS_SMTP_STARTTLS] = {MTA_STS_ERROR, "starttls-rejected",
                               "%s offers STARTTLS, but refuses it",
                               "see the mail server's log: has it a certificate and its key?"},
};

/* Says so in the same words whenever it comes: "later", where all is well otherwise. */
static const words not_available = {MTA_STS_WARNING, "smtp-not-available",
                                    "%s is not available now: it cannot be told if TLS works there",
                                    "try again later; see the mail server's limits and log"};

static const words *find_words(const mta_sts_mx_probe *probe)
{
    switch (probe->result) {
    case MTA_STS_SMTP_TIMEOUT:
        return timeouts + probe->stage;
    case MTA_STS_SMTP_CLOSED:
        return closings + probe->stage;
    case MTA_STS_SMTP_REJECTED:
        return probe->code == NOT_AVAILABLE ? &not_available : rejections + probe->stage;
    default:
        return results + probe->result;
    }
}

int mta_sts_mx_probe_is_unknown(const mta_sts_mx_probe *probe)
{
    return probe->result == MTA_STS_SMTP_UNTRIED || probe->result == MTA_STS_SMTP_NO_ROUTE ||
           (probe->result == MTA_STS_SMTP_REJECTED && probe->code == NOT_AVAILABLE);
}

static int check_peer(const mta_sts_mx_probe *probe, const char *host,
                      const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    mta_sts_certificate_use use = {
        .where = apr_pstrcat(findings->pool, "at ", probe->address, NULL),
        .loss = loss,
        .name_fix = "let the mail server show a certificate with this name",
        .renew_fix = "renew it, and reload the mail server",
        .warning_days = limits->warning_days,
        .error_days = limits->error_days,
    };

    return mta_sts_peer_check(&probe->peer, host, limits->now, &use,
                              "use a certificate of a public CA, with its whole chain", findings);
}

int mta_sts_mx_probe_check(const mta_sts_mx_probe *probe, const char *host,
                           const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    const words *told;
    const char *message, *said;

    if (probe->result == MTA_STS_SMTP_SECURED) {
        return check_peer(probe, host, limits, findings);
    }
    told = find_words(probe);
    message = apr_psprintf(findings->pool, told->format, probe->address);
    said = probe->reply ? probe->reply : probe->detail;
    mta_sts_finding_add(findings, told->severity, told->id, host, told->fix, "%s%s%s", message,
                        said ? ": " : "",
                        said ? mta_sts_text_quote(findings->pool, said, strlen(said)) : "");
    return 0;
}

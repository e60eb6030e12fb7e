/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/mx_probe.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"
#include "core/policy/provider.h"

#define NOT_AVAILABLE 421
#define IS_TEMPORARY(code) ((code) / 100 == 4)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const loss = "in mode enforce, senders do not deliver to it";

/* One way in which a probe can end. Its severity follows from the effect. */
typedef struct texts {
    mta_sts_mx_effect effect;
    const char *id;
    const char *format; /* contains "%s" for the address */
    const char *fix;
} texts;

#define UNSEEN MTA_STS_MX_UNSEEN   /* this machine cannot test it */
#define NOT_NOW MTA_STS_MX_NOT_NOW /* deferred in every mode */
#define CLOSED MTA_STS_MX_CLOSED   /* accepts no mail in any mode */
#define PLAIN MTA_STS_MX_PLAIN     /* accepts mail only without TLS */

/* Results that do not depend on the stage. */
static const texts results[] = {
    [MTA_STS_SMTP_NOT_TRIED] = {UNSEEN, "smtp-untried", "no time was left to test %s",
                                "check fewer domains at once"},
    [MTA_STS_SMTP_NO_ROUTE] = {UNSEEN, "smtp-no-route",
                               "this machine has no route to %s, so it could not be tested",
                               "check from a machine that has IPv4 and IPv6"},
    [MTA_STS_SMTP_REFUSED] = {CLOSED, "smtp-refused", "%s refuses connections",
                              "start the mail server, or configure it to listen on this address"},
    [MTA_STS_SMTP_UNREACHABLE] = {CLOSED, "smtp-unreachable", "%s cannot be reached",
                                  "check the firewall, or remove the address from DNS"},
    [MTA_STS_SMTP_INVALID_REPLY] = {CLOSED, "smtp-invalid-reply", "the answer of %s is not SMTP",
                                    "check which service listens there"},
    [MTA_STS_SMTP_NO_STARTTLS] = {PLAIN, "starttls-missing", "%s does not offer STARTTLS",
                                  "enable TLS (Postfix: smtpd_tls_security_level = may), and check "
                                  "for a firewall that removes STARTTLS"},
    [MTA_STS_SMTP_TLS_OLD] = {PLAIN, "tls-too-old",
                              "%s supports no TLS version newer than 1.1, which senders refuse",
                              "allow TLS 1.2 and 1.3"},
    [MTA_STS_SMTP_TLS_FAILED] = {PLAIN, "smtp-handshake-failed", "the TLS handshake with %s fails",
                                 "check the mail server's log, and its certificate and key"},
};

static const char *const slow_fix = "check the mail server's load and log; if it delays its "
                                    "greeting on purpose, use a longer --timeout";
static const char *const closed_fix =
    "check the mail server's log, and whether it blocks this machine's address";

/* Timeouts, by stage. */
static const texts timeouts[] = {
    [MTA_STS_SMTP_CONNECT] = {CLOSED, "smtp-connect-timeout",
                              "%s does not accept a connection in time",
                              "check the firewall, or remove the address from DNS"},
    [MTA_STS_SMTP_GREETING] = {CLOSED, "smtp-greeting-timeout",
                               "%s accepts a connection, but does not send its greeting in time",
                               slow_fix},
    [MTA_STS_SMTP_EHLO] = {CLOSED, "smtp-ehlo-timeout", "%s does not answer EHLO in time",
                           slow_fix},
    [MTA_STS_SMTP_STARTTLS] = {PLAIN, "smtp-starttls-timeout",
                               "%s does not answer STARTTLS in time", slow_fix},
    [MTA_STS_SMTP_HANDSHAKE] = {PLAIN, "smtp-handshake-timeout",
                                "%s does not finish the TLS handshake in time", slow_fix},
};
static const texts closings[] = {
    [MTA_STS_SMTP_CONNECT] = {CLOSED, "smtp-closed", "%s closes the connection immediately",
                              closed_fix},
    [MTA_STS_SMTP_GREETING] = {CLOSED, "smtp-closed",
                               "%s closes the connection instead of greeting", closed_fix},
    [MTA_STS_SMTP_EHLO] = {CLOSED, "smtp-closed", "%s closes the connection at EHLO", closed_fix},
    [MTA_STS_SMTP_STARTTLS] = {PLAIN, "smtp-closed", "%s closes the connection at STARTTLS",
                               closed_fix},
    [MTA_STS_SMTP_HANDSHAKE] = {PLAIN, "smtp-closed",
                                "%s closes the connection in the TLS handshake",
                                "check the mail server's log, and its certificate and key"},
};
static const texts rejections[] = {
    [MTA_STS_SMTP_GREETING] = {CLOSED, "smtp-greeting-rejected",
                               "%s rejects the connection in its greeting", closed_fix},
    [MTA_STS_SMTP_EHLO] = {PLAIN, "smtp-ehlo-rejected", "%s rejects EHLO", closed_fix},
    [MTA_STS_SMTP_STARTTLS] = {PLAIN, "starttls-rejected", "%s offers STARTTLS, but rejects it",
                               "check the mail server's log, and its certificate and key"},
};

/* Used at every stage. */
static const texts not_available = {
    NOT_NOW, "smtp-not-available",
    "%s is temporarily unavailable, so it could not be determined whether TLS works there",
    "try again later; check the mail server's limits and log"};

/* The server did speak SMTP before STARTTLS. */
static const texts broken_starttls = {PLAIN, "smtp-invalid-reply",
                                      "the answer of %s to STARTTLS is not SMTP",
                                      "check the mail server's log, and its certificate and key"};

/* Before STARTTLS, 4xx is about the whole session, which senders in any mode try again later. */
static int is_not_now(const mta_sts_mx_probe *probe)
{
    return probe->code == NOT_AVAILABLE ||
           (IS_TEMPORARY(probe->code) && probe->stage < MTA_STS_SMTP_STARTTLS);
}

static const texts *find_texts(const mta_sts_mx_probe *probe)
{
    switch (probe->result) {
    case MTA_STS_SMTP_TIMEOUT:
        return timeouts + probe->stage;
    case MTA_STS_SMTP_CLOSED:
        return closings + probe->stage;
    case MTA_STS_SMTP_INVALID_REPLY:
        return probe->stage >= MTA_STS_SMTP_STARTTLS ? &broken_starttls : results + probe->result;
    case MTA_STS_SMTP_REJECTED:
        return is_not_now(probe) ? &not_available : rejections + probe->stage;
    default:
        return results + probe->result;
    }
}

int mta_sts_mx_probe_is_plain(const mta_sts_mx_probe *probe)
{
    return probe->result != MTA_STS_SMTP_SECURED && find_texts(probe)->effect == PLAIN;
}

int mta_sts_mx_probe_fails_in_every_mode(const char *id)
{
    const struct {
        const texts *list;
        size_t count;
    } tables[] = {{results, COUNT(results)},
                  {timeouts, COUNT(timeouts)},
                  {closings, COUNT(closings)},
                  {rejections, COUNT(rejections)}};
    size_t i, j;

    for (i = 0; i < COUNT(tables); i++) {
        for (j = 0; j < tables[i].count; j++) {
            const texts *one = tables[i].list + j;

            if (one->id && one->effect == CLOSED && strcmp(one->id, id) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static int check_peer(const mta_sts_mx_probe *probe, const char *host,
                      const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    mta_sts_certificate_use use = {
        .where = apr_pstrcat(findings->pool, "at ", probe->address, NULL),
        .loss = loss,
        .name_fix = "configure the mail server with a certificate that covers this name",
        .renew_fix = "renew it, then reload the mail server",
        .warning_days = limits->warning_days,
        .error_days = limits->error_days,
    };

    return mta_sts_peer_check(&probe->peer, host, limits->now, &use,
                              "use a certificate of a public CA, with its complete chain",
                              findings);
}

/* At a provider's host the admin can neither renew a certificate nor reload a server. */
static void blame_provider(const char *host, mta_sts_findings *findings, int from)
{
    const mta_sts_provider *provider = mta_sts_provider_of_host(host);

    for (; provider && from < findings->list->nelts; from++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, from, mta_sts_finding);

        if (finding->severity == MTA_STS_ERROR || finding->severity == MTA_STS_WARNING) {
            finding->fix = apr_psprintf(findings->pool,
                                        "your mail provider, %s, runs this host: report it there, "
                                        "and check the MX records against its documentation",
                                        provider->name);
        }
    }
}

static mta_sts_mx_effect judge(const mta_sts_mx_probe *probe, const char *host,
                               const mta_sts_check_limits *limits, mta_sts_findings *findings)
{
    const texts *chosen;
    const char *message, *said;

    if (probe->result == MTA_STS_SMTP_SECURED) {
        return check_peer(probe, host, limits, findings) ? MTA_STS_MX_SECURE
                                                         : MTA_STS_MX_UNVERIFIED;
    }
    chosen = find_texts(probe);
    message = apr_psprintf(findings->pool, chosen->format, probe->address);
    said = probe->reply ? probe->reply : probe->detail;
    mta_sts_finding_add(findings, mta_sts_mx_effect_severity(chosen->effect), chosen->id, host,
                        chosen->fix, "%s%s%s", message, said ? ": " : "",
                        said ? mta_sts_text_quote(findings->pool, said, strlen(said)) : "");
    return chosen->effect;
}

mta_sts_mx_effect mta_sts_mx_probe_check(const mta_sts_mx_probe *probe, const char *host,
                                         const mta_sts_check_limits *limits,
                                         mta_sts_findings *findings)
{
    int from = findings->list->nelts;
    mta_sts_mx_effect effect = judge(probe, host, limits, findings);

    blame_provider(host, findings, from);
    return effect;
}

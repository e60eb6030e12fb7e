/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_FINDING_IDS_H
#define CORE_BASE_FINDING_IDS_H

/*
 * All ids of findings and log lines, sorted, each with its meaning: FINDING(id, meaning). Ids are
 * an interface: admins and their monitoring search for them. tests/finding_ids checks that the
 * sources use no others, and doc/messages.md explains each.
 */

/* One id per line: */
/* clang-format off */
#define MTA_STS_FINDING_IDS(FINDING)                                                               \
    FINDING("alias-dangling", "A CNAME points to a name that does not exist")                      \
    FINDING("answers-differ", "The addresses of the policy host serve different policies")         \
    FINDING("block-hidden", "Inherited directives take precedence over a <MTASTSPolicy> block")    \
    FINDING("byte-order-mark", "The policy starts with a byte order mark")                         \
    FINDING("certificate-absent", "The server presents no certificate")                            \
    FINDING("certificate-ca-unknown", "The certificate was issued by an untrusted CA")             \
    FINDING("certificate-chain-broken", "The certificate chain is not valid")                      \
    FINDING("certificate-chain-incomplete", "An intermediate certificate is missing")              \
    FINDING("certificate-expired", "The certificate has expired")                                  \
    FINDING("certificate-expires-soon", "The certificate expires soon")                            \
    FINDING("certificate-missing", "The https virtual host has no certificate yet")                \
    FINDING("certificate-name-missing", "The certificate does not cover the host")                 \
    FINDING("certificate-not-yet-valid", "The certificate is not valid yet")                       \
    FINDING("certificate-self-signed", "The certificate is self-signed")                           \
    FINDING("certificate-unreadable", "The certificate cannot be read")                            \
    FINDING("clock-jumped", "The date may be wrong, so nothing is deleted for a day")              \
    FINDING("contact-missing", "The report has no contact-info")                                   \
    FINDING("content-type", "The policy is not sent as text/plain")                                \
    FINDING("control-character", "The policy contains a control character")                        \
    FINDING("count-form", "A count in the report is not written as an integer")                    \
    FINDING("count-missing", "A count is missing from the report")                                 \
    FINDING("dane-present", "The MX host has TLSA records, which senders that support DANE use")   \
    FINDING("database-failed", "The database cannot be used")                                      \
    FINDING("database-works", "The database can be used again")                                    \
    FINDING("date-form", "A date of the report is not in the form of RFC 3339")                    \
    FINDING("date-malformed", "A date of the report is not a date")                                \
    FINDING("date-missing", "A date is missing from the report")                                   \
    FINDING("date-range-in-future", "The date range of the report is in the future")               \
    FINDING("date-range-not-a-day", "The date range of the report is not one day in UTC")          \
    FINDING("date-range-reversed", "The date range of the report ends before it begins")           \
    FINDING("date-zone-missing", "A date of the report has no time zone")                          \
    FINDING("days-enough", "There are reports for enough days")                                    \
    FINDING("days-few", "There are reports for too few days")                                      \
    FINDING("deployment-incomplete", "Senders find no policy, or no mail server")                  \
    FINDING("dns-bogus", "The DNS answer fails DNSSEC validation")                                 \
    FINDING("dns-servfail", "The DNS lookup fails (SERVFAIL)")                                     \
    FINDING("dns-timeout", "The DNS lookup timed out")                                             \
    FINDING("domain-unknown", "The domain does not exist in DNS")                                  \
    FINDING("enforce-failures", "Senders refuse to deliver mail to a domain in mode enforce")      \
    FINDING("failure-at-sender", "A failure that is probably on the sender's side")                \
    FINDING("failure-blocking", "A failure that makes senders refuse mail in mode enforce")        \
    FINDING("failure-dane", "Senders that support DANE cannot deliver")                            \
    FINDING("failure-details-missing", "The report counts failures without details")               \
    FINDING("failure-fixed", "A failure that has been fixed since")                                \
    FINDING("failure-incomplete", "A failure of the report lacks a member")                        \
    FINDING("failure-not-blocking",                                                                \
            "A failure on our side that does not make senders refuse mail")                        \
    FINDING("failure-past", "A failure that has not occurred since")                               \
    FINDING("failure-unclear", "A failure of unknown cause")                                       \
    FINDING("failure-unconfirmed", "A failure that only unverified reports contain")               \
    FINDING("failures-more", "More kinds of failure than are listed")                              \
    FINDING("failures-sum", "The failure details do not add up to the summary of the report")      \
    FINDING("fetch-broken", "The answer of the policy host is not HTTP, or incomplete")            \
    FINDING("fetch-connect-timeout", "The policy host does not accept a connection in time")       \
    FINDING("fetch-name-unknown", "The policy host has no certificate, and refuses its name")      \
    FINDING("fetch-no-route", "This machine has no route to the policy host")                      \
    FINDING("fetch-redirect", "The policy host redirects, which senders do not follow")            \
    FINDING("fetch-refused", "Nothing listens on port 443 of the policy host")                     \
    FINDING("fetch-slow", "The policy host answers too slowly for some senders")                   \
    FINDING("fetch-status", "The policy host answers with a status other than 200")                \
    FINDING("fetch-timeout", "The policy host does not answer in time")                            \
    FINDING("fetch-tls-failed", "No TLS connection to the policy host is possible")                \
    FINDING("fetch-unreachable", "The policy host cannot be reached")                              \
    FINDING("fetch-untried", "No time was left to fetch the policy")                               \
    FINDING("fetches-full", "The fetch log is full: its oldest day is deleted before its time")    \
    FINDING("fetches-lost", "Requests for policies were not recorded in the fetch log")            \
    FINDING("fetches-proxy", "The fetch log does not know the clients behind a proxy")             \
    FINDING("field-duplicate", "A field occurs more than once")                                    \
    FINDING("field-malformed", "A field of the record is not of the form name=value")              \
    FINDING("field-missing", "A required field of the record is missing")                          \
    FINDING("field-unknown", "An unknown field, which senders ignore")                             \
    FINDING("gzip-members", "The report has several gzip members")                                 \
    FINDING("gzip-trailing", "Bytes follow the gzip data of the report")                           \
    FINDING("hosting-failed", "Hosted domains cannot be read")                                     \
    FINDING("hosting-held", "Most hosted domains are missing from the database but still served")  \
    FINDING("hosting-served", "The number of hosted domains that are served")                      \
    FINDING("hosting-shadowed", "A policy for a wildcard hides all hosted domains")                \
    FINDING("hosting-stale", "Hosted domains have not been read from the database for a while")    \
    FINDING("https-missing", "No https virtual host answers for the policy host yet")              \
    FINDING("id-changed", "The policy differs from the one served before this start")              \
    FINDING("id-custom", "The id in DNS was not made by mod_mta_sts")                              \
    FINDING("id-differs", "The id in DNS is not the one of the served policy")                     \
    FINDING("id-malformed", "The id is not 1 to 32 letters and digits")                            \
    FINDING("id-matches", "The id in DNS is the one of the served policy")                         \
    FINDING("index-full", "Reports are stored but not indexed: no space is left for the index")    \
    FINDING("information-alias", "additional-information of the report has another name")          \
    FINDING("information-not-a-uri", "additional-information of the report is not a URI")          \
    FINDING("json-byte-order-mark", "The JSON of the report starts with a byte order mark")        \
    FINDING("json-member-duplicate", "Two members of the report have the same name")               \
    FINDING("json-trailing", "Bytes follow the JSON of the report")                                \
    FINDING("limits-not-written", "The file with the limits for mta-sts import is not written")    \
    FINDING("line-empty", "The policy contains an empty line")                                     \
    FINDING("line-ends-lf", "Lines of the policy end with LF instead of CRLF")                     \
    FINDING("line-malformed", "A line of the policy is not of the form \"field: value\"")          \
    FINDING("machine-renamed", "Another machine has this one's former name in the database")       \
    FINDING("max-age-advice", "A max_age below a week")                                            \
    FINDING("max-age-long", "Mode none with a max_age above a week")                               \
    FINDING("max-age-malformed", "max_age is not a number of seconds")                             \
    FINDING("max-age-missing", "The policy has no max_age")                                        \
    FINDING("max-age-range", "max_age is greater than 31557600")                                   \
    FINDING("max-age-short", "Mode enforce with a max_age below a day")                            \
    FINDING("max-age-zero", "A max_age of 0")                                                      \
    FINDING("member-type", "A member of the report does not have the type that RFC 8460 requires") \
    FINDING("mode-missing", "The policy has no mode")                                              \
    FINDING("mode-none", "The policy has mode none")                                               \
    FINDING("mode-unknown", "The mode is not none, testing or enforce")                            \
    FINDING("mx-found", "The domain has MX records")                                               \
    FINDING("mx-host-alias", "mx-host of the report has another name")                             \
    FINDING("mx-host-missing", "mx-host is missing from the report")                               \
    FINDING("mx-host-not-array", "mx-host of the report is a string instead of an array")          \
    FINDING("mx-implicit", "The domain has no MX record, so senders use its own address")          \
    FINDING("mx-in-policy", "The policy covers the MX host")                                       \
    FINDING("mx-invalid", "An mx pattern is neither a host name nor *. and a domain")              \
    FINDING("mx-ipv6-only", "The MX host has IPv6 addresses only")                                 \
    FINDING("mx-is-alias", "The MX host is an alias (CNAME)")                                      \
    FINDING("mx-missing", "The policy has no mx pattern")                                          \
    FINDING("mx-name-invalid", "The MX record does not contain a host name")                       \
    FINDING("mx-no-address", "The MX host has no address")                                         \
    FINDING("mx-not-in-policy", "The policy does not cover the MX host")                           \
    FINDING("mx-null", "The domain accepts no mail (null MX)")                                     \
    FINDING("mx-probed", "The mail server was tested and passed")                                  \
    FINDING("mx-record-missing", "The domain has neither an MX record nor an address")             \
    FINDING("mx-reported", "Verified reports show that the mail server is in order")               \
    FINDING("mx-secured", "The mail server offers TLS with a valid certificate")                   \
    FINDING("mx-single-label", "An mx pattern has only one label")                                 \
    FINDING("mx-unprobed", "The mail server was not tested")                                       \
    FINDING("not-ascii", "The policy contains bytes that are not ASCII")                           \
    FINDING("not-utf8", "The policy contains bytes that are not UTF-8")                            \
    FINDING("organization-missing", "The report has no organization-name")                         \
    FINDING("pair-broken", "The files of a key pair cannot be used")                               \
    FINDING("pair-missing", "No key pair covers a policy host")                                    \
    FINDING("pair-waits-for-reload", "Renewed key pairs are presented after the next reload")      \
    FINDING("pair-without-policy", "A policy host has a key pair, but no policy")                  \
    FINDING("pairs-none", "MTASTSCertificates matches no key pair")                                \
    FINDING("pairs-renewed", "New or renewed key pairs are presented")                             \
    FINDING("pairs-too-many", "Too many virtual hosts have different MTASTSCertificates")          \
    FINDING("pairs-unused", "A directive for key pairs has no effect")                             \
    FINDING("pattern-unused", "An mx pattern matches no MX host")                                  \
    FINDING("policies-empty", "The policies of the report are an empty array")                     \
    FINDING("policy-bad-body", "A policy was requested with an unreadable request body")           \
    FINDING("policy-contradiction", "Two blocks define different policies for one domain")         \
    FINDING("policy-differs", "The http virtual host has a different policy than the https one")   \
    FINDING("policy-domain-form", "A policy domain of the report is not in lower-case ASCII")      \
    FINDING("policy-domain-malformed", "A policy domain of the report is not a host name")         \
    FINDING("policy-domain-missing", "A policy domain is missing from the report")                 \
    FINDING("policy-empty", "The policy is empty")                                                 \
    FINDING("policy-fetched", "The policy host serves the policy")                                 \
    FINDING("policy-host-found", "The policy host has addresses")                                  \
    FINDING("policy-host-ipv6-only", "The policy host has IPv6 addresses only")                    \
    FINDING("policy-host-missing", "A virtual host has policy directives, but no mta-sts. name")   \
    FINDING("policy-host-no-address", "The policy host has no address")                            \
    FINDING("policy-host-no-vhost", "No virtual host is named after the policy host of a block")   \
    FINDING("policy-known", "The policy that is served")                                           \
    FINDING("policy-long", "The policy is longer than some senders read")                          \
    FINDING("policy-method", "A policy was requested with a method other than GET and HEAD")       \
    FINDING("policy-missing", "No valid policy is served")                                         \
    FINDING("policy-not-configured", "httpd on this machine has no policy for the domain")         \
    FINDING("policy-not-served", "The policy host serves another policy, or none")                 \
    FINDING("policy-only-http", "Only the http virtual host has a policy")                         \
    FINDING("policy-other-text", "The text is not a policy but something else")                    \
    FINDING("policy-served", "The policies served since this start")                               \
    FINDING("policy-string-missing", "The policy is missing from the report")                      \
    FINDING("policy-string-nested", "The policy in the report is JSON in a string")                \
    FINDING("policy-string-not-array", "The policy in the report is a string instead of an array") \
    FINDING("policy-too-long", "The policy is longer than senders read")                           \
    FINDING("policy-type-missing", "A policy type is missing from the report")                     \
    FINDING("policy-type-unknown", "A policy type of the report is unknown")                       \
    FINDING("policy-unavailable", "A policy was requested that could not be looked up")            \
    FINDING("policy-unknown", "The served policy is not known")                                    \
    FINDING("policy-valid", "The policy is valid")                                                 \
    FINDING("record-elsewhere", "The name of the record is an alias (CNAME)")                      \
    FINDING("record-found", "The MTA-STS record is valid")                                         \
    FINDING("record-ignored", "A TXT record that senders ignore")                                  \
    FINDING("record-misplaced", "The record is at a name where no sender looks for it")            \
    FINDING("record-missing", "There is no such record")                                           \
    FINDING("record-multiple", "There are several such records, so senders use none of them")      \
    FINDING("record-too-long", "The record is longer than DNS allows")                             \
    FINDING("remoteip-open", "Every client can claim any address: RemoteIPHeader without proxies") \
    FINDING("report-busy", "Too many reports were being received at the same time")                \
    FINDING("report-conflict", "Two reports with the same identity differ")                        \
    FINDING("report-cut", "A report was incomplete, or arrived too slowly")                        \
    FINDING("report-domain-missing", "Reports are received, but no domain is local")               \
    FINDING("report-id-missing", "The report has no report-id")                                    \
    FINDING("report-invalid", "A report was rejected: it is neither gzip nor JSON")                \
    FINDING("report-limited", "More requests arrived than MTASTSReportLimit allows")               \
    FINDING("report-method", "A report was sent with a method other than POST")                    \
    FINDING("report-new", "A new report was stored")                                               \
    FINDING("report-no-policies", "A request body was JSON without an array of policies")          \
    FINDING("report-not-opened", "A stored report cannot be opened")                               \
    FINDING("report-not-removed", "An old report cannot be deleted")                               \
    FINDING("report-not-stored", "A report cannot be stored: disk full or not writable")           \
    FINDING("report-proxy", "All senders seem to have the address of a proxy")                     \
    FINDING("report-quarantined", "A report was quarantined")                                      \
    FINDING("report-quota", "MTASTSReportQuota is used up, or half or 80% of it is used")          \
    FINDING("report-repeated", "A report was received again")                                      \
    FINDING("report-share", "The networks of a client have used up their share of the quota")      \
    FINDING("report-too-large", "A report was larger than MTASTSReportMaxSize")                    \
    FINDING("report-unreadable", "A stored report is damaged")                                     \
    FINDING("reporter-silent", "A sender that reported regularly no longer does")                  \
    FINDING("reports-inconclusive", "There are reports, but none of them counts")                  \
    FINDING("reports-indexed", "The index of the reports has changed")                             \
    FINDING("reports-missing", "No report covers the period")                                      \
    FINDING("reports-not-counted", "Some reports do not count")                                    \
    FINDING("reports-old", "The last report is old")                                               \
    FINDING("reports-set-apart", "Reports are not plausible")                                      \
    FINDING("result-type-missing", "A result type is missing from the report")                     \
    FINDING("result-type-unknown", "A result type of the report is not registered")                \
    FINDING("row-hidden", "A configured domain also has a row in the database")                    \
    FINDING("row-wrong", "The row of a hosted domain is wrong")                                    \
    FINDING("rua-blank", "A blank follows rua=")                                                   \
    FINDING("rua-malformed", "A report address is malformed")                                      \
    FINDING("rua-missing", "The record has no usable report address")                              \
    FINDING("rua-scheme", "A report address is neither mailto nor https")                          \
    FINDING("rua-without-endpoint", "The TLSRPT record does not name this machine's endpoint")     \
    FINDING("rua-without-mail", "No report address is a mail address")                             \
    FINDING("sender-policy-current", "The largest senders have the policy that is served now")     \
    FINDING("sender-policy-never-served", "A sender uses a policy that was never served here")     \
    FINDING("sender-policy-not-found", "A large sender found no policy")                           \
    FINDING("sender-policy-older", "A large sender applied an older policy")                       \
    FINDING("sender-policy-other", "A sender uses a policy other than the one served now")         \
    FINDING("senders-enough", "Enough senders report")                                             \
    FINDING("senders-few", "Too few senders report")                                               \
    FINDING("server-name-not-ascii", "A ServerName or ServerAlias contains U-labels")              \
    FINDING("shared-memory-missing", "Shared memory cannot be created")                            \
    FINDING("smtp-blocked", "No mail server can be reached: this network probably blocks port 25") \
    FINDING("smtp-closed", "The mail server closes the connection")                                \
    FINDING("smtp-connect-timeout", "The mail server does not accept a connection in time")        \
    FINDING("smtp-ehlo-rejected", "The mail server rejects EHLO")                                  \
    FINDING("smtp-ehlo-timeout", "The mail server does not answer EHLO in time")                   \
    FINDING("smtp-greeting-rejected", "The mail server rejects the connection")                    \
    FINDING("smtp-greeting-timeout", "The mail server does not send its greeting in time")         \
    FINDING("smtp-handshake-failed", "No TLS connection to the mail server is possible")           \
    FINDING("smtp-handshake-timeout", "The mail server does not finish the TLS handshake in time") \
    FINDING("smtp-invalid-reply", "The answer of the mail server is not SMTP")                     \
    FINDING("smtp-no-route", "This machine has no route to the mail server")                       \
    FINDING("smtp-not-available", "The mail server is temporarily unavailable")                    \
    FINDING("smtp-refused", "The mail server refuses connections")                                 \
    FINDING("smtp-skipped", "The mail servers were not tested (--no-smtp)")                        \
    FINDING("smtp-starttls-timeout", "The mail server does not answer STARTTLS in time")           \
    FINDING("smtp-unreachable", "The mail server cannot be reached")                               \
    FINDING("smtp-untried", "No time was left to test the mail server")                            \
    FINDING("spool-missing", "The directory of the reports is missing")                            \
    FINDING("spool-unreadable", "The directory of the reports cannot be read")                     \
    FINDING("starttls-missing", "The mail server does not offer STARTTLS")                         \
    FINDING("starttls-rejected", "The mail server offers STARTTLS, but rejects it")                \
    FINDING("state-link", "The path of the state directory has a symbolic link that is not safe")  \
    FINDING("state-mode", "Other users can write to the state directory")                          \
    FINDING("state-not-a-directory", "The state directory is not a directory")                     \
    FINDING("state-owner", "The state directory belongs to another user")                          \
    FINDING("state-unusable", "The state directory cannot be created or used")                     \
    FINDING("text-altered", "An editor, a web page or a shell has changed the text")               \
    FINDING("tls-too-old", "The server supports no TLS version newer than 1.1")                    \
    FINDING("tlsa-insecure", "TLSA records have no effect, because the zone is not signed")        \
    FINDING("tlsa-match", "A TLSA record matches the certificate")                                 \
    FINDING("tlsa-mismatch", "No TLSA record matches the certificate")                             \
    FINDING("tlsa-unusable", "No TLSA record can be used for SMTP")                                \
    FINDING("tlsa-without-tls", "There are TLSA records, but TLS does not work")                   \
    FINDING("tlsrpt-found", "The TLSRPT record is valid")                                          \
    FINDING("tlsrpt-missing", "There is no TLSRPT record")                                         \
    FINDING("trailing-blank", "The record ends with a blank")                                      \
    FINDING("ttl-long", "The TTL delays every change of the policy")                               \
    FINDING("value-empty", "A field of the policy has no value")                                   \
    FINDING("version-missing", "The policy has no version")                                        \
    FINDING("version-not-first", "The version is not the first line of the policy")                \
    FINDING("version-unknown", "The version is not STSv1")                                         \
    FINDING("watch-blind", "Something could not be checked in several runs of mta-sts watch")      \
    FINDING("watchdog-missing", "mod_watchdog is not loaded")
/* clang-format on */

#endif

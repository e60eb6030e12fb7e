# SPDX-License-Identifier: Apache-2.0
"""A table of domains that are healthy except for one fault each."""

import lab
from lab.dns import quoted
from lab.domain import policy_id, policy_text
from lab.faulty import Mail, answer, answer_once, drip, hang, late, reply, say

ZONE = "faults.test"
PLAIN_ZONE = "plain-dns.test"  # not signed
WEB = "127.0.2.1"
WEB6 = "fd00::80"
OTHER_WEB = "127.0.2.2"
MX6 = "fd00::25"
NOBODY = "127.0.2.99"

OK, WARNING, CRITICAL, UNKNOWN = "ok", "warning", "critical", "unknown"


class Fault:
    """One domain: how it differs from a healthy one, and the expected result of the check. `text`
    is a part of a finding's message, `status` that of the domain, `outcome` that of the verdict;
    `sender` is the result of mta-sts-query, `differs` why that is different from ours. `words` are
    options of the command that are needed to find the fault.
    """

    def __init__(self, name, finding, status, outcome, text, sender="VALID", records=None,
                 policy=None, web=None, certificate=None, smtp=None, mx=None, record=None,
                 tlsrpt=("v=TLSRPTv1; rua=mailto:tls@lab.test",), addresses=(WEB,), severity=None,
                 differs=None, words=()):
        self.name = name
        self.finding = finding
        self.status = status
        self.outcome = outcome
        self.text = text
        self.sender = sender
        self.differs = differs
        self.records = records or {}
        self.policy = policy
        self.web = web
        self.certificate = certificate
        self.smtp = smtp
        self.mx = mx
        self.record = record
        self.tlsrpt = tlsrpt
        self.addresses = addresses
        self.severity = severity
        self.words = words

    @property
    def domain(self):
        return f"{self.name}.{ZONE}"

    @property
    def host(self):
        return f"mta-sts.{self.domain}"

    @property
    def mx_host(self):
        return f"mx-{self.name}.{ZONE}" if self.smtp else f"mx-good.{ZONE}"

    def policy_text(self):
        if self.policy is None:
            return policy_text("enforce", self.mx_host)
        return self.policy

    def __repr__(self):
        return self.name


def policy(mode="enforce", mx=f"mx-good.{ZONE}", **more):
    return policy_text(mode, mx, **more)


# The results of mta-sts-query if there is no policy, and if it cannot be fetched.
NONE, ERROR = "NONE", "FETCH_ERROR"

# Reasons why its result differs from ours.
NO_RECORD_CHECK = "it reads id= without looking at the characters in it"
NO_GRAMMAR = "it skips lines that it does not understand"

DNS = [
    Fault("no-record", "record-missing", CRITICAL, "unprotected", "there is no MTA-STS record",
          NONE, record=()),
    Fault("two-records", "record-multiple", CRITICAL, "unprotected",
          "2 records start with", NONE, record=("v=STSv1; id=1;", "v=STSv1; id=2;")),
    Fault("bad-id", "id-malformed", CRITICAL, "unprotected", "is not 1 to 32 letters and digits",
          record=("v=STSv1; id=2026-01-01;",), differs=NO_RECORD_CHECK),
    Fault("no-id", "field-missing", CRITICAL, "unprotected", "the record has no id=", NONE,
          record=("v=STSv1; a=b;",)),
    Fault("other-text", "text-altered", CRITICAL, "unprotected", "spells", NONE,
          record=("stsv1; id=1;",)),
    Fault("implicit-mx", "mx-implicit", WARNING, "delivers", "there is no MX record", mx=(),
          smtp=Mail(), policy=policy(mx=f"implicit-mx.{ZONE}")),
    Fault("null-mx", "mx-null", WARNING, "no-mail", "accepts no mail", mx=("0 .",)),
    Fault("no-mx", "mx-record-missing", CRITICAL, "no-mail", "neither an MX record nor an address", mx=()),
    Fault("unknown", "domain-unknown", CRITICAL, "no-mail", "does not exist in DNS", NONE, record=(),
          mx=(), tlsrpt=(), addresses=()),
    Fault("alias-mx", "mx-is-alias", WARNING, "delivers", "is an alias (CNAME)",
          mx=(f"10 mx-alias.{ZONE}.",), policy=policy(mx=f"mx-alias.{ZONE}"),
          records={(f"mx-alias.{ZONE}", "CNAME"): [f"mx-good.{ZONE}."]}),
    Fault("lost-mx", "mx-no-address", CRITICAL, "refuses", "the MX host has no address",
          mx=(f"10 mx-lost.{ZONE}.",), policy=policy(mx=f"mx-lost.{ZONE}")),
    Fault("address-mx", "mx-name-invalid", CRITICAL, "refuses", "is an IP address",
          mx=("10 127.0.0.1.",)),
    Fault("no-host", "policy-host-no-address", CRITICAL, "unprotected",
          "the policy host has no address", ERROR, addresses=()),
    Fault("ipv6-only", "policy-host-ipv6-only", WARNING, "delivers", "IPv6 addresses only",
          addresses=(WEB6,)),
    Fault("no-tlsrpt", "tlsrpt-missing", WARNING, "delivers", "mode testing depends on",
          policy=policy("testing"), tlsrpt=()),
    Fault("two-tlsrpt", "record-multiple", CRITICAL, "delivers", "2 records start with",
          tlsrpt=("v=TLSRPTv1; rua=mailto:a@lab.test", "v=TLSRPTv1; rua=mailto:b@lab.test")),
    Fault("bad-tlsrpt", "rua-scheme", CRITICAL, "delivers", "",
          tlsrpt=("v=TLSRPTv1; rua=http://lab.test/",)),
    Fault("has-tlsa", "tlsa-mismatch", CRITICAL, "delivers", "its TLSA record does not match the certificate", smtp=Mail(),
          records={(f"_25._tcp.mx-has-tlsa.{ZONE}", "TLSA"): ["3 1 1 " + "ab" * 32]}),
    Fault("plain-tlsa", "tlsa-insecure", OK, "delivers", "its TLSA record has no effect",
          mx=(f"10 mx.{PLAIN_ZONE}.",), policy=policy(mx=f"mx.{PLAIN_ZONE}")),
    Fault("ipv6-mx", "mx-ipv6-only", OK, "delivers", "has IPv6 addresses only",
          mx=(f"10 mx-six.{ZONE}.",), policy=policy(mx=f"mx-six.{ZONE}"),
          records={(f"mx-six.{ZONE}", "AAAA"): [MX6]}),
    # The lab's resolver keeps nothing for longer than a second, and says so.
    Fault("long-kept", "ttl-long", OK, "delivers", "the TTL is 172800 seconds", record=(),
          records={(f"_mta-sts.long-kept.{ZONE}", "172800 TXT"):
                   [quoted(f"v=STSv1; id={policy_id(policy())};")]},
          words=("--resolver", lab.NAMESERVER)),
    Fault("many-texts", "record-ignored", OK, "delivers", "senders ignore",
          records={"more-texts": 30}),
    Fault("by-alias", "record-found", OK, "delivers", "through the alias", record=(),
          records={(f"_mta-sts.by-alias.{ZONE}", "CNAME"): [f"_mta-sts.good.{ZONE}."]}),
]

HOST = [
    Fault("refused", "fetch-refused", CRITICAL, "unprotected", "nothing listens on port 443", ERROR,
          addresses=(NOBODY,)),
    Fault("unaccepted", "fetch-connect-timeout", CRITICAL, "unprotected",
          "does not accept a connection in time", ERROR, addresses=("127.0.2.3",)),
    Fault("unreachable", "fetch-unreachable", CRITICAL, "unprotected", "cannot be reached", ERROR,
          addresses=("203.0.113.80",)),
    Fault("far", "fetch-no-route", UNKNOWN, "unknown", "this machine has no route to", ERROR,
          addresses=("192.0.2.80",)),
    Fault("half-far", "fetch-no-route", OK, "delivers", "this machine has no route to",
          addresses=(WEB, "2001:db8::80"), severity="info"),
    Fault("silent-host", "fetch-timeout", CRITICAL, "unprotected", "does not answer in time",
          ERROR, web=hang),
    Fault("slow-host", "fetch-slow", WARNING, "delivers", "seconds to answer", ERROR,
          web=late(reply(answer(policy())), 4.5), words=("--timeout", "15"),
          differs="it waits for 4 seconds only, as the finding says"),
    Fault("silent-tls", "fetch-timeout", CRITICAL, "unprotected", "does not answer in time",
          ERROR, addresses=("127.0.2.7",)),
    Fault("dripping", "fetch-timeout", CRITICAL, "unprotected", "does not answer in time", ERROR,
          web=drip(answer(policy()), 1)),
    Fault("misnamed", "certificate-name-missing", CRITICAL, "unprotected",
          'does not cover this host (it covers other.lab.test)', ERROR, certificate="misnamed"),
    Fault("expired", "certificate-expired", CRITICAL, "unprotected", "expired on", ERROR,
          certificate="expired"),
    Fault("early", "certificate-not-yet-valid", CRITICAL, "unprotected", "is not valid before", ERROR,
          certificate="early"),
    Fault("ending", "certificate-expires-soon", WARNING, "delivers", "in 5 days",
          certificate="ending"),
    Fault("self-signed", "certificate-self-signed", CRITICAL, "unprotected", "self-signed",
          ERROR, certificate="self-signed"),
    Fault("foreign-ca", "certificate-ca-unknown", CRITICAL, "unprotected",
          "by a CA that is not trusted here", ERROR, certificate="foreign-ca"),
    Fault("incomplete", "certificate-chain-incomplete", CRITICAL, "unprotected",
          "presents its own certificate only", ERROR, certificate="incomplete"),
    Fault("redirect", "fetch-redirect", CRITICAL, "unprotected", "redirects (status 301, to ",
          ERROR, web=reply(answer(b"", "301 Moved", headers="Location: https://lab.test/x\r\n"))),
    Fault("absent", "fetch-status", CRITICAL, "unprotected", "status 404 instead of 200", ERROR,
          web=reply(answer(policy(), "404 Not Found"))),
    Fault("failing", "fetch-status", CRITICAL, "unprotected", "status 503 instead of 200", ERROR,
          web=reply(answer(policy(), "503 Busy"))),
    Fault("html", "content-type", CRITICAL, "unprotected", 'as "text/html"', ERROR,
          web=reply(answer(policy(), content_type="text/html"))),
    Fault("untyped", "content-type", CRITICAL, "unprotected", "without a content type", ERROR,
          web=reply(answer(policy(), content_type=None))),
    Fault("huge", "policy-too-long", CRITICAL, "unprotected", "more than 64 KiB",
          f"{ERROR} or VALID", web=reply(answer(policy() + b"x: y\r\n" * 17000)),
          differs="version 1.5 has no limit of 64 KiB, as RFC 8461 (3.2) suggests one"),
    Fault("talkative", "policy-too-long", CRITICAL, "unprotected", "more than 64 KiB",
          f"{ERROR} or VALID", web=reply(answer(policy(), headers="X-Padding: padding\r\n" * 5000)),
          differs="version 1.5 limits each line of a header, but not their sum"),
    Fault("broken-off", "fetch-broken", CRITICAL, "unprotected", "incomplete", ERROR,
          web=reply(answer(policy(), length=5000))),
    Fault("no-http", "fetch-broken", CRITICAL, "unprotected", "is not HTTP", ERROR,
          web=reply(b"220 hello\r\n")),
    Fault("old-tls", "tls-too-old", CRITICAL, "unprotected", "no TLS version newer than 1.1", ERROR,
          addresses=("127.0.2.4",)),
    Fault("no-tls", "fetch-tls-failed", CRITICAL, "unprotected", "the TLS handshake with", ERROR,
          addresses=("127.0.2.5",)),
    Fault("half-refused", "fetch-refused", WARNING, "delivers", "nothing listens on port 443",
          "VALID or FETCH_ERROR", addresses=(WEB, NOBODY), severity="warning",
          differs="it tries one of the addresses, or both"),
    Fault("two-faced", "answers-differ", CRITICAL, "delivers", "serves a different policy",
          addresses=(WEB, OTHER_WEB)),
]

POLICY = [
    Fault("line-feeds", "line-ends-lf", OK, "delivers", "lines end with LF",
          policy=policy().replace(b"\r\n", b"\n")),
    Fault("bad-mode", "mode-unknown", CRITICAL, "unprotected", "is not a mode", ERROR,
          policy=policy().replace(b"enforce", b"Enforce")),
    Fault("no-patterns", "mx-missing", CRITICAL, "unprotected", "there is no mx", ERROR,
          policy=b"version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"),
    Fault("comment", "line-malformed", CRITICAL, "unprotected", "has no colon",
          policy=b"# ours\r\n" + policy(), differs=NO_GRAMMAR),
    Fault("empty", "policy-empty", CRITICAL, "unprotected", "the policy is empty", ERROR,
          policy=b""),
    Fault("short-lived", "max-age-short", WARNING, "delivers", "less than a day",
          policy=policy(max_age=3600)),
    Fault("days-only", "max-age-advice", OK, "delivers", "RFC 8461 recommends weeks",
          policy=policy(max_age=86400)),
    Fault("old-id", "id-differs", WARNING, "delivers", "does not match the served policy",
          record=("v=STSv1; id=" + "0a" * 10 + ";",)),
    Fault("own-id", "id-custom", OK, "delivers", "was not made by mod_mta_sts",
          record=("v=STSv1; id=20260101000000Z;",)),
    Fault("withdrawn", "policy-valid", OK, "unprotected", "mode none",
          policy=policy("none", max_age=86400)),
    Fault("spare", "pattern-unused", OK, "delivers", "no MX host matches",
          policy=policy_text("enforce", f"mx-good.{ZONE}", "*.spare.test")),
]

UNLISTED = policy(mx="mx.lab.test")

MAIL = [
    Fault("unlisted", "mx-not-in-policy", CRITICAL, "refuses", "does not cover this host",
          policy=UNLISTED),
    Fault("unlisted-yet", "mx-not-in-policy", WARNING, "refuses", "does not cover this host",
          policy=policy("testing", mx="mx.lab.test")),
    Fault("no-server", "smtp-refused", CRITICAL, "refuses", "refuses connections", smtp=NOBODY),
    Fault("unreachable-mx", "smtp-unreachable", CRITICAL, "refuses", "cannot be reached",
          smtp="203.0.113.25"),
    Fault("far-mx", "smtp-no-route", UNKNOWN, "unknown", "this machine has no route to",
          smtp="192.0.2.25"),
    Fault("full", "smtp-connect-timeout", CRITICAL, "refuses",
          "does not accept a connection in time", smtp="127.0.3.250"),
    Fault("mute", "smtp-greeting-timeout", CRITICAL, "refuses", "does not send its greeting in time",
          smtp=hang),
    Fault("deaf", "smtp-ehlo-timeout", CRITICAL, "refuses", "does not answer EHLO in time",
          smtp=Mail(ehlo=hang)),
    Fault("stuck", "smtp-starttls-timeout", CRITICAL, "refuses",
          "does not answer STARTTLS in time", smtp=Mail(starttls=hang)),
    Fault("unshaken", "smtp-handshake-timeout", CRITICAL, "refuses",
          "does not finish the TLS handshake", smtp=Mail(handshake=hang)),
    Fault("dripping-mx", "smtp-greeting-timeout", CRITICAL, "refuses", "does not send its greeting in time",
          smtp=drip(b"220-hello\r\n" * 50, 0.5)),
    Fault("patient", "mx-secured", OK, "delivers", "offers STARTTLS", smtp=Mail(delay=1.5)),
    Fault("busy", "smtp-not-available", WARNING, "unknown", "421 too many connections",
          smtp=say(b"421 too many connections\r\n")),
    Fault("unwelcome", "smtp-greeting-rejected", CRITICAL, "refuses", "554 no",
          smtp=say(b"554 no\r\n")),
    Fault("ehlo-refused", "smtp-ehlo-rejected", CRITICAL, "refuses", "502 what",
          smtp=Mail(ehlo=b"502 what\r\n")),
    Fault("hung-up", "smtp-closed", CRITICAL, "refuses", "instead of greeting", smtp=say(b"")),
    Fault("web-there", "smtp-invalid-reply", CRITICAL, "refuses", "is not SMTP",
          smtp=say(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    Fault("plain", "starttls-missing", CRITICAL, "refuses", "does not offer STARTTLS",
          smtp=Mail(ehlo=b"250-mx\r\n250 SIZE 1000\r\n")),
    Fault("starttls-refused", "starttls-rejected", CRITICAL, "refuses", "454 not now",
          smtp=Mail(starttls=b"454 not now\r\n")),
    Fault("injected", "smtp-invalid-reply", CRITICAL, "refuses", "is not SMTP",
          smtp=Mail(starttls=b"220 go\r\n250 more\r\n")),
    Fault("old-mx", "tls-too-old", CRITICAL, "refuses", "no TLS version newer than 1.1", smtp="old"),
    Fault("rubbish", "smtp-handshake-failed", CRITICAL, "refuses", "the TLS handshake with",
          smtp=Mail(handshake=answer_once(b"not tls at all\r\n"))),
    Fault("misnamed-mx", "certificate-name-missing", CRITICAL, "refuses", "does not cover this host",
          smtp="misnamed"),
    Fault("expired-mx", "certificate-expired", CRITICAL, "refuses", "expired on", smtp="expired"),
    Fault("ending-mx", "certificate-expires-soon", WARNING, "delivers", "in 5 days", smtp="ending"),
    Fault("self-signed-mx", "certificate-self-signed", CRITICAL, "refuses", "self-signed",
          smtp="self-signed"),
    Fault("foreign-ca-mx", "certificate-ca-unknown", CRITICAL, "refuses",
          "by a CA that is not trusted here", smtp="foreign-ca"),
    Fault("nolisting", "smtp-refused", WARNING, "delivers", "refuses connections",
          mx=(f"10 mx-no-server.{ZONE}.", f"20 mx-good.{ZONE}."), policy=policy(mx=f"*.{ZONE}")),
    Fault("half-good", "smtp-refused", WARNING, "delivers", "refuses connections",
          mx=(f"10 mx-good.{ZONE}.", f"20 mx-no-server.{ZONE}."), policy=policy(mx=f"*.{ZONE}")),
    Fault("testing-mx", "starttls-missing", WARNING, "refuses", "does not offer STARTTLS",
          mx=(f"10 mx-plain.{ZONE}.",), policy=policy("testing", mx=f"mx-plain.{ZONE}")),
]

GOOD = Fault("good", "id-matches", OK, "delivers", "matches the served policy")
INTERNATIONAL = Fault("xn--bcher-kva", "id-matches", OK, "delivers", "")
FAULTS = DNS + HOST + POLICY + MAIL
EVERYBODY = [GOOD, INTERNATIONAL, *FAULTS]

# SPDX-License-Identifier: Apache-2.0
"""`mta-sts check` against the real lab: a healthy domain, and one domain for each fault."""

import json
import os
import pty
import re
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import lab
from lab.ca import Ca, trust
from lab.dns import quoted
from lab.domain import policy_id, policy_text
from lab.faulty import Mail, Web, answer, answer_once, context, drip, hang, late, reply, say, \
    serve, take_no_connection
from lab.mail import Mx
from lab.process import run

ZONE = "faults.test"
PLAIN_ZONE = "plain-dns.test"  # not signed
MANY_ZONE = "many.test"
HANGING_ZONE = "hanging.test"
RUA = "mailto:tls@lab.test"
LONG = os.environ.get("MTA_STS_LONG") == "1"
ANCHOR = "/run/lab/unbound/anchor"
WEB = "127.0.2.1"
WEB6 = "fd00::80"
OTHER_WEB = "127.0.2.2"
MX6 = "fd00::25"
NOBODY = "127.0.2.99"
CALL = ("mta-sts", "check", "--trust-anchor", ANCHOR)
TIMEOUT = ("--timeout", "4")
OLD = ssl.TLSVersion.TLSv1_1

OK, WARNING, CRITICAL, UNKNOWN = "ok", "warning", "critical", "unknown"


class Fault:
    """One domain: what differs from a healthy one, and what the check must say of it.

    `text` is a part of a finding's message, `status` that of the domain, `outcome` that of the
    verdict; `sender` is what mta-sts-query says, `differs` why that is another opinion than ours.
    `words` are options of the call that it takes to see the fault.
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


# What mta-sts-query answers where senders see no policy, and where they cannot get it.
NONE, ERROR = "NONE", "FETCH_ERROR"

# Where its opinion differs from ours, with the reason.
NO_RECORD_CHECK = "it reads id= without looking at the characters in it"
NO_GRAMMAR = "it skips lines that it does not understand"

DNS = [
    Fault("no-record", "record-missing", CRITICAL, "unprotected", "there is no MTA-STS record",
          NONE, record=()),
    Fault("two-records", "record-multiple", CRITICAL, "unprotected",
          "2 records begin with", NONE, record=("v=STSv1; id=1;", "v=STSv1; id=2;")),
    Fault("bad-id", "id-malformed", CRITICAL, "unprotected", "is not 1 to 32 letters and digits",
          record=("v=STSv1; id=2026-01-01;",), differs=NO_RECORD_CHECK),
    Fault("no-id", "field-missing", CRITICAL, "unprotected", "the record has no id=", NONE,
          record=("v=STSv1; a=b;",)),
    Fault("other-text", "record-ignored", CRITICAL, "unprotected", "senders ignore", NONE,
          record=("stsv1; id=1;",)),
    Fault("implicit-mx", "mx-implicit", WARNING, "delivers", "there is no MX", mx=(),
          smtp=Mail(), policy=policy(mx=f"implicit-mx.{ZONE}")),
    Fault("null-mx", "mx-null", WARNING, "no-mail", "takes no mail", mx=("0 .",)),
    Fault("no-mx", "mx-absent", CRITICAL, "no-mail", "neither an MX nor an address", mx=()),
    Fault("unknown", "domain-unknown", CRITICAL, "no-mail", "no such domain", NONE, record=(),
          mx=(), tlsrpt=(), addresses=()),
    Fault("alias-mx", "mx-is-alias", WARNING, "delivers", "is an alias (CNAME)",
          mx=(f"10 mx-alias.{ZONE}.",), policy=policy(mx=f"mx-alias.{ZONE}"),
          records={(f"mx-alias.{ZONE}", "CNAME"): [f"mx-good.{ZONE}."]}),
    Fault("lost-mx", "mx-no-address", CRITICAL, "refuses", "the MX host has no address",
          mx=(f"10 mx-lost.{ZONE}.",), policy=policy(mx=f"mx-lost.{ZONE}")),
    Fault("address-mx", "mx-name-invalid", CRITICAL, "refuses", "is an IP address",
          mx=("10 127.0.0.1.",)),
    Fault("no-host", "policy-host-absent", CRITICAL, "unprotected",
          "the policy host has no address", ERROR, addresses=()),
    Fault("ipv6-only", "policy-host-ipv6-only", WARNING, "delivers", "IPv6 addresses only",
          addresses=(WEB6,)),
    Fault("no-tlsrpt", "tlsrpt-missing", WARNING, "delivers", "mode testing is for their reports",
          policy=policy("testing"), tlsrpt=()),
    Fault("two-tlsrpt", "record-multiple", CRITICAL, "delivers", "2 records begin with",
          tlsrpt=("v=TLSRPTv1; rua=mailto:a@lab.test", "v=TLSRPTv1; rua=mailto:b@lab.test")),
    Fault("bad-tlsrpt", "rua-scheme", CRITICAL, "delivers", "",
          tlsrpt=("v=TLSRPTv1; rua=http://lab.test/",)),
    Fault("has-tlsa", "dane-present", OK, "delivers", "it has 1 TLSA records", smtp=Mail(),
          records={(f"_25._tcp.mx-has-tlsa.{ZONE}", "TLSA"): ["3 1 1 " + "ab" * 32]}),
    Fault("plain-tlsa", "tlsa-insecure", OK, "delivers", "its 1 TLSA records have no effect",
          mx=(f"10 mx.{PLAIN_ZONE}.",), policy=policy(mx=f"mx.{PLAIN_ZONE}")),
    Fault("ipv6-mx", "mx-ipv6-only", OK, "delivers", "it has IPv6 addresses only",
          mx=(f"10 mx-six.{ZONE}.",), policy=policy(mx=f"mx-six.{ZONE}"),
          records={(f"mx-six.{ZONE}", "AAAA"): [MX6]}),
    # The lab's resolver keeps nothing for longer than a second, and says so.
    Fault("long-kept", "ttl-long", OK, "delivers", "a TTL of 172800 seconds", record=(),
          records={(f"_mta-sts.long-kept.{ZONE}", "172800 TXT"):
                   [quoted(f"v=STSv1; id={policy_id(policy())};")]},
          words=("--resolver", lab.NAMESERVER)),
    Fault("many-texts", "record-ignored", OK, "delivers", "senders ignore",
          records={"more-texts": 30}),
    Fault("by-alias", "record-found", OK, "delivers", "by way of", record=(),
          records={(f"_mta-sts.by-alias.{ZONE}", "CNAME"): [f"_mta-sts.good.{ZONE}."]}),
]

HOST = [
    Fault("refused", "fetch-refused", CRITICAL, "unprotected", "nobody listens on port 443", ERROR,
          addresses=(NOBODY,)),
    Fault("unaccepted", "fetch-connect-timeout", CRITICAL, "unprotected",
          "does not take a connection in time", ERROR, addresses=("127.0.2.3",)),
    Fault("unreachable", "fetch-unreachable", CRITICAL, "unprotected", "cannot be reached", ERROR,
          addresses=("203.0.113.80",)),
    Fault("far", "fetch-no-route", UNKNOWN, "unknown", "this machine has no way to", ERROR,
          addresses=("192.0.2.80",)),
    Fault("half-far", "fetch-no-route", OK, "delivers", "this machine has no way to",
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
          'does not name it (but "other.lab.test")', ERROR, certificate="misnamed"),
    Fault("expired", "certificate-expired", CRITICAL, "unprotected", "expired on", ERROR,
          certificate="expired"),
    Fault("early", "certificate-not-yet-valid", CRITICAL, "unprotected", "is valid from", ERROR,
          certificate="early"),
    Fault("ending", "certificate-ends-soon", WARNING, "delivers", "in 5 days",
          certificate="ending"),
    Fault("self-signed", "certificate-self-signed", CRITICAL, "unprotected", "signed by itself",
          ERROR, certificate="self-signed"),
    Fault("foreign-ca", "certificate-ca-unknown", CRITICAL, "unprotected",
          "by a CA that is not trusted here", ERROR, certificate="foreign-ca"),
    Fault("lonely", "certificate-chain-incomplete", CRITICAL, "unprotected",
          "its own certificate only", ERROR, certificate="lonely"),
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
    Fault("huge", "policy-too-long", CRITICAL, "unprotected", "more than 64 KiB", ERROR,
          web=reply(answer(policy() + b"x: y\r\n" * 17000))),
    Fault("talkative", "policy-too-long", CRITICAL, "unprotected", "more than 64 KiB", ERROR,
          web=reply(answer(policy(), headers="X-Padding: padding\r\n" * 5000))),
    Fault("broken-off", "fetch-broken", CRITICAL, "unprotected", "breaks off", ERROR,
          web=reply(answer(policy(), length=5000))),
    Fault("no-http", "fetch-broken", CRITICAL, "unprotected", "is no HTTP", ERROR,
          web=reply(b"220 hello\r\n")),
    Fault("old-tls", "tls-too-old", CRITICAL, "unprotected", "no TLS newer than 1.1", ERROR,
          addresses=("127.0.2.4",)),
    Fault("no-tls", "fetch-tls-failed", CRITICAL, "unprotected", "no TLS connection", ERROR,
          addresses=("127.0.2.5",)),
    Fault("half-refused", "fetch-refused", WARNING, "delivers", "nobody listens on port 443",
          "VALID or FETCH_ERROR", addresses=(WEB, NOBODY), severity="warning",
          differs="it tries one of the addresses, or both"),
    Fault("two-faced", "answers-differ", CRITICAL, "delivers", "serves another policy",
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
    Fault("short-lived", "max-age-short", WARNING, "delivers", "under a day",
          policy=policy(max_age=3600)),
    Fault("days-only", "max-age-advice", OK, "delivers", "RFC 8461 speaks of weeks",
          policy=policy(max_age=86400)),
    Fault("old-id", "id-out-of-step", WARNING, "delivers", "is not that of the text served",
          record=("v=STSv1; id=" + "0a" * 10 + ";",)),
    Fault("own-id", "id-foreign", OK, "delivers", "of somebody's own making",
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
    Fault("far-mx", "smtp-no-route", UNKNOWN, "unknown", "this machine has no way to",
          smtp="192.0.2.25"),
    Fault("full", "smtp-connect-timeout", CRITICAL, "refuses",
          "does not take a connection in time", smtp="127.0.3.250"),
    Fault("mute", "smtp-greeting-timeout", CRITICAL, "refuses", "does not greet in time",
          smtp=hang),
    Fault("deaf", "smtp-ehlo-timeout", CRITICAL, "refuses", "does not answer EHLO in time",
          smtp=Mail(ehlo=hang)),
    Fault("stuck", "smtp-starttls-timeout", CRITICAL, "refuses",
          "does not answer STARTTLS in time", smtp=Mail(starttls=hang)),
    Fault("unshaken", "smtp-handshake-timeout", CRITICAL, "refuses",
          "does not finish the TLS handshake", smtp=Mail(handshake=hang)),
    Fault("dripping-mx", "smtp-greeting-timeout", CRITICAL, "refuses", "does not greet in time",
          smtp=drip(b"220-hello\r\n" * 50, 0.5)),
    Fault("patient", "mx-secured", OK, "delivers", "offers STARTTLS", smtp=Mail(delay=1.5)),
    Fault("busy", "smtp-not-available", WARNING, "unknown", "421 too many connections",
          smtp=say(b"421 too many connections\r\n")),
    Fault("unwelcome", "smtp-greeting-rejected", CRITICAL, "refuses", "554 no",
          smtp=say(b"554 no\r\n")),
    Fault("ehlo-refused", "smtp-ehlo-rejected", CRITICAL, "refuses", "502 what",
          smtp=Mail(ehlo=b"502 what\r\n")),
    Fault("hung-up", "smtp-closed", CRITICAL, "refuses", "instead of greeting", smtp=say(b"")),
    Fault("web-there", "smtp-garbage", CRITICAL, "refuses", "is no SMTP",
          smtp=say(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    Fault("plain", "starttls-missing", CRITICAL, "refuses", "does not offer STARTTLS",
          smtp=Mail(ehlo=b"250-mx\r\n250 SIZE 1000\r\n")),
    Fault("starttls-refused", "starttls-rejected", CRITICAL, "refuses", "454 not now",
          smtp=Mail(starttls=b"454 not now\r\n")),
    Fault("injected", "smtp-garbage", CRITICAL, "refuses", "is no SMTP",
          smtp=Mail(starttls=b"220 go\r\n250 more\r\n")),
    Fault("old-mx", "tls-too-old", CRITICAL, "refuses", "no TLS newer than 1.1", smtp="old"),
    Fault("rubbish", "smtp-handshake-failed", CRITICAL, "refuses", "no TLS connection",
          smtp=Mail(handshake=answer_once(b"not tls at all\r\n"))),
    Fault("misnamed-mx", "certificate-name-missing", CRITICAL, "refuses", "does not name it",
          smtp="misnamed"),
    Fault("expired-mx", "certificate-expired", CRITICAL, "refuses", "expired on", smtp="expired"),
    Fault("ending-mx", "certificate-ends-soon", WARNING, "delivers", "in 5 days", smtp="ending"),
    Fault("self-signed-mx", "certificate-self-signed", CRITICAL, "refuses", "signed by itself",
          smtp="self-signed"),
    Fault("foreign-ca-mx", "certificate-ca-unknown", CRITICAL, "refuses",
          "by a CA that is not trusted here", smtp="foreign-ca"),
    Fault("half-good", "smtp-refused", CRITICAL, "partly", "refuses connections",
          mx=(f"10 mx-good.{ZONE}.", f"20 mx-no-server.{ZONE}."), policy=policy(mx=f"*.{ZONE}")),
    Fault("testing-mx", "starttls-missing", WARNING, "refuses", "does not offer STARTTLS",
          mx=(f"10 mx-plain.{ZONE}.",), policy=policy("testing", mx=f"mx-plain.{ZONE}")),
]

GOOD = Fault("good", "id-in-step", OK, "delivers", "is that of the text served")
INTERNATIONAL = Fault("xn--bcher-kva", "id-in-step", OK, "delivers", "")
FAULTS = DNS + HOST + POLICY + MAIL
EVERYBODY = [GOOD, INTERNATIONAL, *FAULTS]


def records_of(fault, number):
    """What stands in the zone about one domain."""
    texts = (f"v=STSv1; id={policy_id(fault.policy_text())};",) if fault.record is None \
        else fault.record
    more = dict(fault.records)
    texts += tuple(f"{n} {'x' * 200}" for n in range(more.pop("more-texts", 0)))
    mx = (f"10 {fault.mx_host}.",) if fault.mx is None else fault.mx
    found = {
        (f"_mta-sts.{fault.domain}", "TXT"): [quoted(text) for text in texts],
        (f"_smtp._tls.{fault.domain}", "TXT"): [quoted(text) for text in fault.tlsrpt],
        (fault.domain, "MX"): list(mx),
        (fault.host, "A"): [one for one in fault.addresses if ":" not in one],
        (fault.host, "AAAA"): [one for one in fault.addresses if ":" in one],
        **more,
    }
    if fault.smtp:
        address = fault.smtp if isinstance(fault.smtp, str) and fault.smtp[0].isdigit() \
            else f"127.0.3.{number}"
        name = fault.domain if fault.mx == () else fault.mx_host
        found[name, "A"] = [address]
    return {key: values for key, values in found.items() if values}


@pytest.fixture(scope="module")
def issued(ca):
    """Certificates by the words in the tables."""
    foreign = Ca("foreign-ca")
    names = [f"*.{ZONE}", *(fault.host for fault in EVERYBODY), f"implicit-mx.{ZONE}",
             f"mx.{PLAIN_ZONE}"]
    chained = foreign.issue(*names)
    lonely = foreign.issue(*names)
    with chained.chain.open("a") as chain:
        chain.write(foreign.root.read_text())
    trust({"lab-own": ca.root.read_text()})
    return {
        "good": ca.issue(*names),
        "misnamed": ca.issue("other.lab.test"),
        "expired": ca.issue(*names, starts=-90, ends=-1),
        "early": ca.issue(*names, starts=1),
        "ending": ca.issue(*names, ends=5.5),
        "self-signed": ca.self_signed(*names),
        "foreign-ca": chained,
        "lonely": lonely,
    }


def mail_talk(fault, issued):
    """What an MX does with a connection; None where nobody is to listen."""
    if fault.smtp == "old":
        return Mail(tls=context(issued["good"], OLD))
    if isinstance(fault.smtp, str):
        return Mail(tls=context(issued[fault.smtp])) if fault.smtp in issued else None
    if isinstance(fault.smtp, Mail) and not fault.smtp.tls:
        fault.smtp.tls = context(issued["good"])
    return fault.smtp


@pytest.fixture(scope="module")
def faults(dns, issued):
    """All domains of the tables, and their servers."""
    for address in WEB6, MX6:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    run("ip", "route", "add", "unreachable", "203.0.113.0/24")
    webs = [Web(address, issued["good"]) for address in (WEB, WEB6)]
    other = Web(OTHER_WEB, issued["good"])
    other.add(f"mta-sts.two-faced.{ZONE}", reply(answer(policy(max_age=700000))))
    Web("127.0.2.4", issued["good"], OLD)
    serve("127.0.2.7", 443, hang)
    serve("127.0.2.5", 443, say(b"HTTP/1.0 400 Bad Request\r\n\r\n"))
    kept = [take_no_connection("127.0.2.3", 443), take_no_connection("127.0.3.250", 25)]
    for address in "127.0.3.251", MX6:
        serve(address, 25, Mail(tls=context(issued["good"])))
    dns.zone(PLAIN_ZONE)
    dns.publish_all(PLAIN_ZONE, {(f"_25._tcp.mx.{PLAIN_ZONE}", "TLSA"): ["3 1 1 " + "ab" * 32],
                                 (f"mx.{PLAIN_ZONE}", "A"): ["127.0.3.251"]})
    dns.make_insecure(PLAIN_ZONE)
    dns.zone(ZONE)
    records = {(f"mx-good.{ZONE}", "A"): ["127.0.3.251"]}
    for number, fault in enumerate(EVERYBODY, 1):
        talk = fault.web or reply(answer(fault.policy_text()))
        for web in webs:
            web.add(fault.host, talk, issued[fault.certificate] if fault.certificate else None)
        if fault.smtp and mail_talk(fault, issued):
            serve(f"127.0.3.{number}", 25, mail_talk(fault, issued))
        records.update(records_of(fault, number))
    records[f"last.{ZONE}", "TXT"] = [quoted("the last record")]
    dns.publish_all(ZONE, records)
    yield EVERYBODY
    del kept


def check(*words, **options):
    return subprocess.run([*CALL, *words], capture_output=True, text=True, timeout=70, **options)


@pytest.fixture(scope="module")
def results(faults):
    """What one call says of all of them that need no options of their own: {domain: JSON}."""
    began = time.monotonic()
    domains = "".join(f"{fault.domain}\n" for fault in faults if not fault.words)
    done = check(*TIMEOUT, "--format", "json", "--file", "-", input=f"# all\n\n{domains}")
    print(f"{len(faults)} domains: {time.monotonic() - began:.1f} s")
    assert done.stderr == ""
    assert done.returncode == 2
    found = json.loads(done.stdout)["domains"]
    for fault in faults:
        if fault.words:
            found += json.loads(check(*fault.words, "--format", "json", fault.domain).stdout)[
                "domains"]
    return {result["domain"]: result for result in found}


def findings(result):
    return [finding for section in result["sections"] for finding in section["findings"]]


@pytest.mark.parametrize("fault", EVERYBODY, ids=repr)
def test_each_fault_is_found_and_told_in_its_own_words(results, fault):
    result = results[fault.domain]
    found = [one for one in findings(result) if one["id"] == fault.finding]
    assert found, findings(result)
    assert any(fault.text in one["message"] for one in found), found
    assert all(one["fix"] for one in found if one["severity"] in ("error", "warning")), found
    if fault.severity:
        assert fault.severity in [one["severity"] for one in found]
    assert (result["status"], result["verdict"]["outcome"]) == (fault.status, fault.outcome), \
        (result["verdict"], findings(result))


def test_there_are_enough_faults():
    assert len(FAULTS) >= 40
    assert len({fault.domain for fault in EVERYBODY}) == len(EVERYBODY)


STATUSES = {OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3}


def test_the_exit_status_and_the_line_for_monitoring_are_those_of_the_domain(faults):
    """One call for each domain: several at a time, since some of them wait."""
    def call(fault):
        return fault, check(*TIMEOUT, *fault.words, "--format", "nagios", fault.domain)

    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(call, faults))
    for fault, result in done:
        blocked = fault.name == "full"  # alone, it looks as if port 25 were blocked
        expected = UNKNOWN if blocked else fault.status
        assert result.returncode == STATUSES[expected], (fault, result.stdout)
        assert result.stdout.startswith(f"MTA-STS {expected.upper()}: {fault.domain}"), fault
        assert result.stdout.count("\n") == 1 and result.stdout.count("|") == 1
        if blocked:
            assert "[smtp-blocked]" in result.stdout
        assert result.stderr == ""


# --- many domains ---

MANY = [f"d{number}.{MANY_ZONE}" for number in range(400)]


@pytest.fixture(scope="module")
def many(dns, faults, ca):
    """Healthy domains in one zone, of which a wildcard tells the same for all."""
    web = Web("127.0.2.6", ca.issue(*(f"mta-sts.{domain}" for domain in MANY)))
    for domain in MANY:
        web.add(f"mta-sts.{domain}", reply(answer(policy())))
    dns.zone(MANY_ZONE)
    dns.publish_all(MANY_ZONE, {
        (f"*.{MANY_ZONE}", "MX"): [f"10 mx-good.{ZONE}."],
        (f"*.{MANY_ZONE}", "A"): ["127.0.2.6"],
        (f"*.{MANY_ZONE}", "TXT"): [quoted(f"v=STSv1; id={policy_id(policy())};"),
                                    quoted("v=TLSRPTv1; rua=mailto:tls@lab.test")],
        (f"last.{MANY_ZONE}", "TXT"): [quoted("the last record")],
    })
    return MANY


def test_many_domains_are_checked_side_by_side(many):
    began = time.monotonic()
    done = check("--format", "nagios", "--file", "-", input="\n".join([*many, many[0]]))
    print(f"{len(many)} healthy domains: {time.monotonic() - began:.1f} s")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith(
        f"MTA-STS OK: {len(many)} domains | domains={len(many)} warning=0 critical=0 unknown=0 ")
    assert done.stdout.count("_days'=") == len(many) + 1


HANGING_APACHECTL = """\
#!/bin/sh
sleep 15
echo "; MTA-STS policies of this server"
for number in $(seq 400); do
    echo ";   policy id 1"
    echo ";   mode enforce, max_age 604800, mx mx.lab.test"
    echo "_mta-sts.d$number.{zone}. IN TXT \\"v=STSv1; id=1;\\""
done
"""


@pytest.mark.skipif(not LONG, reason="takes a minute")
def test_the_whole_ends_within_a_minute_whatever_hangs(dns, faults, tmp_path):
    """apachectl, policy hosts and mail servers, more of them than are asked at a time."""
    for port in 443, 25:
        serve("127.0.4.1", port, hang, backlog=1000)
    dns.zone(HANGING_ZONE)
    records = {}
    for number in range(1, 401):
        domain = f"d{number}.{HANGING_ZONE}"
        records[domain, "MX"] = [f"10 mx{number}.{HANGING_ZONE}."]
        records[f"mx{number}.{HANGING_ZONE}", "A"] = ["127.0.4.1"]
        records[f"mta-sts.{domain}", "A"] = ["127.0.4.1"]
        records[f"_mta-sts.{domain}", "TXT"] = [quoted("v=STSv1; id=1;")]
    dns.publish_all(HANGING_ZONE, records)
    apachectl = tmp_path / "apachectl"
    apachectl.write_text(HANGING_APACHECTL.format(zone=HANGING_ZONE))
    apachectl.chmod(0o755)
    began = time.monotonic()
    done = check("--format", "json", env={"PATH": f"{tmp_path}:/usr/bin:/usr/sbin:/bin"})
    took = time.monotonic() - began
    print(f"400 domains where all hangs: {took:.1f} s")
    results = json.loads(done.stdout)["domains"]
    ids = {one["id"] for result in results for one in findings(result)}
    assert took < 60
    assert (done.returncode, len(results)) == (2, 400)
    assert {"fetch-timeout", "fetch-untried", "smtp-greeting-timeout"} <= ids


def test_the_line_for_monitoring_names_a_few_of_many_domains(faults):
    done = check("--format", "nagios", *(f"nosuch{number}.lab.test" for number in range(7)))
    assert done.returncode == 2
    said, numbers = done.stdout.split(" | ")
    assert said.count("[record-missing]") == 5 and said.endswith("; and 2 more")
    assert numbers == "domains=7 warning=0 critical=7 unknown=0\n"


def test_on_a_terminal_a_line_tells_the_progress_and_leaves_nothing_behind(faults, tmp_path):
    path = tmp_path / "list"
    path.write_text(f"good.{ZONE} # ours\r\n  patient.{ZONE}\t\n\n# none\nold-id.{ZONE}\n")
    terminal, end = pty.openpty()
    done = subprocess.run([*CALL, "--file", str(path)], stdout=subprocess.PIPE, stderr=end,
                          text=True, timeout=70)
    os.close(end)
    told = read_all(terminal)
    assert done.returncode == 1
    assert "\r" not in done.stdout and done.stdout.count("  Verdict\n") == 3
    for part in "asking DNS about domains: 3", "asking DNS about mail servers: 2", \
            "fetching policies and probing mail servers: ":
        assert f"\r\x1b[K{part}" in told, told
    assert told.endswith("\r\x1b[K") and "\n" not in told


def read_all(terminal):
    """What was written to a terminal that nobody has open any more."""
    octets = b""
    with open(terminal, "rb", buffering=0) as reader:
        try:
            while portion := reader.read(4096):
                octets += portion
        except OSError:  # Linux's way to tell the end
            pass
    return octets.decode()


# --- what a real sender sees ---


# mta-sts-query once for each domain, but loaded only once: that takes longer than its work.
QUERIES = """\
import contextlib, io, multiprocessing, sys
from importlib.metadata import distribution
entry, = (one for one in distribution("postfix-mta-sts-resolver").entry_points
          if one.name == "mta-sts-query")
query = entry.load()

def ask(domain):
    sys.argv[1:] = [domain]
    with contextlib.redirect_stdout(io.StringIO()) as told:
        query()
    return told.getvalue()

with multiprocessing.Pool(16, maxtasksperchild=1) as pool:
    print(*pool.map(ask, sys.stdin.read().split(), chunksize=1), sep="\\0", end="")
"""


def ask_sender(domains):
    """{domain: what mta-sts-query says}"""
    done = subprocess.run(["/usr/bin/python3", "-c", QUERIES], input=" ".join(domains),
                          capture_output=True, text=True, timeout=200)
    told = [re.search(r"STSFetchResult\.(\w+)", text).group(1) for text in done.stdout.split("\0")]
    assert len(told) == len(domains), done.stderr
    return dict(zip(domains, told))


def test_a_real_sender_sees_a_policy_where_we_say_that_senders_do(results, faults):
    """It looks at the record and the policy, not at the MX."""
    seen = ask_sender([fault.domain for fault in faults])
    differences = {}
    for fault in faults:
        sender = seen[fault.domain]
        judged = {one["id"] for one in findings(results[fault.domain])}
        ours = "VALID" if "policy-valid" in judged and "policy-fetched" in judged \
            and "record-found" in judged else "none"
        if (sender == "VALID") != (ours == "VALID"):
            differences[fault.name] = (sender, ours)
    for name, (sender, ours) in sorted(differences.items()):
        print(f"{name}: mta-sts-query says {sender}, we say {ours}")
    unexpected = {fault.name: seen[fault.domain] for fault in faults
                  if seen[fault.domain] not in fault.sender.split(" or ")}
    assert not unexpected
    unexplained = {fault.name for fault in faults if not fault.differs}
    assert not unexplained & set(differences), differences


# --- a healthy domain: the module, and two Postfix ---

HEALTHY = "healthy.test"
MX_NAMES = {"check-mx1": "127.0.0.61", "check-mx2": "127.0.0.62"}
SITE = """\
<MTASTSPolicy {domain}>
    MTASTSMode {mode}
    MTASTSMx check-mx1.lab.test check-mx2.lab.test
</MTASTSPolicy>
<VirtualHost *:443>
    ServerName mta-sts.{domain}
    SSLEngine on
    SSLCertificateFile {chain}
    SSLCertificateKeyFile {key}
</VirtualHost>
"""


@pytest.fixture(scope="module")
def healthy(dns, issued, ca, apache, module, sites):
    """The domain that everything is right with."""
    apache.enable_module("ssl")
    servers = []
    for name, address in MX_NAMES.items():
        dns.publish(f"{name}.lab.test", "A", address)
        servers.append(Mx(name, f"{name}.lab.test", address, ca.issue(f"{name}.lab.test")))
    certificate = ca.issue(f"mta-sts.{HEALTHY}")
    sites("healthy", SITE.format(domain=HEALTHY, mode="enforce", chain=certificate.chain,
                                 key=certificate.key))
    dns.zone(HEALTHY)
    text = policy_text("enforce", "check-mx1.lab.test", "check-mx2.lab.test")
    dns.publish_all(HEALTHY, {
        (HEALTHY, "MX"): ["10 check-mx1.lab.test.", "20 check-mx2.lab.test."],
        (f"mta-sts.{HEALTHY}", "A"): [lab.APACHE],
        (f"_smtp._tls.{HEALTHY}", "TXT"): [quoted("v=TLSRPTv1; rua=mailto:tls@lab.test")],
        (f"_mta-sts.{HEALTHY}", "TXT"): [quoted(f"v=STSv1; id={policy_id(text)};")],
    })
    for server in servers:
        server.wait_ready()
    return HEALTHY


def test_a_healthy_domain_is_ok_in_every_part(healthy):
    done = check(healthy, env={"PATH": "/usr/bin:/usr/sbin:/bin", "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == healthy
    for part in ("  DNS", f"  Policy host mta-sts.{healthy}", "  Policy",
                 "  MX check-mx1.lab.test", "  MX check-mx2.lab.test", "  TLSRPT", "  Verdict"):
        assert part in lines
    assert "DNSSEC secure" in done.stdout
    assert "    ✔ a sender in mode enforce delivers over verified TLS to every MX" in lines
    assert "⚠" not in done.stdout and "✘" not in done.stdout and "\x1b" not in done.stdout


def test_a_healthy_domain_with_two_mx_takes_less_than_two_seconds(healthy):
    """The best of three: the machine may be busy."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        assert check("--format", "nagios", healthy).returncode == 0
        times.append(time.monotonic() - began)
    print(f"a healthy domain with two MX: {min(times):.3f} s")
    assert min(times) < 2


def test_output_is_ascii_in_a_locale_without_utf_8(healthy):
    done = check(healthy, f"bücher.{ZONE}", env={"PATH": "/usr/bin:/usr/sbin:/bin", "LC_ALL": "C"})
    assert done.stdout.isascii()
    assert "    + a sender in mode enforce delivers" in done.stdout


@pytest.mark.parametrize("env, coloured", [
    ({"TERM": "xterm"}, True),
    ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ({"TERM": "dumb"}, False),
    ({}, False),
])
def test_a_terminal_gets_colours_unless_it_wants_none(healthy, env, coloured):
    terminal, end = pty.openpty()
    done = subprocess.run([*CALL, healthy, f"old-id.{ZONE}"], stdout=end, stderr=subprocess.PIPE,
                          timeout=70, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **env})
    os.close(end)
    told = read_all(terminal)
    assert (done.returncode, done.stderr) == (1, b"")
    assert ("\x1b" in told) == coloured
    for sign in ("\x1b[32m✔\x1b[0m", "\x1b[33m⚠\x1b[0m") if coloured else "✔⚠":
        assert f"    {sign} " in told


def test_an_internationalized_domain_is_taken_and_shown_both_ways(faults):
    done = check(f"Bücher.{ZONE}", env={"PATH": "/usr/bin:/usr/sbin:/bin", "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0
    assert done.stdout.startswith(f"bücher.{ZONE} (xn--bcher-kva.{ZONE})\n")


def test_quiet_prints_nothing_about_what_is_ok(healthy, faults):
    assert check("--quiet", healthy).stdout == ""
    done = check("--quiet", healthy, f"old-id.{ZONE}")
    assert done.returncode == 1
    assert healthy not in done.stdout
    assert "[id-out-of-step]" in done.stdout and "delivers" in done.stdout
    assert "MTA-STS record with id" not in done.stdout


def test_the_line_for_monitoring_has_the_days_of_each_certificate(healthy):
    done = check("--format", "nagios", "-w", "20", "-c", "7", healthy)
    assert done.returncode == 0
    assert f"MTA-STS OK: {healthy}: a sender in mode enforce delivers over verified TLS" in done.stdout
    for host in f"mta-sts.{healthy}", "check-mx1.lab.test", "check-mx2.lab.test":
        assert f"'{host}_days'=89;20:;7:" in done.stdout


@pytest.mark.parametrize("words, status, finding", [
    (["-w", "100"], 1, "certificate-ends-soon"),
    (["-w", "100", "-c", "95"], 2, "certificate-ends-soon"),
])
def test_certificates_are_judged_by_the_days_that_are_asked_for(healthy, words, status, finding):
    done = check("--format", "nagios", *words, healthy)
    assert done.returncode == status
    assert f"[{finding}]" in done.stdout


def test_without_smtp_the_rest_is_judged_and_the_verdict_is_open(healthy):
    done = check("--no-smtp", "--format", "json", healthy)
    result = json.loads(done.stdout)["domains"][0]
    assert done.returncode == 0
    assert result["verdict"]["outcome"] == "unknown"
    assert result["verdict"]["enforce"] == "unknown"
    assert "smtp-skipped" in [one["id"] for one in findings(result)]


def test_without_a_domain_those_that_httpd_serves_are_checked(healthy, dns):
    done = check("--format", "json")
    shown = {one["domain"]: one for one in json.loads(done.stdout)["domains"]}
    assert shown[healthy]["status"] == "ok"


def test_the_older_of_text_and_id_is_told_where_httpd_is_not_reloaded(healthy, apache, dns):
    name = f"_mta-sts.{healthy}"
    site = apache.site_file("healthy")
    served = dns.zones[healthy][name, "TXT"]
    before = site.read_text()
    new = policy_text("testing", "check-mx1.lab.test", "check-mx2.lab.test")
    try:
        site.write_text(before.replace("MTASTSMode enforce", "MTASTSMode testing"))
        dns.txt(name, f"v=STSv1; id={policy_id(new)};")
        done = check()
        assert "the record is the newer one: httpd is configured for it, but not reloaded" \
            in done.stdout
    finally:
        site.write_text(before)
        dns.publish(name, "TXT", *served)


def test_a_host_can_be_connected_to_elsewhere(healthy, faults):
    done = check("--connect", f"mta-sts.{healthy}={NOBODY}:443", "--format", "nagios", healthy)
    assert done.returncode == 2
    assert f"nobody listens on port 443 of {NOBODY} [fetch-refused]" in done.stdout


# --- DNS that fails ---


def test_a_bogus_answer_is_told_and_never_used(dns, faults):
    dns.zone("bogus.test")
    dns.publish_all("bogus.test", {
        ("bogus.test", "MX"): [f"10 mx-good.{ZONE}."],
        ("_mta-sts.bogus.test", "TXT"): [quoted(f"v=STSv1; id={policy_id(policy())};")],
    })
    dns.break_chain("bogus.test")
    done = check("--format", "json", "bogus.test")
    result = json.loads(done.stdout)["domains"][0]
    assert done.returncode == 2
    assert result["status"] == "critical"
    assert [answer["status"] for answer in result["dns"]] == ["bogus"] * len(result["dns"])
    assert all(answer["values"] == [] for answer in result["dns"])
    assert "dns-bogus" in [one["id"] for one in findings(result)]
    assert "record-found" not in [one["id"] for one in findings(result)]


def test_a_zone_that_is_not_signed_is_told(dns, faults):
    dns.zone("unsigned.test")
    dns.publish_all("unsigned.test", {
        ("unsigned.test", "MX"): [f"10 mx-good.{ZONE}."],
        ("_mta-sts.unsigned.test", "TXT"): [quoted("v=STSv1; id=1;")]})
    dns.make_insecure("unsigned.test")
    done = check("unsigned.test")
    assert "id 1, TTL 1 s, not signed by DNSSEC" in done.stdout


def test_without_a_trust_anchor_nothing_is_said_about_dnssec(healthy):
    done = subprocess.run(["mta-sts", "check", "--format", "json", healthy], capture_output=True,
                          text=True, timeout=70)
    result = json.loads(done.stdout)["domains"][0]
    assert result["status"] == "ok"
    assert {answer["dnssec"] for answer in result["dns"]} == {"unknown"}


def test_name_servers_that_fail_are_told_apart_from_those_that_are_late(dns, faults, healthy):
    dns.publish("ns.lame.test", "A", "127.0.2.98")
    dns._change("lame.test", "NS", ["ns.lame.test."], parent=True)
    done = check("--timeout", "10", "--format", "json", "lame.test", healthy)
    result = json.loads(done.stdout)["domains"][0]
    assert "dns-servfail" in [one["id"] for one in findings(result)], result
    assert (done.returncode, result["status"]) == (2, "critical")


def test_a_zone_whose_name_servers_are_mute_is_unknown_and_the_others_are_not(dns, faults):
    dns.publish("ns.mute.test", "A", "127.0.2.95")
    dns._change("mute.test", "NS", ["ns.mute.test."], parent=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.2.95", 53))
        done = check("--timeout", "2", "--format", "json", "mute.test", f"good.{ZONE}")
    result, good = json.loads(done.stdout)["domains"]
    assert done.returncode == 3
    assert {one["id"] for one in findings(result)} == {"dns-timeout"}
    assert (result["status"], result["verdict"]["outcome"]) == (UNKNOWN, "unknown")
    assert good["status"] == OK


def test_a_resolver_that_does_not_answer_leaves_everything_unknown(faults):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.2.97", 53))
        done = check("--timeout", "1", "--resolver", "127.0.2.97", f"good.{ZONE}")
    assert done.returncode == 3
    assert "no name server answers" in done.stderr


def test_another_resolver_and_its_port_can_be_asked(healthy):
    done = check("--resolver", f"{lab.RESOLVER}@53", "--format", "nagios", healthy)
    assert done.returncode == 0


def test_a_machine_without_a_network_gets_a_clear_sentence():
    done = subprocess.run(["unshare", "--net", "mta-sts", "check", "--timeout", "3",
                           "example.com"], capture_output=True, text=True, timeout=70)
    assert done.returncode == 3
    assert "no name server answers" in done.stderr


# --- memory ---


def begin_under_valgrind(log, *words):
    return subprocess.Popen(
        ["valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
         "--show-leak-kinds=definite", f"--log-file={log}", "mta-sts", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_no_memory_is_lost_or_misused(healthy, faults, ca, tmp_path):
    """With one CA to trust: to read all of the system's takes longer than the rest."""
    shared = ["--trust-anchor", ANCHOR, "--ca-file", str(ca.root), healthy]
    checking = begin_under_valgrind(
        tmp_path / "check", "check", f"silent-host.{ZONE}", f"misnamed-mx.{ZONE}",
        f"rubbish.{ZONE}", f"broken-off.{ZONE}", *TIMEOUT, *shared)
    telling = begin_under_valgrind(tmp_path / "dns", "dns", "--rua", RUA, *shared)
    assert (checking.wait(100), telling.wait(100)) == (2, 0)
    assert (tmp_path / "check").read_text() == ""
    assert (tmp_path / "dns").read_text() == ""

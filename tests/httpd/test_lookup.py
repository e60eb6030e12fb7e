# SPDX-License-Identifier: Apache-2.0
"""Which policy a request gets: inheritance, and what beats what."""

import pytest

import policy
from httpd import proxied, site
from policy import text

FIRST, SECOND = "mta-sts.first.example", "mta-sts.second.example"


def block(domains, *lines):
    return "\n".join([f"<MTASTSPolicy {domains}>", *lines, "</MTASTSPolicy>", ""])


def lines(*directives):
    return "".join(directive + "\n" for directive in directives)


# sentence: (configuration, {host: policy text, or None for 404})
CASES = {
    "mode and max_age have defaults": (
        proxied(FIRST, "MTASTSMx mx.example"),
        {FIRST: text("mx.example", mode="testing", max_age=604800)}),
    "a virtual host without a word of ours inherits everything": (
        lines("MTASTSMode enforce", "MTASTSMx mx.example", "MTASTSMaxAge 86400")
        + proxied(FIRST) + proxied(SECOND),
        {FIRST: text("mx.example", mode="enforce", max_age=86400),
         SECOND: text("mx.example", mode="enforce", max_age=86400)}),
    "the server-level directives may stand behind the virtual hosts": (
        proxied(FIRST) + proxied(SECOND, "MTASTSMode enforce")
        + lines("MTASTSMode none", "MTASTSMx mx.example", "MTASTSMaxAge 86400"),
        {FIRST: text("mx.example", mode="none", max_age=86400),
         SECOND: text("mx.example", mode="enforce", max_age=86400)}),
    "the mode is inherited on its own": (
        lines("MTASTSMode none", "MTASTSMx mx.example", "MTASTSMaxAge 86401")
        + proxied(FIRST, "MTASTSMode enforce") + proxied(SECOND),
        {FIRST: text("mx.example", mode="enforce", max_age=86401),
         SECOND: text("mx.example", mode="none", max_age=86401)}),
    "the max_age is inherited on its own": (
        lines("MTASTSMode none", "MTASTSMx mx.example", "MTASTSMaxAge 86401")
        + proxied(FIRST, "MTASTSMaxAge 90000") + proxied(SECOND),
        {FIRST: text("mx.example", mode="none", max_age=90000),
         SECOND: text("mx.example", mode="none", max_age=86401)}),
    "the mx list is inherited on its own, and replaced as a whole": (
        lines("MTASTSMode none", "MTASTSMx mx.example mx2.example", "MTASTSMaxAge 86401")
        + proxied(FIRST, "MTASTSMx own.example") + proxied(SECOND),
        {FIRST: text("own.example", mode="none", max_age=86401),
         SECOND: text("mx.example", "mx2.example", mode="none", max_age=86401)}),
    "the default in a virtual host beats another value of the server": (
        lines("MTASTSMode enforce", "MTASTSMaxAge 1d", "MTASTSMx mx.example")
        + proxied(FIRST, "MTASTSMode testing\nMTASTSMaxAge 604800"),
        {FIRST: text("mx.example", mode="testing", max_age=604800)}),
    "two virtual hosts do not share their lists": (
        lines("MTASTSMx mx.example")
        + proxied(FIRST, "MTASTSMx a.example\nMTASTSMx b.example")
        + proxied(SECOND, "MTASTSMx c.example") + proxied("mta-sts.third.example"),
        {FIRST: text("a.example", "b.example"), SECOND: text("c.example"),
         "mta-sts.third.example": text("mx.example")}),
    "the directives of one virtual host do not reach another": (
        proxied(FIRST, "MTASTSMx a.example") + proxied(SECOND),
        {FIRST: text("a.example"), SECOND: None}),
    "MTASTSMx may be repeated and keeps the order": (
        proxied(FIRST, lines("MTASTSMx b.example a.example", "MTASTSMode none",
                             "MTASTSMx *.c.example", "MTASTSMx d.example")),
        {FIRST: text("b.example", "a.example", "*.c.example", "d.example", mode="none")}),
    "an mx that is set twice is served once": (
        proxied(FIRST, lines("MTASTSMx a.example A.EXAMPLE", "MTASTSMx a.example")),
        {FIRST: text("a.example")}),
    "a block names several domains": (
        block("first.example second.example", "MTASTSMx mx.example") + proxied("www.example"),
        {FIRST: text("mx.example"), SECOND: text("mx.example"), "mta-sts.example": None}),
    "a block inherits from the server each value on its own": (
        lines("MTASTSMode enforce", "MTASTSMx mx.example", "MTASTSMaxAge 86400")
        + block("first.example", "MTASTSMx own.example") + block("second.example")
        + block("third.example", "MTASTSMode none", "MTASTSMaxAge 90000")
        + proxied("www.example"),
        {FIRST: text("own.example", mode="enforce", max_age=86400),
         SECOND: text("mx.example", mode="enforce", max_age=86400),
         "mta-sts.third.example": text("mx.example", mode="none", max_age=90000)}),
    "a block may stand in front of what it inherits": (
        block("first.example") + lines("MTASTSMode enforce", "MTASTSMx mx.example")
        + proxied("www.example"),
        {FIRST: text("mx.example", mode="enforce")}),
    "a block inherits from its virtual host, and through it from the server": (
        lines("MTASTSMode enforce", "MTASTSMx mx.example", "MTASTSMaxAge 86400")
        + proxied("www.example", "MTASTSMx host.example\n"
                  + block("first.example", "MTASTSMaxAge 90000"), aliases=FIRST),
        {FIRST: text("host.example", mode="enforce", max_age=90000)}),
    "a block leaves what is around it as it is": (
        proxied(FIRST, block("second.example", "MTASTSMode enforce", "MTASTSMx b.example")
                + "MTASTSMx a.example\n", aliases=SECOND),
        {FIRST: text("a.example"), SECOND: text("b.example", mode="enforce")}),
    "a block of the virtual host beats its plain directives": (
        proxied(FIRST, "MTASTSMx plain.example\n"
                + block("first.example", "MTASTSMx block.example")),
        {FIRST: text("block.example")}),
    "the plain directives of the virtual host beat a block of the server": (
        block("first.example second.example", "MTASTSMx server.example")
        + proxied(FIRST, "MTASTSMx plain.example") + proxied(SECOND),
        {FIRST: text("plain.example"), SECOND: text("server.example")}),
    "plain directives that are inherited beat a block of the server, too": (
        lines("MTASTSMx plain.example") + block("first.example", "MTASTSMx server.example")
        + proxied(FIRST),
        {FIRST: text("plain.example")}),
    "a block of the virtual host beats a block of the server": (
        block("first.example", "MTASTSMx server.example")
        + proxied("www.example", block("first.example", "MTASTSMx host.example"),
                  aliases=FIRST),
        {FIRST: text("host.example")}),
    "a block of the server answers in whichever virtual host the request arrives": (
        block("first.example unnamed.example", "MTASTSMx server.example")
        + proxied("www.example") + proxied(FIRST)
        + proxied(SECOND, "MTASTSMx second.example"),
        {FIRST: text("server.example"), "mta-sts.unnamed.example": text("server.example")}),
    "a block of a virtual host does not answer in another": (
        proxied("www.example")
        + proxied(SECOND, block("first.example", "MTASTSMx a.example")),
        {FIRST: None, SECOND: None}),
    "a block serves hosts that are not among the names of its virtual host": (
        proxied("www.example", block("first.example", "MTASTSMx a.example")),
        {FIRST: text("a.example"), SECOND: None}),
    "plain directives serve every policy host among ServerName and ServerAlias": (
        proxied(FIRST, "MTASTSMx a.example",
                aliases="www.first.example mta-sts.second.example MTA-STS.Third.Example"),
        {FIRST: text("a.example"), SECOND: text("a.example"),
         "mta-sts.third.example": text("a.example"), "www.first.example": None}),
    "plain directives do not serve a host that only falls to the virtual host": (
        proxied(FIRST, "MTASTSMx a.example"),
        {FIRST: text("a.example"), SECOND: None}),
    "a wildcard alias serves": (
        proxied("www.example", "MTASTSMx a.example", aliases="mta-sts.*"),
        {FIRST: text("a.example"), "mta-sts.any.thing.example": text("a.example"),
         "MTA-STS.UPPER.example": text("a.example"), "www.example": None,
         "xmta-sts.example": None}),
    "a wildcard alias of everything serves policy hosts": (
        proxied("www.example", "MTASTSMx a.example", aliases="*.first.example *"),
        {FIRST: text("a.example"), "www.first.example": None}),
    "a wildcard alias serves what it matches only": (
        proxied("www.example", "MTASTSMx a.example", aliases="mta-sts.*.first.example"),
        {"mta-sts.x.first.example": text("a.example"), SECOND: None}),
    "a name beats a wildcard alias": (
        proxied(FIRST, "MTASTSMx first.example")
        + proxied("www.example", "MTASTSMx any.example", aliases="mta-sts.*"),
        {FIRST: text("first.example"), SECOND: text("any.example")}),
    "a block beats a wildcard alias": (
        proxied("www.example", "MTASTSMx any.example\n"
                + block("first.example", "MTASTSMx first.example"), aliases="mta-sts.*"),
        {FIRST: text("first.example"), SECOND: text("any.example")}),
    "a U-label of a domain is its A-label": (
        block("bücher.example", "MTASTSMx mx.bücher.example *.straße.example")
        + proxied("www.example"),
        {"mta-sts.xn--bcher-kva.example":
            text("mx.xn--bcher-kva.example", "*.xn--strae-oqa.example")}),
    "names are written in any case": (
        block("First.EXAMPLE", "MTASTSMx MX.Example *.Example.NET") + proxied("www.example"),
        {FIRST: text("mx.example", "*.example.net")}),
    "the same domain with the same policy twice is normal": (
        block("first.example", "MTASTSMx a.example")
        + block("second.example First.example", "MTASTSMx A.example", "MTASTSMode testing")
        + proxied("www.example"),
        {FIRST: text("a.example"), SECOND: text("a.example")}),
    "a directive that says the same twice is normal": (
        proxied(FIRST, lines("MTASTSMx a.example", "MTASTSMode none", "MTASTSMode none",
                             "MTASTSMaxAge 1d", "MTASTSMaxAge 86400")),
        {FIRST: text("a.example", mode="none", max_age=86400)}),
    "the main server is a server like any other": (
        lines(f"ServerName https://{FIRST}", "MTASTSMx a.example"),
        {FIRST: text("a.example"), SECOND: None}),
    "blocks work without virtual hosts": (
        "ServerName https://www.example\n" + block("first.example", "MTASTSMx a.example"),
        {FIRST: text("a.example"), SECOND: None}),
}


@pytest.mark.parametrize("case", CASES)
def test_of_the_policies_that_could_be_meant_this_one_is_served(start, case):
    conf, answers = CASES[case]
    server = start(conf, expected=[r"\[block-hidden\]$"] if "inherited beat" in case else ())
    for host, expected in answers.items():
        answer = server.fetch(host)
        if expected is None:
            assert answer.status == 404, host
        else:
            policy.check(answer, expected)


@pytest.mark.parametrize("value,seconds", [
    ("1", 1), ("604800", 604800), ("31557600", 31557600), ("0001", 1), ("1h", 3600),
    ("12h", 43200), ("8766h", 31557600), ("1d", 86400), ("30d", 2592000), ("365d", 31536000),
    ("1w", 604800), ("4w", 2419200), ("52w", 31449600), ('"7d"', 604800)])
def test_max_age_takes_seconds_hours_days_and_weeks(make, value, seconds):
    server = make().configure(proxied(FIRST, f"MTASTSMx a.example\nMTASTSMaxAge {value}\n"))
    status, output = server.run("-t", "-D", "DUMP_MTA_STS")
    assert status == 0
    assert f"max_age {seconds}," in output
    assert policy.identity(text("a.example", max_age=seconds)) in output


def test_copies_of_a_virtual_host_may_differ_and_each_serves_its_own(start):
    """As after certbot, which copies a virtual host once."""
    server = start(site(FIRST, "MTASTSMx a.example\nMTASTSMode enforce\n")
                   + proxied(FIRST, "MTASTSMx a.example\n"))
    policy.check(server.fetch(FIRST), text("a.example", mode="enforce"))
    policy.check(server.fetch_plainly(FIRST), text("a.example"))

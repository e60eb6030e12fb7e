# SPDX-License-Identifier: Apache-2.0
"""What configtest refuses: with the place, the offending text, and what is allowed."""

import re

import pytest

import policy
from httpd import proxied
from policy import HOST, MX

LABEL = "a" * 64
# 254 bytes in labels that are short enough
LONG = ".".join(["a" * 62] * 4) + ".ex"
SECONDS = "1 to 31557600"
HOST_RULE = "host name"

# directive: (offending text as the message shows it, what the message says is allowed)
VALUES = {
    "MTASTSMode tesing": ('"tesing"', "none, testing and enforce"),
    "MTASTSMode Enforce": ('"Enforce"', "none, testing and enforce"),
    "MTASTSMode ENFORCE": ('"ENFORCE"', "none, testing and enforce"),
    "MTASTSMode on": ('"on"', "none, testing and enforce"),
    "MTASTSMode enforced": ('"enforced"', "none, testing and enforce"),
    "MTASTSMode enforc": ('"enforc"', "none, testing and enforce"),
    'MTASTSMode "enforce "': ('"enforce "', "none, testing and enforce"),
    "MTASTSMode enforce,testing": ('"enforce,testing"', "none, testing and enforce"),
    "MTASTSMode 1": ('"1"', "none, testing and enforce"),
    "MTASTSMode": ("MTASTSMode", "none, testing .*or enforce"),
    'MTASTSMode ""': ("MTASTSMode", "none, testing .*or enforce"),
    "MTASTSMode enforce testing": ("MTASTSMode", "one argument"),

    "MTASTSMaxAge 0": ('"0"', SECONDS),
    "MTASTSMaxAge 0d": ('"0d"', SECONDS),
    "MTASTSMaxAge -1": ('"-1"', SECONDS),
    "MTASTSMaxAge +1": (r'"\+1"', SECONDS),
    "MTASTSMaxAge 31557601": ('"31557601"', SECONDS),
    "MTASTSMaxAge 8767h": ('"8767h"', SECONDS),
    "MTASTSMaxAge 366d": ('"366d"', SECONDS),
    "MTASTSMaxAge 53w": ('"53w"', SECONDS),
    "MTASTSMaxAge 2147483648": ('"2147483648"', SECONDS),
    "MTASTSMaxAge 4294967297": ('"4294967297"', SECONDS),
    "MTASTSMaxAge 9223372036854775808": ('"9223372036854775808"', SECONDS),
    "MTASTSMaxAge 18446744073709551617": ('"18446744073709551617"', SECONDS),
    "MTASTSMaxAge 9999999999999999999999999d": ('"9999999999999999999999999d"', SECONDS),
    "MTASTSMaxAge 30500568904943w": ('"30500568904943w"', SECONDS),
    "MTASTSMaxAge 86400x": ('"86400x"', "12h, 30d, 4w"),
    "MTASTSMaxAge 86400s": ('"86400s"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1m": ('"1m"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1y": ('"1y"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1D": ('"1D"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1d12h": ('"1d12h"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1.5d": (r'"1\.5d"', "12h, 30d, 4w"),
    "MTASTSMaxAge 1e6": ('"1e6"', "12h, 30d, 4w"),
    "MTASTSMaxAge 0x10": ('"0x10"', "12h, 30d, 4w"),
    "MTASTSMaxAge 604_800": ('"604_800"', "12h, 30d, 4w"),
    "MTASTSMaxAge d": ('"d"', "12h, 30d, 4w"),
    "MTASTSMaxAge week": ('"week"', "12h, 30d, 4w"),
    'MTASTSMaxAge " 1"': ('" 1"', "12h, 30d, 4w"),
    'MTASTSMaxAge "1 d"': ('"1 d"', "12h, 30d, 4w"),
    "MTASTSMaxAge": ("MTASTSMaxAge", "seconds"),
    'MTASTSMaxAge ""': ("MTASTSMaxAge", "seconds"),
    "MTASTSMaxAge 1 2": ("MTASTSMaxAge", "one argument"),

    "MTASTSMx": ("MTASTSMx", HOST_RULE + "|MX"),
    'MTASTSMx ""': ("MTASTSMx", HOST_RULE + "|MX"),
    'MTASTSMx a.example "" b.example': ("MTASTSMx", HOST_RULE + "|MX"),
    "MTASTSMx https://mx1.example.com": ('"https://mx1.example.com"', "without the scheme"),
    "MTASTSMx smtp://mx1.example.com:25": ('"smtp://mx1', "without the scheme"),
    "MTASTSMx mx1.example.com:25": ('"mx1.example.com:25"', "host name alone"),
    "MTASTSMx mx1.example.com:": ('"mx1.example.com:"', "host name alone"),
    "MTASTSMx mx1.example.com/": ('"mx1.example.com/"', "host name alone"),
    "MTASTSMx postmaster@example.com": ('"postmaster@example.com"', "host name alone"),
    'MTASTSMx "mx1.example.com mx2.example.com"': ('"mx1.example.com mx2.example.com"',
                                                   "write one host name alone"),
    'MTASTSMx " mx1.example.com"': ('" mx1.example.com"', "blank"),
    'MTASTSMx "mx1.example.com\t"': (r'"mx1.example.com\\t"|\\x09', "control character"),
    "MTASTSMx mx1.example.com,mx2.example.com": (
        '"mx1.example.com,mx2.example.com" contains a comma',
        'write "MTASTSMx mx1.example.com mx2.example.com"'),
    "MTASTSMx mx1.example.com, mx2.example.com": (
        '"mx1.example.com, mx2.example.com" contains a comma',
        'write "MTASTSMx mx1.example.com mx2.example.com"'),
    "MTASTSMx mx1.example.com;": ('"mx1.example.com;" contains a semicolon',
                                  'write "MTASTSMx mx1.example.com"'),
    "MTASTSMx \u201cmx1.example.com\u201d": (r"typographic quotation marks \(U\+201C\)",
                                             'write "MTASTSMx mx1.example.com"'),
    "MTASTSMx mx\u20131.example.com": (r"a dash instead of a hyphen \(U\+2013\)",
                                      'write "MTASTSMx mx-1.example.com"'),
    "MTASTSMx mx1.example.com\u00a0mx2.example.com": (
        r"a no-break space \(U\+00A0\)", 'write "MTASTSMx mx1.example.com mx2.example.com"'),
    "MTASTSMx *": (r'"\*"', r"\*\.example\.com"),
    "MTASTSMx *.": (r'"\*\."', r"\*\.example\.com"),
    "MTASTSMx **": (r'"\*\*"', HOST_RULE),
    "MTASTSMx *.*": (r'"\*"|"\*\.\*"', HOST_RULE),
    "MTASTSMx *.*.example.com": (r'"\*\.example.com"|"\*\.\*', HOST_RULE),
    "MTASTSMx *example.com": (r'"\*example.com"', HOST_RULE),
    "MTASTSMx mx*.example.com": (r'"mx\*.example.com"', HOST_RULE),
    "MTASTSMx *mx.example.com": (r'"\*mx.example.com"', HOST_RULE),
    "MTASTSMx mx.*.example.com": (r'"mx\.\*.example.com"', HOST_RULE),
    "MTASTSMx mx.example.*": (r'"mx\.example\.\*"', HOST_RULE),
    "MTASTSMx *..example.com": (r'"\.example\.com"|"\*\.\.example', HOST_RULE),
    "MTASTSMx .": (r'"\."', HOST_RULE),
    "MTASTSMx mx1.example.com.": (r'"mx1.example.com\."', "remove the dot"),
    "MTASTSMx *.example.com.": (r'example\.com\."', "remove the dot"),
    "MTASTSMx .example.com": (r'"\.example.com"', HOST_RULE),
    "MTASTSMx mx1..example.com": (r'"mx1\.\.example.com"', HOST_RULE),
    "MTASTSMx -mx.example.com": ('"-mx.example.com"', HOST_RULE),
    "MTASTSMx mx-.example.com": ('"mx-.example.com"', HOST_RULE),
    "MTASTSMx mx_1.example.com": ('"mx_1.example.com"', HOST_RULE),
    "MTASTSMx mx1.example.com#": ('"mx1.example.com#"', HOST_RULE),
    "MTASTSMx mx!.example.com": ('"mx!.example.com"', HOST_RULE),
    "MTASTSMx mx1\\example.com": (r"mx1\\+example", HOST_RULE),
    f"MTASTSMx {LABEL}.example.com": ("a{60}", "63 bytes"),
    f"MTASTSMx *.{LABEL}.example.com": ("a{60}", "63 bytes"),
    f"MTASTSMx {LONG}": ("a{60}", "253"),
    f"MTASTSMx *.{LONG[2:]}": ("a{60}", "253"),
    f"MTASTSMx {'a.' * 150}example": (r"a\.a\.a", "253"),
    f"MTASTSMx {'a' * 3000}": ("a{60}", "253|63"),
    "MTASTSMx 192.0.2.1": (r'"192\.0\.2\.1"', "names, not addresses"),
    "MTASTSMx *.2.1": (r'"2\.1"|"\*\.2\.1"', "names, not addresses"),
    "MTASTSMx 2001:db8::1": ('"2001:db8::1"', "names, not addresses"),
    "MTASTSMx [2001:db8::1]": (r'"\[2001:db8::1\]"', "names, not addresses"),
    "MTASTSMx ::1": ('"::1"', "names, not addresses"),
    "MTASTSMx 25": ('"25"', "names, not addresses"),
    "MTASTSMx 0x7f000001.1": ('"0x7f000001.1"', "names, not addresses"),
    'MTASTSMx "mx1.example.com\x01"': (r"mx1.example.com\\+x01", "control character"),
    'MTASTSMx "mx1\x7f.example.com"': (r"mx1\\+x7f", "control character"),
    'MTASTSMx "mx1.example.com\rmode: none"': (r"mx1.example.com\\+x0d", "control character"),
    "MTASTSMx mx.\udcff\udcfe.example": (r"mx\.\\+xff\\+xfe", "internationalized name"),
    "MTASTSMx mx.\ufffe.example": (r"mx\.", "internationalized name"),
    "MTASTSMx bü_cher.example": ("bü_cher|b.*_cher", HOST_RULE + "|internationalized"),
    f"MTASTSMx {'ü' * 60}.example": (r"ü|\\xc3\\xbc", "internationalized name|63"),
    "MTASTSMx good.example bad_one.example": ('"bad_one.example"', HOST_RULE),
    "MTASTSMx bad_one.example good.example": ('"bad_one.example"', HOST_RULE),
}
PLACES = {
    "server": "{}\n" + proxied(HOST),
    "virtual host": proxied(HOST, "# a comment\n{}"),
    "block": "<MTASTSPolicy example.com>\n\n{}\n</MTASTSPolicy>\n" + proxied("www.example.com"),
}


def refused(make, conf, offending, allowed, line=None, modules=(), at=None):
    """configtest refuses it, at the marked line (>>>), and says why in one piece."""
    server = make().configure(conf.replace(">>>", ""), modules=modules)
    line = line or next(i for i, text in enumerate(conf.split("\n"), 1) if ">>>" in text)
    status, output = server.run("-t")
    assert status != 0, f"accepted: {output}"
    assert "core dumped" not in output and "Segmentation" not in output
    assert "Syntax OK" not in output
    place = rf"{server.conf_file}:|line \d+ of {server.conf_file}:"
    assert re.search(place, output), output
    lines = re.findall(rf"line (\d+) of {server.conf_file}:|{server.conf_file}:(\d+)", output)
    assert str(server.line + line) in [number for pair in lines for number in pair], output
    assert re.search(offending, output), output
    assert re.search(allowed, output), output
    if at:
        other = next(i for i, text in enumerate(conf.split("\n"), 1) if at in text)
        assert f"{server.conf_file}:{server.line + other}" in output, output


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("directive", VALUES, ids=lambda text: ascii(text)[1:60])
def test_a_malformed_value_is_refused(make, directive, place):
    refused(make, PLACES[place].format(">>>" + directive), *VALUES[directive])


@pytest.mark.parametrize("line", ["MTASTSMx", 'MTASTSMx ""', 'MTASTSMx "" a.example'])
def test_an_empty_mx_is_refused_where_a_list_could_be_inherited(make, line):
    refused(make, MX + proxied(HOST, ">>>" + line), "MTASTSMx", HOST_RULE + "|MX|empty")


ARGUMENTS = {
    "": ("MTASTSPolicy", "policy domain"),
    '""': ("MTASTSPolicy", "host name|policy domain"),
    "mta-sts.example.com": ('"mta-sts.example.com"', "policy domain"),
    "*.example.com": (r'"\*\.example.com"', "host name"),
    "*": (r'"\*"', "host name"),
    "https://example.com": ('"https://example.com"', "without the scheme"),
    "example.com:443": ('"example.com:443"', "host name alone"),
    "example.com.": (r'"example.com\."', "remove the dot"),
    "user@example.com": ('"user@example.com"', "host name alone"),
    "192.0.2.1": (r'"192\.0\.2\.1"', "names, not addresses"),
    "[::1]": (r'"\[::1\]"', "names, not addresses"),
    "exa_mple.com": ('"exa_mple.com"', "host name"),
    "example..com": (r'"example\.\.com"', "host name"),
    '"example.com example.net"': ('"example.com example.net"', "write one host name alone"),
    "example.com,example.net": ('"example.com,example.net"', "host name"),
    f"{LABEL}.com": ("a{60}", "63 bytes"),
    f"{LONG[8:]}": ("a{50}", "253"),
    "good.example bad_one": ('"bad_one"', "host name"),
    'good.example "" other.example': ("MTASTSPolicy", "host name|policy domain|empty"),
}


@pytest.mark.parametrize("place", ["server", "virtual host"])
@pytest.mark.parametrize("argument", ARGUMENTS, ids=lambda text: text[:40] or "nothing")
def test_a_malformed_policy_domain_is_refused(make, argument, place):
    block = f">>><MTASTSPolicy {argument}>\n{MX}</MTASTSPolicy>\n"
    conf = block + proxied(HOST) if place == "server" else proxied("www.example.com", block)
    refused(make, conf, *ARGUMENTS[argument])


BLOCK = f"<MTASTSPolicy example.com>\n{MX}</MTASTSPolicy>\n"
CONTEXTS = {
    "Directory": '<Directory "/">', "DirectoryMatch": '<DirectoryMatch "/x">',
    "Location": '<Location "/">', "LocationMatch": '<LocationMatch "/x">', "Files": '<Files "x">',
    "FilesMatch": '<FilesMatch "x">', "If": '<If "true">', "Limit": '<Directory "/">\n<Limit GET>',
    "LimitExcept": '<Directory "/">\n<LimitExcept GET>', "Proxy": '<Proxy "*">',
    "ProxyMatch": '<ProxyMatch ".">',
}
DIRECTIVES = {"MTASTSMode": "MTASTSMode none", "MTASTSMx": "MTASTSMx mx1.example.com",
              "MTASTSMaxAge": "MTASTSMaxAge 1d", "MTASTSPolicy": BLOCK}


@pytest.mark.parametrize("where", ["server", "virtual host"])
@pytest.mark.parametrize("directive", DIRECTIVES)
@pytest.mark.parametrize("context", CONTEXTS)
def test_directives_of_the_module_are_refused_in_directory_sections(make, context, directive, where):
    section = f"{CONTEXTS[context]}\n>>>{DIRECTIVES[directive]}\n</{context}>\n"
    section += "</Directory>\n" if context.startswith("Limit") else ""
    conf = section + proxied(HOST, MX) if where == "server" else proxied(HOST, MX + section)
    refused(make, conf, directive, "not allowed|cannot occur", modules=["proxy"])


@pytest.mark.parametrize("directive", DIRECTIVES)
def test_directives_of_the_module_are_refused_in_htaccess(start, directive):
    server = start("<Directory @ROOT@/htdocs>\nAllowOverride All\nRequire all granted\n"
                   "</Directory>\n" + proxied("www.example.com")
                   + proxied(HOST, MX),
                   expected=[rf"\[core:alert\].*htdocs/\.htaccess: <?{directive} not allowed here"])
    server.write("htdocs/page", "text")
    assert server.fetch("www.example.com", path="/page").status == 200
    server.write("htdocs/.htaccess", DIRECTIVES[directive])
    assert server.fetch("www.example.com", path="/page").status == 500
    assert server.fetch().status == 200


STRUCTURES = {
    "a block in a block": (
        f"<MTASTSPolicy example.com>\n{MX}>>><MTASTSPolicy example.net>\n</MTASTSPolicy>\n"
        "</MTASTSPolicy>", "MTASTSPolicy", "MTASTSMode, MTASTSMx and MTASTSMaxAge"),
    "a virtual host in a block": (
        f"<MTASTSPolicy example.com>\n{MX}>>><VirtualHost *:1>\n</VirtualHost>\n</MTASTSPolicy>",
        "VirtualHost", "MTASTSMode, MTASTSMx and MTASTSMaxAge"),
    "another directive in a block": (
        f"<MTASTSPolicy example.com>\n{MX}>>>DocumentRoot /tmp\n</MTASTSPolicy>",
        "DocumentRoot", "MTASTSMode, MTASTSMx and MTASTSMaxAge"),
    "a directory in a block": (
        f"<MTASTSPolicy example.com>\n{MX}>>><Directory />\n</Directory>\n</MTASTSPolicy>",
        "Directory", "MTASTSMode, MTASTSMx and MTASTSMaxAge"),
    "an unknown directive in a block": (
        f"<MTASTSPolicy example.com>\n{MX}>>>MTASTSMax 1\n</MTASTSPolicy>",
        "MTASTSMax", "MTASTSMode, MTASTSMx and MTASTSMaxAge|misspelled"),
    "an unclosed block": (
        f">>><MTASTSPolicy example.com>\n{MX}", "MTASTSPolicy", "not closed|missing"),
    "a block closed by another name": (
        f"<MTASTSPolicy example.com>\n{MX}>>></MTASTS>", "</MTASTS>", "Expected </MTASTSPolicy>"),
    "a block without closing bracket": (
        f">>><MTASTSPolicy example.com\n{MX}</MTASTSPolicy>", "MTASTSPolicy", "missing.*'>'"),
    "something behind the closing bracket": (
        f">>><MTASTSPolicy example.com> x\n{MX}</MTASTSPolicy>", '" ?x"', "unexpected text after"),
    "an end without a beginning": (
        f"{MX}>>></MTASTSPolicy>", "MTASTSPolicy", "without matching"),
    "a misspelled directive": (
        ">>>MTASTSMX1 mx1.example.com", "MTASTSMX1", "misspelled"),
    "two modes in one place": (
        f"{MX}MTASTSMode none\n>>>MTASTSMode enforce", "MTASTSMode none", "remove one"),
    "two spans in one place": (
        f"{MX}MTASTSMaxAge 1d\n>>>MTASTSMaxAge 2d", "MTASTSMaxAge 1d", "remove one"),
    "two modes in one block": (
        f"<MTASTSPolicy example.com>\n{MX}MTASTSMode none\n>>>MTASTSMode enforce\n"
        "</MTASTSPolicy>", "MTASTSMode none", "remove one"),
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_wrong_structure_is_refused(make, structure):
    conf, offending, allowed = STRUCTURES[structure]
    refused(make, conf + "\n", offending, allowed)


MANY = "\n".join(f"MTASTSMx mx{i}.a-rather-long-domain-name-of-fifty-bytes-or-so.example"
                 for i in range(170))
EFFECTIVE = {
    "no mx in mode none": proxied(HOST, ">>>MTASTSMode none"),
    "no mx in mode testing": proxied(HOST, ">>>MTASTSMode testing"),
    "no mx in mode enforce": proxied(HOST, ">>>MTASTSMode enforce"),
    "no mx, but a max_age": proxied(HOST, ">>>MTASTSMaxAge 1d"),
    "no mx in a block": ">>><MTASTSPolicy example.com>\nMTASTSMode none\n</MTASTSPolicy>\n",
    "no mx in an empty block": ">>><MTASTSPolicy example.com>\n</MTASTSPolicy>\n",
    "no mx in a block of a virtual host":
        proxied("www.example.com", ">>><MTASTSPolicy example.com>\n</MTASTSPolicy>\n"),
    "no mx behind an alias": proxied("www.example.com", ">>>MTASTSMode none", aliases=HOST),
    "no mx behind a wildcard": proxied("www.example.com", ">>>MTASTSMode none",
                                       aliases="mta-sts.*"),
}


@pytest.mark.parametrize("case", EFFECTIVE)
def test_a_policy_without_mx_is_refused_in_any_mode(make, case):
    refused(make, EFFECTIVE[case], "example.com|mta-sts", r"MTASTSMx.*\[mx-missing\]")


TOO_LONG = {
    "in a virtual host": proxied(HOST, ">>>" + MANY),
    "inherited": ">>>" + MANY + "\n" + proxied(HOST),
    "in a block": f"<MTASTSPolicy example.com>\n>>>{MANY}\n</MTASTSPolicy>\n",
    "of a block": f">>>{MANY}\n<MTASTSPolicy example.com>\n</MTASTSPolicy>\n",
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_policy_text_over_ten_kib_is_refused(make, case):
    refused(make, TOO_LONG[case], r"\b1\d{4} bytes", r"10240.*\[policy-too-long\]")


def padded(data):
    """Directives whose policy text has this many bytes."""
    head = len("version: STSv1\r\nmode: testing\r\nmax_age: 604800\r\n")
    names = []
    left = data - head
    while left:
        size = min(left, 200) if left >= 400 or left <= 200 else left // 2
        name = f"{len(names):04}" + "b" * 50 + "." + "c" * 60 + "." + "d" * 60
        names.append(name + "." + "e" * (size - len("mx: .\r\n") - len(name)))
        left -= size
    return "".join(f"MTASTSMx {name}\n" for name in names)


def test_a_policy_text_of_ten_kib_is_the_longest(start, make):
    server = start(proxied(HOST, padded(10240)))
    answer = server.fetch()
    assert (answer.status, len(answer.body)) == (200, 10240)
    refused(make, proxied(HOST, ">>>" + padded(10241)), "10241", "10240")


CONTRADICTIONS = {
    "two blocks of the server": (
        f"<MTASTSPolicy example.com>#first\n{MX}</MTASTSPolicy>\n"
        f">>><MTASTSPolicy example.net EXAMPLE.com>\nMTASTSMx b.example\n</MTASTSPolicy>\n"),
    "two blocks of a virtual host": proxied(
        "www.example.com", f"<MTASTSPolicy example.com>#first\n{MX}</MTASTSPolicy>\n"
        f">>><MTASTSPolicy example.com>\n{MX}MTASTSMode none\n</MTASTSPolicy>\n"),
    "blocks that differ in the order of their mx": (
        "<MTASTSPolicy example.com>#first\nMTASTSMx a.example b.example\n</MTASTSPolicy>\n"
        ">>><MTASTSPolicy example.com>\nMTASTSMx b.example a.example\n</MTASTSPolicy>\n"),
    "a U-label and its A-label": (
        f"<MTASTSPolicy bücher.example>#first\n{MX}</MTASTSPolicy>\n"
        f">>><MTASTSPolicy xn--bcher-kva.example>\n{MX}MTASTSMaxAge 1d\n</MTASTSPolicy>\n"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_different_policies_of_a_domain_in_one_scope_are_refused_naming_both(make, case):
    conf = CONTRADICTIONS[case]
    first = next(line for line in conf.split("\n") if "#first" in line).replace("#first", "")
    refused(make, conf.replace("#first", ""), r"example\.com|xn--bcher-kva", "remove one", at=first)


def test_a_broken_configuration_stops_neither_the_running_server_nor_a_correction(start):
    server = start(proxied(HOST, MX))
    server.configure(proxied(HOST, "MTASTSMx *\n"))
    assert server.run("-k", "graceful")[0] != 0
    assert server.fetch().status == 200
    server.configure(proxied(HOST, MX + "MTASTSMode none\n"))
    server.restart()
    policy.check(server.fetch(), policy.text("mx1.example.com", mode="none"))

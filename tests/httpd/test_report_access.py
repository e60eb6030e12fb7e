# SPDX-License-Identifier: Apache-2.0
"""The means of an admin reach the endpoint, those of the site around it do not."""

import pytest

import policy
import report
from httpd import proxied
from policy import HOST, MX
from report import ENDPOINT, Spool, make, packed, post

SITE = """
<Location "/">
    AuthType Basic
    AuthName "members"
    AuthUserFile /dev/null
    Require valid-user
</Location>
Redirect permanent / https://www.example.com/
"""
MODULES = ["authz_host", "authz_user", "auth_basic", "authn_core", "authn_file", "alias", "env",
           "headers", "authz_core"]


def conf(section, site=SITE):
    return proxied(HOST, MX + ENDPOINT + site + section)


def start_with(start, section):
    modules = [name for name in MODULES if name != "authz_core"]
    server = start(conf(section), modules=modules)
    server.log.possible.append(r"AH0163\d: .*client denied by server configuration")
    return server


@pytest.mark.parametrize("section, refused, allowed", [
    ("<Location /tlsrpt>\nRequire all denied\n</Location>", ["192.0.2.1", "198.51.100.1"], []),
    ("<Location /tlsrpt>\n<RequireAll>\nRequire all granted\nRequire not ip 192.0.2.0/24\n"
     "</RequireAll>\n</Location>", ["192.0.2.1", "192.0.2.200"], ["198.51.100.1"]),
    ("<LocationMatch ^/tls>\nRequire ip 198.51.100.1\n</LocationMatch>", ["192.0.2.1"],
     ["198.51.100.1"]),
    ("<Location /tls*>\nRequire ip 198.51.100.1\n</Location>", ["192.0.2.1"], ["198.51.100.1"]),
    ("<Location /tlsrpt>\n<If \"-R '192.0.2.0/24'\">\nRequire all denied\n</If>\n</Location>",
     ["192.0.2.1"], ["198.51.100.1"]),
    ("<Location /tlsrpt>\n<If \"-R '198.51.100.0/24'\">\nRequire all granted\n</If>\n"
     "<ElseIf \"-R '203.0.113.0/24'\">\n<If \"-R '203.0.113.7/32'\">\nRequire all denied\n</If>\n"
     "</ElseIf>\n<Else>\nRequire all denied\n</Else>\n</Location>",
     ["192.0.2.1", "203.0.113.7"], ["198.51.100.1", "203.0.113.8"]),
    ("<If \"-R '192.0.2.0/24'\">\nRequire all denied\n</If>", [], ["192.0.2.1"]),
    ("", [], ["192.0.2.1"]),
    ("<Location /tls>\nRequire all denied\n</Location>", [], ["192.0.2.1"]),
    ("<LocationMatch .*>\nRequire all denied\n</LocationMatch>", [], ["192.0.2.1"]),
    ("<Location /tlsrpt/deeper>\nRequire all denied\n</Location>", [], ["192.0.2.1"]),
], ids=["denied", "not ip", "a regular expression", "a pattern", "a condition",
        "several conditions", "a condition of the site", "none", "another path",
        "the whole site", "a path below"])
def test_require_in_a_section_of_the_report_path_holds_and_that_of_the_site_does_not(
        start, section, refused, allowed):
    server = start_with(start, section)
    for number, address in enumerate(refused):
        assert post(server, packed(make(number)), client_ip=address).status == 403
    for number, address in enumerate(allowed):
        assert post(server, packed(make(100 + number)), client_ip=address).status == 201
    assert len(Spool(server).files()) == len(allowed)
    policy.check(server.fetch())


def test_a_smaller_limit_of_the_body_and_headers_of_a_section_hold(start):
    server = start_with(start, "<Location /tlsrpt>\nLimitRequestBody 1000\n"
                               'Header always set X-Seen "here"\n</Location>')
    server.log.expected.append(r"\[report-too-large\]$")
    answer = post(server, make(1) + b" " * 2000)
    assert (answer.status, answer.header("X-Seen")) == (413, "here")
    assert post(server, make(2)).status == 201


def test_a_ban_by_the_environment_holds(start):
    """As mod_setenvif or a rule of mod_security sets it."""
    server = start(conf("SetEnvIf Remote_Addr ^192 banned\n<Location /tlsrpt>\n<RequireAll>\n"
                        "Require all granted\nRequire not env banned\n</RequireAll>\n</Location>"),
                   modules=["setenvif", *(name for name in MODULES if name != "authz_core")])
    server.log.possible.append(r"AH0163\d: .*client denied by server configuration")
    assert post(server, make(1), client_ip="192.0.2.1").status == 403
    assert post(server, make(2), client_ip="198.51.100.1").status == 201


def test_a_ban_by_the_environment_that_the_section_itself_sets_holds(start):
    server = start(conf("<Location /tlsrpt>\nSetEnvIf Remote_Addr ^192 banned\n"
                        "SetEnvIfNoCase User-Agent ^bad banned\n<RequireAll>\nRequire all granted\n"
                        "Require not env banned\n</RequireAll>\n</Location>"),
                   modules=["setenvif", *(name for name in MODULES if name != "authz_core")])
    server.log.possible.append(r"AH0163\d: .*client denied by server configuration")
    assert post(server, make(1), client_ip="192.0.2.1").status == 403
    assert post(server, make(1), headers=["User-Agent: Bad/1"], client_ip="198.51.100.1").status == 403
    assert post(server, make(2), client_ip="198.51.100.1").status == 201
    policy.check(server.fetch())

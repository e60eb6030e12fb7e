# SPDX-License-Identifier: Apache-2.0
"""Configurations that httpd allows, and in which the policy is served."""

import pytest

import client
import policy
from httpd import proxied, site
from policy import HOST, MX, text

ONE = text("mx1.example.com")
TWO = text("mx1.example.com", "mx2.example.com")

# sentence: (configuration, policy of HOST); main.inc holds MX, block.inc a block
CASES = {
    "Include": (proxied(HOST, "Include @ROOT@/inc/main.inc"), ONE),
    "Include at server level": ("Include @ROOT@/inc/block.inc\n" + proxied("www.example.com"), ONE),
    "Include of a directory": (proxied(HOST, "Include @ROOT@/inc/*.inc"), ONE),
    "Include in a block": (
        "<MTASTSPolicy example.com>\nInclude @ROOT@/inc/main.inc\n</MTASTSPolicy>\n"
        + proxied("www.example.com"), ONE),
    "IncludeOptional of nothing": (
        proxied(HOST, MX + "IncludeOptional @ROOT@/none/*.inc"), ONE),
    "IncludeOptional of something": (proxied(HOST, "IncludeOptional @ROOT@/inc/main.*"), ONE),
    "a macro in a virtual host": (
        "<Macro Publish $host>\nMTASTSMx $host\n</Macro>\n"
        + proxied(HOST, "Use Publish mx1.example.com"), ONE),
    "a macro of blocks": (
        "<Macro Publish $domain>\n<MTASTSPolicy $domain>\nMTASTSMx mx1.$domain\n"
        "</MTASTSPolicy>\n</Macro>\nUse Publish example.net\nUse Publish example.com\n"
        + proxied("www.example.com"), ONE),
    "a macro of virtual hosts": (
        "<Macro Host $domain>\n" + proxied("mta-sts.$domain", "MTASTSMx mx1.$domain")
        + "</Macro>\nUse Host example.com\nUse Host example.net\n", ONE),
    "a variable": ("Define MAIL mx1.example.com\n" + proxied(HOST, "MTASTSMx ${MAIL}"), ONE),
    "a variable in the argument of a block": (
        "Define ZONE example.com\n<MTASTSPolicy ${ZONE}>\nMTASTSMx mx1.${ZONE}\n"
        "</MTASTSPolicy>\n" + proxied("www.example.com"), ONE),
    "IfDefine around directives": (
        "Define STRICT\n" + proxied(HOST, MX + "<IfDefine STRICT>\nMTASTSMode enforce\n"
                                    "</IfDefine>\n<IfDefine !STRICT>\nMTASTSMode none\n"
                                    "</IfDefine>\n"),
        text("mx1.example.com", mode="enforce")),
    "IfModule around directives": (
        proxied(HOST, f"<IfModule mod_mta_sts.c>\n{MX}</IfModule>\n"
                "<IfModule mta_sts_module>\nMTASTSMode none\n</IfModule>\n"
                "<IfModule mod_absent.c>\nMTASTSMode nonsense\n</IfModule>\n"),
        text("mx1.example.com", mode="none")),
    "IfModule around a block": (
        f"<IfModule mod_mta_sts.c>\n<MTASTSPolicy example.com>\n{MX}</MTASTSPolicy>\n"
        "</IfModule>\n" + proxied("www.example.com"), ONE),
    "IfModule in a block": (
        f"<MTASTSPolicy example.com>\n<IfModule mod_mta_sts.c>\n{MX}</IfModule>\n"
        "</MTASTSPolicy>\n" + proxied("www.example.com"), ONE),
    "IfDefine in a block": (
        f"<MTASTSPolicy example.com>\n{MX}<IfDefine ABSENT>\nMTASTSMode none\n</IfDefine>\n"
        "</MTASTSPolicy>\n" + proxied("www.example.com"), ONE),
    "IfFile and IfVersion": (
        proxied(HOST, f"<IfFile @ROOT@/inc/main.inc>\n{MX}</IfFile>\n"
                "<IfVersion >= 2.4>\nMTASTSMx mx2.example.com\n</IfVersion>\n"), TWO),
    "IfDirective": (
        proxied(HOST, f"<IfDirective MTASTSMx>\n{MX}</IfDirective>\n"), ONE),
    "continuation lines": (
        proxied(HOST, "MTASTSMx \\\n  mx1.example.com \\\n  mx2.example.com\n"), TWO),
    "a block that goes on over lines": (
        "<MTASTSPolicy example.net \\\n  example.com>\n  MTASTSMx mx1.example.com\n"
        "</MTASTSPolicy>\n" + proxied("www.example.com"), ONE),
    "double quotes": (
        proxied(HOST, 'MTASTSMx "mx1.example.com" "mx2.example.com"\nMTASTSMode "testing"\n'), TWO),
    "single quotes": (
        proxied(HOST, "MTASTSMx 'mx1.example.com'\nMTASTSMaxAge '604800'\n"), ONE),
    "quotes around the argument of a block": (
        f'<MTASTSPolicy "example.com" \'example.net\'>\n{MX}</MTASTSPolicy>\n'
        + proxied("www.example.com"), ONE),
    "directives in any case": (
        proxied(HOST, "mtastsmx mx1.example.com\nMTASTSMODE testing\n"), ONE),
    "a block in any case": (
        f"<mtastspolicy example.com>\n{MX}</MTASTSPOLICY>\n" + proxied("www.example.com"), ONE),
    "blanks and tabs": (
        proxied(HOST, " \t MTASTSMx  \t mx1.example.com\tmx2.example.com  \n"), TWO),
    "a blank in front of the closing bracket": (
        f"<MTASTSPolicy   example.com  >  \n{MX}</MTASTSPolicy>\n" + proxied("www.example.com"),
        ONE),
    "comments": (
        proxied(HOST, "# MTASTSMode nonsense\nMTASTSMx mx1.example.com\n  # more\n"), ONE),
    "CR LF line ends": (
        proxied(HOST, f"MTASTSMx mx1.example.com\r\nMTASTSMode testing\r\n"), ONE),
    "a catch-all virtual host in front": (
        f"<VirtualHost *:@HTTP@>\nServerName https://catch.example\n</VirtualHost>\n"
        f"<VirtualHost *:@HTTP@>\nServerName https://{HOST}\n{MX}</VirtualHost>\n", ONE),
    "_default_": (
        f"<VirtualHost _default_:@HTTP@>\nServerName https://{HOST}\n{MX}</VirtualHost>\n", ONE),
    "*:*": (f"<VirtualHost *:*>\nServerName https://{HOST}\n{MX}</VirtualHost>\n", ONE),
    "several addresses": (
        f"<VirtualHost 127.0.0.1:@HTTP@ [::1]:@HTTP@>\nServerName https://{HOST}\n{MX}"
        "</VirtualHost>\n", ONE),
    "sixty domains in a block": (
        f"<MTASTSPolicy {' '.join(f'd{i}.example' for i in range(60))} example.com>\n{MX}"
        "</MTASTSPolicy>\n" + proxied("www.example.com"), ONE),
    "two hundred mx": (
        proxied(HOST, "MTASTSMx " + " ".join(f"mx{i}.example.com" for i in range(200))),
        text(*(f"mx{i}.example.com" for i in range(200)))),
    "the longest label": (
        proxied(HOST, f"MTASTSMx {'a' * 63}.example"), text("a" * 63 + ".example")),
    "the longest name": (
        proxied(HOST, "MTASTSMx " + ".".join(["a" * 62] * 4) + ".e"),
        text(".".join(["a" * 62] * 4) + ".e")),
    "names that begin with digits": (
        proxied(HOST, "MTASTSMx 1.mx.1und1.example"), text("1.mx.1und1.example")),
    "a wildcard": (proxied(HOST, "MTASTSMx *.example.com"), text("*.example.com")),
    "an A-label": (
        proxied(HOST, "MTASTSMx mx.xn--bcher-kva.example"), text("mx.xn--bcher-kva.example")),
}
MODULES = ["macro", "alias"]


@pytest.mark.parametrize("case", CASES)
def test_it_is_served_when_configured_by_way_of(start, make, case):
    conf, expected = CASES[case]
    server = make()
    server.write("inc/main.inc", MX)
    server.write("inc/block.inc", f"<MTASTSPolicy example.com>\n{MX}</MTASTSPolicy>\n")
    if case == "Include of a directory":
        (server.root / "inc/block.inc").unlink()
    server.configure(conf, modules=MODULES)
    status, output = server.run("-t")
    assert (status, output.strip().splitlines()[-1]) == (0, "Syntax OK")
    server.start()
    policy.check(server.fetch(), expected)


def test_it_is_served_over_ipv6(start):
    server = start(f"Listen [::1]:@HTTP@\n<VirtualHost [::1]:@HTTP@>\nServerName https://{HOST}\n"
                   f"{MX}</VirtualHost>\n")
    answer = client.talk(server.ports["http"], client.request(HOST, policy.PATH), address="::1")
    policy.check(client.only(answer))
    assert server.fetch().status == 404  # the IPv4 address is not that virtual host's


@pytest.mark.parametrize("where", ["*:@HTTP@", "_default_:@HTTP@", "*:*", "[::1]:@HTTP@",
                                   "127.0.0.1"])
def test_a_virtual_host_without_server_name_causes_a_warning_and_no_harm(make, where):
    server = make().configure(f"<VirtualHost {where}>\n{MX}</VirtualHost>\n" + proxied(HOST, MX))
    status, output = server.run("-t")
    assert status == 0, output
    warning = next(line for line in output.splitlines() if line.endswith("[policy-host-missing]"))
    assert f"{server.conf_file}:{server.line + 2}" in warning


def test_directives_without_effect_cause_a_warning_at_configtest_and_in_the_log(start):
    server = start(proxied("www.example.com", MX) + proxied(HOST, MX),
                   expected=[r"\[mta_sts:warn\].*httpd\.conf:\d+.*\[policy-host-missing\]$"])
    status, output = server.run("-t")
    warnings = [line for line in output.splitlines() if line.endswith("[policy-host-missing]")]
    assert status == 0
    assert len(warnings) == 1
    assert f"{server.conf_file}:{server.line + 3}:" in warnings[0]
    assert "www.example.com" in warnings[0]
    assert server.fetch("www.example.com").status == 404


def test_server_level_directives_that_only_set_defaults_need_no_mx(start):
    server = start("MTASTSMode enforce\nMTASTSMaxAge 1w\n" + proxied("www.example.com")
                   + proxied(HOST, MX))
    policy.check(server.fetch(), text("mx1.example.com", mode="enforce"))


def test_a_virtual_host_that_only_sets_defaults_for_its_blocks_needs_no_mx(start):
    server = start(proxied("www.example.com", "MTASTSMode enforce\n<MTASTSPolicy example.com>\n"
                           f"{MX}</MTASTSPolicy>\n"))
    policy.check(server.fetch(), text("mx1.example.com", mode="enforce"))


def test_an_http_virtual_host_with_another_policy_than_its_https_copy_causes_a_warning(make):
    """As after certbot, which copies a virtual host once (trap 5)."""
    server = make().configure(
        f"<VirtualHost 127.0.0.1:80>\nServerName {HOST}\n{MX}MTASTSMode enforce\n</VirtualHost>\n"
        + proxied(HOST, MX))
    status, output = server.run("-t")
    assert status == 0
    warning = next(line for line in output.splitlines() if line.endswith("[policy-differs]"))
    for line in (3, 8):
        assert f"{server.conf_file}:{server.line + line}" in warning


def test_a_certificate_without_the_policy_host_causes_a_warning_and_stops_nothing(make):
    server = make(expected=[rf"\[mta_sts:error\].*{HOST}.*\[certificate-name-missing\]$"])
    server.write("alias.inc", f"ServerAlias {HOST}\n")
    server.configure(site("www.example.com", "Include @ROOT@/alias.inc\n" + MX))
    assert server.run("-t")[0] == 0
    server.start()
    answer = server.talk(client.request(HOST, policy.PATH), "www.example.com")
    policy.check(client.only(answer))


def test_without_the_module_the_message_names_the_directive(make):
    server = make().configure(proxied(HOST, MX), load=False)
    status, output = server.run("-t")
    assert status != 0
    assert f"line {server.line + 3} of {server.conf_file}" in output
    assert "Invalid command 'MTASTSMx'" in output


def test_without_the_module_ifmodule_keeps_the_configuration_good(make):
    server = make().configure(
        proxied(HOST, f"<IfModule mod_mta_sts.c>\n{MX}</IfModule>\n")
        + f"<IfModule mod_mta_sts.c>\n<MTASTSPolicy example.com>\n{MX}</MTASTSPolicy>\n"
        "</IfModule>\n", load=False)
    assert server.run("-t") == (0, "Syntax OK\n")

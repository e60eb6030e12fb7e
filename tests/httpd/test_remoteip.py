# SPDX-License-Identifier: Apache-2.0
"""What the directives of mod_remoteip mean for each virtual host, as mod_remoteip itself takes them:
which one is behind a proxy that hides its clients, and which one believes everybody."""

import re

import pytest

import client
import policy
from policy import HOST, MX
from ports import free_port
from report import ENDPOINT

HEADER = "RemoteIPHeader X-Client\n"
LIST = "RemoteIPInternalProxy 127.0.0.1\n"
PROXY = "RemoteIPProxyProtocol On\n"


def vhost(body="", name="https://" + HOST, address="127.0.0.1:@HTTP@"):
    return f"<VirtualHost {address}>\nServerName {name}\n{body}</VirtualHost>\n"


OURS = MX + ENDPOINT
OTHER = "other.example"

# The configuration, and whether the clients of the policy host's virtual host are hidden.
HIDDEN = {
    "nothing at all": ("" + vhost(OURS), True),
    "a header for all": (HEADER + LIST + vhost(OURS), False),
    "a header for all, after it": (vhost(OURS) + HEADER + LIST, False),
    "a header in it": (vhost(HEADER + LIST + OURS), False),
    "a header in another one only": (vhost(OURS) + vhost(HEADER + LIST, OTHER), True),
    "a header within <IfModule>": ("<IfModule mod_remoteip.c>\n" + HEADER + LIST + "</IfModule>\n"
                                   + vhost(OURS), False),
    "a header in it within <IfModule>": (
        vhost("<IfModule mod_remoteip.c>\n" + HEADER + LIST + "</IfModule>\n" + OURS), False),
    "a header within an <IfDefine> that does not hold": (
        "<IfDefine NOT>\n" + HEADER + "</IfDefine>\n" + vhost(OURS), True),
    "PROXY for all": (PROXY + vhost(OURS), False),
    "PROXY in it": (vhost(PROXY + OURS), False),
    "PROXY in another one of the same address": (vhost(PROXY, OTHER) + vhost(OURS), False),
    "PROXY in another one of another address": (
        "Listen 127.0.0.1:@OTHER@\n" + vhost(PROXY, OTHER, "127.0.0.1:@OTHER@") + vhost(OURS), True),
    "PROXY off": ("RemoteIPProxyProtocol Off\n" + vhost(OURS), True),
    "PROXY off in it": (vhost("RemoteIPProxyProtocol off\n" + OURS), True),
    "PROXY for all, off in it": (PROXY + vhost("RemoteIPProxyProtocol Off\n" + OURS), True),
    "PROXY on, then off": (vhost(PROXY + "RemoteIPProxyProtocol Off\n" + OURS), True),
    "PROXY off, then quoted on": (vhost('RemoteIPProxyProtocol Off\nRemoteIPProxyProtocol "oN"\n' + OURS),
                                  False),
    "PROXY on a wildcard": ("Listen 127.0.0.1:@OTHER@\n" + vhost(PROXY, OTHER, "*:@HTTP@") + vhost(OURS),
                            False),
    "PROXY on a wildcard of another port": (
        "Listen 127.0.0.1:@OTHER@\n" + vhost(PROXY, OTHER, "*:@OTHER@") + vhost(OURS), True),
    "PROXY for one of two addresses": (
        "Listen 127.0.0.1:@OTHER@\n" + vhost(PROXY, OTHER)
        + vhost(OURS, address="127.0.0.1:@HTTP@ 127.0.0.1:@OTHER@"), True),
    "PROXY by macro": ("<Macro Behind $name>\n" + vhost(PROXY + OURS, "https://$name")
                       + "</Macro>\nUse Behind " + HOST + "\n", False),
    "no proxy at all": (vhost(OURS, HOST), False),
}


def bare(make, conf, modules=("remoteip", "macro", "authz_host")):
    """An httpd that is configured but not started, without the lines about mod_remoteip of others."""
    server = make()
    server.log.possible += [r"\[(report-proxy|remoteip-open)\]$", r"\[remoteip:", r"AH00126: Invalid URI"]
    server.configure(conf.replace("@OTHER@", str(free_port())), modules=modules)
    text = server.conf_file.read_text()
    assert text.count("RemoteIP") == conf.count("RemoteIP")
    return server


@pytest.mark.parametrize("name", HIDDEN)
def test_a_proxy_hides_the_clients_of_a_virtual_host(make, name):
    conf, is_hidden = HIDDEN[name]
    server = bare(make, conf)
    status, output = server.run("-t")
    assert status == 0, output
    assert ("[report-proxy]" in output) == is_hidden, output
    assert ("[remoteip-open]" in output) is False, output


@pytest.mark.parametrize("name", [name for name in HIDDEN if "PROXY" in name and "two" not in name])
def test_mod_remoteip_takes_the_same_address_from_a_proxy(make, name):
    conf, is_hidden = HIDDEN[name]
    server = bare(make, conf).start()
    sent = client.request(HOST, policy.PATH)
    answer = server.talk(b"PROXY TCP4 192.0.2.9 127.0.0.1 4321 80\r\n" + sent)
    assert (b" 200 OK" in answer) == (not is_hidden), answer
    assert (b" 200 OK" in server.talk(sent)) == is_hidden


# The configuration, and whether the header is believed from everybody.
OPEN = {
    "a header for all": (HEADER + vhost(OURS), True),
    "a header in it": (vhost(HEADER + OURS), True),
    "a header in it over TLS of its own": (vhost(HEADER + OURS, HOST), True),
    "a header in another one": (vhost(HEADER, OTHER) + vhost(OURS, HOST), False),
    "a list for all": (LIST + vhost(HEADER + OURS), False),
    "a list in another one": (vhost(LIST, OTHER) + vhost(HEADER + OURS), True),
    "trusted proxies": (vhost(HEADER + "RemoteIPTrustedProxy 192.0.2.0/24 127.0.0.1\n" + OURS), False),
    "a file with the list": (HEADER + "RemoteIPInternalProxyList @ROOT@/proxies\n" + vhost(OURS), False),
    "a file with trusted proxies": (HEADER + "RemoteIPTrustedProxyList @ROOT@/proxies\n" + vhost(OURS), False),
    "no reports there": (vhost(HEADER + MX), False),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_header_that_everybody_may_send_is_a_warning(make, name):
    conf, is_open = OPEN[name]
    server = bare(make, conf)
    server.write("proxies", "127.0.0.1\n")
    status, output = server.run("-t")
    assert status == 0, output
    assert ("[remoteip-open]" in output) == is_open, output
    if is_open:
        assert re.search(r'httpd\.conf:\d+: .*"X-Client" is believed from everybody', output), output
        assert "RemoteIPInternalProxy" in output

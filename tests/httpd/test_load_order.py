# SPDX-License-Identifier: Apache-2.0
"""In whatever order the modules are loaded that have a say in a policy host: mod_ssl speaks TLS,
mod_md gives it the certificate, ours serves, takes reports in and judges the certificate."""

import itertools
import re

import pytest

import policy
from policy import HOST, MX
from report import ENDPOINT, Spool, make as make_report, packed, post
from status_page import LOCATION, data

OTHER = "mta-sts.other.example"
ORDERS = list(itertools.permutations(["ssl", "md", "mta_sts"]))


def managed(name, certificate):
    """A virtual host whose certificate comes from mod_md."""
    return (f"<MDomain {name}>\nMDCertificateFile {certificate}\n"
            f"MDCertificateKeyFile {certificate}\n</MDomain>\n"
            f"<VirtualHost 127.0.0.1:@HTTPS@>\nServerName {name}\nSSLEngine on\n"
            f"{MX}{ENDPOINT}</VirtualHost>\n")


def reorder(path, order):
    """The LoadModule lines of these modules in this order, where the first of them was."""
    text = path.read_text()
    lines = {name: re.search(rf"^LoadModule {name}_module .*\n", text, re.M)[0] for name in order}
    at = min(text.index(line) for line in lines.values())
    for line in lines.values():
        text = text.replace(line, "")
    path.write_text(text[:at] + "".join(lines[name] for name in order) + text[at:])


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_any_order_of_loading_serves_the_policy_and_judges_the_certificate(make, ca, order):
    wrong = rf"\[mta_sts:error\] .*{re.escape(OTHER)}.* \[certificate-name-missing\]$"
    right = str(ca.issue([HOST]))
    server = make([wrong, r"\[ssl:warn\] .* AH01909: "]).configure(
        LOCATION + "# over TLS: @CERT@\nMDStoreDir @ROOT@/md\n" + managed(HOST, right)
        + managed(OTHER, ca.issue(["www.other.example"])), modules=["md"])
    reorder(server.conf_file, order)
    server.start()
    for count, again in ((1, server.graceful), (2, server.stop)):
        policy.check(server.fetch())
        shown = data(server, "?q=example.com")["domains"]["list"][0]
        assert shown["certificate"]["file"] == right
        assert post(server, packed(make_report(count))).status == 201
        assert len(Spool(server).files()) == count
        assert len(server.log.matching(wrong)) == count, "one a start"
        again()

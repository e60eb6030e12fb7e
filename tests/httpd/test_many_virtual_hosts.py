# SPDX-License-Identifier: Apache-2.0
"""Thousands of virtual hosts, each with lines of its own: what a start costs grows with their number,
not with its square."""

import os
import subprocess

import pytest

from httpd import APACHE
from policy import MX
from report import PATH

pytestmark = pytest.mark.slow

# At server level, and in each of the virtual hosts, whose names are {name}.
SHAPES = {
    "an endpoint at server level": (
        f"MTASTSReportPath {PATH}\n", "ServerName {name}\n"),
    "an endpoint at server level, behind proxies": (
        f"RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\nMTASTSReportPath {PATH}\n",
        "ServerName https://{name}\n"),
    "proxies of their own": (
        f"MTASTSReportPath {PATH}\n",
        "ServerName https://{name}\nRemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n"),
    "PROXY lines of their own": (
        f"MTASTSReportPath {PATH}\n", "ServerName https://{name}\nRemoteIPProxyProtocol On\n"),
    "policies over TLS of their own": (
        "", "ServerName mta-sts.{name}\n" + MX),
}


def configure(server, shape, count):
    common, own = SHAPES[shape]
    own = "<VirtualHost 127.0.0.1:@HTTP@>\n" + own + "</VirtualHost>\n"
    server.configure(common + "".join(own.format(name=f"d{number}.example") for number in range(count)),
                     ["remoteip"])


def cpu_of_configtest(server):
    """In seconds, of the quickest of three."""
    took = []
    for _ in range(3):
        child = subprocess.Popen([APACHE, "-f", str(server.conf_file), "-t"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, server.run("-t")
        took.append(usage.ru_utime + usage.ru_stime)
    return min(took)


@pytest.mark.parametrize("shape", SHAPES)
def test_configtest_takes_time_in_proportion_to_the_virtual_hosts(make, shape):
    server, took = make(), {}
    server.log.possible.append(".")
    for count in (2000, 8000):
        configure(server, shape, count)
        took[count] = cpu_of_configtest(server)
    print(shape, took)
    assert took[8000] < 7 * took[2000], took

# SPDX-License-Identifier: Apache-2.0
"""Debian's apache2 under the manual's drop-in with ProtectSystem=strict: its stock directories suffice."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lab
from lab.domain import policy_text
from lab.process import run

sys.path.insert(0, str(Path(__file__).parents[1]))

import manual  # noqa: E402

PATHS = re.search(r"^ReadWritePaths=(.*)$", manual.block("doc/operations.md", "drop-in").text, re.M)[1].split()
PREPARE = manual.block("doc/operations.md", "strict").commands()[0][0].split()[1:]
HOST = "mta-sts.strict.test"
# httpd's own idiom for a virtual host behind a proxy that speaks TLS.
SITE = f"""\
<VirtualHost *:80>
    ServerName https://{HOST}
    RemoteIPHeader X-Forwarded-For
    RemoteIPInternalProxy 127.0.0.0/8
    MTASTSMode testing
    MTASTSMx mx1.lab.test
    MTASTSReportPath /tlsrpt
</VirtualHost>
"""
POLICY = policy_text("testing", "mx1.lab.test")
REPORT = (b'{"organization-name":"strict.test","report-id":"%d",'
          b'"policies":[{"policy":{"policy-domain":"strict.test"}}]}')

# $@: what can be written to. As systemd mounts it: /tmp is private, /dev, /proc and /sys stay.
STRICT = r"""
set -eu
mount -t tmpfs tmpfs /tmp
for path; do mount --rbind "$path" "$path"; done
awk '{ print $5 }' /proc/self/mountinfo | while read -r place; do
    case " /tmp $* " in *" $place "*) continue ;; esac
    case $place in /dev*|/proc*|/sys*) continue ;; esac
    mount -o remount,bind,ro "$(printf %b "$place")" 2>/dev/null || :
done
for place in / /etc /usr /var /var/lib; do
    [ ! -w "$place" ] || { echo "$place can be written to" >&2; exit 1; }
done
exec apache2ctl start
"""


@pytest.fixture
def strictly(apache, module, sites):
    """Apache, started again in a mount namespace like systemd's."""
    apache.enable_module("remoteip")
    sites(HOST, SITE)
    apache.stop()
    run(*PREPARE)
    apache.error_log.mark()
    run("unshare", "--mount", "--propagation", "private", "--", "sh", "-c", STRICT, "sh", *PATHS)
    apache.wait_until_started()
    yield apache
    apache.stop()
    apache.start()


def curl(*words):
    return subprocess.run(
        ["curl", "--silent", "--header", f"Host: {HOST}", *words], timeout=60, check=True,
        stdout=subprocess.PIPE).stdout


def post(number):
    return curl("--data-binary", (REPORT % number).decode(), "--output", "/dev/null",
                "--write-out", "%{http_code}", f"http://{lab.APACHE}/tlsrpt")


def kept():
    return len(list(Path("/var/lib/mod_mta_sts/reports").glob("*/*")))


def test_apache_serves_stores_and_reloads_in_it(strictly):
    before = kept()
    for number in (1, 2):
        assert curl(f"http://{lab.APACHE}/.well-known/mta-sts.txt") == POLICY
        assert post(number) == b"201"
        strictly.graceful()
    assert post(2) == b"200"
    assert kept() == before + 2
    assert strictly.error_log.lines(r"\[mta_sts:(warn|error)\]|Read-only file system") == []

# SPDX-License-Identifier: Apache-2.0
"""What the manual shows of httpd's configuration, of its answers and of its log is so."""

import hashlib
import re
import subprocess
import sys

import pytest

import policy
import report
from httpd import APACHE, TOP, site

sys.path.insert(0, str(TOP / "tests"))

import manual  # noqa: E402

MODULES = "auth_basic", "authn_core", "authn_file", "authz_host", "authz_user", "dir"
SITE = "/etc/apache2/sites-enabled/mta-sts.example.com.conf"
NAMES = " ".join(f"mta-sts.example.{top}" for top in ("com", "net", "org"))


def here(text):
    """A block for a machine of the tests."""
    return text.replace("*:443>", "127.0.0.1:@HTTPS@>").replace("*:80>", "127.0.0.1:@HTTP@>")


def by_hand():
    """The site of the README."""
    shown, = manual.blocks("README.md", "apache")
    return shown


@pytest.mark.parametrize("number", range(len(manual.every_block("apache"))))
def test_each_example_is_valid_with_and_without_the_module(make, number):
    shown = manual.every_block("apache")[number]
    for load in True, False:
        server = make().configure(here(shown.text), modules=MODULES, load=load)
        status, output = server.run("-t")
        assert status == 0, f"{shown}: {output}"
        assert not re.search(r"\[mta_sts:(warn|error)\]", output), f"{shown}: {output}"


def test_the_site_of_the_readme_serves_its_policy_over_https(start):
    server = start(here(by_hand().text) + site("mta-sts.example.com"))
    policy.check(server.fetch(), policy.text("mx1.example.com", "mx2.example.com"))


def test_the_block_of_many_domains_serves_them_in_any_virtual_host(start):
    shown = next(one for one in manual.blocks("doc/directives.md", "apache")
                 if "example.org>" in one.text)
    server = start(shown.text + site("www.example.com", aliases=NAMES))
    for name in NAMES.split():
        policy.check(server.fetch(name),
                     policy.text("mx1.example.com", "mx2.example.com", mode="enforce"))


# --- what apachectl prints ---


def test_the_dump_is_as_the_manual_shows_it(make):
    """But for the file and its lines."""
    server = make().configure(here(by_hand().text) + site("mta-sts.example.com"))
    result = subprocess.run([APACHE, "-t", "-D", "DUMP_MTA_STS", "-f", str(server.conf_file)],
                            capture_output=True, timeout=60, check=True)
    real = re.sub(rf"{server.conf_file}:(\d+)",
                  lambda at: f"{SITE}:{int(at[1]) - server.line}", result.stdout.decode())
    shown = manual.block("doc/directives.md", "dump")
    if manual.WRITE:
        manual.write(shown, real.rstrip().splitlines())
    else:
        assert real.rstrip() == shown.text.rstrip()


def test_the_id_is_the_hash_that_the_manual_shows(start):
    """With curl, which is to find this httpd; and the commands after it as they are."""
    server = start(here(by_hand().text) + site("mta-sts.example.com"))
    shown = manual.block("doc/directives.md", "id")
    (command, output), = shown.commands()
    to_here = f"--cacert {server.ca.root} --connect-to ::127.0.0.1:{server.ports['https']}"
    result = subprocess.run(["sh", "-c", command.replace("curl", f"curl {to_here}")],
                            capture_output=True, timeout=60, check=True)
    assert result.stdout.decode() == output
    text = policy.text("mx1.example.com", "mx2.example.com")
    assert output.strip() == hashlib.sha256(text).hexdigest()[:20]
    assert f"id={output.strip()};" in manual.block("doc/directives.md", "dump").text


def test_configtest_says_what_the_manual_shows_of_a_port(make):
    shown = manual.block("doc/messages.md", "configtest-port")
    lines = by_hand().text.replace("mx1.example.com mx2", "mx1.example.com:25 mx2")
    server = make().configure(here(lines))
    output = re.sub(rf"line (\d+) of {server.conf_file}",
                    lambda at: f"line {int(at[1]) - server.line} of {SITE}", server.run("-t")[1])
    if manual.WRITE:
        manual.write(shown, [line.rstrip() for line in output.strip().splitlines()[:2]])
    else:
        assert shown.text.strip() in output


# --- the endpoint ---


def test_the_endpoint_explains_itself_as_the_manual_shows(start):
    server = start(report.conf(), modules=MODULES)
    shown = manual.block("doc/reports.md", "endpoint")
    (command, _), = shown.commands()
    real = server.fetch(path=re.search(r"https://[^/]*(/\S+)", command)[1]).body.decode()
    if manual.WRITE:
        manual.write(shown, manual.console([(command, real)]))
    else:
        assert shown.lines == manual.console([(command, real)])


def test_a_refusal_is_logged_as_the_manual_shows(start):
    """But for time, process and client; its middle is left out."""
    server = start(report.conf(), expected=[r"\[report-[a-z-]+\]$"])
    report.post(server, b"rubbish")
    real, = server.log.matching("report rejected: ")
    shown, = manual.block("doc/reports.md", "log").lines
    begin, end = (re.escape(part) for part in shown.split("…"))
    for pattern in r"pid 1:tid 1", r"192\.0\.2\.1:4711":
        begin = begin.replace(re.escape(pattern.replace("\\", "")), r"[^]]*")
    assert re.search(begin + ".*" + end + "$", real), real


def test_the_reports_of_a_network_are_removed_as_the_manual_shows(start):
    """Those over HTTPS from 192.0.2.0/24 and no others."""
    server = start(report.conf(), modules=MODULES)
    theirs = ["192.0.2.7", "192.0.2.200"]
    others = ["192.0.20.7", "198.51.100.2"]
    stored = {}
    for number, address in enumerate([*theirs, *others]):
        data = report.make(number)
        assert report.post(server, report.packed(data), client_ip=address).status == 201
        stored[address] = report.digest(data)
    report.import_verified(server, report.make(8))
    spool = report.Spool(server)
    before = set(spool.files())
    assert len(before) == 5
    (shown, _), = manual.block("doc/under-attack.md", "remove").commands()
    command = shown.replace("sudo ", "").replace("/var/lib/mod_mta_sts", str(server.root / "state"))
    for _ in "removed", "nothing left":
        subprocess.run(["sh", "-c", command], check=True, timeout=60)
    assert before - set(spool.files()) == {stored[address] for address in theirs}


def test_prometheus_accepts_its_configuration(tmp_path):
    file = tmp_path / "prometheus.yml"
    file.write_text(manual.block("doc/status.md", "prometheus").text)
    result = subprocess.run(["promtool", "check", "config", str(file)], timeout=60,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert result.returncode == 0, result.stdout

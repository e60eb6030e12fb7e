# SPDX-License-Identifier: Apache-2.0
"""One TLSRPT record in all views: both dumps, the status page and its JSON, `mta-sts dns` and
`mta-sts-setup` propose the same."""
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import types

import pytest

import status_page
from httpd import APACHE, proxied

TOP = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(TOP / "scripts"))

from mta_sts_setup import command, records  # noqa: E402
from mta_sts_setup.policy import Policy  # noqa: E402

COMMAND = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts"
NAME = "mta-sts.{}"
MX = "MTASTSMx mx1.example.com\n"
BLOCKS = "".join(f"<MTASTSPolicy {domain}>\n{MX}</MTASTSPolicy>\n"
                 for domain in ("block.example", "inherits.example", "elsewhere.example"))
PLAIN = proxied(NAME.format("twice.example"), MX).replace("https://", "")

# domain: the path of its endpoint, or None
DOMAINS = {
    "own.example": "/own",         # of its virtual host
    "off.example": None,           # switched off there
    "block.example": "/block",     # a block at server level; the virtual host of its name has a path
    "inherits.example": "/all",    # the same, and the virtual host inherits
    "elsewhere.example": "/all",   # no virtual host has its name
    "twice.example": "/twice",     # only the https virtual host has one
}
CONF = (status_page.LOCATION + "MTASTSReportPath /all\n"
        + proxied(NAME.format("own.example"), MX + "MTASTSReportPath /own\n")
        + proxied(NAME.format("off.example"), MX + "MTASTSReportPath off\n")
        + proxied(NAME.format("block.example"), "MTASTSReportPath /block\n")
        + proxied(NAME.format("inherits.example"))
        + PLAIN.replace("MTASTSMx", "MTASTSReportPath off\nMTASTSMx")
        + proxied(NAME.format("twice.example"), MX + "MTASTSReportPath /twice\n") + BLOCKS)


def expected(domain):
    path = DOMAINS[domain]
    url = f"https://mta-sts.{domain}{path}," if path else ""
    return f"v=TLSRPTv1; rua={url}mailto:YOU@{domain}"


@pytest.fixture
def server(start):
    return start(CONF)


@pytest.fixture
def path(server, tmp_path):
    """A PATH with this command, and an apachectl that shows the configuration of the server."""
    wrapper = tmp_path / "apachectl"
    wrapper.write_text(f'#!/bin/sh\nexec {APACHE} "$@" -f {server.conf_file}\n')
    wrapper.chmod(0o755)
    (tmp_path / "mta-sts").symlink_to(COMMAND)
    return f"{tmp_path}:/usr/bin:/bin"


def records_in(text):
    """{domain: record} of lines of a zone file."""
    return dict(re.findall(r'_smtp\._tls\.([a-z.]+)\. (?:\d+ )?IN TXT "([^"]+)"', text))


def in_dump(server, path):
    return records_in(server.run("-t", "-D", "DUMP_MTA_STS")[1])


def dump_of(server):
    document, = [json.loads(line) for line in server.run("-t", "-D", "DUMP_MTA_STS_JSON")[1].splitlines()
                 if line.startswith("{")]
    return document


def in_dump_json(server, path):
    return {entry["domain"]: entry["records"][1]["value"]
            for entry in dump_of(server)["policies"] if entry["records"]}


def on_page(server, path):
    found = {}
    for domain in DOMAINS:
        shown = status_page.fetch(server, f"?domain={domain}").body.decode()
        found.update(records_in(html.unescape(shown)))
    return found


def in_page_json(server, path):
    found = {}
    for domain in DOMAINS:
        answer = status_page.fetch(server, f"?format=json&domain={domain}")
        found.update(records_in(json.loads(answer.body)["domain"]["dns_records"]))
    return found


def in_dns(server, path):
    done = subprocess.run([COMMAND, "dns", "--from-apache", "--offline"], env={"PATH": path},
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return records_in(done.stdout.decode())


def in_setup(server, path):
    policy = Policy("testing", ("mx1.example.com",), 604800)
    options = types.SimpleNamespace(email=None)
    found = {}
    for domain in DOMAINS:
        facts = types.SimpleNamespace(domain=domain, dump=dump_of(server))
        _, record, _ = records.find(options, facts, policy)
        assert record.is_example
        found[domain] = record.text
    return found


@pytest.mark.parametrize("view", [in_dump, in_dump_json, on_page, in_page_json, in_dns, in_setup],
                         ids=lambda view: view.__name__)
def test_every_view_proposes_the_same_record_for_reports(server, path, view, monkeypatch):
    monkeypatch.setattr(command, "ENVIRONMENT", {"PATH": path})
    assert view(server, path) == {domain: expected(domain) for domain in DOMAINS}


def test_setup_completes_the_record_with_the_address_that_it_knows(server, path, monkeypatch):
    monkeypatch.setattr(command, "ENVIRONMENT", {"PATH": path})
    facts = types.SimpleNamespace(domain="own.example", dump=dump_of(server))
    _, record, _ = records.find(types.SimpleNamespace(email="admin@own.example"), facts,
                                Policy("testing", ("mx1.example.com",), 604800))
    assert (record.is_example, record.text) == (
        False, "v=TLSRPTv1; rua=https://mta-sts.own.example/own,mailto:admin@own.example")


def test_setup_proposes_the_endpoint_of_the_main_server_before_the_domain_exists(server, path, monkeypatch):
    monkeypatch.setattr(command, "ENVIRONMENT", {"PATH": path})
    facts = types.SimpleNamespace(domain="new.example", dump=dump_of(server))
    _, record, _ = records.find(types.SimpleNamespace(email=None), facts,
                                Policy("testing", ("mx1.example.com",), 604800))
    assert record.text == "v=TLSRPTv1; rua=https://mta-sts.new.example/all,mailto:YOU@new.example"

# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of each document of the manual in order, as a reader types them: with a domain,
its mail server, certbot and a CA. Where the manual shows output, the command must print that."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab import DIRECTORY, NAMESERVER, acme, report
from lab.deadline import wait_until
from lab.dns import UPDATE_KEY, ask
from lab.domain import MailDomain, policy_id, policy_text
from lab.mail import Mx
from lab.process import run
from lab.setup import PATH, forget, set_up

sys.path.insert(0, str(Path(__file__).parents[1]))

import manual  # noqa: E402

DOCUMENTS = [name for name in manual.DOCUMENTS if manual.blocks(name, "console", "lab")]
BY_THEMSELVES = ("README.md", "doc/tutorial.md")  # those that begin with mta-sts-setup
NAME, HOSTED = "example.test", "hosted.test"
FIRST, ADDRESS = f"mx1.{NAME}", "127.0.0.31"
# What is another in the lab: names, addresses, and what a policy with other names makes.
NAMES = [("example.com", NAME), ("example.net", HOSTED)]
ADDRESSES = [("127.0.0.80", "192.0.2.80"), (ADDRESS, "192.0.2.25")]
POLICIES = [(mode, age) for mode in ("testing", "enforce") for age in (604800,)] + [("none", 86400)]
# Different in each run: (pattern, what the manual has in its place).
CHANGING = [
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d( ?UTC|Z)?", "2026-12-05 12:00 UTC"),
    (r"\b20\d\d-\d\d-\d\d\b", "2026-12-05"), (r"\b\d+ more days\b", "89 more days"),
    (r"\bin \d+ ms\b", "in 12 ms"), (r"\bTTL \d+ s\b", "TTL 3600 s"), (r"=\d{2,4};", "=89;"),
    (r"\bTLSv1\.\d\b", "TLSv1.3"), (r"\b1 IN\b", "3600 IN"), (r"\b1 seconds?\b", "3600 seconds"),
]
# By what a command begins with: its exit status.
STATUS = [("mta-sts ready", 1)]
REPORTS = "mta-sts-reports"
DAYS, SENDERS = 14, ("a.test", "b.test")  # what `mta-sts ready` requires


@pytest.fixture(scope="module")
def names(dns, ca, acme):
    """The domain with its mail server, and one whose mail is at a provider."""
    domain, hosted = MailDomain(dns, NAME, mx=FIRST), MailDomain(dns, HOSTED, mx="smtp.google.com")
    dns.publish(FIRST, "A", ADDRESS)
    mx = Mx("manual-mx", FIRST, ADDRESS, ca.issue(FIRST))
    mx.wait_ready()
    yield domain, hosted
    mx.daemon.stop()


def endpoint_in(document):
    """The block that shows how to receive reports, if a document has one."""
    return next((one for one in manual.blocks(document, "apache")
                 if "MTASTSReportPath" in one.text), None)


@pytest.fixture
def machine(names, bare, dns, apache):
    """Without a policy; where a document does not show how to receive reports, they are received as
    the tutorial sets it up."""
    shutil.rmtree("/var/lib/mod_mta_sts", ignore_errors=True)
    yield
    apache.remove_conf(REPORTS)
    for domain in names:
        forget(domain)
    for record in f"_mta-sts.{NAME}", f"_smtp._tls.{NAME}":
        dns.remove(record, "TXT")


def here(command):
    """A command of the manual for this lab."""
    command = re.sub(r"^sudo ", "", command)
    for ours, other in NAMES:
        command = command.replace(ours, other)
    if command.startswith("mta-sts-setup"):
        command += f" --server {acme.DIRECTORY}"
    # On a terminal, curl shows no progress.
    return re.sub(r"^curl ", "curl -sS ", command)


def as_shown(text):
    """What it printed, for a reader's machine."""
    for mode, age in POLICIES:
        text = text.replace(policy_id(policy_text(mode, FIRST, max_age=age)),
                            policy_id(policy_text(mode, "mx1.example.com", max_age=age)))
    for ours, other in NAMES:
        text = text.replace(other, ours)
    for address, other in ADDRESSES:
        text = text.replace(address, other)
    for pattern, other in CHANGING:
        text = re.sub(pattern, other, text)
    return text


def do(command):
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300,
                          env={**PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"})
    expected = next((status for start, status in STATUS if command.startswith(start)), 0)
    assert done.returncode == expected, f"{command}\nended with {done.returncode}:\n" \
        f"{done.stdout.decode()}"
    return done.stdout.decode()


def publish(command, names):
    """What `mta-sts dns` printed goes to the zone, as the reader does it."""
    key = DIRECTORY / "manual.key"
    key.write_text(UPDATE_KEY)
    updates = do(command.replace("mta-sts dns", "mta-sts dns --format nsupdate") + " 2> /dev/null")
    run("nsupdate", "-k", key, input=f"server {NAMESERVER}\n{updates}")
    identity = policy_id(names[0].fetch().body)
    wait_until(lambda: identity in str(ask(f"_mta-sts.{NAME}", "TXT")), f"the id {identity}")
    if f"_smtp._tls.{NAME}" in updates:
        wait_until(lambda: "TLSRPTv1" in str(ask(f"_smtp._tls.{NAME}", "TXT")), "the TLSRPT record")


def wait_until_ready():
    """What a reader waits for before mode enforce: verified reports, until it says `ready`."""
    policy = policy_text("testing", FIRST)
    for days_ago in range(1, DAYS + 1):
        for sender in SENDERS:
            report.store_verified(NAME, sender, report.make(NAME, policy, sender, days_ago))
    run("mta-sts", "ready", NAME)


def assert_refused(command):
    """As the documents say of mode enforce before that."""
    done = run("sh", "-c", command, check=False, env={**PATH, "HOME": "/root"})
    assert done.returncode == 1 and "[reports-missing]" in done.stdout and \
        "Nothing was changed. --force" in done.stdout, done.stdout


def follow(block, names):
    """Its commands; those that are shown with their output print it."""
    real = []
    for command, shown in block.commands():
        if command.endswith("--mode enforce"):
            assert_refused(here(command))
            wait_until_ready()
        output = do(here(command))
        if command.startswith("mta-sts dns"):
            publish(here(command), names)
        real.append((command, as_shown(output) if shown else ""))
    if manual.WRITE:
        manual.write(block, [line.rstrip() for line in manual.console(real)])
    else:
        assert as_shown("\n".join(line.rstrip() for line in manual.console(real))) == \
            as_shown("\n".join(block.lines))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_reader_gets_through_a_document_from_its_beginning_to_its_end(document, machine, names,
                                                                        apache):
    endpoint = endpoint_in(document)
    if not endpoint:
        apache.conf(REPORTS, endpoint_in("doc/tutorial.md").text)
    if document not in BY_THEMSELVES:
        set_up(NAME, "--mx", FIRST)
        publish(f"mta-sts dns --rua mailto:tls-reports@{NAME} {NAME}", names)
    for number in range(len(manual.blocks(document, "console", "lab"))):
        block = manual.blocks(document, "console", "lab")[number]
        if endpoint and block.line > endpoint.line:
            apache.conf(REPORTS, endpoint.text)
            endpoint = None
        follow(block, names)

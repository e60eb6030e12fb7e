# SPDX-License-Identifier: Apache-2.0
"""The lab's parts as fixtures: each is started once, by the first test that asks for it."""

from glob import glob
from pathlib import Path

import pytest

import lab
from lab import faulty_zone
from lab.acme import Acme, HOST as ACME_HOST
from lab.apache import Apache
from lab.ca import Ca, trust
from lab.certbot import Certbot
from lab.dns import Dns
from lab.domain import MailDomain
from lab.faulty_domains import EVERYBODY
from lab.mail import Mx, Sender
from lab.setup import MX, enabled, forget

LOGS = (
    "/var/log/apache2/error.log",
    "/var/log/letsencrypt/letsencrypt.log",
    "/run/lab/*/output.log",
    "/run/lab/*/mail.log",
)
TAIL = 30


@pytest.fixture(scope="session")
def dns():
    dns = Dns()
    dns.start()
    return dns


@pytest.fixture(scope="session")
def ca():
    return Ca()


@pytest.fixture(scope="session")
def acme(dns, ca):
    """The ACME CA; from now on, the machine trusts it and the lab's own CA."""
    dns.publish(ACME_HOST, "A", lab.ACME)
    acme = Acme(ca)
    acme.start()
    trust({"lab-acme": acme.root, "lab-own": ca.root.read_text()})
    return acme


@pytest.fixture(scope="session")
def apache(dns):
    apache = Apache()
    apache.start()
    return apache


@pytest.fixture(scope="session")
def module(apache):
    """mod_mta_sts, enabled in the running server by a2enmod and a reload."""
    apache.enable_module("mta_sts")
    apache.graceful()


@pytest.fixture(scope="module")
def sites(apache):
    """apache.site(), for sites that are removed after the last test of the file."""
    names = []

    def add(name, text):
        names.append(name)
        apache.site(name, text)

    yield add
    for name in names:
        apache.remove_site(name)
    apache.graceful()


@pytest.fixture(scope="module")
def restored(acme, apache):
    """Restores what is enabled in Apache afterwards, because other tests rely on it."""
    before = enabled()
    yield
    for path in enabled() - before:
        Path(path).unlink()
    missing = {Path(path).stem for path in before - enabled() if "/mods-enabled/" in path}
    if missing:
        apache.enable_module(*missing)
    apache.graceful()


@pytest.fixture
def bare(apache, restored):
    """Apache without mod_mta_sts and without TLS."""
    apache.disable_module("mta_sts", "md", "ssl")
    apache.graceful()


@pytest.fixture
def made(dns):
    """made(name) -> MailDomain, whose site is removed after the test."""
    domains = []

    def make(name, mx=MX):
        domains.append(MailDomain(dns, name, mx))
        return domains[-1]

    yield make
    for domain in domains:
        forget(domain)


@pytest.fixture(scope="session")
def certbot(acme, apache):
    return Certbot()


@pytest.fixture(scope="session")
def mx(dns, certbot):
    """mx1.lab.test, with a certificate for this name from the ACME CA."""
    dns.publish("mx1.lab.test", "A", lab.MX1)
    mx = Mx("mx1", "mx1.lab.test", lab.MX1, certbot.standalone("mx1.lab.test", lab.MX1))
    mx.wait_ready()
    return mx


@pytest.fixture(scope="session")
def wrong_mx(dns, ca, acme):
    """mx2.lab.test, with a certificate for a different name from a trusted CA."""
    dns.publish("mx2.lab.test", "A", lab.MX2)
    mx = Mx("mx2", "mx2.lab.test", lab.MX2, ca.issue("other.lab.test"))
    mx.wait_ready()
    return mx


@pytest.fixture(scope="session")
def sender(acme):
    sender = Sender()
    sender.wait_ready()
    return sender


@pytest.fixture(scope="session")
def issued(ca):
    return faulty_zone.issue(ca)


@pytest.fixture(scope="session")
def faults(dns, issued):
    """The domains with one fault each, and all their servers."""
    kept = faulty_zone.start(dns, issued)
    yield EVERYBODY
    del kept


# --- a failing test shows what the daemons logged during the test ---


def _log_files():
    return [Path(path) for pattern in LOGS for path in sorted(glob(pattern))]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.log_sizes = {path: path.stat().st_size for path in _log_files()}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    for path in _log_files():
        with path.open("rb") as log:
            log.seek(min(item.log_sizes.get(path, 0), path.stat().st_size))
            lines = log.read().decode(errors="replace").splitlines()[-TAIL:]
        if lines:
            report.sections.append((str(path), "\n".join(lines)))

# SPDX-License-Identifier: Apache-2.0
"""Start-up findings on a Debian machine with certbot: each is in the error log, once a start, as
long as the machine has that fault, and none on the healthy one. None of them fails configtest."""

import contextlib
import re
import shutil
import ssl
from pathlib import Path

import pytest

from lab import database, report
from lab.apache import ETC, site_text
from lab.ca import Certificate, RSA_KEY
from lab.database import FILE as DATABASE, STATE_DIR
from lab.deadline import wait_until
from lab.domain import MailDomain, policy_id, policy_text
from lab.fault import added, edited, led, place, moved_away, read_only, replaced
from lab.process import run
from lab.setup import forget, set_up
from lab.starts import Starts

LIVE = Path("/etc/letsencrypt/live")
MX = "mx1.lab.test"

# The policy of one domain is in a block that mta-sts-setup wrote; the other's is in a virtual host,
# with the copy that certbot made of it.
NAME, TYPED = "startup.test", "typed-startup.test"
HOST, TYPED_HOST = f"mta-sts.{NAME}", f"mta-sts.{TYPED}"
LINES = f"""\
    MTASTSMode testing
    MTASTSMx {MX}"""
BLOCK, BLOCK_COPY, SITE, COPY = (
    ETC / "sites-enabled" / f"{name}.conf"
    for name in (HOST, f"{HOST}-le-ssl", TYPED_HOST, f"{TYPED_HOST}-le-ssl"))

ENFORCED = {"testing": "enforce"}
WEEK = "604800"
CHANGED = ("notice", "id-changed")
PROXY = ("info", "fetches-proxy")


@pytest.fixture(scope="module")
def starts(machine, apache):
    return Starts(apache)


@pytest.fixture(scope="module")
def machine(restored, module, certbot, dns, sites, apache):
    domains = MailDomain(dns, NAME), MailDomain(dns, TYPED)
    # Debian's own level is warn, which hides what is no more than an info.
    apache.conf("startup", "LogLevel mta_sts:info\n")
    set_up(NAME, "--mx", MX)
    sites(TYPED_HOST, site_text(TYPED_HOST, LINES))
    certbot.apache(TYPED_HOST)
    yield domains
    forget(domains[0])
    apache.remove_conf("startup")


# --- how the machine gets a fault: functions of the lab's CA, to be used with `with` ---


@contextlib.contextmanager
def in_live(certificate):
    """certbot's links lead to another certificate."""
    links = {"fullchain.pem": certificate.chain, "privkey.pem": certificate.key}
    with led({LIVE / HOST / name: target for name, target in links.items()}):
        yield place(BLOCK_COPY, "<VirtualHost")


def certificate(*names, **more):
    """certbot's directory holds a certificate like this."""
    return lambda ca: in_live(ca.issue(*names, **more))


def second_certificate(**more):
    """Beside certbot's the virtual host has an RSA certificate like this."""

    def make(ca):
        files = ca.issue(HOST, key=RSA_KEY, **more)
        first = f"SSLCertificateKeyFile {LIVE}/{HOST}/privkey.pem\n"
        both = (f"{first}SSLCertificateFile {files.chain}\n"
                f"SSLCertificateKeyFile {files.key}\n")
        return edited(BLOCK_COPY, {first: both}, "<VirtualHost")(ca)

    return make


@contextlib.contextmanager
def first_of_two(ca):
    """certbot's certificate is past its time, a second one is good."""
    with certificate(HOST, starts=-9, ends=-2)(ca) as files, second_certificate()(ca):
        yield files


def impossible_date(ca):
    """A certificate that ends in the 13th month. mod_ssl reads no dates, so httpd starts with it.

    There is no other way: what mod_ssl cannot read it refuses to start with (no file, DER, PKCS #7,
    a damaged certificate, also one that mod_md hands over), and what it takes is read (text around
    it, a key before it, CR LF, a byte order mark, trust settings). What comes from a key token
    (pkcs11:) is not looked at.
    """
    files = ca.issue(HOST)
    data = ssl.PEM_cert_to_DER_cert(files.chain.read_text())
    end = [found.start(1) for found in re.finditer(rb"\x17\x0d(\d{12})Z", data)][1]
    data = data[:end + 2] + b"13" + data[end + 4:]
    path = files.chain.with_suffix(".impossible.pem")
    path.write_text(ssl.DER_cert_to_PEM_cert(data))
    return in_live(Certificate(path, files.key))


@contextlib.contextmanager
def hidden_block(ca):
    with added("MTASTSMode enforce\nMTASTSMx mx.other.test\n", "MTASTSMx")(ca):
        yield place(BLOCK, "<MTASTSPolicy")


@contextlib.contextmanager
def left_out(ca):
    with edited(COPY, {LINES: ""}, "<VirtualHost")(ca):
        yield place(SITE, "MTASTSMx")


@contextlib.contextmanager
def another_policy(ca):
    now = policy_id(policy_text("enforce", MX))
    with edited(BLOCK, ENFORCED, "enforce")(ca):
        yield f"{NAME}: the policy changed: publish the new id {now} (replaces "


@contextlib.contextmanager
def foreign_state(_):
    shutil.chown(STATE_DIR, "root")
    try:
        yield f"{STATE_DIR}: "
    finally:
        shutil.chown(STATE_DIR, "www-data")


@contextlib.contextmanager
def open_state(_):
    STATE_DIR.chmod(0o777)
    try:
        yield f"{STATE_DIR}: "
    finally:
        STATE_DIR.chmod(0o700)


@contextlib.contextmanager
def linked_state(_):
    with moved_away(STATE_DIR) as aside:
        STATE_DIR.symlink_to(aside)
        yield f"{STATE_DIR}: "


@contextlib.contextmanager
def read_only_state(_):
    with read_only(STATE_DIR):
        yield f"{STATE_DIR}: "


PROXIED = """\
<VirtualHost *:80>
    ServerName https://{}
{}
</VirtualHost>
"""
OTHERS = f"""\
    MTASTSMode testing
    <MTASTSPolicy others.{NAME}>
        MTASTSMx {MX}
    </MTASTSPolicy>"""


class Fault:
    """A fault, and the line logged for it: level and id, and parts of its text. `beside` is logged along
    with it at each start, `more` at the first, and `fixed` when it is fixed, each once."""

    def __init__(self, level, identity, make, *parts, beside=(), more=(), fixed=()):
        self.finding = level, identity
        self.make = make
        self.parts = parts
        self.beside = beside
        self.more = more
        self.fixed = fixed


CERTBOT = f"run: certbot --apache -d {HOST} "
RENEW = "renew it (certbot renew) and reload httpd"
FAULTS = {
    "a certificate of other hosts": Fault(
        "error", "certificate-name-missing", certificate(f"www.{NAME}", NAME),
        f'does not cover this host (it covers www.{NAME} and {NAME})', CERTBOT),
    "a certificate whose common name alone is right": Fault(
        "error", "certificate-name-missing", certificate(common_name=HOST), "it covers no DNS name",
        CERTBOT),
    "a certificate past its time": Fault(
        "error", "certificate-expired", certificate(HOST, starts=-90, ends=-2), RENEW),
    "a certificate before its time": Fault(
        "error", "certificate-not-yet-valid", certificate(HOST, starts=2), "check the clock"),
    "a certificate that was not renewed": Fault(
        "warn", "certificate-expires-soon", certificate(HOST, starts=-76.5, ends=13.5),
        "in 13 days", RENEW),
    "an RSA certificate past its time beside another one": Fault(
        "error", "certificate-expired", second_certificate(starts=-9, ends=-2), "leaf", RENEW),
    "another one past its time beside an RSA certificate": Fault(
        "error", "certificate-expired", first_of_two, "fullchain.pem", RENEW),
    "a certificate with an impossible date": Fault(
        "warn", "certificate-unreadable", impossible_date, "dates that cannot be read",
        "issued again"),
    "a policy changed in the original of certbot's copy": Fault(
        "warn", "policy-differs", edited(SITE, ENFORCED, "MTASTSMx"),
        f"than the https one ({COPY}:", "which senders see", "make the same change at"),
    "a policy left out of certbot's copy": Fault(
        "warn", "policy-only-http", left_out,
        f"has a policy ({SITE}:", f"<MTASTSPolicy {TYPED}> block in the server configuration"),
    "directives in a virtual host of another name": Fault(
        "warn", "policy-host-missing", added(PROXIED.format(f"www.{NAME}", LINES), "MTASTSMx"),
        f"virtual host www.{NAME}:80 ", "add ServerAlias mta-sts.DOMAIN"),
    "a virtual host that none of its blocks is for": Fault(
        "warn", "mx-missing", added(PROXIED.format(f"mta-sts.other.{NAME}", OTHERS), "MTASTSMode"),
        f"other.{NAME}: ", "add MTASTSMx, or a <MTASTSPolicy> for this domain", beside=[PROXY]),
    "an alias with U-labels": Fault(
        "warn", "server-name-not-ascii", added(PROXIED.format(
            f"mta-sts.b\u00fccher.test\n    ServerAlias mta-sts.alias.{NAME}", LINES), "MTASTSMx"),
        "write mta-sts.xn--bcher-kva.test instead", beside=[PROXY]),
    "directives at server level that hide a block": Fault(
        "warn", "block-hidden", hidden_block, "move MTASTSMx into the block", more=[CHANGED],
        fixed=[CHANGED]),
    "a block whose host no virtual host is named after": Fault(
        "info", "policy-host-no-vhost", added(
            f"<MTASTSPolicy a.{NAME} b.{NAME}>\n{LINES}\n</MTASTSPolicy>\n", "<MTASTSPolicy"),
        "of 2 domains", "its certificate must name them"),
    "mode enforce for an hour": Fault(
        "warn", "max-age-short", edited(BLOCK, {**ENFORCED, WEEK: "1h"}, "MTASTSMaxAge"),
        "use a max_age of a week", more=[CHANGED], fixed=[CHANGED]),
    "mode none for a month": Fault(
        "warn", "max-age-long", edited(BLOCK, {"testing": "none", WEEK: "4w"}, "MTASTSMaxAge"),
        "use a max_age of a day", more=[CHANGED], fixed=[CHANGED]),
    "an MX with one label": Fault(
        "warn", "mx-single-label", edited(BLOCK, {MX: f"{MX} localhost"}, "MTASTSMaxAge"),
        'mx pattern "localhost"', "write the fully qualified name", more=[CHANGED], fixed=[CHANGED]),
    "a policy changed": Fault(
        *CHANGED, another_policy, policy_id(policy_text("testing", MX)),
        f'now: _mta-sts.{NAME}. IN TXT "v=STSv1; id=', fixed=[CHANGED]),
    "a state directory of root": Fault(
        "error", "state-owner", foreign_state, "belongs to uid 0 instead of uid ", "chown -R"),
    "a state directory open to all": Fault(
        "error", "state-mode", open_state, "(mode 0777)", "chmod 0700"),
    "a link in place of the state directory": Fault(
        "error", "state-not-a-directory", linked_state, "is a symbolic link", "remove it"),
    "a state directory on a read-only disk": Fault(
        "error", "state-unusable", read_only_state, "Read-only file system", "ReadWritePaths=",
        more=[("warn", "database-failed")], fixed=[("notice", "database-works")]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_logged_at_each_start_until_it_is_fixed(starts, ca, apache, name):
    fault = FAULTS[name]
    with contextlib.ExitStack() as made:
        def make():
            nonlocal its_place
            its_place = made.enter_context(fault.make(ca))
            assert apache.configtest().stdout.endswith("Syntax OK\n")
            apache.graceful()

        def fix():
            made.close()
            apache.graceful()

        its_place = None
        texts = starts.again(fault.finding, *fault.beside, *fault.more, how=make)
        text = next(text for text in texts if text.endswith(f"[{fault.finding[1]}]"))
        assert all(part in text for part in fault.parts), text
        assert text.startswith(its_place), (text, its_place)
        if fault.finding != CHANGED:
            starts.again(fault.finding, *fault.beside)
        starts.again(*fault.fixed, how=fix)


def anew(apache, meanwhile=lambda: None):
    """Stops Apache and starts it."""
    apache.stop()
    meanwhile()
    apache.start()


def test_a_machine_set_up_by_the_program_gives_no_finding(machine, starts, apache):
    for how in lambda: anew(apache), apache.graceful:
        starts.again(how=how)
        for domain in machine:
            assert domain.fetch().body == policy_text("testing", MX)
        assert len(starts.log.lines(r"\[mta_sts:info\] .*\[policy-served\]$")) == 2


def test_a_certificate_with_trust_settings_is_read_as_mod_ssl_reads_it(starts, ca):
    files = ca.issue(HOST)
    path = files.chain.with_suffix(".trusted.pem")
    run("openssl", "x509", "-in", files.chain, "-setalias", "ours", "-trustout", "-out", path)
    with in_live(Certificate(path, files.key)):
        starts.again()


def test_before_certbot_ran_the_finding_shows_the_command_that_fixes_it(machine, starts, dns, sites):
    domain = MailDomain(dns, "early-startup.test")
    text, = starts.again(("info", "https-missing"),
                         how=lambda: sites(domain.host, site_text(domain.host, LINES)))
    at = place(ETC / "sites-enabled" / f"{domain.host}.conf", "MTASTSMx")
    assert text.startswith(f"{at}{domain.host}: no https virtual host answers for it yet")
    command = re.search(r"run: (certbot --apache -d \S+) \[", text).group(1)
    run(*command.split())
    starts.skip()
    starts.again()
    assert domain.fetch().body == policy_text("testing", MX)


# What a machine may not have. Debian's httpd has mod_watchdog in its binary.
WITHOUT = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
void *apr_dynamic_fn_retrieve(const char *name)
{
    void *(*real)(const char *) = dlsym(RTLD_NEXT, "apr_dynamic_fn_retrieve");
    return strncmp(name, "ap_watchdog_", 12) == 0 ? 0 : real(name);
}
int apr_shm_create(void **shm, size_t size, const char *file, void *pool)
{
    int (*real)(void **, size_t, const char *, void *) = dlsym(RTLD_NEXT, "apr_shm_create");
    Dl_info caller;
    return dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "mta_sts")
        ? ENOMEM : real(shm, size, file, pool);
}
"""


def test_missing_prerequisites_of_the_machine_are_logged(machine, starts, apache, ca, tmp_path):
    library = tmp_path / "without.so"
    run("cc", "-shared", "-fPIC", "-w", "-x", "c", "-o", library, "-", input=WITHOUT)
    variables = ETC / "envvars"
    with replaced(variables, f"{variables.read_text()}\nexport LD_PRELOAD={library}\n"):
        apache.configtest()
        texts = starts.again(("warn", "shared-memory-missing"),
                             ("warn", "watchdog-missing"), how=lambda: anew(apache))
        for part in "allows anonymous", "a2enmod watchdog":
            assert len([text for text in texts if part in text]) == 1
        assert machine[0].fetch().body == policy_text("testing", MX)
    starts.again(how=lambda: anew(apache))


def test_a_damaged_database_is_logged_until_it_works_again(machine, starts, apache):
    def damage():
        kept.enter_context(moved_away(DATABASE))
        DATABASE.write_bytes(bytes(4096))
        shutil.chown(DATABASE, "www-data", "www-data")

    with contextlib.ExitStack() as kept:
        text, = starts.again(("warn", "database-failed"), how=lambda: anew(apache, damage))
        assert str(DATABASE) in text and "policies are still served and reports stored" in text
        assert machine[0].fetch().body == policy_text("testing", MX)
        starts.again(("notice", "database-works"), how=kept.close)
    starts.again()


def failed(domain, sessions):
    """A sender's report of yesterday, about an MX whose certificate is out of date."""
    return report.make(domain, policy_text("testing", MX), "sender.test", 1, [
        {"result-type": "certificate-expired", "receiving-mx-hostname": MX,
         "failed-session-count": sessions}])


def restart_after_five_days(apache):
    """As if the policies had been served for that long when Apache restarts."""
    database.rows("UPDATE mta_sts_history SET first_served = first_served - 432000000000, "
                  "last_served = last_served - 432000000000")
    apache.graceful()


def test_mode_enforce_causes_a_warning_if_reports_show_mail_that_it_refuses(
        machine, starts, ca, apache):
    for domain, sessions in (NAME, 9), (TYPED, 2):
        report.store_verified(domain, "sender.test", failed(domain, sessions))
    starts.again()  # it is all right in mode testing
    noted = f"SELECT 1 FROM mta_sts_history WHERE domain IN ('{NAME}', '{TYPED}')"
    wait_until(lambda: len(database.rows(noted)) >= 2, "the history of both")
    warning = "warn", "enforce-failures"
    with edited(COPY, ENFORCED, "enforce")(ca), edited(SITE, ENFORCED, "enforce")(ca):
        with edited(BLOCK, ENFORCED, "enforce")(ca):
            starts.again(CHANGED, CHANGED)  # what failed in mode testing was delivered
            texts = starts.again(warning, warning, how=lambda: restart_after_five_days(apache))
            for text, domain, sessions in zip(texts, (NAME, TYPED), (9, 2)):
                assert text.startswith(
                    f"{domain}: mode enforce is set, but verified reports about the last ")
                assert f" show {sessions} failed sessions " in text
                assert "Renew it" in text and f"For all details run: mta-sts ready {domain} " in text
        # They are looked at in this order, so that the first was passed over.
        texts = starts.again(CHANGED, warning)
        assert texts[1].startswith(f"{TYPED}: ")
    starts.again(CHANGED)

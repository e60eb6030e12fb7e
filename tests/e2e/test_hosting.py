# SPDX-License-Identifier: Apache-2.0
"""A provider with hosted domains: from nothing to policies over certificates of the CA, by the manual."""

import json
import os
import re
import shutil
import ssl
import sys
from pathlib import Path

import pytest

from lab.acme import DIRECTORY
from lab.deadline import wait_until
from lab.domain import MailDomain, policy_text
from lab.load import Load
from lab.process import run

sys.path.insert(0, str(Path(__file__).parents[1]))

import manual  # noqa: E402

# certbot and dehydrated sleep, and new pairs are found every ten seconds: minutes altogether.
pytestmark = pytest.mark.skipif(os.environ.get("MTA_STS_LONG") != "1", reason="takes minutes")

PROVIDER = "hoster.test"
OF_CERTBOT = ["one.test", "two.test"]
OF_DEHYDRATED = ["three.test", *(f"customer{number}.test" for number in range(4, 51))]
STATE_DIR = "/var/lib/mod_mta_sts"
POLICY = policy_text("testing", "mx1.lab.test")
SOON = 40  # seconds; new pairs are found about every 10


DIRECTORIES = manual.block("doc/hosting.md", "challenges-directory")
CHALLENGES = manual.block("doc/hosting.md", "challenges-site")
OWN = manual.block("doc/hosting.md", "certificate-of-the-provider")
SITE = manual.block("doc/hosting.md", "hosting-site")
CERTBOT = manual.block("doc/hosting.md", "issue-with-certbot")
DEHYDRATED_CONF = manual.block("doc/hosting.md", "dehydrated")
DEHYDRATED = manual.block("doc/hosting.md", "issue-with-dehydrated")


def shown(block):
    return block.text.replace("provider.example", PROVIDER)


def do(block):
    """The commands of a block of the manual, as root and as one script."""
    text = re.sub(r"^\$ ", "", shown(block), flags=re.M).replace("sudo ", "")
    return run("sh", "-ec", text, timeout=900)


def policy(*words, **more):
    return run("mta-sts", "policy", *words, **more).stdout


def alert(domain):
    """Why a sender gets no connection."""
    try:
        domain.fetch()
    except ssl.SSLError as error:
        return error.reason
    return None


def is_served(domain):
    try:
        return domain.fetch().body == POLICY
    except OSError:
        return False


@pytest.fixture(scope="module")
def customers(dns):
    return {name: MailDomain(dns, name) for name in OF_CERTBOT + OF_DEHYDRATED}


@pytest.fixture(scope="module")
def machine(module, certbot, dns, apache, sites):
    """The set-up of the manual, with no customer yet."""
    MailDomain(dns, PROVIDER)
    shutil.rmtree(STATE_DIR, ignore_errors=True)
    apache.enable_module("ssl", "mta_sts")
    apache.conf("mta-sts-hosting", manual.blocks("doc/hosting.md", "apache")[0].text)
    wait_until(lambda: Path(STATE_DIR, "reports.db").exists(), "the database")
    policy("init")
    do(DIRECTORIES)
    sites("mta-sts-challenges", shown(CHALLENGES))
    do(OWN)
    sites("mta-sts-hosting", shown(SITE))
    yield apache
    apache.remove_conf("mta-sts-hosting")


def import_rows(names):
    rows = [json.dumps({"domain": name, "mx": ["mx1.lab.test"]}) for name in names]
    policy("import", "-", input="\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def hosted(machine, customers):
    """Customers with policies that are fetched over certificates that certbot and dehydrated got
    for them; no reload in between."""
    before = machine._generation()
    import_rows(OF_CERTBOT)
    assert policy("list", "--without-certificate").split() == sorted(
        customers[name].host for name in OF_CERTBOT)
    assert alert(customers["one.test"]) == "TLSV1_UNRECOGNIZED_NAME"
    checked = run("mta-sts", "check", "one.test", check=False)
    assert checked.returncode == 2 and "[fetch-name-unknown]" in checked.stdout, checked.stdout
    do(CERTBOT)
    import_rows(OF_DEHYDRATED)
    Path("/etc/dehydrated/conf.d/mta-sts.sh").write_text(
        shown(DEHYDRATED_CONF) + f"CA={DIRECTORY}\n")
    Path("/etc/dehydrated/domains.txt").touch()
    run("dehydrated", "--register", "--accept-terms")
    do(DEHYDRATED)
    for domain in customers.values():
        wait_until(lambda: is_served(domain), f"the policy of {domain.name}", SOON)
    assert machine._generation() == before
    return customers


def test_customers_get_from_nothing_to_policies_over_their_own_certificates(hosted):
    for domain in hosted.values():
        response = domain.fetch()
        assert response.body == POLICY
        assert response.names == [domain.host]
    assert policy("list", "--without-certificate") == ""


def test_a_sender_finds_the_policy_of_each_of_fifty_customers(hosted):
    assert len(hosted) == 50
    for domain in hosted.values():
        domain.publish_id()
        found = run("mta-sts-query", domain.name).stdout
        assert "VALID" in found and "'mx1.lab.test'" in found and "'testing'" in found, found


def test_another_run_of_the_issuers_changes_nothing(hosted):
    before = {name: domain.fetch().serial for name, domain in hosted.items()}
    do(CERTBOT)
    do(DEHYDRATED)
    assert {name: domain.fetch().serial for name, domain in hosted.items()} == before


@pytest.mark.parametrize("name, renew", [
    ("one.test", ["certbot", "renew", "--force-renewal", "--cert-name", "mta-sts.one.test"]),
    ("three.test", ["dehydrated", "--cron", "--force", "--domain", "mta-sts.three.test"]),
])
def test_a_certificate_is_renewed_under_load_without_a_reload_and_without_a_failure(
        hosted, machine, name, renew):
    domain, generation = hosted[name], machine._generation()
    before = domain.fetch().serial
    with Load(domain, POLICY) as load:
        run(*renew, timeout=200)
        wait_until(lambda: domain.fetch().serial != before, "the new certificate", SOON)
        renewed = domain.fetch().serial
        wait_until(lambda: all(domain.fetch().serial == renewed for _ in range(12)), "all children",
                   SOON)
    assert load.failures == []
    assert load.requests > 50
    assert machine._generation() == generation


def test_a_customer_is_removed_by_the_manual(hosted, machine):
    domain = hosted["two.test"]
    policy("remove", "two.test")
    wait_until(lambda: b"mode: none" in domain.fetch().body, "mode none", SOON)
    policy("remove", "--force", "two.test")
    run("certbot", "delete", "--non-interactive", "--cert-name", domain.host)
    wait_until(lambda: domain.fetch().status == 404, "the policy to be gone", SOON)
    machine.graceful()
    wait_until(lambda: alert(domain) == "TLSV1_UNRECOGNIZED_NAME", "the alert", SOON)
    assert is_served(hosted["one.test"])


def test_nothing_was_logged_but_what_is_true(hosted, machine):
    lines = [line for line in Path("/var/log/apache2/error.log").read_text().splitlines()
             if "[mta_sts:error]" in line or "[mta_sts:warn]" in line]
    assert all(re.search(r"\[(hosting-failed|pair-missing|pair-broken)\]$", line)
               for line in lines), lines

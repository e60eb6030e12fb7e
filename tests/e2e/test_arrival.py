# SPDX-License-Identifier: Apache-2.0
"""Did it reach us? Two senders on networks of their own: one cannot reach the policy host over IPv6,
the other has a cached older policy while an MX host is changed; and a stranger forges a report. Every
view gives the same answers."""

import datetime
import html
import json
import re
import shutil
import subprocess
from urllib.parse import urlencode

import pytest

from lab import database, report
from lab.deadline import wait_until
from lab.domain import MailDomain, policy_id, policy_text
from lab.mail import Sender
from lab.outside import (IPV4, IPV6, Network, add_addresses, is_possible, lose_ipv6, regain_ipv6,
                         start_resolver)
from lab.process import run
from lab.setup import forget, set_up

pytestmark = pytest.mark.skipif(not is_possible(), reason="this machine has no IPv6")

NAME = "arrival.test"
MX, NEW, OLD = "mx1.lab.test", f"mx2.{NAME}", f"old.{NAME}"
CONF = "arrival"
STATE_DIR = "/var/lib/mod_mta_sts"
ANCHOR = ("--trust-anchor", "/run/lab/unbound/anchor")
URL = f"https://mta-sts.{NAME}"
MAX_AGE = datetime.timedelta(days=7)
DONE, CHANGED, CRITICAL = range(3)

# North sends mail with a real Postfix, South asks by hand.
NORTH, SOUTH = "198.51.100.0/24", "2001:db8:1::/48"
NORTH_ADDRESS, SOUTH_ADDRESS = "198.51.100.77", "2001:db8:1:2::3"
PORTS = "".join(f"Listen {address}:{port}\n" for address in (IPV4, f"[{IPV6}]") for port in (80, 443))
REPORTS = f"""\
{PORTS}MTASTSReportPath /tlsrpt
<Location /mta-sts-status>
    SetHandler mta-sts-status
    Require all granted
</Location>
"""


@pytest.fixture(scope="module")
def networks(acme):
    add_addresses()
    made = (Network("north", NORTH_ADDRESS, "198.51.100.1", 24),
            Network("south", SOUTH_ADDRESS, "2001:db8:1::1", 48))
    resolver = start_resolver(made)
    yield made
    resolver.stop()


@pytest.fixture
def north(networks):
    sender = Sender("north", "127.0.0.30", networks[0])
    sender.wait_ready()
    yield sender
    sender.daemon.stop()
    sender.policy_daemon.stop()


@pytest.fixture
def domain(bare, networks, dns, mx, apache):
    domain = MailDomain(dns, NAME, MX)
    dns.publish(domain.host, "A", IPV4)
    dns.publish(domain.host, "AAAA", IPV6)
    dns.publish(NEW, "A", "127.0.0.77")
    shutil.rmtree(STATE_DIR, ignore_errors=True)  # made again by the next reload
    apache.enable_module("ssl", "mta_sts")
    apache.conf(CONF, REPORTS)
    yield domain
    forget(domain)
    apache.remove_conf(CONF)
    apache.graceful()


# --- who is asked ---


def call(status, *words):
    done = subprocess.run(["mta-sts", *words], capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (status, ""), done
    return done.stdout


def call_json(status, *words):
    return json.loads(call(status, *words, "--format", "json"))


def joined(text):
    return " ".join(text.split())


def page(**query):
    return run("curl", "-sS", "--fail", f"{URL}/mta-sts-status?{urlencode(query)}").stdout


def page_text(**query):
    body = re.sub(r"<style>.*?</style>", "", page(**query), flags=re.S)
    return joined(html.unescape(re.sub("<[^>]*>", " ", body)))


def page_json(**query):
    return json.loads(page(**query, format="json"))


def watch(status, *words):
    return call(status, "watch", "--no-smtp", *ANCHOR, *words, NAME).splitlines()


def begin_to_watch():
    """A policy with a host that has no MX record yet is noticed, too."""
    assert watch(CHANGED)[0].startswith("begin: ")
    line, = watch(CHANGED)
    assert f'"mx: {OLD}" [pattern-unused]' in line, line


def watch_until_quiet():
    """Until it knows of the change."""
    wait_until(lambda: not run("mta-sts", "watch", "--no-smtp", *ANCHOR, "--runs", "1", NAME,
                               check=False).stdout, "mta-sts watch to have nothing to say", 30)


def recorded():
    """The requests that are in the log: {(network, outcome, id): number}."""
    found = {}
    for one in call_json(DONE, "fetches", NAME)["fetches"]:
        key = one["network"], one["outcome"], one["policy_id"]
        found[key] = found.get(key, 0) + one["requests"]
    return found


def wait_for_fetch(network, identity):
    """httpd writes them within seconds."""
    wait_until(lambda: recorded().get((network, "served", identity)),
               lambda: f"a fetch of {identity} by {network}: {recorded()}", 30)


# --- what happens ---


def publish(domain):
    domain.publish_id()
    return policy_id(domain.fetch().body)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def assert_delivered(north, mx):
    mail = north.send(NAME)
    outcome = north.delivery(mail)
    assert outcome.tls.startswith(f"Verified TLS connection established to {MX}"), outcome
    mx.wait_for(mail)


def asks(south):
    """What a real client says that has no policy in its cache."""
    return south.run("mta-sts-query", NAME, check=False, timeout=60).stdout


def failure(address):
    return {"result-type": "sts-policy-fetch-error", "sending-mta-ip": address,
            "failed-session-count": 3}


# --- what the views say of a failure ---


def answer_in_json(organization):
    one, = (one for one in call_json(DONE, "report")["reports"]
            if one["organization"] == organization)
    return one["policies"][0]["failures"][0]["fetch_log"]


def read_views(organization):
    """The answer, and what the other views say; None if a request was recorded in between."""
    found = answer_in_json(organization)
    views = (page_json(domain=NAME)["reports"]["causes"], joined(call(DONE, "report")),
             page_text(domain=NAME))
    return (found, *views) if answer_in_json(organization) == found else None


def answers(organization):
    """The answer of the fetch log to the report of an organization, by view; each of them once."""
    found, causes, text, shown = wait_until(lambda: read_views(organization),
                                            "views without a request in between", 60)
    of_page, = (answer for cause in causes for answer in cause["fetch_log"]
                if answer["organization"] == organization)
    assert of_page == {"organization": organization, **found}
    assert f"log: {organization}: {found['text']}" in text, text
    assert f"Fetch log: {organization}: {found['text']}" in shown
    return found


def wait_for_reports(verified, unverified):
    def counted():
        found = page_json(domain=NAME)["reports"]
        return (found.get("count"), found.get("unverified_count")) == (
            verified + unverified, unverified)

    wait_until(counted, lambda: f"reports on the page: {page_json(domain=NAME)['reports']}", 60)


def assert_nothing_of_south_arrived(begin, policy):
    """South's report: nothing reached this server, so it is the way over IPv6."""
    end = now()
    sent = report.make(NAME, policy, "south.test", 0, [failure(SOUTH_ADDRESS)], begin, end)
    report.store_verified(NAME, "south.test", sent)
    wait_for_reports(1, 0)
    wait_until(lambda: answers("south.test")["kind"] == "nothing",
               lambda: f"the answer to South: {answers('south.test')}", 90)
    found = answers("south.test")
    assert found["text"].startswith(f"No request from {SOUTH} reached this server on ")
    assert f"check the A and AAAA records of mta-sts.{NAME}, IPv6, the firewall" in found["text"]
    assert found["served"] == 0
    line, = watch(CHANGED)
    assert line.startswith(f"new: {NAME}: ") and "signed by south.test" in line, line
    return found


def assert_the_forged_report_changes_nothing(begin, policy, before):
    """Somebody claims that North, whose fetches are recorded, got no policy."""
    sent = report.make(NAME, policy, "north.test", 0, [failure(NORTH_ADDRESS)], begin, now())
    assert report.post(f"{URL}/tlsrpt", sent) == "201"
    wait_for_reports(1, 1)
    found = answers("north.test")
    assert found["kind"] == "served"
    assert re.search(rf"^{NORTH}.* fetched the policy from this server .*, always with status 200",
                     found["text"]), found
    assert answers("south.test") == before
    one, = (one for one in call_json(DONE, "report")["reports"]
            if one["organization"] == "north.test")
    assert not one["verified"]
    found = page_json(domain=NAME)["reports"]
    assert (found["verified_failed_sessions"], found["unverified_count"]) == (3, 1)
    assert watch(DONE) == []


# --- what the views say of a change ---


def let_a_year_pass():
    """The policy was served, and requests were recorded, for so long that no earlier one matters."""
    year = "366 * 86400000000"
    database.rows(f"UPDATE mta_sts_history SET first_served = first_served - {year}; "
                  f"UPDATE mta_sts_fetch_span SET began = began - {year}")


def rollout(status):
    domain, = call_json(status, "rollout", NAME)["domains"]
    return domain


def networks_of(policy):
    return {one["network"] for one in policy["networks"]}


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def removal(found):
    """When the old MX host may go: for certain, and by the log."""
    date, = (one for one in found["safe"] if (one["action"], one["mx"]) == ("remove-mx", OLD))
    return date["certain_at"], date["by_log_at"]


def wait_for_history(second):
    """httpd notes within seconds that the earlier policy is not served any more."""
    def current():
        done = run("mta-sts", "rollout", "--format", "json", NAME, check=False)
        domain, = json.loads(done.stdout)["domains"]
        return domain["current"]["id"] == second and domain["earlier"]

    wait_until(current, f"{second} in the history", 30)


def page_removal(found):
    """As removal(), from the page: null is now."""
    date, = (one for one in found["safe"] if (one["action"], one["mx"]) == ("remove-mx", OLD))
    return date["worst_case_at"], date["by_log_at"]


def after(text):
    return "after " + at(text).strftime("%Y-%m-%d %H:%M UTC") if text else "now"


def assert_page_has(first, holders, current):
    """The page, as JSON and for people, says what mta-sts rollout says. Returns when OLD may go."""
    found = page_json(domain=NAME)["domain"]
    one, = found["earlier_policies"]
    assert (one["policy_id"], networks_of(one)) == (first, holders)
    assert {network["network"] for network in found["fetched_by"]} == current
    certain, by_log = page_removal(found)
    text = page_text(domain=NAME)
    assert ("fetched from 1 network that has not fetched the current one since: " + NORTH in text) == bool(
        holders), text
    assert f"The current policy was fetched from {len(current)} network" in text or not current, text
    assert (f"Safe to remove the MX host {OLD} : {after(by_log)} according to the fetch log, {after(certain)} "
            "in the worst case") in text, text
    return certain, by_log


def assert_north_has_the_old_policy(first, second):
    wait_for_history(second)
    found = rollout(CHANGED)
    assert found["outstanding"] is True and found["current"]["id"] == second
    earlier, = found["earlier"]
    assert (earlier["id"], networks_of(earlier)) == (first, {NORTH})
    assert NORTH not in networks_of(found["current"])
    one, = earlier["networks"]
    assert at(one["cached_until"]) - at(one["last_fetch_at"]) == MAX_AGE
    certain, by_log = removal(found)
    assert certain >= by_log == one["cached_until"]
    text = joined(call(CHANGED, "rollout", NAME))
    assert f"Policy {second}, mode enforce" in text and f"Earlier policy {first}" in text
    assert "fetched from 1 network that has not fetched the current one since:" in text, text
    assert NORTH in text.split(f"Earlier policy {first}")[1]
    assert assert_page_has(first, {NORTH}, networks_of(found["current"])) == (certain, by_log)


def assert_north_has_the_new_policy(first, second):
    found = rollout(CHANGED)
    earlier, = found["earlier"]
    assert (earlier["id"], networks_of(earlier)) == (first, set())
    assert NORTH in networks_of(found["current"]) and found["current"]["id"] == second
    certain, by_log = removal(found)
    assert at(certain) - at(by_log) > datetime.timedelta(days=6)
    text = joined(call(CHANGED, "rollout", NAME))
    assert NORTH in text.split(f"Earlier policy {first}")[0]
    assert "that have not fetched the current one since" not in text
    assert assert_page_has(first, set(), networks_of(found["current"])) == (certain, None)


def assert_south_arrives(south, identity):
    """Its router knows the way again."""
    found = asks(south)
    assert "VALID" in found and f"'{MX}'" in found, found
    wait_for_fetch(SOUTH, identity)
    text = joined(call(DONE, "fetches", NAME))
    assert SOUTH in text and NORTH in text
    assert SOUTH in networks_of(rollout(CHANGED)["current"])


def assert_nothing_is_over_because_this_machine_loses_ipv6():
    """What was seen over both families, and could be looked at over one only."""
    once = "--runs", "1"
    assert any("[certificate-expires-soon]" in line for line in watch(CHANGED, *once, "-w", "3650"))
    lose_ipv6()
    assert watch(DONE, *once) == []
    regain_ipv6()
    assert any(line.startswith("resolved: ") and "[certificate-expires-soon]" in line
               for line in watch(CHANGED, *once))


def change_mx(domain):
    """NEW takes the place of OLD, by the commands."""
    assert f"--add '{NEW}'" in call(1, "mx", *ANCHOR, "--add", NEW, "--remove", OLD, NAME)
    call(DONE, "mx", *ANCHOR, "--apply", "--add", NEW, "--remove", OLD, NAME)
    assert domain.fetch().body == policy_text("enforce", MX, NEW)
    return publish(domain)


def test_each_answer_is_right_while_one_sender_is_cut_off_and_another_one_has_an_old_policy(
        domain, networks, north, mx, dns):
    south = networks[1]
    south.cut(IPV6)
    begin = now()
    set_up(NAME, "--mx", MX, "--mx", OLD, "--mode", "enforce", "--force")
    policy = domain.fetch().body
    assert policy == policy_text("enforce", MX, OLD)
    first = publish(domain)
    dns.txt(f"_smtp._tls.{NAME}", f"v=TLSRPTv1; rua={URL}/tlsrpt")
    begin_to_watch()

    assert_delivered(north, mx)
    wait_for_fetch(NORTH, first)
    assert "VALID" not in asks(south)
    assert not any(network == SOUTH for network, _, _ in recorded())

    before = assert_nothing_of_south_arrived(begin, policy)
    assert_the_forged_report_changes_nothing(begin, policy, before)

    let_a_year_pass()
    second = change_mx(domain)
    assert_north_has_the_old_policy(first, second)
    assert_delivered(north, mx)
    wait_for_fetch(NORTH, second)
    assert_north_has_the_new_policy(first, second)
    south.restore(IPV6)
    assert_south_arrives(south, second)
    watch_until_quiet()
    assert_nothing_is_over_because_this_machine_loses_ipv6()

# SPDX-License-Identifier: Apache-2.0
"""Names of the networks in the fetch log: only those that DNS or the signature of a report confirms."""

import ipaddress
import json
import pathlib
import subprocess
import sys
import time

import process
import pytest

import policy
import report
from database import Database
from hosting import COMMAND, REMOTE
from httpd import TOP, proxied
from policy import HOST, MX
from status_page import LOCATION, data, page, wait_for_reports
from test_fetch_answers import DATE, NETWORK, SERVED, WHOLE, at, clock, content, fill

sys.path.insert(0, str(pathlib.Path(TOP) / "tests/cli"))
import live  # noqa: E402

pytestmark = pytest.mark.slow

FOUR, SIX = "198.18.7.25", "2001:2:7:8::25"  # not of the networks that libunbound answers itself
NETWORKS = {FOUR: "198.18.7.0/24", SIX: "2001:2:7::/48"}


@pytest.fixture
def dns():
    return live.NameServer()


def kind(address):
    return "AAAA" if ":" in address else "A"


def name(dns, address, host, forward=None, zone=None):
    """The reverse name of an address, the address of that name, and the apex above it."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    dns.records[pointer, "PTR"] = dns.records.get((pointer, "PTR"), []) + [host]
    dns.records[host, kind(address)] = [forward or address]
    if zone:
        dns.records[zone, "SOA"] = [zone]


def call(server, dns, *words, command="fetches", status=0):
    done = subprocess.run([COMMAND, command, "--state-dir", server.root / "state", "--resolver",
                           dns.address, *words, "example.com"], capture_output=True, text=True, timeout=60)
    assert status is None or done.returncode == status and not done.stderr, done
    return done.stdout


def names(server, dns, *words, address=FOUR):
    rows = json.loads(call(server, dns, "--format", "json", *words))["fetches"]
    found, = {json.dumps(row["names"]) for row in rows if row["network"] == NETWORKS[address]}
    return json.loads(found)


def begin(make, *addresses, log="address"):
    server = make().configure(f"MTASTSFetchLog {log}\n{REMOTE}" + proxied(HOST, MX), modules=("remoteip",))
    server.start()
    for address in addresses:
        policy.check(server.fetch(HOST, headers=[f"X-Client: {address}"]))
    process.wait_for(lambda: len(Database(server).run("SELECT * FROM mta_sts_fetch")) >= len(addresses),
                     "the requests", 30)
    return server


CASES = {
    "a name that has the address": (
        [(FOUR, "mx1.out.example.net", None, "example.net")], "example.net"),
    "an IPv6 address": ([(SIX, "mx1.example.net", None, "example.net")], "example.net"),
    "the apex itself": ([(FOUR, "example.co.uk", None, "example.co.uk")], "example.co.uk"),
    "a name that has another address": (
        [(FOUR, "mx1.google.com", "198.18.7.26", "google.com")], None),
    "a name without a zone": ([(FOUR, "mx1.example.net", None, None)], None),
    "a name whose zone is a top-level domain": ([(FOUR, "mx1.net", None, "net")], None),
    "one of two names": (
        [(FOUR, "mx1.google.com", "198.18.7.26", "google.com"),
         (FOUR, "mx1.example.net", None, "example.net")], "example.net"),
    "a name that is not one": ([(FOUR, "mx_1.example.net", None, "example.net")], None),
    "no name": ([(SIX, "mx1.example.net", None, "example.net")], ""),
}


def test_a_network_has_the_name_that_dns_confirms_and_no_other(make, dns):
    server = begin(make, FOUR, SIX)
    for records, expected in CASES.values():
        Database(server).run("DELETE FROM mta_sts_network_name")
        # libunbound remembers nothing from one run of the command to the next
        dns.records.clear()
        for record in records:
            name(dns, *record)
        address = FOUR if expected == "" else records[0][0]
        found = names(server, dns, address=address)
        assert [one["name"] for one in found] == ([expected] if expected else []), records
        assert all(one["dns_confirmed_at"] and one["reported_at"] is None for one in found)
        line = f"  {NETWORKS[address]:22} {expected} (confirmed by DNS)\n"
        assert (line in call(server, dns)) == bool(expected)


def test_a_name_is_kept_without_the_host_and_not_looked_up_again(make, dns):
    server = begin(make, FOUR)
    name(dns, FOUR, "host-7-25.example.net", zone="example.net")
    assert names(server, dns)[0]["name"] == "example.net"
    dns.asked.clear()
    dns.is_off = True
    Database(server).run("UPDATE mta_sts_fetch SET address = ''")
    assert names(server, dns)[0]["name"] == "example.net"
    assert not dns.asked
    rows = Database(server).run("SELECT network, name FROM mta_sts_network_name ORDER BY name")
    assert [(row["network"], row["name"]) for row in rows] == \
        [(NETWORKS[FOUR], ""), (NETWORKS[FOUR], "example.net")]


def test_without_dns_the_networks_are_shown_and_nothing_waits_twice(make, dns):
    server = begin(make, FOUR, SIX)
    dns.is_off = True
    began = time.monotonic()
    assert names(server, dns) == []
    assert time.monotonic() - began < 10
    assert dns.asked
    dns.asked.clear()
    assert "Names of these networks" not in call(server, dns)
    assert not dns.asked


def test_a_call_looks_up_a_few_addresses_and_the_next_one_others(make, dns):
    server = begin(make, FOUR)
    now = int(time.time()) * 1000000
    rows = ", ".join(f"('example.com', {now // 3600000000}, '198.18.{i // 4}.0/24', '198.18.{i // 4}.{i % 4}', "
                     f"0, 'x', '', 1, {now}, {now})" for i in range(200))
    Database(server).run(f"INSERT INTO mta_sts_fetch VALUES {rows}")
    dns.records["x.example", "A"] = ["127.0.0.1"]
    seen = set()
    for _ in range(3):
        dns.asked.clear()
        call(server, dns)
        asked = {name for name in dns.asked if name.endswith(".in-addr.arpa")}
        networks = {name.split(".", 1)[1] for name in asked}
        assert 0 < len(asked) <= 20 and len(networks) >= 6, asked
        assert not networks & seen
        seen |= networks


@pytest.mark.parametrize("log, words", [("address", ["--offline"]), ("network", [])],
                         ids=("offline", "without addresses"))
def test_nothing_is_looked_up(make, dns, log, words):
    server = begin(make, FOUR, log=log)
    name(dns, FOUR, "mx1.example.net", zone="example.net")
    assert names(server, dns, *words) == []
    assert not dns.asked


@pytest.mark.parametrize("command", ["fetches", "rollout"])
def test_a_resolver_that_is_not_an_address_is_wrong_usage(command):
    done = subprocess.run([COMMAND, command, "--resolver", "ns1.example.net", "example.com"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert '--resolver: the resolver "ns1.example.net" is not an IP address, or ADDRESS@PORT' in done.stderr


def test_rollout_shows_the_names_too(make, dns):
    server = begin(make, FOUR)
    name(dns, FOUR, "mx1.example.net", zone="example.net")
    text = call(server, dns, command="rollout", status=3)  # the history has just begun
    assert f"{NETWORKS[FOUR]}" in text and "  example.net (confirmed by DNS)\n" in text
    found = json.loads(call(server, dns, "--offline", "--format", "json", command="rollout", status=3))
    network, = found["domains"][0]["current"]["networks"]
    assert [one["name"] for one in network["names"]] == ["example.net"]


def test_watch_looks_up_the_names_so_that_the_page_knows_them_without_another_command(make, dns):
    server = begin(make, FOUR)
    name(dns, FOUR, "mx1.example.net", zone="example.net")

    def known(*words):
        done = subprocess.run([COMMAND, "watch", "--state-dir", server.root / "state", "--resolver",
                               dns.address, "--no-smtp", "--timeout", "1", *words, "example.com"],
                              capture_output=True, text=True, timeout=90)
        assert "begin: " in done.stdout, done
        (server.root / "state/watch/watch.json").unlink()
        return [row["name"] for row in Database(server).run(
            "SELECT name FROM mta_sts_network_name WHERE name <> ''")]

    assert known("--no-network-names") == []
    assert not [asked for asked in dns.asked if asked.endswith(".arpa")]
    assert known() == ["example.net"]


@pytest.mark.parametrize("is_signed", [True, False], ids=("signed", "not signed"))
def test_a_signed_report_names_a_network_and_an_unsigned_one_does_not(make, dns, is_signed):
    server = make().configure("MTASTSFetchLog network\n" + REMOTE + proxied(HOST, MX + report.ENDPOINT),
                              modules=("remoteip",)).start()
    policy.check(server.fetch(HOST, headers=[f"X-Client: {FOUR}"]))
    sent = content(True)
    sent = sent.replace(b"192.0.2.77", FOUR.encode())
    if is_signed:
        report.import_verified(server, sent)
    else:
        assert report.post(server, report.packed(sent)).status == 201
    process.wait_for(lambda: Database(server).run("SELECT * FROM mta_sts_fetch")
                     and Database(server).run("SELECT * FROM tlsrpt_report"), "both", 30)
    found = names(server, dns)
    assert [(one["name"], one["dns_confirmed_at"]) for one in found] == \
        ([("sender.example", None)] if is_signed else [])
    assert (f"{NETWORKS[FOUR]:22} sender.example (named in its verified reports)\n"
            in call(server, dns)) == is_signed
    if is_signed:
        Database(server).run("DELETE FROM mta_sts_network_name")
        name(dns, FOUR, "mx1.sender.example", zone="sender.example")
        assert "sender.example (confirmed by DNS, and named in its verified reports)" in call(server, dns)


def log_networks(server, outcome, count=100):
    """One address of each."""
    now = int(time.time()) * 1000000
    rows = ", ".join(f"('example.com', {now // 3600000000}, '198.19.{i}.0/24', '198.19.{i}.1', {outcome}, 'x', "
                     f"'', 1, {now}, {now})" for i in range(count))
    Database(server).run(f"INSERT INTO mta_sts_fetch VALUES {rows}")


@pytest.mark.parametrize("command", ["watch", "fetches"])
def test_addresses_in_verified_reports_are_looked_up_however_many_networks_request_the_policy(make, dns, command):
    server = make().configure("MTASTSFetchLog network\n" + REMOTE + proxied(HOST, MX + report.ENDPOINT),
                              modules=("remoteip",)).start()
    policy.check(server.fetch(HOST, headers=[f"X-Client: {FOUR}"]))
    report.import_verified(server, content(True).replace(b"192.0.2.77", FOUR.encode()))
    process.wait_for(lambda: Database(server).run("SELECT * FROM mta_sts_fetch")
                     and Database(server).run("SELECT * FROM tlsrpt_report"), "both", 30)
    server.stop()
    log_networks(server, outcome=0)
    name(dns, FOUR, "mx1.sender.example", zone="sender.example")
    call(server, dns, *(("--no-smtp", "--timeout", "1") if command == "watch" else ()), command=command,
         status=None)
    asked = {one for one in dns.asked if one.endswith(".in-addr.arpa")}
    assert ipaddress.ip_address(FOUR).reverse_pointer in asked
    assert 10 < len(asked) <= 20, "and some of the log"


@pytest.mark.parametrize("zone, is_own", [("sender.example", True), ("out.sender.example", True),
                                          ("othersender.example", False)])
def test_the_answer_to_a_signed_report_finds_the_networks_of_the_signer(start, zone, is_own):
    """The report itself has no address."""
    server = start(LOCATION + proxied(HOST, MX + report.ENDPOINT))
    report.import_verified(server, content(False))
    wait_for_reports(server, 1)
    process.wait_for(lambda: Database(server).run("SELECT * FROM mta_sts_fetch_span"), "a span", 30)
    fill(server, WHOLE, [(1, "example.com", NETWORK, SERVED, 10), (2, "example.com", "198.51.100.0/24",
                                                                 SERVED, 5)], [])
    later = at(24 * 40)
    Database(server).run(f"INSERT INTO mta_sts_network_name VALUES ('{NETWORK}', '{zone}', 1, {later})")
    expected = (
        f"{NETWORK} fetched the policy from this server 10 times on {DATE} ({clock(1)} to {clock(1)}), "
        "always with status 200: the fault is on their side or on the network path. DNS confirms a name of "
        f"sender.example for an address of {NETWORK}.") if is_own else \
        "The report does not say from which address it was sent, so the fetch log cannot say whether this " \
        "sender reached this server."
    one, = json.loads(call_report(server))["reports"]
    assert one["policies"][0]["failures"][0]["fetch_log"]["text"] == expected
    cause, = data(server, "?domain=example.com")["reports"]["causes"]
    assert cause["fetch_log"][0]["text"] == expected
    assert f"Fetch log: Sender: {expected}" in page(server, "?domain=example.com").text


def call_report(server):
    return subprocess.run([COMMAND, "report", "--state-dir", server.root / "state", "--format", "json"],
                          capture_output=True, text=True, timeout=60, check=False).stdout

# SPDX-License-Identifier: Apache-2.0
"""Until when senders may use copies of earlier policies, in all views: `rollout`, `dns`, `ready`, the
status page, that of a customer, and the removals say the same, by the fetch log and in the worst case."""

import datetime
import functools
import json
import os
import re
import socket
import subprocess
import sys
import time

import process
import pytest

from database import Database, noted
from hosting import BODY, COMMAND, REMOTE, begin_hosting, served
from httpd import TOP
from policy import identity, text
from status_page import LOCATION, data, page
from test_rollout import A, B, DAY, configure, fetch, recorded

sys.path.insert(0, str(TOP / "scripts"))

from mta_sts_setup import command, history  # noqa: E402
from mta_sts_setup.policy import Policy  # noqa: E402

pytestmark = pytest.mark.slow

TABLES = ("mta_sts_fetch", "mta_sts_fetch_span", "mta_sts_history", "mta_sts_history_host", "mta_sts_fetch_loss")
OTHER = "INSERT INTO mta_sts_history (domain, host, id, text, max_age, first_served) SELECT domain, " \
    "'{host}', id, text, max_age, first_served FROM mta_sts_history WHERE last_served IS NOT NULL; INSERT INTO mta_sts_history_host " \
    "SELECT '{host}', noted FROM mta_sts_history_host; INSERT INTO mta_sts_fetch_span (host, began, noted) " \
    "SELECT '{host}', began, noted FROM mta_sts_fetch_span"
OLD = "UPDATE mta_sts_history SET first_served = first_served - {0} * 86400000000;" \
    "UPDATE mta_sts_fetch_span SET began = began - {0} * 86400000000"
WORST = "in the worst case"
NONE = "According to the fetch log, no sender uses an earlier policy from its cache any more; "
UNTIL = "Senders may use an earlier policy from their cache until "
UNKNOWN = UNTIL + "WORST, in the worst case; the fetch log is not complete enough to give an earlier date."

# what happened, (worst case, certain, by the log) in days from now, and what people read
CASES = {
    "two networks have not fetched the new policy": (
        ["UPDATE mta_sts_fetch SET last_at = last_at - 172800000000"], (30, False, 28),
        UNTIL + "LOG, according to the fetch log; in the worst case until WORST. Policies served before"),
    "all networks have": (
        [f"UPDATE mta_sts_fetch SET last_at = last_at - 5000000 WHERE id = '{identity(A)}'",
         "INSERT INTO mta_sts_fetch SELECT domain, hour, '127.0.' || n || '.0/24', '', 0, id, '', 1, "
         "first_at, last_at FROM mta_sts_fetch, (SELECT 2 AS n UNION SELECT 4) WHERE "
         f"id = '{identity(B)}' AND network = '127.0.5.0/24'"], (30, False, 0),
        NONE + "in the worst case, some may until WORST. Policies served before"),
    "the clock was ahead for a while": (
        ["INSERT INTO mta_sts_fetch SELECT domain, hour + 8760, network, '', 0, id, '', 1, first_at, "
         "last_at + 31536000000000 FROM mta_sts_fetch WHERE network IN ('127.0.2.0/24', '127.0.5.0/24')",
         f"INSERT INTO mta_sts_fetch SELECT domain, hour, '127.0.4.0/24', '', 0, '{identity(B)}', '', 1, "
         "first_at, last_at FROM mta_sts_fetch WHERE network = '127.0.5.0/24'"], (30, False, 30),
        UNTIL + "LOG, according to the fetch log; in the worst case until WORST. Policies served before"),
    "the log lost requests": (
        ["INSERT INTO mta_sts_fetch_loss SELECT host, noted / 3600000000, 7 FROM mta_sts_fetch_span"],
        (30, False, None), UNKNOWN + " Policies served before"),
    "it is certain": ([OLD.format(366)], (30, True, 30),
                      UNTIL + "LOG, according to the fetch log; in the worst case until WORST."),
    "another machine still serves the earlier one": (
        [OTHER.format(host="web2.example")], (30, False, None), UNKNOWN + " web2.example still serves"),
    "that machine has a name that would confuse a terminal": (
        [OTHER.format(host="web\x1b]2")], (30, False, None), UNKNOWN + ' "web\\x1b]2" still serves'),
    "no copies of those recorded are left": (
        [OLD.format(31), "UPDATE mta_sts_history SET last_served = last_served - 31 * 86400000000 "
         "WHERE last_served IS NOT NULL", "UPDATE mta_sts_fetch SET last_at = last_at - 31 * 86400000000, "
         "hour = hour - 31 * 24, first_at = 0"], (None, False, None),
        "No recorded earlier policies are cached any longer. Policies served before"),
    "no copies of any are left": (
        [OLD.format(400), "UPDATE mta_sts_history SET last_served = last_served - 31 * 86400000000 "
         "WHERE last_served IS NOT NULL", "UPDATE mta_sts_fetch SET last_at = last_at - 31 * 86400000000, "
         "hour = hour - 31 * 24, first_at = 0"], (None, True, None), None),
}


def run(server, *words):
    done = subprocess.run([COMMAND, *words, "--state-dir", server.root / "state"],
                          env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, timeout=60)
    assert done.stdout, done
    assert "\x1b" not in done.stdout + done.stderr
    return done.stdout


def found(server, *words):
    return json.loads(run(server, *words, "--format", "json"))["domains"][0]


def days(value):
    """From now, to the hour; a time that is now, or null, is 0."""
    if value is None:
        return None
    at = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    return round((at - time.time()) / DAY, 1)


def facts(copies):
    assert set(copies) == {"worst_case_until", "certain", "recorded_since", "unrecorded", "log_complete",
                           "by_log_until", "served_by"}
    by_log = (days(copies["by_log_until"]) or 0) if copies["log_complete"] else None
    return days(copies["worst_case_until"]), copies["certain"], by_log


@pytest.fixture(scope="module")
def server(make_shared):
    server = configure(make_shared(), A, LOCATION).start()
    noted(server, A)
    for source in ("127.0.1.1", "127.0.2.1", "127.0.3.1", "127.0.4.1"):
        fetch(server, source, A)
    configure(server, B, LOCATION)
    server.graceful()
    noted(server, A, B)
    time.sleep(1)  # times are recorded in seconds
    for source in ("127.0.1.1", "127.0.3.7", "127.0.5.1"):
        fetch(server, source, B, "Exim")
    recorded(server, 7)
    for table in TABLES:
        Database(server).run(f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")
    server.policy = server.write("policy.txt", B.decode())
    return server


@pytest.fixture
def change(server):
    """Changes the database for one test."""
    def apply(statements):
        Database(server).run(";".join(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM saved_{table}"
                                      for table in TABLES))
        Database(server).run(";".join(statements))
    yield apply
    apply(["SELECT 1"])


def assert_said(shown, wanted, worst, by_log):
    """Only the day of each time is compared."""
    def day(number):
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + (number or 0) * DAY))
    wanted = (wanted or "").replace("LOG", day(by_log)).replace("WORST", day(worst))
    assert wanted in re.sub(r"(\d{4}-\d\d-\d\d) \d\d:\d\d UTC", r"\1", shown)


def networks(listed):
    return [(one["network"], one["agent"], one["requests"], one["last_fetch_at"], one["cached_until"])
            for one in listed]


def assert_networks_agree(rollout, shown, html):
    """Who has fetched which policy."""
    assert [(one["policy_id"], one["log_complete"], one["updated_networks"], networks(one["networks"]),
             one["networks_count"]) for one in shown["earlier_policies"]] == \
        [(one["id"], one["log"]["complete"], one["updated_networks"], networks(one["networks"]),
          len(one["networks"])) for one in rollout["earlier"]]
    current = rollout["current"]["networks"] if rollout["earlier"] else []
    assert networks(shown["fetched_by"] or []) == networks(current)
    for listed in current, *(one["networks"] for one in rollout["earlier"]):
        assert all(one["network"] in html for one in listed[:5])
    assert [(one["action"], one["mx"], one["certain"], one["log_complete"]) for one in shown["safe"]] == \
        [(one["action"], one["mx"], one["certain_at"] is not None, one["log_complete"])
         for one in rollout["safe"]]


@pytest.mark.parametrize("what", CASES)
def test_all_views_say_the_same(server, change, monkeypatch, what):
    statements, (worst, certain, by_log), wanted = CASES[what]
    change(statements)
    rollout = found(server, "rollout", "example.com")
    stricter, = (one for one in rollout["safe"] if one["action"] == "stricter-mode")
    assert days(stricter["worst_case_at"]) == (worst or 0)
    assert days(stricter["by_log_at"]) == (0 if worst is None else by_log)
    assert (stricter["certain_at"] is not None) == certain
    assert rollout["outstanding"] is (True if worst else False if certain else None)
    dns = found(server, "dns", "--offline", "--policy", server.policy, "example.com")
    ready = found(server, "ready", "--no-check", "--policy", server.policy, "example.com")
    shown = data(server, "?domain=example.com")["domain"]
    expected = worst, certain, 0 if worst is None else by_log
    for view, copies in ("dns", dns["earlier_copies"]), ("ready", ready["earlier_copies"]), \
            ("status", shown["earlier_copies"]):
        assert facts(copies) == expected, view
        assert copies["served_by"] == stricter["served_by"], view
    assert days(dns["earlier_policy_until"]) == worst
    assert [days(one["cached_until_at"]) for one in shown["earlier_policies"]] == ([worst] if worst else [])
    assert_networks_agree(rollout, shown, page(server, "?domain=example.com").text)
    steps = " ".join(ready["steps"])
    assert steps.count(f"mta-sts rollout --state-dir '{server.root}/state' example.com") == bool(worst)
    lines = run(server, "dns", "--offline", "--policy", server.policy, "example.com").splitlines()
    assert sum("senders may hold an earlier policy until" in line for line in lines) == bool(worst)
    assert sum("according to the fetch log" in line for line in lines) == (
        by_log is not None and by_log != worst), lines
    assert sum("are not recorded)" in line for line in lines) == bool(worst and not certain)
    assert sum(" still serves one, so this date keeps moving forward)" in line for line in lines) == bool(copies["served_by"])
    if worst:
        assert_said(steps, wanted, worst, by_log)
        assert_said(" ".join(run(server, "ready", "--no-check", "--policy", server.policy,
                                 "example.com").split()), wanted, worst, by_log)
    html = " ".join(page(server, "?domain=example.com").text.split())
    assert ("Earlier policies" in html) == (wanted is not None)
    assert_said(html, wanted, worst, by_log)
    monkeypatch.setitem(command.ENVIRONMENT, "PATH",
                        os.path.dirname(COMMAND) + ":" + command.ENVIRONMENT["PATH"])
    setup = history.read("example.com", Policy("testing", ("mx1.example.com",), 7 * DAY), {
        "state_dir": str(server.root / "state"),
        "database": {"driver": "sqlite3", "file": str(server.root / "state/reports.db")}})
    assert setup.problem is None
    now = datetime.datetime.now(datetime.timezone.utc)
    assert (setup.until and round((setup.until - now).total_seconds() / DAY, 1)) == worst
    assert (setup.by_log and max(0, round((setup.by_log - now).total_seconds() / DAY, 1))) == (
        0 if worst is None else by_log)


def test_withdrawing_waits_for_the_log_and_names_the_worst_case(server, change):
    """The steps of mta-sts dns for mode none."""
    none = text("mx1.example.com", mode="none", max_age=DAY)
    file = server.write("none.txt", none.decode())
    change([])
    last = " ".join(found(server, "dns", "--offline", "--policy", file, "example.com")["steps"])
    assert "Keep serving mode none" in last and UNTIL in last and WORST in last


def test_a_hosted_domain_and_its_customer(make):
    """`mta-sts policy remove` deletes the row when the log says so; the customer sees no machine."""
    body = LOCATION + LOCATION.replace("/status", "/mine").replace("mta-sts-status", "mta-sts-domain-status") \
        + REMOTE + BODY
    server, hosting = begin_hosting(make, body, modules=("remoteip",))
    plainly = server.fetch_plainly
    # as a proxy: without its header, the client's network would not be known
    server.fetch = server.fetch_plainly = functools.partial(plainly, headers=["X-Client: 127.0.0.1"])
    name, mx = "customer.example", "mx1.customer.example"
    first, none = text(mx, mode="enforce"), text(mx, mode="none", max_age=DAY)

    def ask(source, expected):
        assert plainly("mta-sts." + name, headers=["X-Client: " + source]).body == expected

    def mine(query=""):
        return server.fetch_plainly("hosting.example", path=f"/mine/{name}{query}").body.decode()

    hosting.call("set", "--mx", mx, "--mode", "enforce", name)
    served(server, name, first)
    assert "It is not recorded when the first policy was served." in page(server, "?domain=" + name).text
    assert "Policy id" in mine() and "recorded" not in mine()
    ask("127.0.7.1", first)
    said = hosting.call("remove", name)
    assert "has mode none from now on" in said and "Senders may use an earlier policy from" in said
    served(server, name, none)
    process.wait_for(lambda: len(Database(server).run(
        f"SELECT DISTINCT id FROM mta_sts_fetch WHERE domain = '{name}' AND outcome = 0")) == 2, "the fetches")
    process.wait_for(lambda: found(server, "rollout", name)["earlier"][0]["served_by"] == [],
                     "the machine to have read the change")
    log = found(server, "rollout", name)["earlier"][0]["log"]
    assert log["reasons"] == ["log-begins-later"], "since when the row was served is not recorded"
    Database(server).run("UPDATE mta_sts_fetch_span SET began = began - 30 * 86400000000")
    refused = hosting.call("remove", name, status=1)
    assert UNTIL in refused and "according to the fetch log; in the worst case until" in refused
    copies = json.loads(mine("?format=json"))["domain"]["earlier_copies"]
    assert copies["log_complete"] and copies["served_by"] == []
    assert facts(copies)[0] == 7
    shown = mine()
    assert "according to the fetch log; in the worst case until" in shown
    assert socket.gethostname() not in shown
    time.sleep(1)  # times are recorded in seconds
    ask("127.0.7.1", none)
    process.wait_for(lambda: found(server, "rollout", name)["earlier"][0]["updated_networks"] == 2, "the fetch")
    done = subprocess.run([COMMAND, "policy", "remove", name, "--state-dir", server.root / "state"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and f"{name}: deleted." in done.stdout, done
    assert NONE + "in the worst case, some may until" in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""`mta-sts rollout`: a policy is changed, and some clients fetch it again."""

import datetime
import json
import os
import re
import socket
import subprocess
import time

import client
import process
import pytest

import policy
from database import Database, noted
from hosting import COMMAND, begin_hosting, served
from httpd import proxied
from policy import HOST, identity, text

pytestmark = pytest.mark.slow

DONE, OUTSTANDING, USAGE, UNKNOWN = range(4)
DAY = 86400
A = text("mx1.example.com", "old.example.com", mode="enforce", max_age=30 * DAY)
B = text("mx1.example.com", max_age=7 * DAY)
DIRECTIVES = {A: "MTASTSMx mx1.example.com old.example.com\nMTASTSMode enforce\nMTASTSMaxAge 30d\n",
              B: "MTASTSMx mx1.example.com\nMTASTSMaxAge 7d\n"}


def configure(server, policy_text, more=""):
    more += "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.0/8\n"
    return server.configure(more + proxied(HOST, DIRECTIVES[policy_text]), modules=("remoteip",))


def fetch(server, source, expected, agent="Postfix"):
    """A client with an address of its own."""
    sent = client.request(HOST, policy.PATH, headers=[f"User-Agent: {agent}/3.10", f"X-Client: {source}"])
    with socket.create_connection(("127.0.0.1", server.ports["http"]), 20, (source, 0)) as stream:
        stream.sendall(sent)
        received = b"".join(iter(lambda: stream.recv(65536), b""))
    policy.check(client.only(received, "GET"), expected)


def recorded(server, requests):
    process.wait_for(
        lambda: sum(row["requests"] for row in Database(server).run(
            "SELECT requests FROM mta_sts_fetch")) == requests, f"{requests} requests", 30)


NOTHING_BEFORE = ("--previous-max-age", "0")


def call(server, *words, status, domains=("example.com",), before=NOTHING_BEFORE):
    done = subprocess.run([COMMAND, "rollout", "--state-dir", server.root / "state", *before, *words,
                           *domains],
                          env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == status, done
    return done


def facts(server, status=OUTSTANDING, before=NOTHING_BEFORE):
    result, = json.loads(call(server, "--format", "json", status=status, before=before).stdout)["domains"]
    assert result["domain"] == "example.com"
    return result


def at(time_text):
    return datetime.datetime.fromisoformat(time_text.replace("Z", "+00:00")).timestamp()


def networks(found):
    return {one["network"]: one["requests"] for one in found["networks"]}


def dates(found):
    """Action and MX host, with the certain time and that of the log, in days from now."""
    def days(value):
        return value and round((at(value) - time.time()) / DAY, 2)
    return {(one["action"], one["mx"]): (days(one["certain_at"]), days(one["by_log_at"]))
            for one in found["safe"]}


def rolled_out(make, more=""):
    """Policy A was fetched from four networks, then B from two of them and another one."""
    server = configure(make(), A, more).start()
    noted(server, A)
    for source in ("127.0.1.1", "127.0.1.2", "127.0.2.1", "127.0.3.1", "127.0.4.1"):
        fetch(server, source, A)
    configure(server, B, more)
    server.graceful()
    noted(server, A, B)
    for source in ("127.0.1.1", "127.0.3.7", "127.0.5.1"):
        time.sleep(0.4)  # times are recorded in seconds
        fetch(server, source, B, "Exim")
    return server


def test_who_has_fetched_the_new_policy_and_who_may_have_the_old_one(make):
    server = rolled_out(make)
    recorded(server, 8)
    found = facts(server)
    assert found["outstanding"] is True
    assert (found["current"]["id"], found["current"]["mode"]) == (identity(B), "testing")
    assert networks(found["current"]) == {f"127.0.{n}.0/24": 1 for n in (1, 3, 5)}
    assert {one["agent"] for one in found["current"]["networks"]} == {"Exim"}
    earlier, = found["earlier"]
    assert (earlier["id"], earlier["mode"], earlier["max_age"]) == (identity(A), "enforce", 30 * DAY)
    assert earlier["mx"] == ["mx1.example.com", "old.example.com"]
    assert networks(earlier) == {"127.0.2.0/24": 1, "127.0.4.0/24": 1}
    assert earlier["updated_networks"] == 2
    assert at(earlier["cached_until"]) == pytest.approx(at(earlier["served_until"]) + 30 * DAY, abs=1)
    for one in earlier["networks"]:
        assert at(one["cached_until"]) == at(one["last_fetch_at"]) + 30 * DAY
    assert earlier["log"] == {"complete": True, "needed_since": earlier["served_since"],
                              "reasons": [], "notes": []}
    assert earlier["cached_until_by_log"] == max(one["cached_until"] for one in earlier["networks"])
    assert dates(found) == {("remove-mx", "old.example.com"): (30, 30),
                            ("stricter-mode", None): (30, 30), ("withdraw", None): (30, 30)}


def shown_by_dns(server):
    """What mta-sts dns says of earlier policies."""
    file = server.write("policy.txt", B.decode())
    done = subprocess.run([COMMAND, "dns", "--state-dir", server.root / "state", "--policy", file,
                           "--offline", "example.com"], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    at_line = next(at for at, line in enumerate(lines) if "earlier policy until" in line)
    return lines[at_line:at_line + 2]


def test_dns_shows_both_days(make):
    server = rolled_out(make)
    recorded(server, 8)
    Database(server).run("UPDATE mta_sts_fetch SET last_at = last_at - 172800000000")
    certain, by_log = shown_by_dns(server)
    days = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * DAY)) for days in (30, 28)]
    assert certain == f";   senders may hold an earlier policy until {days[0]}"
    assert by_log == f";   (until {days[1]}, according to the fetch log: mta-sts rollout " \
        f"--state-dir '{server.root}/state' example.com)"


def test_the_text_says_the_same(make):
    server = rolled_out(make)
    recorded(server, 8)
    shown = call(server, status=OUTSTANDING).stdout
    lines = shown.splitlines()
    assert lines[0] == "example.com"
    assert f"  Policy {identity(B)}, mode testing, max_age 7 days" in lines
    assert "    fetched from 3 networks:" in lines
    assert f"  Earlier policy {identity(A)}, mode enforce, max_age 30 days" in lines
    assert "    2 networks fetched it and later the current one" in lines
    assert "    fetched from 2 networks that have not fetched the current one since:" in lines
    old = lines[lines.index("  Safe"):]
    assert old[1] == "    Remove the MX host old.example.com, which only earlier policies name"
    assert old[2].startswith("      certainly       after ")
    assert old[3].startswith("      by the log      after ")
    assert "The log records networks, not senders" in shown
    assert "not complete" not in shown


def test_the_log_gives_an_earlier_date_when_all_networks_have_the_new_policy(make):
    server = rolled_out(make)
    for source in ("127.0.2.9", "127.0.4.9"):
        fetch(server, source, B)
    recorded(server, 10)
    found = facts(server)
    assert found["earlier"][0]["networks"] == [] and found["earlier"][0]["updated_networks"] == 4
    assert found["earlier"][0]["cached_until_by_log"] is None
    assert dates(found)["remove-mx", "old.example.com"] == (30, 0)
    assert dates(found)["withdraw", None] == (30, 7)
    assert shown_by_dns(server)[1] == ";   (none does any more, according to the fetch log: " \
        f"mta-sts rollout --state-dir '{server.root}/state' example.com)"


@pytest.mark.parametrize("statement, reason", [
    ("UPDATE mta_sts_fetch_span SET began = began + 1800000000", "log-begins-later"),
    ("UPDATE mta_sts_fetch_span SET noted = noted - 1800000000", "gaps"),
    ("INSERT INTO mta_sts_fetch_loss SELECT host, noted / 3600000000, 7 FROM mta_sts_fetch_span",
     "lost-requests"),
    ("UPDATE mta_sts_fetch SET network = '', id = '' WHERE network = '127.0.4.0/24'", "others"),
    ("UPDATE mta_sts_fetch SET domain = '' WHERE network = '127.0.4.0/24'", "others"),
    ("DELETE FROM mta_sts_fetch_span", "no-log"),
])
def test_a_log_that_is_not_complete_gives_no_date(make, statement, reason):
    server = rolled_out(make)
    recorded(server, 8)
    server.stop()
    Database(server).run("UPDATE mta_sts_history SET first_served = first_served - 3600000000")
    Database(server).run("UPDATE mta_sts_history SET last_served = last_served - 600000000 "
                         "WHERE last_served IS NOT NULL")
    Database(server).run("UPDATE mta_sts_fetch_span SET began = began - 3700000000")
    assert facts(server)["earlier"][0]["log"]["complete"]
    Database(server).run(statement)
    found = facts(server)
    earlier, = found["earlier"]
    assert earlier["log"]["complete"] is False and reason in earlier["log"]["reasons"]
    assert earlier["log"]["notes"] and earlier["cached_until_by_log"] is None
    assert {log for _, log in dates(found).values()} == {None}
    shown = call(server, status=OUTSTANDING).stdout
    assert "the fetch log is not complete for this policy: " in " ".join(shown.split())
    assert ("hides the clients from httpd (see mod_remoteip)" in " ".join(shown.split())) == (reason == "others")
    assert shown.count("by the log      not known: the log is not complete") == 3


def test_without_a_log_the_certain_date_remains(make):
    server = configure(make(), A, "MTASTSFetchLog off\n").start()
    noted(server, A)
    configure(server, B, "MTASTSFetchLog off\n")
    server.graceful()
    noted(server, A, B)
    found = facts(server)
    assert found["earlier"][0]["log"]["reasons"] == ["no-log"]
    assert dates(found) == {("remove-mx", "old.example.com"): (30, None),
                            ("stricter-mode", None): (30, None), ("withdraw", None): (30, None)}


def test_nothing_is_outstanding_after_the_first_policy_and_after_the_last_copy(make):
    server = configure(make(), A).start()
    noted(server, A)
    assert facts(server, DONE)["earlier"] == []
    configure(server, B)
    server.graceful()
    noted(server, A, B)
    facts(server, OUTSTANDING)
    server.stop()
    Database(server).run("UPDATE mta_sts_history SET first_served = first_served - 2700000000000, "
                         "last_served = last_served - 2700000000000 WHERE last_served IS NOT NULL")
    found = facts(server, DONE)
    assert found["earlier"] == [] and found["outstanding"] is False
    assert dates(found)["stricter-mode", None] == (0, 0)
    assert "No recorded earlier policies are cached any longer" in call(server, status=DONE).stdout
    assert facts(server, UNKNOWN, before=[])["outstanding"] is None


def test_nothing_is_certain_while_a_policy_from_before_the_record_may_be_cached(make):
    """The history has just begun, so it does not know what was served before."""
    server = configure(make(), B).start()
    noted(server, B)
    found = facts(server, UNKNOWN, before=[])
    assert found["outstanding"] is None and found["earlier"] == []
    assert at(found["unrecorded_until"]) == at(found["recorded_since"]) + 31557600
    assert {one["certain_at"] for one in found["safe"]} == {None}
    shown = " ".join(call(server, status=UNKNOWN, before=[]).stdout.split())
    assert "certainly" not in shown and "worst case now; not certain, see above" in shown
    assert "are not recorded: if another one was served before, copies of it may be used until" in shown
    for before, status in (["--previous-max-age", "1d"], UNKNOWN), (NOTHING_BEFORE, DONE):
        found = facts(server, status, before=before)
        assert [one["certain_at"] is None for one in found["safe"]] == [status == UNKNOWN, False], before
    server.stop()
    Database(server).run("UPDATE mta_sts_history SET first_served = first_served - 315580000000000")
    assert facts(server, UNKNOWN, before=[])["recorded_since"] is None, "the clock was not set"
    Database(server).run("UPDATE mta_sts_history SET first_served = first_served + 315580000000000 - 90000000000")
    found = facts(server, DONE, before=["--previous-max-age", "1d"])
    assert found["unrecorded_until"] is None and "certainly" in call(server, status=DONE).stdout


def test_the_policy_of_a_hosted_domain(make_with):
    server, hosting = begin_hosting(make_with)
    hosting.call("set", "--mx", "mx1.example.net", "--mode", "enforce", "customer.example")
    first = text("mx1.example.net", mode="enforce")
    served(server, "customer.example", first)
    hosting.call("set", "--mx", "mx2.example.net", "--mode", "enforce", "customer.example")
    second = text("mx2.example.net", mode="enforce")
    served(server, "customer.example", second)
    process.wait_for(lambda: len(Database(server).run(
        "SELECT DISTINCT id FROM mta_sts_fetch WHERE domain = 'customer.example' AND outcome = 0")) == 2,
        "the fetches")
    result = call(server, "--format", "json", status=OUTSTANDING, domains=["customer.example"])
    found, = json.loads(result.stdout)["domains"]
    assert found["current"]["id"] == identity(second)
    assert [one["id"] for one in found["earlier"]] == [identity(first)]
    assert ("remove-mx", "mx1.example.net") in dates(found)


def test_what_is_not_known_is_said(make, tmp_path):
    server = configure(make(), B).start()
    noted(server, B)
    done = call(server, status=UNKNOWN, domains=["example.org"])
    assert "no policy of example.org is recorded in this database: run this on the machine" in (
        " ".join(done.stdout.split()))
    assert "No policy is served" not in done.stdout
    done = call(server, status=UNKNOWN, domains=["example.com", "example.org"])
    assert done.stdout.startswith("example.com\n") and "\n\nexample.org\n" in done.stdout
    missing = subprocess.run([COMMAND, "rollout", "--state-dir", tmp_path, "example.com"],
                             capture_output=True, text=True, timeout=60)
    assert missing.returncode == UNKNOWN and missing.stdout == ""
    assert f"there is no database in {tmp_path}" in missing.stderr


@pytest.mark.parametrize("words, message", [
    ([], "DOMAIN is missing"), (["--format", "csv", "example.com"], "--format"),
    (["--database", "mysql x", "example.com"], "--database: "), (["a b"], "a b")])
def test_wrong_usage(words, message):
    done = subprocess.run([COMMAND, "rollout", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == USAGE and message in done.stderr and not done.stdout


def test_a_policy_that_was_served_before_the_first_one_is_current_again(make):
    server = rolled_out(make)
    configure(server, A)
    server.graceful()
    noted(server, A, B, A)
    recorded(server, 8)
    found = facts(server)
    assert found["current"]["id"] == identity(A)
    assert [one["id"] for one in found["earlier"]] == [identity(B)]


def test_another_machine_that_serves_the_earlier_policy_is_named(make):
    """It shares the database. As long as it serves the policy, senders fetch it, so the date moves; once
    it was not seen for a while, it no longer does. Its name is not trusted."""
    server = rolled_out(make)
    recorded(server, 8)
    Database(server).run("UPDATE mta_sts_history SET first_served = first_served - 3600000000;"
                         "UPDATE mta_sts_fetch_span SET began = began - 3700000000")
    now = "(SELECT noted FROM mta_sts_history_host LIMIT 1)"
    for host in "web2", "web\x1b[2J":
        Database(server).run(
            "INSERT INTO mta_sts_history (domain, host, first_served, id, max_age, text) SELECT domain, "
            f"'{host}', first_served, id, max_age, text FROM mta_sts_history WHERE last_served IS NOT NULL "
            f"LIMIT 1; INSERT INTO mta_sts_history_host (host, noted) VALUES ('{host}', {now});"
            "INSERT INTO mta_sts_fetch_span (host, began, noted) SELECT "
            f"'{host}', began, noted - 1800000000 FROM mta_sts_fetch_span LIMIT 1")
    found = facts(server)
    earlier, = found["earlier"]
    assert sorted(earlier["served_by"]) == ["web\x1b[2J", "web2"] and earlier["served_until"] is None
    for one in found["safe"]:
        assert sorted(one["served_by"]) == ["web\x1b[2J", "web2"] and one["certain_at"] is None
    shown = call(server, status=OUTSTANDING).stdout
    said = " ".join(shown.split())
    assert "\x1b" not in shown
    hosts = r'(web2 and "web\\x1b\[2J"|"web\\x1b\[2J" and web2)'
    assert re.search(f"and still by {hosts}: reload httpd there with the new policy", said)
    assert re.search(f"it keeps moving forward as long as {hosts} serve an earlier policy", said)
    assert '"web\\x1b[2J" recorded nothing from' in said
    Database(server).run("UPDATE mta_sts_history_host SET noted = noted - 3600000000 WHERE host LIKE 'web%'")
    found = facts(server)
    assert found["earlier"][0]["served_by"] == [] and found["earlier"][0]["served_until"]
    assert {one["certain_at"] is not None for one in found["safe"]} == {True}


def test_what_others_wrote_into_the_database_controls_no_terminal(make):
    server = rolled_out(make)
    recorded(server, 8)
    server.stop()
    Database(server).run("UPDATE mta_sts_fetch SET network = 'net\x1b[2J', agent = 'agent\x1b' "
                         f"WHERE network = '127.0.4.0/24'; UPDATE mta_sts_fetch SET id = 'id\x1b' "
                         "WHERE network = '127.0.5.0/24'; UPDATE mta_sts_history SET id = 'old\x1b' "
                         "WHERE last_served IS NOT NULL; UPDATE mta_sts_fetch SET id = 'old\x1b' "
                         f"WHERE id = '{identity(A)}'; UPDATE mta_sts_history_host SET host = 'web\x1b'")
    fetches = subprocess.run([COMMAND, "fetches", "--state-dir", server.root / "state", "example.com"],
                             capture_output=True, text=True, timeout=60, check=True)
    rollout = call(server, status=OUTSTANDING)
    for shown in fetches.stdout, rollout.stdout:
        assert '"net\\x1b[2J"' in shown and "\x1b" not in shown
    assert 'Earlier policy "old\\x1b", mode enforce' in rollout.stdout


def test_only_who_has_the_policy_afterwards_has_fetched_it(make):
    """Monitoring asks with HEAD; a page that includes the policy is not one that a sender reads."""
    server = configure(make(), A).start()
    noted(server, A)
    for method in "HEAD", "GET", "HEAD":
        assert server.fetch(method=method).status == 200
    fetch(server, "127.0.9.1", A)
    recorded(server, 2)


def test_a_configured_policy_is_served_instead_of_a_hosted_one(make_with):
    server, hosting = begin_hosting(make_with)
    noted(server, policy.POLICY)
    hosting.call("set", "--mx", "mx9.example.com", "--mode", "enforce", "example.com")
    hosting.call("set", "--mx", "mx8.example.com", "--mode", "enforce", "example.com")
    found = facts(server, OUTSTANDING)
    assert found["current"]["id"] == identity(policy.POLICY)
    first, = found["earlier"]  # since when the first row was there is not recorded: perhaps before
    assert first["id"] == identity(text("mx9.example.com", mode="enforce")) and first["served_by"] == []
    assert at(first["served_until"]) == at(found["current"]["served_since"])
    assert server.fetch_plainly("mta-sts.example.com").body == policy.POLICY

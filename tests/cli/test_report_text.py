# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: its text, on a terminal too. What the manual shows of it: test_manual.py."""

import json
import os
import pty
import re
import select
import shutil
import threading
import time

import pytest

import dump
from reports import COMMAND, DATA, TOTAL, call, text

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.mail.example.com\r\n" \
         "max_age: 604800\r\n"


def good_day(begin, sessions):
    report = json.loads((DATA / "google-success.json").read_text())
    report["date-range"] = {"start-datetime": f"{begin}T00:00:00Z",
                            "end-datetime": f"{begin}T23:59:59Z"}
    report["policies"][0]["summary"] = {"total-successful-session-count": sessions,
                                        "total-failure-session-count": 0}
    return json.dumps(report).encode()


def test_all_success_takes_one_line():
    shown = text(DATA / "google-success.json")
    assert shown.splitlines()[-1] == "· example.com: all 1,432 sessions of 1 sender delivered " \
        "securely, under enforce (2026-05-11) (unverified)"


def test_failures_are_listed_worst_first_with_sender_host_dates_and_fix():
    shown = text(DATA / "google-failures.json")
    assert "example.com: 97.2 % of 1,325 sessions delivered securely, 37 failed" in shown
    worst, other = [shown.index(part) for part in (
        "31 sessions failed: certificate-expired at b.mail.example.com",
        "6 sessions failed: starttls-not-supported at mx1.example.com")]
    assert worst < other
    for part in ("reporter: Big Mail Inc.", "since:    2026-05-12", "where:    your mail server",
                 "openssl s_client -starttls smtp -connect mx1.example.com:25\n"):
        assert part in shown[worst:]


@pytest.mark.parametrize("total, details, shown", [
    (3, 300, "3 failed (300 according to the failure details) (unverified)"),
    (300, 300, "300 failed (unverified)"), (300, 3, "300 failed (unverified)")])
def test_details_that_exceed_the_total_are_not_a_contradiction_without_words(total, details, shown):
    report = json.loads((DATA / "google-failures.json").read_text())
    del report["policies"][1:]
    report["policies"][0]["summary"]["total-failure-session-count"] = total
    report["policies"][0]["failure-details"][0]["failed-session-count"] = details
    del report["policies"][0]["failure-details"][1:]
    first = text("-", given=json.dumps(report).encode())
    assert f"sessions delivered securely, {shown}\n" in first


@pytest.mark.parametrize("kind", sorted(TOTAL["types"]["kinds.example"]))
def test_every_result_type_says_what_to_do(kind):
    shown = text(DATA / "result-types.json")
    block = re.split(r"\n  \? ", shown.split(f"failed: {kind}", 1)[1])[0]
    assert "what:" in block and "where:" in block and "do:" in block


def test_a_more_specific_reason_determines_the_explanation():
    shown = text(DATA / "result-types.json")
    for words in ("the server answered 404 Not Found", "does not match any mx line of your policy",
                  "web server mta-sts.kinds.example has expired"):
        assert words in " ".join(shown.split())


def test_a_failure_that_one_sender_alone_reports_is_likely_its_own(tmp_path):
    good = json.loads((DATA / "google-success.json").read_text())
    for number in range(3):
        (tmp_path / f"good-{number}.json").write_text(
            json.dumps({**good, "organization-name": f"Good {number}"}))
    shutil.copy(DATA / "google-failures.json", tmp_path)
    expired, starttls = text(tmp_path).split("? 6 sessions failed")
    assert "where:    your mail server (MX)\n" in expired
    assert "probably this sender, or the network between it and you: 3 other senders had no failures" in \
        " ".join(starttls.split())


def test_failed_sessions_without_details_are_shown(tmp_path):
    report = json.loads((DATA / "google-success.json").read_text())
    report["policies"][0]["summary"]["total-failure-session-count"] = 3
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    assert "3 sessions failed: no details given" in text(file)


def test_a_failure_not_reported_later_is_shown_with_the_secure_sessions_since(tmp_path):
    shutil.copy(DATA / "google-failures.json", tmp_path)  # of 2026-05-12
    for number, begin in enumerate(("2026-05-12", "2026-05-13", "2026-05-15")):
        (tmp_path / f"later-{begin}.json").write_bytes(good_day(begin, 100 + number))
    shown = " ".join(text(tmp_path).split())
    assert shown.count("since: 2026-05-12, last seen 2026-05-12; 203 secure sessions on later "
                       "days reporter:") == 2
    for one in "google-failures.json", "loose.json":  # the latter ends before it begins
        assert "later" not in text(DATA / one)


def test_it_never_says_that_all_is_well_while_something_failed(tmp_path):
    report = json.loads((DATA / "google-failures.json").read_text())
    report["policies"][0]["summary"] = {"total-successful-session-count": 10 ** 9,
                                        "total-failure-session-count": 1}
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    assert "> 99.99 % of 1,000,000,001 sessions" in text(file)


# --- the policy that senders had ---


@pytest.mark.parametrize("served, words", [
    (POLICY, "the policy that is served now"),
    (POLICY.replace("604800", "86400"), "a policy other than the one that is served now"),
    (POLICY.replace("mode: enforce", "mode: testing"), "a policy other than the one that is served now"),
])
def test_the_policy_of_the_sender_is_compared_with_the_one_served(served, words, tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text(served, newline="")
    assert words in " ".join(text("--policy", policy, DATA / "google-failures.json").split())


def test_no_policy_found_although_one_is_published_is_shown(tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text(POLICY, newline="")
    shown = " ".join(text("--policy", policy, DATA / "postfix-no-policy.json").split())
    assert "none found, although one is published" in shown
    assert "although" not in text(DATA / "postfix-no-policy.json")


def test_the_policy_served_is_asked_of_apache(tmp_path):
    apachectl = tmp_path / "apachectl"
    served = dump.policy("example.com", dump.place(dump.location(7)), mode="enforce",
                         mx=("*.mail.example.com", "mx1.example.com"))
    apachectl.write_text(f"#!/bin/sh\necho Syntax OK >&2\ncat <<'E'\n{dump.document(served)}\nE\n")
    apachectl.chmod(0o755)
    shown = text(DATA / "google-failures.json", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert "the policy that is served now" in " ".join(shown.split())


def test_text_that_is_not_a_policy_is_shown_as_such(tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text("mode: strict\n")
    result = call("--policy", policy, DATA / "google-failures.json")
    assert result.returncode == 2
    assert b"policy.txt: line" in result.stderr


# --- on a terminal ---


def on_terminal(*words, environment):
    """What a terminal gets of both outputs."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(COMMAND, [COMMAND, "report", *map(str, words)], environment)
    seen = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    os.close(terminal)
    os.waitpid(pid, 0)
    return seen


def test_colours_are_for_terminals_that_want_them():
    environment = {"PATH": "/nowhere", "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    file = DATA / "google-failures.json"
    assert b"\x1b[35m" in on_terminal(file, environment=environment)
    assert b"\x1b" not in on_terminal(file, environment={**environment, "NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal(file, environment={**environment, "TERM": "dumb"})
    assert b"\x1b" not in call(file).stdout


def test_reading_many_reports_shows_progress_on_a_terminal(tmp_path):
    fifo = tmp_path / "slow"
    os.mkfifo(fifo)

    def feed():
        with open(fifo, "wb") as file:
            time.sleep(1.5)  # the reader is to wait for longer than it keeps silent
            file.write((DATA / "google-failures.json").read_bytes())

    thread = threading.Thread(target=feed)
    thread.start()
    seen = on_terminal(fifo, DATA / "google-success.json",
                       environment={"PATH": "/nowhere", "LC_ALL": "C.UTF-8", "TERM": "dumb"})
    thread.join()
    assert b" of 2 files read" in seen
    assert b"example.com" in seen.split(b"files read")[-1]


def test_without_utf8_the_signs_are_ascii():
    shown = call(DATA / "google-failures.json", LC_ALL="C").stdout
    assert b"? example.com: 97.2 %" in shown
    shown.decode("ascii")

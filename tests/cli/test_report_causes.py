# SPDX-License-Identifier: Apache-2.0
"""What `mta-sts report` advises for a failure: the same in the text as in JSON, of files and of the
store, under each type of policy."""
import json
import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")

MX = "mx1.example.com"
OUR_MX, OUR_DNS, SENDER = "your mail server (MX)", "your DNS", \
    "probably the sender, or the network between it and you"
CHAIN, TLSA = "Install the full chain", f"dig +dnssec TLSA _25._tcp.{MX}"
HOW = {"sts": "", "tlsa": ", under DANE", "no-policy-found": ", no policy found", "": "",
       "new-type": ', under policy type "new-type"'}

# (policy type, result type): whose business it is, and a part of the advice.
ADVICE = {
    ("sts", "certificate-not-trusted"): (OUR_MX, CHAIN),
    ("tlsa", "certificate-not-trusted"): (OUR_DNS, TLSA),
    ("no-policy-found", "certificate-not-trusted"): (OUR_MX, CHAIN),
    ("new-type", "certificate-not-trusted"): (OUR_MX, CHAIN),
    ("", "certificate-not-trusted"): (OUR_MX, CHAIN),
    ("tlsa", "tlsa-invalid"): (OUR_DNS, TLSA),
    ("tlsa", "dane-required"): (SENDER, TLSA),
    ("sts", "certificate-expired"): (OUR_MX, "reload the mail server"),
    ("tlsa", "certificate-expired"): (OUR_MX, "reload the mail server"),
    ("no-policy-found", "starttls-not-supported"): (OUR_MX, "Enable STARTTLS on"),
}


def call(*words):
    """PATH has no apachectl: what this machine serves is of no interest."""
    result = subprocess.run([COMMAND, "report", *map(str, words)], capture_output=True, timeout=60,
                            check=False, env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8"})
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.decode()


def policy(kind, result, sessions):
    applied = {"policy-domain": "example.com", **({"policy-type": kind} if kind else {})}
    return {"policy": applied,
            "summary": {"total-successful-session-count": 0,
                        "total-failure-session-count": sessions},
            "failure-details": [{"result-type": result, "receiving-mx-hostname": MX,
                                 "failed-session-count": sessions}]}


def write_report(directory, begin="2026-05-12T00:00:00Z", end="2026-05-12T23:59:59Z",
                 pairs=tuple(ADVICE)):
    """All of the table in one report, each with another number of sessions: they show which is
    which."""
    file = directory / "report.json"
    file.write_text(json.dumps({
        "organization-name": "Sender", "report-id": "1", "contact-info": "a@sender.example",
        "date-range": {"start-datetime": begin, "end-datetime": end},
        "policies": [policy(kind, result, 10 + number)
                     for number, (kind, result) in enumerate(pairs)]}))
    return file


def stored(directory, file):
    state = directory / "state"
    state.mkdir(mode=0o700)
    subprocess.run([COMMAND, "import", "--state-dir", state, file], check=True, timeout=60,
                   capture_output=True)
    return "--state-dir", state, "--since", "all"


@pytest.fixture(params=["file", "store"])
def source(request, tmp_path):
    """The arguments that name the reports."""
    def write(**more):
        file = write_report(tmp_path, **more)
        return [file] if request.param == "file" else stored(tmp_path, file)
    return write


def blocks(shown):
    """{number of sessions: (its line, everything below on one line)}."""
    parts = re.split(r"\n  \? (?=\d+ sessions? failed: )", shown)[1:]
    return {int(part.split(" ", 1)[0]): (part.splitlines()[0], " ".join(part.split()))
            for part in parts}


def test_text_and_json_give_the_same_advice_under_each_type_of_policy(source):
    words = source()
    shown = blocks(call(*words))
    report, = json.loads(call("--format", "json", *words))["reports"]
    failures = {failure["sessions"]: (one["type"], failure)
                for one in report["policies"] for failure in one["failures"]}
    assert set(shown) == set(failures) == {10 + number for number in range(len(ADVICE))}
    for sessions, (kind, failure) in failures.items():
        line, block = shown[sessions]
        whose, advice = ADVICE[kind, failure["result_type"]]
        assert line == f"{sessions} sessions failed: {failure['result_type']} at {MX}{HOW[kind]} " \
            "(unverified)"
        assert f" what: {failure['explanation']} " in block
        assert f" where: {whose} do: " in block
        assert failure["action"].replace(" Run: ", " ") in block and advice in block


def test_failures_are_summed_up_for_each_type_of_policy(source):
    words = source(pairs=[("tlsa", "certificate-not-trusted"), ("sts", "certificate-not-trusted"),
                          ("tlsa", "certificate-not-trusted")])
    lines = [line for line, _ in blocks(call(*words)).values()]
    assert lines == [f"22 sessions failed: certificate-not-trusted at {MX}, under DANE "
                     "(unverified)",
                     f"11 sessions failed: certificate-not-trusted at {MX} (unverified)"]


REVERSED = {"begin": "2026-05-13T00:00:00Z", "end": "2026-05-11T00:00:00Z"}


def test_a_reversed_range_is_shown_in_order_with_a_finding(source):
    words = source(**REVERSED, pairs=[("sts", "certificate-expired")])
    shown = call(*words)
    assert "  2026-05-11 to 2026-05-12, 1 sender, 1 report\n" in shown
    assert "since:    2026-05-11, last seen 2026-05-12\n" in shown
    assert "last on 2026-05-12" in shown and "last on 2026-05-10" not in shown
    report, = json.loads(call("--format", "json", *words))["reports"]
    assert {name: report[name] for name in REVERSED} == REVERSED
    assert "date-range-reversed" in [finding["id"] for finding in report["findings"]]

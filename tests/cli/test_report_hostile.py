# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: no contents of a report can control the terminal or hide other results."""

import json
import os
import pathlib
import re

import pytest

from reports import DATA, call, read_json, text

# What must never reach a terminal: C0 but line ends, DEL, C1, what changes direction or breaks lines.
UNSAFE = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("words", [[], ["--format", "json"], ["--format", "ndjson"],
                                   ["--format", "csv"]])
def test_nothing_of_a_report_controls_the_terminal(words):
    shown = call(*words, DATA / "hostile-text.json").stdout.decode()
    assert not UNSAFE.search(shown.replace("\r\n", "\n"))
    assert "alert(1)" in shown


def test_json_escapes_but_keeps_what_was_sent():
    report, = read_json(DATA / "hostile-text.json")["reports"]
    sent = json.loads((DATA / "hostile-text.json").read_text())
    assert report["organization"] == sent["organization-name"]
    assert report["policies"][0]["failures"][0]["receiving_helo"] == "\u2028\u0085\u009b31m"


def test_no_suggested_command_contains_text_from_a_report(tmp_path):
    report = json.loads((DATA / "google-failures.json").read_text())
    for detail in report["policies"][0]["failure-details"]:
        detail["receiving-mx-hostname"] = "mx1;reboot"
    report["policies"][0]["policy"]["policy-domain"] = "$(reboot)"
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    commands = [line for line in text(file).splitlines() if line.strip().startswith("openssl")]
    assert commands and not any("reboot" in command for command in commands)
    for failure in read_json(file)["reports"][0]["policies"][0]["failures"]:
        assert "reboot" not in failure["action"]


def test_names_of_files_control_no_terminal_and_break_no_json(tmp_path):
    hostile = os.fsencode(str(tmp_path)) + b"/\x1b[31m\xff\"\n.json"
    pathlib.Path(os.fsdecode(hostile)).write_bytes(b"no report")
    result = call(tmp_path)
    assert result.returncode == 1 and b"\x1b" not in result.stderr + result.stdout
    rejected, = read_json(tmp_path, status=1)["rejected"]
    assert rejected["file"].endswith('/\x1b[31m\ufffd"\n.json')


def test_a_flood_of_causes_does_not_drown_the_rest(tmp_path):
    report = json.loads((DATA / "google-failures.json").read_text())
    detail = report["policies"][0]["failure-details"][0]
    report["policies"][0]["failure-details"] = [
        {**detail, "receiving-mx-hostname": f"mx{number}.example.com", "failed-session-count": 1}
        for number in range(5000)]
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    shown = text(file)
    assert "4,980 sessions failed for 4980 further causes: see --format json" in shown
    assert len(shown.splitlines()) < 500
    assert len(read_json(file)["reports"][0]["policies"][0]["failures"]) == 5000

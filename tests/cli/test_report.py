# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: what it reads, and what can be chosen of it."""

import gzip
import json
import pathlib
import shutil
import subprocess

import pytest

from reports import COMMAND, DATA, call, changed, import_reports, read_csv, read_json, text


# --- what is read ---


def test_reports_messages_and_directories_are_read_together(tmp_path):
    directory = tmp_path / "mixed" / "deeper"
    directory.mkdir(parents=True)
    for name in ("google.eml", "mailru.json", "stalwart.json.gz", "bad-page.html"):
        shutil.copy(DATA / name, directory)
    found = read_json(tmp_path / "mixed", DATA / "google-failures.json.gz", "-",
                      given=(DATA / "microsoft-success.json").read_bytes(), status=1)
    assert found["totals"]["reports"] == 4
    assert found["totals"]["duplicates"] == 1
    assert [pathlib.Path(item["file"]).name for item in found["rejected"]] == ["bad-page.html"]
    assert "standard input" in {report["file"] for report in found["reports"]}


def test_a_maildir_and_an_mbox_are_read(tmp_path):
    for name in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    shutil.copy(DATA / "google.eml", tmp_path / "Maildir" / "new" / "1")
    shutil.copy(DATA / "microsoft.eml", tmp_path / "Maildir" / "tmp" / "2")
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"".join(b"From a@example.net Tue May 12 03:00:00 2026\n" +
                              (DATA / name).read_bytes().replace(b"\r\n", b"\n") + b"\n"
                              for name in ("google.eml", "microsoft.eml")))
    assert read_json(tmp_path / "Maildir")["totals"]["reports"] == 1
    assert read_json(mbox)["totals"]["reports"] == 2


def test_no_symbolic_link_leads_out_of_a_directory(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.json").symlink_to(DATA / "google-failures.json")
    (inside / "directory").symlink_to(DATA)
    (inside / "loop").symlink_to(inside)
    assert read_json(inside)["totals"]["reports"] == 0
    assert read_json(inside / "link.json")["totals"]["reports"] == 1


def test_directories_too_deep_are_skipped_and_reported(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 18)
    deep.mkdir(parents=True)
    shutil.copy(DATA / "google-failures.json", deep)
    found = read_json(tmp_path, status=1)
    assert found["totals"]["reports"] == 0
    assert "directories deep" in found["rejected"][0]["reason"]


def test_a_pipe_is_read():
    result = subprocess.run(["bash", "-c", f"'{COMMAND}' report --format json "
                             f"<(cat '{DATA}/google-failures.json')"], capture_output=True,
                            timeout=60, check=True)
    assert json.loads(result.stdout)["totals"]["reports"] == 1


def test_a_rejected_file_does_not_prevent_others_from_being_read():
    result = call(DATA / "bad-truncated.json", DATA / "google-failures.json", "/nowhere/report")
    assert result.returncode == 1
    assert b"example.com: 97.2 %" in result.stdout
    errors = result.stderr.decode().splitlines()
    assert len(errors) == 2
    assert "bad-truncated.json: its JSON cannot be read" in errors[0]
    assert errors[1] == "mta-sts report: /nowhere/report: No such file or directory"


def test_each_report_counts_once_whichever_way_it_arrived():
    found = read_json(DATA / "google-failures.json", DATA / "google.eml",
                      DATA / "google-failures.json.gz", DATA / "google-failures.json")
    assert found["totals"] == {"reports": 1, "duplicates": 3, "successful_sessions": 1288,
                               "failed_sessions": 37}


def test_a_conflicting_report_does_not_count_and_is_listed():
    result = call(DATA / "google-success.json", DATA / "google-success-conflict.json")
    assert b"google-success-conflict.json conflicts with a report" in result.stderr
    assert b"all 1,432 sessions" in result.stdout


def test_reports_stand_in_the_order_of_their_names_however_many_threads_read(tmp_path):
    for number in range(300):
        data = changed(**{"report-id": f"id-{number}"})
        (tmp_path / f"{number:04}.json.gz").write_bytes(gzip.compress(data))
    found = read_json(tmp_path)
    assert [report["report_id"] for report in found["reports"]] == [
        f"id-{number}" for number in range(300)]


# --- options ---


def test_a_domain_can_be_chosen():
    found = read_json("--domain", "EXAMPLE.net", DATA / "microsoft-tlsa.json",
                      DATA / "google-failures.json")
    assert found["totals"]["reports"] == 1
    assert {policy["domain"] for report in found["reports"]
            for policy in report["policies"]} == {"example.net"}


def test_reports_about_other_domains_than_the_chosen_one_are_counted(tmp_path):
    result = call("--domain", "nosuch.example", DATA / "google-failures.json")
    assert b"skipped 1 report about domains other than nosuch.example" in result.stderr
    assert b"skipped" not in call(DATA / "google-failures.json").stderr


def test_a_sender_can_be_chosen():
    found = read_json("--organization", "northern mail llc", DATA / "mailru.json",
                      DATA / "google-failures.json")
    assert [report["organization"] for report in found["reports"]] == ["Northern Mail LLC"]


@pytest.mark.parametrize("since, count", [("2026-05-12", 1), ("2026-05-14", 0), ("all", 1),
                                          ("1h", 0)])
def test_files_are_chosen_by_their_days(since, count):
    found = read_json("--since", since, DATA / "google-failures.json")
    assert found["totals"]["reports"] == count


def test_failures_alone_can_be_shown():
    files = DATA / "google-success.json", DATA / "google-failures.json"
    assert [report["report_id"] for report in read_json("--failures", *files)["reports"]] == [
        "2026-05-12T00:00:00Z_example.com"]
    assert len(read_csv("--failures", *files)) == 3


def test_a_digest_of_failures_is_silent_while_all_is_well(state):
    import_reports(state, DATA / "google-success.json")
    assert text("--state-dir", state, "--since", "1d", "--failures") == ""
    import_reports(state, DATA / "google-failures.json")
    assert "37 failed" in text("--state-dir", state, "--since", "1d", "--failures")


@pytest.mark.parametrize("words, error", [
    (["--frobnicate"], "there is no option --frobnicate"),
    (["--format", "xml"], "--format takes text, json, ndjson or csv"),
    (["--since", "yesterday"], "--since takes a time like 12h"),
    (["--since", "0d"], "--since takes a time"),
    (["--domain", "a b"], "--domain: "),
    (["--organization", ""], "--organization needs a non-empty value"),
    (["--since"], "needs a value"),
    (["--state-dir", "/tmp", "file"], "--state-dir cannot be combined with FILE"),
])
def test_wrong_usage_is_reported(words, error):
    result = call(*words)
    assert result.returncode == 2
    assert error in result.stderr.decode()
    assert result.stdout == b""


def test_help_is_printed():
    assert call("--help").stdout.startswith(b"Usage: mta-sts report [OPTION...]")

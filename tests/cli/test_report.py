# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: what it reads, and what can be chosen of it."""

import base64
import bz2
import gzip
import json
import lzma
import os
import pathlib
import shutil
import subprocess

import pytest

from reports import COMMAND, DATA, call, changed, import_reports, read_csv, read_json, text

FIRST = DATA / "counts-only.json"


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
    found = read_json(inside, status=1)
    assert found["totals"]["reports"] == 0
    assert [(item["file"], "symbolic link" in item["reason"]) for item in found["rejected"]] == \
        [(str(inside / name), True) for name in ("directory", "link.json", "loop")]
    assert read_json(inside / "link.json")["totals"]["reports"] == 1


def unreadable(path):
    if os.geteuid() == 0:
        path.mkdir()  # root reads everything: too deep
        path.joinpath(*["d"] * 17).mkdir(parents=True)
    else:
        path.touch(mode=0)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("a.json"), unreadable],
                         ids=["fifo", "link", "unreadable"])
@pytest.mark.parametrize("words", [["report"], ["report", "--format", "csv"],
                                   ["import", "--state-dir"]], ids=" ".join)
def test_what_is_not_read_in_a_directory_is_an_exit_status_and_named(words, make, tmp_path, state):
    inside = tmp_path / "inside"
    inside.mkdir()
    shutil.copy(DATA / "google-failures.json", inside / "a.json")
    make(inside / "b.json")
    words = words + [state] if words[0] == "import" else words
    result = subprocess.run([COMMAND, *map(str, words), str(inside)], capture_output=True, timeout=60,
                            check=False, env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8"})
    assert result.returncode == 1
    assert b"b.json" in result.stdout + result.stderr and b"skipped" in result.stdout + result.stderr
    assert b"google" in result.stdout.lower() or b"big mail" in result.stdout.lower()


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


@pytest.mark.parametrize("data, said", [
    (lambda one: one + b"\nnot json\n", b"bytes after the end of the JSON were ignored, and were not read"),
    (lambda one: gzip.compress(one) + b"garbage", b"bytes after the end of the gzip data were ignored, and were not read"),
])
def test_bytes_after_a_report_are_an_exit_status_and_named(data, said, tmp_path):
    file = tmp_path / "report"
    file.write_bytes(data(FIRST.read_bytes()))
    for words in [], ["--format", "ndjson"], ["--format", "csv"]:
        result = call(*words, file)
        assert result.returncode == 1
        assert result.stdout
        assert said in result.stderr


@pytest.mark.parametrize("data, said", [
    (lambda one: b"[" + one + b"]", "a JSON array is not a report"),
    (lambda one: gzip.compress(gzip.compress(one)), "compressed twice"),
    (lambda one: one.decode().encode("utf-16-le"), "may be UTF-16"),
    (lambda one: one.decode().encode("utf-16-be"), "may be UTF-16"),
    (bz2.compress, "bzip2"),
    (lzma.compress, "this is xz"),
    (base64.b64encode, "Base64"),
    (lambda one: base64.b64encode(gzip.compress(one, mtime=0)), "Base64"),
    (lambda one: json.dumps(one.decode()).encode(), "a JSON string"),
    (lambda one: b"7z\xbc\xaf\x27\x1c" + one, "a 7z archive"),
    (lambda one: b"-----BEGIN PGP MESSAGE-----\n", "encrypted"),
    (lambda one: b"", "it is empty"),
    (lambda one: one.decode().encode("utf-16"), "may be UTF-16"),
    (lambda one: b"<html></html>", "XML or HTML"),
])
def test_what_a_file_is_instead_of_a_report_is_said(data, said, tmp_path):
    file = tmp_path / "report"
    file.write_bytes(data(FIRST.read_bytes()))
    result = call(file)
    assert result.returncode == 1
    assert said in result.stderr.decode()


def test_dmarc_reports_of_a_mailbox_are_counted_and_no_failure(tmp_path):
    dmarc = (b"From: a@example.net\nSubject: Report domain: example.com\nMIME-Version: 1.0\n"
             b"Content-Type: application/xml\n\n<?xml version=\"1.0\"?>\n<feedback></feedback>\n")
    (tmp_path / "dmarc.eml").write_bytes(dmarc)
    (tmp_path / "report.json").write_bytes(FIRST.read_bytes())
    result = call(tmp_path)
    assert (result.returncode, result.stderr) == (0, b"mta-sts report: skipped 1 DMARC report\n")


def test_each_report_counts_once_whichever_way_it_arrived():
    found = read_json(DATA / "google-failures.json", DATA / "google.eml",
                      DATA / "google-failures.json.gz", DATA / "google-failures.json")
    assert found["totals"] == {"reports": 1, "duplicates": 3, "earlier_reports": 0,
                               "folded_reports": 0,
                               "successful_sessions": 1288,
                               "failed_sessions": 37}


def test_an_unverified_report_that_conflicts_with_another_counts_too_and_is_listed():
    result = call(DATA / "google-success.json", DATA / "google-success-conflict.json")
    assert b"google-success-conflict.json conflicts with a report" in result.stderr
    assert b"without a verified one, each counts" in result.stderr
    assert b"2 reports" in result.stdout


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
    assert text("--state-dir", state, "--received", "1d", "--failures") == ""
    import_reports(state, DATA / "google-failures.json")
    assert "37 failed" in text("--state-dir", state, "--received", "1d", "--failures")


@pytest.mark.parametrize("words, error", [
    (["--frobnicate"], "there is no option --frobnicate"),
    (["--format", "xml"], "--format takes text, json, ndjson or csv"),
    (["--since", "yesterday"], "--since takes a time like 12h"),
    (["--since", "0d"], "--since takes a time"),
    (["--domain", "a b"], "--domain: "),
    (["--organization", ""], "--organization needs a non-empty value"),
    (["--since"], "needs a value"),
    (["--state-dir", "/tmp", "file"], "--state-dir cannot be combined with FILE"),
    (["--received", "1d", "file"], "--received cannot be combined with FILE"),
    (["--received", "soon"], "--received takes a time like 12h"),
])
def test_wrong_usage_is_reported(words, error):
    result = call(*words)
    assert result.returncode == 2
    assert error in result.stderr.decode()
    assert result.stdout == b""


def test_help_is_printed():
    assert call("--help").stdout.startswith(b"Usage: mta-sts report [OPTION...]")

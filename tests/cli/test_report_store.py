# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: the reports of the real store."""

import json
import os
import pathlib
import re
import tempfile
import time

import pytest

from reports import call, changed, put, read_json, recent, text

pytestmark = pytest.mark.slow


def test_the_store_is_read_where_no_file_is_named(state):
    put(state, recent(), time.time() - 3600)
    for way in (dict(words=["--state-dir", state]),
                dict(words=[], environment={"MTA_STS_STATE_DIR": str(state)})):
        found = read_json(*way["words"], **way.get("environment", {}))
        assert found["totals"]["reports"] == 1
        assert found["reports"][0]["file"].startswith(f"{state}/reports/")


def test_the_store_is_not_changed(state):
    put(state, recent(), time.time())
    before = sorted(state.rglob("*"))
    read_json("--state-dir", state)
    assert sorted(state.rglob("*")) == before


def test_reports_of_the_store_are_chosen_by_the_days_that_they_are_about(state):
    now = time.time()
    for days in (2, 20, 40):  # "yesterday" ended less than an hour ago just after midnight
        put(state, recent(days, **{"report-id": f"{days} days"}), now - (days - 1) * 86400)
    put(state, recent(50, **{"report-id": "of an old mailbox"}), now)
    for words, count, earlier in (([], 2, 2), (["--since", "all"], 4, 0), (["--since", "3d"], 1, 3),
                                  (["--since", "1h"], 0, 4)):
        totals = read_json("--state-dir", state, *words)["totals"]
        assert (totals["reports"], totals["earlier_reports"]) == (count, earlier), words
    assert "2 reports about earlier days not shown (use --since all)" in text("--state-dir", state)


def test_what_is_new_in_the_store_is_chosen_by_the_time_it_came(state):
    now = time.time()
    for days in (0, 1, 20):
        put(state, changed(**{"report-id": f"{days} days"}), now - days * 86400 + 600 * (days > 0))
    for words, count in ((["--received", "2d"], 2), (["--received", "1d"], 2),
                         (["--received", "12h"], 1), (["--received", "all"], 3),
                         (["--received", "2d", "--since", "30d"], 0)):
        assert read_json("--state-dir", state, *words)["totals"]["reports"] == count, words
    assert "1 report received earlier not shown" in text("--state-dir", state, "--received", "2d")


def test_a_report_stamped_before_the_date_was_set_is_read(state):
    put(state, recent(), 100)
    assert read_json("--state-dir", state)["totals"]["reports"] == 1


def test_the_verified_one_of_conflicting_reports_counts(state):
    forged = recent(**{"contact-info": "forged"}).replace(b"1288", b"9")
    put(state, forged, time.time() - 7200)
    put(state, recent(), time.time() - 3600, "bigmail.example")
    result = call("--state-dir", state, "--format", "json")
    found = json.loads(result.stdout)
    assert [report["verified"] for report in found["reports"]] == [True]
    assert found["totals"]["successful_sessions"] == 1288
    assert b"conflicts with" in result.stderr


def test_a_report_accepted_under_a_larger_limit_is_read(state):
    report = json.loads(recent())
    detail = report["policies"][0]["failure-details"][0]
    report["policies"][0]["failure-details"] = [
        {**detail, "failure-reason-code": "x" * 8000}] * 300
    put(state, json.dumps(report).encode(), time.time())
    assert read_json("--state-dir", state)["totals"]["reports"] == 1


def test_a_damaged_file_of_the_store_is_reported_and_the_others_are_read(state):
    put(state, recent(), time.time())
    damaged = state / "reports" / "ab"
    damaged.mkdir(mode=0o700, exist_ok=True)
    (damaged / ("ab" * 32)).write_bytes(b"no header")
    found = read_json("--state-dir", state, status=1)
    assert found["totals"]["reports"] == 1
    assert "header line" in found["rejected"][0]["reason"]


def test_a_missing_store_is_reported(tmp_path):
    for words in ([], ["--format", "json"]):
        result = call("--state-dir", tmp_path / "nowhere", *words)
        assert result.returncode == 3
        assert b"nowhere" in result.stderr and b"MTASTSReportPath" in result.stderr
        assert result.stdout == b""


def test_an_empty_store_says_so(state):
    shown = text("--state-dir", state)
    assert shown.startswith("0 reports since ")
    assert "the first arrives after a day or two" in " ".join(shown.split())
    assert text("--state-dir", state, "--failures") == ""


def test_an_empty_state_directory_is_not_silence(state):
    """Its file system is not mounted, or httpd has never started: nobody can say that all is well."""
    (state / "reports").rmdir()
    for words in (["--failures"], []):
        result = call("--state-dir", state, *words)
        assert result.returncode == 3
        assert f"{state}/reports cannot be read: it does not exist" in result.stderr.decode()
        assert b"first arrives" not in result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_root_reads_the_store_as_its_owner(state, tmp_path):
    put(state, recent(), time.time())
    for path in (state, *state.rglob("*")):
        os.chown(path, 65534, 65534)
    for path in (*tmp_path.parents, tmp_path):
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            path.chmod(0o755)
    assert read_json("--state-dir", state)["totals"]["reports"] == 1


def closed(directory):
    directory.chmod(0)


def missing(directory):
    directory.rename(directory.with_name("elsewhere"))


def linked(directory):
    missing(directory)
    directory.symlink_to("elsewhere")


def of_another_user(directory):
    os.chown(directory, 12345, 12345)


@pytest.mark.parametrize("depth", ["reports", "reports/*"])
@pytest.mark.parametrize("change, reason", [
    (closed, "Permission denied"), (missing, "it does not exist"), (linked, "it is a symbolic link"),
    (of_another_user, "Permission denied")], ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")
def test_reports_that_cannot_be_looked_at_are_an_exit_status_and_not_silence(change, reason, depth):
    """The daily digest runs `mta-sts report --failures`: no output must mean no failures."""
    if change is missing and depth != "reports":
        pytest.skip("such directories are made when they are needed")
    with tempfile.TemporaryDirectory() as directory:
        state = pathlib.Path(directory)
        put(state, recent(), time.time())
        (state / "limits.json").write_text("{}")
        for path in (state, *state.rglob("*")):
            os.chown(path, 33, 33)
        assert call("--failures", "--state-dir", state).returncode == 0
        change(next(state.glob(depth)))
        result = call("--failures", "--state-dir", state)
    assert result.returncode == 3
    assert re.search(f"{state}/reports\\S* cannot be read: {reason}", result.stderr.decode())

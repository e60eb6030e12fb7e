# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report`: the same numbers in each format, and the forms of JSON and CSV."""

import collections
import csv
import json
import re

import pytest

from reports import DATA, FILES, STORED, TABLE, TOTAL, call, changed, import_reports, read_csv, read_json

pytestmark = pytest.mark.slow

HIGHEST = 2 ** 63 - 1


def capped(number):
    return min(number, HIGHEST)


# --- the table of deviations: four ways to the same numbers ---


def sums_of_json(found):
    domains, types = {}, {}
    apart = {one["domain"] for one in found["set_apart"]}
    for report in found["reports"]:
        seen = set()
        for policy in report["policies"]:
            domain = policy["domain"] or ""
            if domain in apart:
                continue
            sums = domains.setdefault(domain, {"reports": 0, "successful": 0, "failed": 0})
            sums["reports"] += domain not in seen
            seen.add(domain)
            sums["successful"] = capped(sums["successful"] + policy["successful_sessions"])
            sums["failed"] = capped(sums["failed"] + policy["failed_sessions"])
            for failure in policy["failures"]:
                kinds = types.setdefault(domain, collections.Counter())
                kinds[failure["result_type"]] += failure["sessions"]
    return domains, types


def assert_table(found, total=TOTAL):
    domains, types = sums_of_json(found)
    assert domains == total["domains"]
    assert types == total["types"]
    assert found["totals"] == {
        "reports": total["reports"], "duplicates": total["duplicates"] + total["conflicts"],
        "earlier_reports": 0, "folded_reports": 0,
        "successful_sessions": total["successful"], "failed_sessions": total["failed"]}


def test_json_of_every_deviation_has_the_totals_of_the_independent_reader():
    found = read_json(*FILES, status=1)
    assert_table(found)
    rests = 1  # what follows the report in trailing-text.json
    assert len(found["rejected"]) == rests + TOTAL["rejected"] + \
        sum(not reports for reports in TABLE["files"].values())
    assert all(set(item) == {"file", "reason"} and item["reason"] for item in found["rejected"])


def test_csv_of_every_deviation_has_the_same_totals():
    domains, types = {}, {}
    rows = read_csv(*FILES, status=1)
    apart = {row["policy_domain"] for row in rows if row["row_type"] == "set-apart"}
    assert apart == {"huge.example"}
    for row in rows:
        domain = row["policy_domain"]
        if domain in apart:
            continue
        if row["row_type"] == "policy":
            sums = domains.setdefault(domain, {"successful": 0, "failed": 0})
            sums["successful"] = capped(sums["successful"] + int(row["successful_sessions"]))
            sums["failed"] = capped(sums["failed"] + int(row["failed_sessions"]))
        else:
            types[domain] = types.get(domain, 0) + int(row["sessions"])
    assert domains == {name: {"successful": of["successful"], "failed": of["failed"]}
                       for name, of in TOTAL["domains"].items()}
    assert types == {name: sum(kinds.values()) for name, kinds in TOTAL["types"].items()}


def test_text_of_every_deviation_has_the_same_totals():
    shown = call(*FILES).stdout.decode()
    for name, of in TOTAL["domains"].items():
        shown_name = f'"{name}"' if " " in name else name or "(domain not specified)"
        title = f"{shown_name}: "
        line = next(line for line in shown.splitlines() if title in line[:len(title) + 2])
        if of["failed"]:
            assert f" {of['failed']:,} failed" in line
            assert ": 100 %" not in line
        elif of["successful"]:
            assert f"all {of['successful']:,} session" in line


def test_the_store_has_the_same_totals(state):
    import_reports(state, *FILES)
    found = read_json("--state-dir", state, "--since", "all")
    # What is the same byte by byte is in the store once, and does not come again.
    found["totals"]["duplicates"] = STORED["duplicates"] + STORED["conflicts"]
    assert_table(found, STORED)


# --- formats ---


def test_json_has_the_members_that_are_documented():
    found = read_json(DATA / "google-failures.json")
    assert list(found) == ["reports", "rejected", "set_apart", "totals"]
    report, = found["reports"]
    assert list(report) == ["file", "organization", "contact", "report_id", "begin", "end",
                            "verified", "policies", "findings"]
    assert report["file"] == str(DATA / "google-failures.json")
    assert {name: report[name] for name in ("organization", "contact", "report_id", "begin", "end",
                                            "verified", "findings")} == {
        "organization": "Big Mail Inc.", "contact": "smtp-tls-reporting@bigmail.example",
        "report_id": "2026-05-12T00:00:00Z_example.com", "begin": "2026-05-12T00:00:00Z",
        "end": "2026-05-12T23:59:59Z", "verified": False, "findings": []}
    policy, = report["policies"]
    assert list(policy) == ["type", "domain", "mx", "policy", "policy_match",
                            "successful_sessions",
                            "failed_sessions", "failures"]
    assert policy["type"] == "sts" and policy["domain"] == "example.com"
    assert policy["mx"] == ["mx1.example.com", "*.mail.example.com"]
    assert policy["policy"][0] == "version: STSv1"
    assert (policy["successful_sessions"], policy["failed_sessions"]) == (1288, 37)
    failure = policy["failures"][0]
    assert list(failure) == ["result_type", "sessions", "sending_ip", "receiving_mx",
                             "receiving_helo", "receiving_ip", "reason", "information",
                             "cause", "owner", "explanation", "action", "fetch_log"]
    assert (failure["cause"], failure["owner"]) == ("certificate-expired", "mx")
    assert failure["explanation"].startswith("The ")
    assert "Run: openssl s_client" in failure["action"]
    assert found["totals"] == {"reports": 1, "duplicates": 0, "earlier_reports": 0,
                               "folded_reports": 0,
                               "successful_sessions": 1288,
                               "failed_sessions": 37}
    rejected, = read_json(DATA / "README", status=1)["rejected"]
    assert list(rejected) == ["file", "reason"] and rejected["file"] == str(DATA / "README")


def test_deviations_that_were_accepted_are_findings():
    report, = read_json(DATA / "loose.json")["reports"]
    assert {"date-form", "member-type", "result-type-missing", "policy-string-not-array"} <= {
        finding["id"] for finding in report["findings"]}
    assert all(set(finding) == {"severity", "id", "subject", "message", "fix", "line"}
               for finding in report["findings"])


def test_unspecified_values_are_null():
    report, = read_json(DATA / "counts-only.json")["reports"]
    assert report["contact"] is None and report["begin"] is None and report["end"] is None
    assert report["policies"][0]["domain"] is None


def test_ndjson_is_one_report_a_line():
    result = call("--format", "ndjson", DATA / "google-failures.json", DATA / "mailru.json")
    lines = result.stdout.decode().splitlines()
    assert [json.loads(line)["organization"] for line in lines] == ["Big Mail Inc.",
                                                                    "Northern Mail LLC"]
    assert json.loads(lines[0]) == read_json(DATA / "google-failures.json")["reports"][0]


def test_csv_has_a_line_for_each_policy_and_failure():
    rows = read_csv(DATA / "google-failures.json")
    assert [row["row_type"] for row in rows] == ["policy", "failure", "failure"]
    assert rows[0]["successful_sessions"] == "1288" and rows[0]["sessions"] == ""
    assert rows[1]["result_type"] and rows[1]["explanation"] and rows[1]["action"]
    assert (rows[1]["cause"], rows[1]["owner"]) == ("certificate-expired", "mx")
    assert None not in rows[0] and None not in rows[0].values()
    raw = call("--format", "csv", DATA / "google-failures.json").stdout
    assert raw.count(b"\r\n") == 4 and raw.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize("beginning", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1",
                                       "\uff1d1", "=cmd|' /C calc'!A0"])
def test_no_cell_of_csv_is_a_formula(beginning, tmp_path):
    file = tmp_path / "report.json"
    file.write_bytes(changed(**{"organization-name": beginning, "report-id": beginning}))
    for row in read_csv(file):
        for cell in row.values():
            assert not re.match("[ \t\r]*[=+@\uff0b\uff0d\uff1d\uff20-]", cell)
    assert call("--format", "csv", file).returncode == 0


@pytest.mark.parametrize("inside", ["a;=1+1", "a; =1+1", 'a";@SUM(1)', "a;-1;+1",
                                    'a;"=1', 'a; ""+1', "a;;\uff1d1"])
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_cells(inside, tmp_path):
    file = tmp_path / "report.json"
    file.write_bytes(changed(**{"organization-name": inside, "report-id": inside}))
    shown = call("--format", "csv", file).stdout.decode()
    for row in csv.reader(shown.splitlines(), delimiter=";"):
        for cell in row:
            assert not re.match("[\" \t\r]*[=+@\uff0b\uff0d\uff1d\uff20-]", cell)


def test_quotes_in_a_cell_stay_in_it(tmp_path):
    file = tmp_path / "report.json"
    file.write_bytes(changed(**{"organization-name": 'a",b\u00fc"'}))
    assert read_csv(file)[0]["organization"] == 'a",b\u00fc"'

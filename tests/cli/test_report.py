# SPDX-License-Identifier: Apache-2.0
"""`mta-sts report` as an admin calls it: on files and on the real store."""
import collections
import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
TOP = pathlib.Path(__file__).parents[2]
DATA = TOP / "tests" / "data" / "reports"
TABLE = json.loads((DATA / "totals.json").read_text())
TOTAL = TABLE["total"]
FILES = [DATA / name for name in TABLE["files"]]
HIGHEST = 2 ** 63 - 1
# What must never reach a terminal: C0 but line ends, DEL, C1, what changes direction or breaks lines.
UNSAFE = re.compile("[\0-\t\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.mail.example.com\r\n" \
         "max_age: 604800\r\n"


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def call(*words, given=b"", **environment):
    """PATH has no apachectl: what this machine serves is of no interest unless told otherwise."""
    return subprocess.run([COMMAND, "report", *map(str, words)], input=given, capture_output=True,
                          timeout=60, check=False,
                          env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8", **environment})


def text(*words, **more):
    result = call(*words, **more)
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return result.stdout.decode()


def read_json(*words, status=0, **more):
    result = call("--format", "json", *words, **more)
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def read_csv(*words, status=0, **more):
    result = call("--format", "csv", *words, **more)
    assert result.returncode == status, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout.decode(), newline=""), strict=True))


def keep(state, *files):
    for file in files:
        subprocess.run([COMMAND, "import", "--state-dir", state, file], capture_output=True,
                       timeout=60, check=False)


def put(state, octets, received, verified="-"):
    """A report in the store that came at that time."""
    digest = hashlib.sha256(octets).hexdigest()
    folder = state / "reports" / digest[:2]
    for path in (state / "reports", folder):
        path.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(received))
    (folder / digest).write_bytes(f"tlsrpt 1 {stamp} https 192.0.2.1 {verified}\n".encode() + octets)


def changed(**members):
    """A report that is Google's but for some members."""
    return json.dumps({**json.loads((DATA / "google-failures.json").read_text()),
                       **members}).encode()


def good_day(begin, sessions):
    report = json.loads((DATA / "google-success.json").read_text())
    report["date-range"] = {"start-datetime": f"{begin}T00:00:00Z",
                            "end-datetime": f"{begin}T23:59:59Z"}
    report["policies"][0]["summary"] = {"total-successful-session-count": sessions,
                                        "total-failure-session-count": 0}
    return json.dumps(report).encode()


def capped(number):
    return min(number, HIGHEST)


# --- the table of deviations: four ways to the same numbers (the store's are below) ---


def sums_of_json(found):
    domains, types = {}, {}
    for report in found["reports"]:
        seen = set()
        for policy in report["policies"]:
            domain = policy["domain"] or ""
            sums = domains.setdefault(domain, {"reports": 0, "successful": 0, "failed": 0})
            sums["reports"] += domain not in seen
            seen.add(domain)
            sums["successful"] = capped(sums["successful"] + policy["successful_sessions"])
            sums["failed"] = capped(sums["failed"] + policy["failed_sessions"])
            for failure in policy["failures"]:
                kinds = types.setdefault(domain, collections.Counter())
                kinds[failure["result_type"]] += failure["sessions"]
    return domains, types


def assert_table(found):
    domains, types = sums_of_json(found)
    assert domains == TOTAL["domains"]
    assert types == TOTAL["types"]
    assert found["totals"] == {
        "reports": TOTAL["reports"], "duplicates": TOTAL["duplicates"] + TOTAL["conflicts"],
        "successful_sessions": TOTAL["successful"], "failed_sessions": TOTAL["failed"]}


def test_json_of_every_deviation_has_the_totals_of_the_independent_reader():
    found = read_json(*FILES, status=1)
    assert_table(found)
    assert len(found["rejected"]) == TOTAL["rejected"] + \
        sum(not reports for reports in TABLE["files"].values())
    assert all(set(item) == {"file", "reason"} and item["reason"] for item in found["rejected"])


def test_csv_of_every_deviation_has_the_same_totals():
    domains, types = {}, {}
    for row in read_csv(*FILES, status=1):
        domain = row["policy_domain"]
        if row["line"] == "policy":
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
        title = f"{name or '(no domain told)'}: "
        line = next(line for line in shown.splitlines() if title in line[:len(title) + 2])
        if of["failed"]:
            assert f" {of['failed']} failed" in line
        elif of["successful"]:
            assert f"all {of['successful']} session" in line


def test_the_store_has_the_same_totals(state):
    keep(state, *FILES)
    found = read_json("--state-dir", state)
    # What is the same octet by octet is in the store once, and does not come again.
    found["totals"]["duplicates"] = TOTAL["duplicates"] + TOTAL["conflicts"]
    assert_table(found)


# --- formats ---


def test_json_has_the_members_that_are_documented():
    found = read_json(DATA / "google-failures.json")
    assert list(found) == ["reports", "rejected", "totals"]
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
    assert list(policy) == ["type", "domain", "mx", "policy", "successful_sessions",
                            "failed_sessions", "failures"]
    assert policy["type"] == "sts" and policy["domain"] == "example.com"
    assert policy["mx"] == ["mx1.example.com", "*.mail.example.com"]
    assert policy["policy"][0] == "version: STSv1"
    assert (policy["successful_sessions"], policy["failed_sessions"]) == (1288, 37)
    failure = policy["failures"][0]
    assert list(failure) == ["result_type", "sessions", "sending_ip", "receiving_mx",
                             "receiving_helo", "receiving_ip", "reason", "information",
                             "explanation", "action"]
    assert failure["explanation"].startswith("The ")
    assert "Run: openssl s_client" in failure["action"]
    assert found["totals"] == {"reports": 1, "duplicates": 0, "successful_sessions": 1288,
                               "failed_sessions": 37}
    rejected, = read_json(DATA / "README", status=1)["rejected"]
    assert list(rejected) == ["file", "reason"] and rejected["file"] == str(DATA / "README")


def test_deviations_that_were_accepted_are_findings():
    report, = read_json(DATA / "loose.json")["reports"]
    assert {"date-form", "member-type", "result-type-missing", "policy-string-string"} <= {
        finding["id"] for finding in report["findings"]}
    assert all(set(finding) == {"severity", "id", "subject", "message", "fix", "line"}
               for finding in report["findings"])


def test_what_was_not_told_is_null():
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
    assert [row["line"] for row in rows] == ["policy", "failure", "failure"]
    assert rows[0]["successful_sessions"] == "1288" and rows[0]["sessions"] == ""
    assert rows[1]["result_type"] and rows[1]["explanation"] and rows[1]["action"]
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


# --- text ---


def test_all_success_takes_one_line():
    shown = text(DATA / "google-success.json")
    assert shown.splitlines()[-1] == "✔ example.com: all 1432 sessions of 1 sender delivered " \
        "securely, under enforce (2026-05-11)"


def test_failures_are_told_worst_first_with_who_where_since_when_and_what_to_do():
    shown = text(DATA / "google-failures.json")
    assert "example.com: 97.20 % of 1325 sessions delivered securely, 37 failed" in shown
    worst, other = [shown.index(part) for part in (
        "31 sessions failed: certificate-expired at b.mail.example.com",
        "6 sessions failed: starttls-not-supported at mx1.example.com")]
    assert worst < other
    for part in ("told by:  Big Mail Inc.", "since:    2026-05-12", "where:    your mail server",
                 "openssl s_client -starttls smtp -connect mx1.example.com:25\n"):
        assert part in shown[worst:]


@pytest.mark.parametrize("kind", sorted(TOTAL["types"]["kinds.example"]))
def test_every_result_type_says_what_to_do(kind):
    shown = text(DATA / "result-types.json")
    block = re.split(r"\n  ✘ ", shown.split(f"failed: {kind}", 1)[1])[0]
    assert "what:" in block and "where:" in block and "do:" in block


def test_a_reason_that_gives_away_more_is_taken_for_the_words():
    shown = text(DATA / "result-types.json")
    for words in ("there is no such page (404)", "no mx line of your policy names",
                  "web server mta-sts.kinds.example is out of date"):
        assert words in " ".join(shown.split())


def test_what_one_sender_alone_tells_is_likely_its_own(tmp_path):
    good = json.loads((DATA / "google-success.json").read_text())
    for number in range(3):
        (tmp_path / f"good-{number}.json").write_text(
            json.dumps({**good, "organization-name": f"Good {number}"}))
    shutil.copy(DATA / "google-failures.json", tmp_path)
    expired, starttls = text(tmp_path).split("✘ 6 sessions failed")
    assert "where:    your mail server (MX)\n" in expired
    assert "likely this sender's own, or its way to you: 3 others had no failure" in \
        " ".join(starttls.split())


def test_failed_sessions_without_details_are_told(tmp_path):
    report = json.loads((DATA / "google-success.json").read_text())
    report["policies"][0]["summary"]["total-failure-session-count"] = 3
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    assert "3 sessions failed: no details told" in text(file)


def test_a_failure_that_nobody_told_of_later_has_the_secure_sessions_since(tmp_path):
    shutil.copy(DATA / "google-failures.json", tmp_path)  # of 2026-05-12
    for number, begin in enumerate(("2026-05-12", "2026-05-13", "2026-05-15")):
        (tmp_path / f"later-{begin}.json").write_bytes(good_day(begin, 100 + number))
    shown = " ".join(text(tmp_path).split())
    assert shown.count("since: 2026-05-12, last told of 2026-05-12; 203 secure sessions on later "
                       "days told by:") == 2
    for one in "google-failures.json", "loose.json":  # the latter ends before it begins
        assert "later" not in text(DATA / one)


def test_nobody_is_told_that_all_is_well_while_something_failed(tmp_path):
    report = json.loads((DATA / "google-failures.json").read_text())
    report["policies"][0]["summary"] = {"total-successful-session-count": 10 ** 9,
                                        "total-failure-session-count": 1}
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    assert "99.99 % of 1000000001 sessions" in text(file)


@pytest.mark.parametrize("served, words", [
    (POLICY, "as it is served now"),
    (POLICY.replace("604800", "86400"), "an older one from its cache"),
    (POLICY.replace("mode: enforce", "mode: testing"), "an older one from its cache"),
])
def test_the_policy_that_the_sender_had_is_held_against_the_one_served(served, words, tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text(served, newline="")
    assert words in " ".join(text("--policy", policy, DATA / "google-failures.json").split())


def test_no_policy_found_although_one_is_published_is_told(tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text(POLICY, newline="")
    shown = " ".join(text("--policy", policy, DATA / "postfix-no-policy.json").split())
    assert "none found, although one is published" in shown
    assert "although" not in text(DATA / "postfix-no-policy.json")


def test_the_policy_served_is_asked_of_apache(tmp_path):
    apachectl = tmp_path / "apachectl"
    apachectl.write_text("""#!/bin/sh
cat <<'E'
; MTA-STS policies of this server and the DNS records to publish for them.

; example.com
;   policy id 0123456789abcdef0123
;   mode enforce, max_age 604800, mx *.mail.example.com mx1.example.com
_mta-sts.example.com. IN TXT "v=STSv1; id=0123456789abcdef0123;"
E
""")
    apachectl.chmod(0o755)
    shown = text(DATA / "google-failures.json", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert "as it is served now" in " ".join(shown.split())


def test_a_policy_that_is_none_is_told(tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_text("mode: strict\n")
    result = call("--policy", policy, DATA / "google-failures.json")
    assert result.returncode == 2
    assert b"policy.txt: line" in result.stderr


# --- hostile reports ---


@pytest.mark.parametrize("words", [[], ["--format", "json"], ["--format", "ndjson"],
                                   ["--format", "csv"]])
def test_nothing_of_a_report_steers_the_terminal(words):
    shown = call(*words, DATA / "hostile-text.json").stdout.decode()
    assert not UNSAFE.search(shown.replace("\r\n", "\n"))
    assert "alert(1)" in shown


def test_json_escapes_but_keeps_what_was_sent():
    report, = read_json(DATA / "hostile-text.json")["reports"]
    sent = json.loads((DATA / "hostile-text.json").read_text())
    assert report["organization"] == sent["organization-name"]
    assert report["policies"][0]["failures"][0]["receiving_helo"] == "\u2028\u0085\u009b31m"


def test_no_command_to_run_has_a_strangers_words_in_it(tmp_path):
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


def test_names_of_files_steer_nothing_and_break_no_json(tmp_path):
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
    assert "4980 sessions failed for 4980 further causes: --format json tells them" in shown
    assert len(shown.splitlines()) < 500
    assert len(read_json(file)["reports"][0]["policies"][0]["failures"]) == 5000


# --- what is read ---


def test_reports_messages_and_folders_are_read_together(tmp_path):
    folder = tmp_path / "mixed" / "deeper"
    folder.mkdir(parents=True)
    for name in ("google.eml", "mailru.json", "stalwart.json.gz", "bad-page.html"):
        shutil.copy(DATA / name, folder)
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


def test_no_symbolic_link_leads_out_of_a_folder(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.json").symlink_to(DATA / "google-failures.json")
    (inside / "folder").symlink_to(DATA)
    (inside / "loop").symlink_to(inside)
    assert read_json(inside)["totals"]["reports"] == 0
    assert read_json(inside / "link.json")["totals"]["reports"] == 1


def test_folders_too_deep_are_left_out_and_told(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 18)
    deep.mkdir(parents=True)
    shutil.copy(DATA / "google-failures.json", deep)
    found = read_json(tmp_path, status=1)
    assert found["totals"]["reports"] == 0
    assert "folders deep" in found["rejected"][0]["reason"]


def test_a_pipe_is_read():
    result = subprocess.run(["bash", "-c", f"'{COMMAND}' report --format json "
                             f"<(cat '{DATA}/google-failures.json')"], capture_output=True,
                            timeout=60, check=True)
    assert json.loads(result.stdout)["totals"]["reports"] == 1


def test_a_file_that_is_rejected_does_not_keep_others_from_being_read():
    result = call(DATA / "bad-truncated.json", DATA / "google-failures.json", "/nowhere/report")
    assert result.returncode == 1
    assert b"example.com: 97.20 %" in result.stdout
    errors = result.stderr.decode().splitlines()
    assert len(errors) == 2
    assert "bad-truncated.json: its JSON cannot be read" in errors[0]
    assert errors[1] == "mta-sts report: /nowhere/report: No such file or directory"


def test_each_report_counts_once_whatever_way_it_came():
    found = read_json(DATA / "google-failures.json", DATA / "google.eml",
                      DATA / "google-failures.json.gz", DATA / "google-failures.json")
    assert found["totals"] == {"reports": 1, "duplicates": 3, "successful_sessions": 1288,
                               "failed_sessions": 37}


def test_a_report_that_contradicts_another_does_not_count_and_is_told():
    result = call(DATA / "google-success.json", DATA / "google-success-conflict.json")
    assert b"google-success-conflict.json contradicts a report" in result.stderr
    assert b"all 1432 sessions" in result.stdout


def test_reports_stand_in_the_order_of_their_names_however_many_threads_read(tmp_path):
    for number in range(300):
        octets = changed(**{"report-id": f"id-{number}"})
        (tmp_path / f"{number:04}.json.gz").write_bytes(gzip.compress(octets))
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
    keep(state, DATA / "google-success.json")
    assert text("--state-dir", state, "--since", "1d", "--failures") == ""
    keep(state, DATA / "google-failures.json")
    assert "37 failed" in text("--state-dir", state, "--since", "1d", "--failures")


@pytest.mark.parametrize("words, error", [
    (["--frobnicate"], "there is no option --frobnicate"),
    (["--format", "xml"], "--format takes text, json, ndjson or csv"),
    (["--since", "yesterday"], "--since takes a time like 12h"),
    (["--since", "0d"], "--since takes a time"),
    (["--domain", "a b"], "--domain: "),
    (["--organization", ""], "empty value"),
    (["--since"], "needs a value"),
    (["--state-dir", "/tmp", "file"], "--state-dir is for the store"),
])
def test_wrong_usage_is_told(words, error):
    result = call(*words)
    assert result.returncode == 2
    assert error in result.stderr.decode()
    assert result.stdout == b""


def test_help_is_printed():
    assert call("--help").stdout.startswith(b"Usage: mta-sts report [OPTION]...")


# --- the store ---


def test_the_store_is_read_where_no_file_is_named(state):
    put(state, changed(), time.time() - 3600)
    for way in (dict(words=["--state-dir", state]),
                dict(words=[], environment={"MTA_STS_STATE_DIR": str(state)})):
        found = read_json(*way["words"], **way.get("environment", {}))
        assert found["totals"]["reports"] == 1
        assert found["reports"][0]["file"].startswith(f"{state}/reports/")


def test_the_store_is_not_changed(state):
    put(state, changed(), time.time())
    before = sorted(state.rglob("*"))
    read_json("--state-dir", state)
    assert sorted(state.rglob("*")) == before


def test_reports_of_the_store_are_chosen_by_the_time_they_came(state):
    now = time.time()
    for days in (1, 20, 40):
        put(state, changed(**{"report-id": f"{days} days"}), now - days * 86400)
    for words, count in (([], 2), (["--since", "all"], 3), (["--since", "2d"], 1),
                         (["--since", "1h"], 0)):
        assert read_json("--state-dir", state, *words)["totals"]["reports"] == count
    assert "1 older one is left out" in text("--state-dir", state)


def test_of_reports_that_contradict_each_other_the_verified_one_counts(state):
    forged = changed(**{"contact-info": "forged"}).replace(b"1288", b"9")
    put(state, forged, time.time() - 7200)
    put(state, changed(), time.time() - 3600, "bigmail.example")
    result = call("--state-dir", state, "--format", "json")
    found = json.loads(result.stdout)
    assert [report["verified"] for report in found["reports"]] == [True]
    assert found["totals"]["successful_sessions"] == 1288
    assert b"contradicts" in result.stderr


def test_a_report_that_a_larger_limit_let_in_is_read(state):
    report = json.loads(changed())
    detail = report["policies"][0]["failure-details"][0]
    report["policies"][0]["failure-details"] = [
        {**detail, "failure-reason-code": "x" * 8000}] * 300
    put(state, json.dumps(report).encode(), time.time())
    assert read_json("--state-dir", state)["totals"]["reports"] == 1


def test_a_damaged_file_of_the_store_is_told_and_the_others_are_read(state):
    put(state, changed(), time.time())
    damaged = state / "reports" / "ab"
    damaged.mkdir(mode=0o700, exist_ok=True)
    (damaged / ("ab" * 32)).write_bytes(b"no header")
    found = read_json("--state-dir", state, status=1)
    assert found["totals"]["reports"] == 1
    assert "header line" in found["rejected"][0]["reason"]


def test_a_store_that_is_not_there_is_told(tmp_path):
    for words in ([], ["--format", "json"]):
        result = call("--state-dir", tmp_path / "nowhere", *words)
        assert result.returncode == 1
        assert b"nowhere" in result.stderr and b"MTASTSReportPath" in result.stderr
        assert result.stdout == b""


def test_an_empty_store_says_so(state):
    shown = text("--state-dir", state)
    assert shown.startswith("0 reports since ")
    assert "it takes a day or two until the first arrives" in " ".join(shown.split())
    assert text("--state-dir", state, "--failures") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_root_reads_the_store_as_its_owner(state, tmp_path):
    put(state, changed(), time.time())
    for path in (state, *state.rglob("*")):
        os.chown(path, 65534, 65534)
    for path in (*tmp_path.parents, tmp_path):
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            path.chmod(0o755)
    assert read_json("--state-dir", state)["totals"]["reports"] == 1


# --- the README ---

CHAPTER = (TOP / "README.md").read_text().partition("## Your first TLS report")[2].split("\n## ")[0]


def test_the_first_report_of_the_readme_is_true_to_the_byte(tmp_path):
    name, shown = re.search(r"^    \$ mta-sts report '(.*)'\n((?:    .*\n|\n)*)", CHAPTER,
                            re.M).groups()
    shutil.copy(DATA / "google-failures.json.gz", tmp_path / name)
    assert shown.rstrip() == re.sub("^(?=.)", "    ", text(tmp_path / name), flags=re.M).rstrip()


def test_the_readme_tells_every_result_type():
    for kind in TOTAL["types"]["kinds.example"]:
        assert f"| `{kind}` |" in CHAPTER


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
    assert b"\x1b[31m" in on_terminal(file, environment=environment)
    assert b"\x1b" not in on_terminal(file, environment={**environment, "NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal(file, environment={**environment, "TERM": "dumb"})
    assert b"\x1b" not in call(file).stdout


def test_long_reading_shows_progress_on_a_terminal(tmp_path):
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
    assert b"x example.com: 97.20 %" in shown
    shown.decode("ascii")

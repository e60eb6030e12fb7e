# SPDX-License-Identifier: Apache-2.0
"""`mta-sts import` as a user and a mail server call it, with the real spool."""
import base64
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time
import tempfile
import zipfile

import pytest

pytestmark = pytest.mark.slow

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
DATA = pathlib.Path(__file__).parents[1] / "data" / "reports"
TOTALS = json.loads((DATA / "totals.json").read_text())
REPORT = (DATA / "google-failures.json").read_bytes()
OTHER = (DATA / "postfix-no-policy.json").read_bytes()
DIGEST = hashlib.sha256(REPORT).hexdigest()
NOT_KEPT = 75


def call(state, *words, given=b"", environment=None, merged=False):
    """merged: standard output and standard error as one, as a mail server logs them."""
    return subprocess.run([COMMAND, "import", "--state-dir", str(state), *map(str, words)],
                          input=given, stdout=subprocess.PIPE, timeout=60,
                          stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                          env={**os.environ, **(environment or {})})


def stored_in(state, area):
    """Digest -> what is in the file: header line and bytes."""
    return {path.name: path.read_bytes().split(b"\n", 1)
            for path in (state / area).rglob("*") if path.is_file()}


def stored_digests(state):
    return {path.name for path in (state / "reports").rglob("*") if path.is_file()}


def fill(state, area, data):
    """A sparse file of this size in the area."""
    name = "ab" * 32
    path = state / area / name[:2] / name
    assert call(state, given=b"Subject: none\n\n").returncode == 0  # makes the directories
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    os.truncate(path, data)
    return name


def verified_in(state, digest):
    header = stored_in(state, "reports")[digest][0].decode()
    return "hoster.example" in header


def test_totals_json_contains_what_the_independent_reader_finds():
    found = subprocess.run([sys.executable, str(DATA / "independent.py"), str(DATA)],
                           capture_output=True, check=True, timeout=60)
    assert json.loads(found.stdout) == TOTALS


@pytest.mark.parametrize("name", sorted(TOTALS["files"]))
def test_every_file_is_read_as_the_independent_reader_reads_it(state, name):
    outcomes = ["unreadable" if report.get("names_nobody") else report["outcome"]
                for report in TOTALS["files"][name]]
    result = call(state, DATA / name, merged=True)
    lines = result.stdout.decode().splitlines()
    found = []
    for line in lines:
        if ": this message contains no report" in line or "were not read" in line:
            continue
        assert (": stored: report" in line) != line.startswith("mta-sts import: ")
        found.append("read" if ": stored: report" in line else
                     "no-policies" if "has no array of policies" in line else
                     "foreign" if ": skipped: it is " in line else
                     "unreadable" if ": quarantined: " in line else line)
    assert found == outcomes
    is_whole = b"were not read" not in result.stdout
    assert is_whole == (name != "trailing-text.json")
    assert result.returncode == (0 if set(outcomes) == {"read"} and is_whole else 1)
    assert len(stored_in(state, "reports")) == outcomes.count("read")
    assert len(stored_in(state, "quarantine")) == len(outcomes) - outcomes.count("read") \
        - outcomes.count("foreign")


def test_a_report_is_stored_as_received_under_the_digest_of_its_json(state):
    data = (DATA / "google-failures.json.gz").read_bytes()
    assert call(state, given=data).returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]
    assert stored_in(state, "reports")[DIGEST][1] == data


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds")


@pytest.mark.parametrize("name, channel", [("google.eml", "mail"),
                                           ("google-failures.json", "file")])
def test_the_header_line_shows_when_and_how_a_report_arrived(state, name, channel):
    before = now()
    assert call(state, DATA / name).returncode == 0
    words = stored_in(state, "reports")[DIGEST][0].decode().split(" ")
    assert words[:2] + words[3:] == ["tlsrpt", "1", channel, "-", "-"]
    assert before <= words[2].removesuffix("Z") <= now()


def test_the_same_report_in_mail_gzip_and_json_counts_once(state):
    for name in ("google.eml", "google-failures.json.gz", "google-failures.json", "forwarded.eml"):
        assert call(state, DATA / name).returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]
    assert b"already stored: report" in call(state, DATA / "google.eml").stdout


def test_a_maildir_is_read_and_not_changed(state, tmp_path):
    maildir = tmp_path / "Maildir"
    for directory in ("cur", "new", "tmp"):
        (maildir / directory).mkdir(parents=True)
    shutil.copy(DATA / "google.eml", maildir / "new" / "1.mail")
    shutil.copy(DATA / "microsoft.eml", maildir / "cur" / "2.mail:2,S")
    shutil.copy(DATA / "octet-stream.eml", maildir / "tmp" / "3.mail")
    before = sorted(maildir.rglob("*"))
    for _ in range(2):
        assert call(state, maildir).returncode == 0
    assert len(stored_in(state, "reports")) == 2
    assert sorted(maildir.rglob("*")) == before


def test_an_mbox_is_read_message_by_message(state, tmp_path):
    names = ["google.eml", "bad-no-report.eml", "two-reports.eml", "gateway-banner.eml"]
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"".join(
        b"From sender@example.net Tue May 12 03:00:00 2026\n" +
        (DATA / name).read_bytes().replace(b"\r\n", b"\n") + b"\n" for name in names))
    for way in (dict(words=[mbox]), dict(words=["-"], given=mbox.read_bytes())):
        result = call(state, *way["words"], given=way.get("given", b""))
        assert result.returncode == (1 if way["words"] == [mbox] else 0)
        assert b"message 2: skipped: this message contains no report" in result.stderr
        assert (len(result.stdout.splitlines()), len(result.stderr.splitlines())) == (3, 2)
        assert b"quarantined: it is not about a local domain" in result.stderr
        assert len(stored_in(state, "reports")) == 3


def test_a_directory_of_mixed_files_is_read(state):
    result = call(state, DATA)
    digests = set(stored_in(state, "reports"))
    assert result.returncode == 1  # some of them are no reports
    assert DIGEST in digests
    assert len(digests) >= TOTALS["total"]["reports"]


LARGE = b"Subject: a report\r\n\r\n" + b"{" + b" " * (17 << 20) + b"}\r\n"


@pytest.mark.parametrize("given, status, said", [
    # A mail server returns a message for any status but 0 and 75, to a sender whom anybody can forge.
    ((DATA / "bad-no-report.eml").read_bytes(), 0, b"skipped: this message contains no report"),
    ((DATA / "bad-damaged-report.eml").read_bytes(), 0, b"quarantined: "),
    (b"From sender@example.net Tue May 12 03:00:00 2026\n" + (DATA / "bad-no-report.eml").read_bytes(), 0,
     b"message 1: skipped: this message contains no report"),
    (b"Received: by mx.example\r\n\r\n", 0, b"skipped: this message contains no report"),
    (LARGE, 0, b"skipped: it is larger than 16 MiB"),
    (LARGE[:5 << 20], 0, b"skipped: the message is larger than 4M bytes"),
    (b"Content-Type: application/tlsrpt+json\r\n\r\n" + REPORT + b" " * (2 << 20), 0,
     b"skipped: it is larger than 1048576 bytes"),
    (b"Content-Type: application/tlsrpt+json\r\n\r\n" + REPORT + b"rest", 0, b"were not read"),
    # No mail server sends these.
    ((DATA / "bad-page.html").read_bytes(), 1, b"skipped: "),
    ((DATA / "bad-negative.json").read_bytes(), 1, b"quarantined: "),
    ((DATA / "bad-empty.json").read_bytes(), 1, b"skipped: "),
    (b"", 1, b"skipped: "), (LARGE[20:], 1, b"skipped: it is larger than 16 MiB"),
    (REPORT + b"rest", 1, b"were not read"), (REPORT[:-9], 1, b"quarantined: "),
], ids=range(15))
def test_what_standard_input_has_and_is_not_read_is_said_and_no_message_is_bounced(state, given, status, said):
    for words in (), ("-",):
        result = call(state, *words, given=given)
        assert result.returncode == status and said in result.stderr, result
        assert b"skipped" not in result.stdout and b"quarantined" not in result.stdout


def test_a_missing_file_is_reported(state, tmp_path):
    result = call(state, tmp_path / "nowhere", DATA / "google.eml")
    assert result.returncode == 1
    assert b"nowhere: skipped: No such file or directory" in result.stderr
    assert list(stored_in(state, "reports")) == [DIGEST]


def test_a_report_that_cannot_be_stored_is_to_be_retried(state):
    (state / "reports").rmdir()
    (state / "reports").write_text("in the way")
    result = call(state, given=REPORT)
    assert result.returncode == NOT_KEPT
    assert b"mta-sts import: " in result.stderr


def test_unreadable_standard_input_is_to_be_retried(state, tmp_path):
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        result = subprocess.run([COMMAND, "import", "--state-dir", str(state)], stdin=directory,
                                capture_output=True, timeout=60)
    finally:
        os.close(directory)
    assert result.returncode == NOT_KEPT
    assert b"could not be stored: Is a directory" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_the_reserve_of_a_disk_is_left_free(state):
    """Of 16 MiB, 160 KiB."""
    script = ('set -e; state=$1; shift; mount -t tmpfs -o size=16M,mode=700 tmpfs "$state"; '
              'mkdir -m 700 "$state/reports"; '
              'free=$(stat -f -c %a "$state"); '
              'fallocate -l $((free * 4096 - 80 * 1024)) "$state/filler"; '
              'status=0; "$@" || status=$?; echo "$status"; rm "$state/filler"; exec "$@"')
    words = [COMMAND, "import", "--state-dir", str(state), str(DATA / "google-failures.json")]
    result = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                             "-", str(state), *words], capture_output=True, timeout=60)
    assert b"could not be stored: the disk is full except for its reserve" in result.stderr
    assert result.stdout.startswith(b"%d\n" % NOT_KEPT)
    assert b": stored: report" in result.stdout and result.returncode == 0


def test_a_full_quarantine_accepts_nothing_more_and_bounces_nothing(state):
    name = fill(state, "quarantine", 64 << 20)
    result = call(state, given=(DATA / "bad-damaged-report.eml").read_bytes())
    assert result.returncode == 0
    assert b"skipped, because the quarantine is full: " in result.stderr
    assert list(stored_in(state, "quarantine")) == [name]


def test_reports_by_mail_count_against_the_quota_of_https(state):
    """The default of MTASTSReportQuota: 1 GiB. A report stored earlier is still reported as stored."""
    assert call(state, given=OTHER).returncode == 0
    fill(state, "reports", (1 << 30) - 4096)  # with the 4096 of the other report, it is full
    result = call(state, given=REPORT)
    assert result.returncode == NOT_KEPT
    assert DIGEST not in stored_digests(state)
    assert (f"could not be stored: {state}/reports has reached the quota of 1G bytes: remove old "
            "files there, or raise MTASTSReportQuota (and --quota)") \
        in result.stderr.decode()
    assert b"already stored: report" in call(state, given=OTHER).stdout
    assert call(state, "--quota", "2G", given=REPORT).returncode == 0
    assert DIGEST in stored_digests(state)


def test_the_quota_ends_a_maildir_in_its_middle(state, tmp_path):
    """Reports stored by the same call count against the quota; 1 MiB has room for 256 files."""
    fill(state, "reports", (1 << 20) - 2 * 4096)
    directory = tmp_path / "reports"
    directory.mkdir()
    for number in range(4):
        (directory / f"{number}.json").write_bytes(REPORT + b" " * number)
    result = call(state, "--quota", "1M", directory)
    assert result.returncode == NOT_KEPT
    assert result.stdout.count(b": stored: report") == 2
    assert result.stderr.count(b"has reached the quota of 1M bytes") == 2


def test_a_signature_counts_although_the_quota_is_used_up(state):
    """The verified receipt takes the place of the other and needs no room."""
    digest = hashlib.sha256(OTHER).hexdigest()
    assert call(state, given=OTHER).returncode == 0
    fill(state, "reports", 1 << 20)
    result = call(state, "--quota", "1M", "--authserv-id", "mx1.example.com",
                  DATA / "verified.eml")
    assert b"already stored" in result.stdout and result.returncode == 0
    assert verified_in(state, digest)


def test_the_quota_of_the_quarantine_can_be_set(state):
    fill(state, "quarantine", 64 << 20)
    damaged = (DATA / "bad-truncated.json").read_bytes()
    result = call(state, "--quota", "1G,128M", given=damaged)
    assert b"quarantined" in result.stderr
    assert len(stored_in(state, "quarantine")) == 2


LIMITS = {"version": 1, "max_size": {"sent": 1024, "inflated": 1024},
          "quota": {"reports": 1 << 20, "quarantine": 2 << 20}}


def write_limits(state, limits):
    (state / "limits.json").write_text(limits if isinstance(limits, str) else json.dumps(limits))


def test_the_limits_of_httpd_apply(state):
    write_limits(state, LIMITS)
    result = call(state, given=REPORT + b" " * 1024)
    assert b"skipped: it is larger than 1024 bytes" in result.stderr
    write_limits(state, {**LIMITS, "max_size": {"sent": 4 << 20, "inflated": 4 << 20}})
    fill(state, "reports", 1 << 20)
    result = call(state, given=REPORT)
    assert b"reports has reached the quota of 1M bytes" in result.stderr
    assert result.returncode == NOT_KEPT


def test_options_take_precedence_over_the_limits_of_httpd(state):
    write_limits(state, LIMITS)
    fill(state, "reports", 1 << 20)
    large = REPORT + b" " * 1024
    result = call(state, "--max-size", "1M,1M", "--quota", "2M", given=large)
    assert b": stored: report" in result.stdout and result.returncode == 0


BAD_LIMITS = [  # limits.json, what is wrong with it
    ("", "it is not valid JSON"),
    ("x" * 5000, "it is not valid JSON"),
    ({**LIMITS, "version": 2}, "it is of another version"),
    ({"version": 1}, "a limit is missing or out of range"),
    ({**LIMITS, "quota": {"reports": "1", "quarantine": 1 << 20}}, "a limit is missing or out of range"),
    ({**LIMITS, "max_size": {"sent": 4096, "inflated": 2048}}, "a limit is missing or out of range"),
]


@pytest.mark.parametrize("limits, reason", BAD_LIMITS, ids=range(len(BAD_LIMITS)))
def test_unusable_limits_of_httpd_are_reported_and_defaults_used(state, limits, reason):
    write_limits(state, limits)
    result = call(state, given=REPORT)
    assert f"limits.json cannot be used: {reason}".encode() in result.stderr
    assert result.returncode == 0 and DIGEST in stored_digests(state)


def test_the_sizes_of_a_report_can_be_set(state):
    """Those of MTASTSReportMaxSize: as sent, and inflated."""
    large = REPORT + b" " * (2 << 20)
    assert b"skipped: it is larger than 1048576 bytes" in call(state, given=large).stderr
    assert b"skipped" in call(state, "--max-size", "4M,11M",
                               given=gzip.compress(REPORT + b" " * (11 << 20))).stderr
    assert stored_in(state, "reports") == {}
    for words, data in ((["--max-size", "4M,10M"], large),
                          (["--max-size=1M,20M"], gzip.compress(REPORT + b" " * (11 << 20)))):
        result = call(state, *words, given=data)
        assert b": stored: report" in result.stdout, result
    many = REPORT.replace(b"{", b'{"a":[' + b"{}," * 100000 + b"0],", 1)  # 23 MiB in memory
    assert b"quarantined: " in call(state, given=many).stderr
    assert b": stored: report" in call(state, "--max-size", "1M,20M", given=many).stdout
    result = call(state, "--max-size", "1K,1K", given=REPORT + b" " * 1024)
    assert b"skipped: it is larger than 1024 bytes" in result.stderr


@pytest.mark.parametrize("words, reason", [
    (["--quota", "1"], b'--quota: "1" is not allowed; allowed are 1M to 1T bytes'),
    (["--quota", "1G,"], b'--quota: "" is not allowed'),
    (["--quota", "1G,64M,1M"], b'--quota: "64M,1M" is not allowed'),
    (["--quota", "2G,-1"], b'--quota: "-1" is not allowed'),
    (["--max-size", "1M"], b"--max-size takes two sizes, separated by a comma, like 1M,10M"),
    (["--max-size", "10M,1M"], b"--max-size: fewer bytes inflated (1M) than sent (10M)"),
    (["--max-size", "1M,1T"], b'--max-size: "1T" is not allowed; allowed are 1K to 512M bytes'),
])
def test_an_impossible_limit_is_reported(state, words, reason):
    result = call(state, *words, given=REPORT)
    assert result.returncode == NOT_KEPT
    assert reason in result.stderr
    assert stored_in(state, "reports") == {}


def test_a_missing_state_directory_is_reported(tmp_path):
    result = call(tmp_path / "missing" / "state", given=REPORT)
    assert result.returncode == NOT_KEPT
    assert b"missing/state" in result.stderr


def test_the_state_directory_comes_from_the_environment(state):
    result = subprocess.run([COMMAND, "import"], input=REPORT, capture_output=True, timeout=60,
                            env={**os.environ, "MTA_STS_STATE_DIR": str(state)})
    assert result.returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]


def test_only_a_named_server_is_trusted_about_signatures(state):
    digest = hashlib.sha256((DATA / "postfix-no-policy.json").read_bytes()).hexdigest()
    for ids in ([], ["elsewhere.example"], ["example.com"]):
        words = [word for name in ids for word in ("--authserv-id", name)]
        assert call(state, *words, DATA / "verified.eml").returncode == 0
        assert not verified_in(state, digest)
    result = call(state, "--authserv-id", "other.example", "--authserv-id", "MX1.example.com",
                  DATA / "verified.eml")
    assert b"verified: signed by hoster.example" in result.stdout
    assert verified_in(state, digest)


EDGE = b"Received: from a.example by mx1.example.com; Tue, 12 May 2026 03:00:00 +0000\r\n"
LMTP = b"Received: from mx1.example.com by store.example.com with LMTP; x\r\n"
PATHS = {  # what the servers wrote above the Authentication-Results, below it, hops: verified
    "a milter, as Postfix adds it": (b"", EDGE, 0, True),
    "a delivery by LMTP": (LMTP, EDGE, 0, False),
    "a delivery by LMTP that is counted": (LMTP, EDGE, 1, True),
    "it came with the message": (EDGE, b"", 0, False),
    "it came with the message and a Received field": (EDGE, EDGE, 0, False),
    "it came with the message, by LMTP": (LMTP + EDGE, EDGE, 1, False),
    "other fields do not count": (b"Return-Path: <a@b.example>\r\nX-Received: by c\r\n", EDGE, 0,
                                  True),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_result_counts_only_above_what_the_message_contained_when_it_arrived(state, case):
    """RFC 8601 section 5; OpenDKIM removes no forged field from mail that it does not verify."""
    above, below, hops, is_verified = PATHS[case]
    message = (DATA / "verified.eml").read_bytes()
    results, rest = message.split(b"Authentication-Results: elsewhere", 1)
    message = above + results + below + b"Authentication-Results: elsewhere" + rest
    result = call(state, "--authserv-id", "mx1.example.com", "--trusted-hops", hops, given=message)
    assert (b": verified: signed by hoster.example" in result.stdout) == is_verified
    assert (b": not verified: " in result.stdout) != is_verified


@pytest.mark.parametrize("before, after", [
    (b"dkim=pass", b"dkim=fail"),
    (b"header.d=hoster.example", b"header.d=evil.example"),
    (b"From: postmaster@hoster.example", b"From: postmaster@bigmail.example"),
    (b"From: postmaster@hoster.example", b"From: a@hoster.example, b@bigmail.example"),
    (b"Authentication-Results: mx1", b"Authentication-Results: mx1.example.com; dkim=none\r\n"
                                     b"Authentication-Results: mx1"),
])
def test_a_signature_that_is_not_the_authors_verifies_nothing(state, before, after):
    message = (DATA / "verified.eml").read_bytes()
    assert before in message
    result = call(state, "--authserv-id", "mx1.example.com",
                  given=message.replace(before, after, 1))
    assert b"not verified" in result.stdout


def test_the_signature_of_a_message_says_nothing_of_one_within_it(state):
    message = (DATA / "verified.eml").read_bytes()
    outer = message.split(b"MIME-Version")[0] + b"MIME-Version: 1.0\r\n" \
        b"Content-Type: message/rfc822\r\n\r\n" + (DATA / "google.eml").read_bytes()
    result = call(state, "--authserv-id", "mx1.example.com", given=outer)
    assert b"stored: report" in result.stdout and b"not verified" in result.stdout


def nested(levels):
    head = b"From: a@b.example\r\n"
    for level in range(levels):
        head += b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level)
    return head + b"Content-Type: application/tlsrpt+json\r\n\r\n" + REPORT


HOSTILE = {
    "deep": (nested(30), b"parts more than 16 deep"),
    "very deep": (nested(900), b"parts more than 16 deep"),
    "parts": (b'A: b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * 150,
              b"more than 100 parts"),
    "delimiters": (b'A: b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
                   + b"--b\r\n\r\n" * 500000, b"more than 1000 parts"),
    "fields": (b"a:\r\n" * 900000, b"more than 5000 header fields"),
    "messages": (b"a: b\r\nContent-Type: message/rfc822\r\n\r\n"
                 + b"Content-Type: message/rfc822\r\n\r\n" * 2000, b"parts more than 16 deep"),
    "size": (b"A: b\r\n\r\n" + b"x" * (5 << 20), b"larger than 4M bytes"),
    "one line": (b"A: " + b"(" * (3 << 20), b"this message contains no report"),
    "nul": (b"A: b\0\r\n\r\n\0{\0}", b"this message contains no report"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_skipped_in_little_memory(state, name):
    message, reason = HOSTILE[name]
    result = subprocess.run(
        ["bash", "-c", 'ulimit -v 1000000; exec "$@"', "-", COMMAND, "import", "--state-dir",
         str(state)], input=message, capture_output=True, timeout=60)
    if b"AddressSanitizer" in result.stderr:
        pytest.skip("a sanitizer needs more address space than that")
    assert (result.returncode, result.stdout) == (0, b"")
    assert reason in result.stderr


def test_a_decompression_bomb_is_skipped(state):
    bomb = gzip.compress(b"\0" * (200 << 20))
    result = call(state, given=bomb)
    assert result.returncode == 1
    assert b"skipped: it is larger than 10485760 bytes once inflated" in result.stderr


def test_nothing_from_a_report_reaches_the_terminal_unescaped(state):
    result = call(state, DATA / "hostile-text.json")
    assert result.returncode == 0
    assert all(byte >= 0x20 or byte == 0x0a for byte in result.stdout)
    assert "\u202e" not in result.stdout.decode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_mail_server_that_runs_it_as_another_user_sees_the_right_user(tmp_path):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o700)
        os.chown(directory, 33, 33)
        result = subprocess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", COMMAND, "import",
             "--state-dir", directory], input=REPORT, capture_output=True, timeout=60)
    assert result.returncode == NOT_KEPT
    assert result.stderr.decode() == (
        f"mta-sts import: the state directory {directory} belongs to www-data, but this process "
        "runs as nobody: run it as root, or as that user (user=www-data in Postfix's master.cf)\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_sees_why_it_cannot_read_a_file_that_root_can_read(tmp_path):
    closed = tmp_path / "google.eml"
    shutil.copy(DATA / "google.eml", closed)
    closed.chmod(0o600)
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, 33, 33)
        result = call(directory, closed)
        assert result.returncode == 1
        assert (f"{closed}: skipped: Permission denied (as www-data, the owner of the "
                "state directory; use 'mta-sts import < FILE' for files that only root can read)") in result.stderr.decode()
        with open(closed, "rb") as given:
            assert call(directory, given=given.read()).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_the_owner_of_the_state_directory():
    with tempfile.TemporaryDirectory() as directory:  # pytest's own are closed to others
        os.chown(directory, 33, 33)
        assert call(directory, given=REPORT).returncode == 0
        for path in (pathlib.Path(directory), *pathlib.Path(directory).rglob("*")):
            info = path.lstat()
            assert (info.st_uid, info.st_gid) == (33, 33)
            assert stat.S_IMODE(info.st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("words", [["--authserv-id"], ["--authserv-id", ""], ["--unknown"],
                                   ["--state-dir", ""], ["--trusted-hops", "21"]])
def test_wrong_usage_is_reported_and_bounces_nothing(state, words):
    """A mail server would bounce what another status comes from."""
    result = call(state, *words)
    assert result.returncode == NOT_KEPT
    assert b"mta-sts import --help" in result.stderr


def test_help_is_printed(state):
    result = call(state, "--help")
    assert result.returncode == 0 and result.stdout.startswith(b"Usage: mta-sts import")


def test_verification_is_at_the_start_of_the_line_and_the_id_at_its_end(state):
    """Postfix logs about 100 characters of it."""
    result = call(state, "--authserv-id", "mx1.example.com",
                  given=(DATA / "verified.eml").read_bytes())
    line = result.stdout.decode().rstrip("\n")
    assert line.startswith("standard input: verified: signed by hoster.example: stored: report of ")
    assert '", id "' in line and line.endswith('"')
    assert call(state, given=REPORT).stdout.startswith(b"standard input: not verified: stored: ")


def zipped(*members, **options):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for number, member in enumerate(members):
            writer.writestr(f"{number}.json", member, **options)
    return archive.getvalue()


def test_directories_and_what_macos_adds_to_a_zip_are_no_members(state):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("reports/", b"")
        writer.writestr("reports/report.json", REPORT)
        writer.writestr("__MACOSX/reports/._report.json", b"\0\5\x16\7")
    assert call(state, given=archive.getvalue()).returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]


@pytest.mark.parametrize("options", [{}, {"compress_type": zipfile.ZIP_STORED}])
def test_an_archive_of_one_report_is_read(state, options):
    assert call(state, given=zipped(REPORT, **options)).returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]


BAD_ARCHIVES = {
    "two members": (zipped(REPORT, OTHER), b"the archive has 2 members"),
    "none": (b"PK\3\4" + zipped()[:-1], b"the archive is incomplete"),
    "cut": (zipped(REPORT)[:-30], b"the archive is incomplete"),
    "damaged": (zipped(REPORT)[:100] + b"\xff" * 40 + zipped(REPORT)[140:], b"the archive is damaged"),
    "bomb": (zipped(b"\0" * (11 << 20)), b"too large"),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_an_archive_that_is_not_read_is_named_with_the_reason(state, tmp_path, name):
    data, reason = BAD_ARCHIVES[name]
    file = tmp_path / "report.zip"
    file.write_bytes(data)
    result = call(state, file)
    assert result.returncode == 1 and reason in result.stderr
    assert stored_in(state, "reports") == {}


@pytest.mark.parametrize("data", ids=range(5), argvalues=[
    REPORT + OTHER, REPORT + b"\n\n" + OTHER + b"\n", gzip.compress(REPORT) + gzip.compress(OTHER),
    gzip.compress(REPORT) + OTHER, REPORT + gzip.compress(OTHER)])
def test_reports_after_each_other_in_one_input_are_all_read(state, tmp_path, data):
    file = tmp_path / "reports"
    file.write_bytes(data)
    for result in call(state, file), call(state, given=data):
        assert result.returncode == 0 and result.stderr == b""
        assert b"report 1: not verified: " in result.stdout
        assert b"report 2: not verified: " in result.stdout
    assert len(stored_in(state, "reports")) == 2


def test_reports_that_inflate_to_too_much_together_are_not_all_read_and_it_says_so(state, tmp_path):
    file = tmp_path / "bombs"
    file.write_bytes(b"".join(gzip.compress(b'{"n": %d, "a": "%s"}' % (n, b" " * 9_000_000))
                              for n in range(40)))
    begin = time.monotonic()
    result = call(state, file)
    assert result.returncode == 1 and time.monotonic() - begin < 20
    assert 15 < len(result.stderr.splitlines()) < 25
    assert result.stderr.endswith(b"this report and what follows it were not read\n")


def test_one_report_in_several_members_of_gzip_is_one(state):
    half = len(REPORT) // 2
    assert call(state, given=gzip.compress(REPORT[:half]) + gzip.compress(REPORT[half:])).returncode == 0
    assert list(stored_in(state, "reports")) == [DIGEST]


def test_bytes_that_are_not_read_are_an_exit_status_and_a_line(state, tmp_path):
    file = tmp_path / "report.json"
    file.write_bytes(REPORT + b"\nrest")
    for result in call(state, file), call(state, given=file.read_bytes()):
        assert result.returncode == 1
        assert b"bytes after the end of the JSON were ignored, and were not read" in result.stderr


DMARC = b'<?xml version="1.0"?>\n<feedback><report_metadata/></feedback>\n'


@pytest.mark.parametrize("part", [
    b"Content-Type: application/zip; name=a!b!1!2.zip\nContent-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(zipped(DMARC)),
    b"Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n"
    + base64.encodebytes(gzip.compress(DMARC)),
    b"Content-Type: text/xml\n\n" + DMARC], ids=("zip", "gzip", "xml"))
def test_dmarc_reports_in_a_shared_mailbox_are_left_out_and_counted(state, tmp_path, part):
    maildir = tmp_path / "Maildir"
    for directory in ("cur", "new", "tmp"):
        (maildir / directory).mkdir(parents=True)
    (maildir / "new" / "1").write_bytes(b"From: a@example.com\n" + part)
    (maildir / "new" / "2").write_bytes(b"From: b@example.com\n" + part)
    shutil.copy(DATA / "google.eml", maildir / "new" / "3")
    result = call(state, maildir)
    assert result.returncode == 0 and result.stderr == b""
    assert result.stdout.endswith(b"2 DMARC reports skipped\n")
    assert list(stored_in(state, "reports")) == [DIGEST]
    assert stored_in(state, "quarantine") == {}


def test_max_size_bounds_the_message_too(state):
    message = (DATA / "google.eml").read_bytes()
    large = message + b"\r\n" * (3 << 20)
    assert b"the message is larger than 4M bytes" in call(state, given=large).stderr
    assert b": stored: report" in call(state, "--max-size", "2M,10M", given=large).stdout
    assert b"the message is larger than 64K bytes" in call(
        state, "--max-size", "1K,1K", given=message + b"\r\n" * 40000).stderr


EXCHANGE = (b"Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=a.example; "
            b"dkim=pass (signature was verified)\r\n header.d=hoster.example;dmarc=pass "
            b"action=none\r\n header.from=hoster.example;compauth=pass reason=100\r\n")


def test_results_without_a_server_name_are_believed_on_request_and_at_the_top_only(state):
    message = (DATA / "verified.eml").read_bytes()
    option = "--trust-unnamed-results"
    assert b"not verified" in call(state, given=EXCHANGE + message).stdout
    assert b"not verified" in call(state, option, given=message).stdout, "a named server's"
    start = message.index(b"Authentication-Results")
    assert b"not verified" in call(state, option, given=message.replace(
        b"From: ", EXCHANGE + b"From: ", 1)).stdout or start == 0
    result = call(state, option, given=EXCHANGE + message)
    assert b"verified: signed by hoster.example" in result.stdout
    assert b"not verified" not in result.stdout


OTHER_DIRECTORIES = {
    "etc": ["passwd"],
    "etc of a mail server": ["aliases", "aliases.db"],
    "a home": [".profile", "notes.txt"],
    "a home with nothing to see": [".bashrc"],
    "the root, or var": ["tmp", "lib", "log"],
}


@pytest.mark.parametrize("mode", [0o755, 0o700])
@pytest.mark.parametrize("names", OTHER_DIRECTORIES.values(), ids=OTHER_DIRECTORIES)
def test_a_directory_that_is_no_state_directory_is_refused(tmp_path, names, mode):
    other = tmp_path / "other"
    other.mkdir(mode=mode)
    for name in names:
        (other / name).write_text("")
    result = call(other, given=REPORT)
    assert result.returncode == NOT_KEPT
    assert b"is not a state directory: it contains " in result.stderr
    assert sorted(path.name for path in other.iterdir()) == sorted(names)


@pytest.mark.parametrize("names", [[], ["lost+found"], ["limits.json"], ["reports.db", "watch"],
                                   ["last-date", "machine"]], ids=" ".join)
def test_a_state_directory_before_the_first_report_is_taken(state, names):
    (state / "reports").rmdir()
    for name in names:
        (state / name).write_text("")
    assert b"stored: " in call(state, given=REPORT).stdout

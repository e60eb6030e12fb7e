# SPDX-License-Identifier: Apache-2.0
"""`mta-sts lint` as a user calls it."""
import hashlib
import json
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD / "mta-sts")
DOC = pathlib.Path(__file__).parents[2] / "doc"
VALID = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.example.net\r\n" \
        b"max_age: 604800\r\n"
NO_MX = b"version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"


def call(*words, given=b""):
    return subprocess.run([COMMAND, *words], input=given, capture_output=True, timeout=20)


def call_json(*words, given=b""):
    result = call("lint", "--format", "json", *words, given=given)
    assert result.stderr == b""
    return result.returncode, json.loads(result.stdout)


def test_a_valid_policy_is_shown_with_its_fields_and_id():
    status, shown = call_json("-", given=VALID)
    assert status == 0
    assert shown == {
        "valid": True,
        "policy": {"version": "STSv1", "mode": "enforce",
                   "mx": ["mx1.example.com", "*.example.net"], "max_age": 604800},
        "id": hashlib.sha256(VALID).hexdigest()[:20],
        "findings": [],
    }


def test_a_deviation_is_reported_with_its_line_and_what_to_do():
    given = VALID.replace(b"mode: enforce", b"mode: Enforce")
    status, shown = call_json(given=given)
    assert (status, shown["valid"], shown["policy"]) == (1, False, None)
    assert shown["findings"] == [{
        "severity": "error", "id": "mode-unknown", "subject": "policy",
        "message": '"Enforce" is not a mode',
        "fix": 'write "mode: enforce"', "line": 2}]


def test_people_read_severity_line_message_id_and_fix():
    result = call("lint", given=NO_MX)
    assert result.returncode == 1
    assert result.stdout.decode() == (
        "error: policy: there is no mx [mx-missing]\n"
        "    add an mx line for each MX host\n"
        "not a valid policy\n")


def test_a_policy_with_warnings_only_is_valid():
    status, shown = call_json(given=VALID.replace(b"604800", b"600"))
    assert (status, shown["valid"]) == (0, True)
    assert [f["id"] for f in shown["findings"]] == ["max-age-short"]


def test_hosts_before_the_file_are_matched_against_the_policy(tmp_path):
    policy = tmp_path / "policy.txt"
    policy.write_bytes(VALID)
    status, shown = call_json("--mx", "MX1.example.com", "a.example.net", str(policy))
    assert (status, shown["valid"]) == (0, True)
    assert shown["covered"] == {"mx1.example.com": True, "a.example.net": True}

    status, shown = call_json("--mx=a.b.example.net", "--mx", "example.net", str(policy))
    assert (status, shown["valid"]) == (1, True)
    assert shown["covered"] == {"a.b.example.net": False, "example.net": False}
    assert {f["id"] for f in shown["findings"]} == {"mx-not-in-policy"}


RECORDS = [  # option, texts, exit status, id or rua, finding ids
    ("--mta-sts-record", ["v=STSv1; id=20260101;"], 0, "20260101", []),
    ("--mta-sts-record", ["v=spf1 -all", "v=STSv1;id=a"], 0, "a", ["record-ignored"]),
    ("--mta-sts-record", ["v=STSv1; id=a", "v=STSv1; id=b"], 1, None, ["record-multiple"]),
    ("--mta-sts-record", ["v=STSv1 ; id=a"], 1, None, ["text-altered"]),
    ("--mta-sts-record", ["v=STSv1; id=a-b"], 1, None, ["id-malformed"]),
    ("--tlsrpt-record", ["v=TLSRPTv1; rua=mailto:a@example.com,https://b.example/r"], 0,
     ["mailto:a@example.com", "https://b.example/r"], []),
    ("--tlsrpt-record", ["v=TLSRPTv1; rua=http://b.example/"], 1, None,
     ["rua-scheme", "rua-missing"]),
    ("--tlsrpt-record", ["v=TLSRPTv1; rua=mailto:a!10m@example.com"], 1, None,
     ["rua-malformed"]),
]


@pytest.mark.parametrize("option, texts, expected, value, ids", RECORDS)
def test_a_set_of_txt_records_is_judged_as_a_sender_does(option, texts, expected, value, ids):
    words = [word for text in texts for word in (option, text)]
    status, shown = call_json(*words)
    assert (status, shown["valid"]) == (expected, expected == 0)
    assert shown["id" if option == "--mta-sts-record" else "rua"] == value
    assert [f["id"] for f in shown["findings"]] == ids


USAGE_ERRORS = [  # words, what is said
    ([], "Usage: mta-sts"),
    (["frobnicate"], 'there is no subcommand "frobnicate"'),
    (["chek"], 'there is no subcommand "chek"; did you mean "check"?'),
    (["hceck"], 'did you mean "check"?'),
    (["reports"], 'did you mean "report"?'),
    (["lint", "example.com"], "This looks like a domain. To check its deployment, run: mta-sts check "
                              "example.com"),
    (["lint", "mta-sts.example.com"], "This looks like a policy host. To check its deployment, run: "
                                      "mta-sts check example.com"),
    (["lint", "https://mta-sts.example.com/.well-known/mta-sts.txt"],
     "This looks like a URL. To check its deployment, run: mta-sts check example.com"),
    (["lint", "--frobnicate"], "there is no option --frobnicate"),
    (["lint", "-x"], "there is no option -x"),
    (["report", "--fromat", "json"], "there is no option --fromat; did you mean --format?"),
    (["dns", "--formats=json"], "there is no option --formats; did you mean --format?"),
    (["report", "--hepl"], "there is no option --hepl; did you mean --help?"),
    (["lint", "--mx"], "--mx needs a value"),
    (["lint", "--mx", "a b", "-"], '"a b" contains a blank'),
    (["lint", "--mx", "*.example.com", "-"], '"*.example.com" is a pattern: name an MX host'),
    (["lint", "--format", "xml"], 'not "xml"'),
    (["lint", "one", "two"], "only one FILE is allowed"),
    (["lint", "--mta-sts-record", "v=STSv1; id=1;", "policy.txt"], "FILE and --mx cannot be combined with a record"),
    (["lint", "--mta-sts-record", "a", "--tlsrpt-record", "b"], "--mta-sts-record and --tlsrpt-record cannot be combined"),
    (["lint", "/nonexistent/policy"], "/nonexistent/policy: No such file or directory"),
    (["lint", "/"], "/: Is a directory"),
]


@pytest.mark.parametrize("words, said", USAGE_ERRORS)
def test_wrong_usage_is_reported_and_exits_with_2(words, said):
    result = call(*words)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert result.stdout == b""


@pytest.mark.parametrize("word", ["frobnicate", "x", "", "c" * 200])
def test_what_resembles_no_subcommand_is_not_guessed(word):
    assert b"did you mean" not in call(word).stderr


@pytest.mark.parametrize("host", ["mx1.example.com", "mx1.example.com.", "MX1.Example.COM."])
def test_a_host_is_accepted_as_dig_prints_it(host):
    status, shown = call_json("--mx", host, "-", given=VALID)
    assert (status, shown["covered"]) == (0, {"mx1.example.com": True})


@pytest.mark.parametrize("words", [
    ["check", "example.com.", "--no-smtp", "--resolver", "127.0.0.1@1", "--timeout", "1"],
    ["dns", "example.com.", "--resolver", "127.0.0.1@1", "--timeout", "1"],
    ["check", "--connect", "mx1.example.com.=192.0.2.1:25", "--resolver", "nonsense", "a.test"]])
def test_a_trailing_dot_is_no_error_of_a_name(words):
    said = call(*words).stderr.decode()
    assert "example.com." not in said and "empty label" not in said, said


HOSTILE = [b"", b"\0" * 100, b"\n" * 70000, b"mx:" * 30000, b"\xff\xfe" * 500,
           b"version: STSv1\r\n" * 4000, b"x: \x1b[31m\r\n", bytes(range(256))]


@pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bytes_are_not_valid_and_reach_no_terminal(given):
    result = call("lint", given=given)
    assert result.returncode == 1
    assert not set(result.stdout) & set(range(0x00, 0x20)) - {0x0a}
    status, shown = call_json(given=given)
    assert status == 1 and shown["valid"] is False


def test_help_and_version_are_printed_on_standard_output():
    for words in (["--help"], ["lint", "--help"]):
        result = call(*words)
        assert result.returncode == 0 and result.stdout.startswith(b"Usage: mta-sts")
    assert call("--version").stdout.startswith(b"mta-sts ")


def test_output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([COMMAND, "lint"], input=VALID, stdout=full,
                                stderr=subprocess.PIPE, timeout=20)
    assert result.returncode == 2
    assert b"No space left" in result.stderr


@pytest.mark.parametrize("page", sorted(path.name for path in DOC.glob("*.[18]")))
def test_a_manual_page_is_shown_without_complaint(page):
    path = DOC / page
    result = subprocess.run(["man", "--warnings", "-l", str(path)], capture_output=True,
                            env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}, timeout=60)
    assert result.returncode == 0
    assert result.stderr == b""
    assert b"NAME" in result.stdout

# SPDX-License-Identifier: Apache-2.0
"""`mta-sts dns` as a user calls it, without any network."""
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD / "mta-sts")
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"
ID = hashlib.sha256(POLICY).hexdigest()[:20]
RECORD = f"v=STSv1; id={ID};"
UNIT = 1_000_000  # of times in the database: microseconds


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "policy.txt"
    path.write_bytes(POLICY)
    return str(path)


def call(*words, given=b"", **options):
    return subprocess.run([COMMAND, "dns", *words], input=given, capture_output=True, timeout=60,
                          **options)


def call_json(*words, given=b""):
    result = call("--format", "json", *words, given=given)
    assert result.stderr == b""
    return result.returncode, json.loads(result.stdout)["domains"]


def test_the_records_of_a_file_are_lines_of_a_zone_file(file):
    result = call("--offline", "--policy", file, "--rua", "mailto:tls@example.com", "--address",
                  "192.0.2.7", "--address=2001:DB8:0::7", "--ttl", "300", "Example.COM")
    assert (result.returncode, result.stderr) == (0, b"")
    lines = [line for line in result.stdout.decode().splitlines() if not line.startswith(";")]
    assert lines == [
        f'_mta-sts.example.com. 300 IN TXT "{RECORD}"',
        "mta-sts.example.com. 300 IN A 192.0.2.7",
        "mta-sts.example.com. 300 IN AAAA 2001:db8::7",
        '_smtp._tls.example.com. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@example.com"',
    ]


def test_a_name_server_accepts_the_lines_as_they_are_and_with_the_examples(file, tmp_path):
    rua = [word for i in range(12)
           for word in ("--rua", f"mailto:a-long-mailbox-{i}@reports-of-tls.example.com")]
    output = call("--offline", "--policy", file, *rua, "example.com").stdout.decode()
    for text in output, output.replace(";mta-sts", "mta-sts"):
        zone = tmp_path / "zone"
        zone.write_text("$TTL 300\n@ IN SOA ns.invalid. h.invalid. 1 2 3 4 5\n"
                        "@ IN NS ns.invalid.\nns.invalid. IN A 192.0.2.1\n" + text)
        check = subprocess.run(["named-checkzone", "-i", "none", "-D", ".", str(zone)],
                               capture_output=True, timeout=60)
        assert check.returncode == 0, check.stdout
        joined = check.stdout.decode().replace('" "', "")
        assert "mailto:a-long-mailbox-11@reports-of-tls.example.com\"" in joined


def test_the_policy_is_read_from_standard_input_too():
    result = call("--offline", "--policy", "-", "--cname", "web.example.com", "example.com",
                  given=POLICY)
    assert result.returncode == 0
    assert b"mta-sts.example.com. 3600 IN CNAME web.example.com.\n" in result.stdout


def test_programs_get_json(file):
    status, (shown,) = call_json("--offline", "--policy", file, "--rua",
                                 "https://example.com/r;v=1,2", "example.com")
    assert status == 0
    steps = shown.pop("steps")
    assert shown == {
        "domain": "example.com", "unicode": None, "source": "file", "served": "unknown",
        "policy": {"version": "STSv1", "mode": "enforce", "mx": ["mx1.example.com"],
                   "max_age": 604800},
        "id": ID, "earlier_policy_until": None, "earlier_copies": None, "hold": None,
        "mx_not_covered": [], "mx_unused": [], "findings": [
            {"severity": "info", "id": "rua-without-mail", "subject": "example.com", "line": None,
             "message": "Google and Microsoft send their reports by mail only",
             "fix": "add a mail address of yours: mta-sts dns example.com --rua "
                    "'https://example.com/r%3Bv=1%2C2,mailto:ADDRESS'"}],
        "delegated": [],
        "examples": [
            {"name": "mta-sts.example.com", "type": kind, "ttl": 3600, "value": address,
             "data": address, "state": "unknown", "now": None}
            for kind, address in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"))],
        "records": [
            {"name": "_mta-sts.example.com", "type": "TXT", "ttl": 3600, "value": RECORD,
             "data": f'"{RECORD}"', "state": "unknown", "now": None},
            {"name": "_smtp._tls.example.com", "type": "TXT", "ttl": 3600,
             "value": "v=TLSRPTv1; rua=https://example.com/r%3Bv=1%2C2",
             "data": '"v=TLSRPTv1; rua=https://example.com/r%3Bv=1%2C2"', "state": "unknown",
             "now": None},
        ],
    }
    assert len(steps) == 2 and all(isinstance(step, str) for step in steps)


def test_several_domains_have_the_same_policy_each(file):
    status, shown = call_json("--offline", "--policy", file, "example.com", "bücher.example")
    assert status == 0
    assert [(domain["domain"], domain["unicode"]) for domain in shown] == [
        ("example.com", None), ("xn--bcher-kva.example", "bücher.example")]
    assert {domain["id"] for domain in shown} == {ID}


def test_a_name_with_u_labels_is_shown_both_ways(file):
    result = call("--offline", "--policy", file, "bücher.example",
                  env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert result.stdout.decode().startswith("; bücher.example (xn--bcher-kva.example): ")


def test_nsupdate_commands_replace_the_record(file):
    result = call("--offline", "--policy", file, "--format", "nsupdate", "example.com")
    assert result.returncode == 0
    assert [line for line in result.stdout.decode().splitlines() if line[0] != ";"] == [
        "update delete _mta-sts.example.com. TXT",
        f'update add _mta-sts.example.com. 3600 IN TXT "{RECORD}"',
        "send",
    ]


def test_an_invalid_policy_is_not_published(tmp_path):
    path = tmp_path / "policy.txt"
    path.write_bytes(POLICY.replace(b"enforce", b"Enforce"))
    result = call("--offline", "--policy", str(path), "example.com")
    assert (result.returncode, result.stdout) == (1, b"")
    assert f"run 'mta-sts lint {path}' to see why" in result.stderr.decode()


def test_without_an_apachectl_the_reason_is_reported(tmp_path):
    result = call("--from-apache", "--offline", env={"PATH": str(tmp_path)})
    assert result.returncode == 1
    assert result.stderr.startswith(b"mta-sts dns: ")
    assert result.stdout == b""


def test_without_a_network_nothing_is_to_be_published_and_the_reason_is_shown(file):
    """Nobody can know then whether the policy is served."""
    words = ["unshare", "-n", COMMAND, "dns", "--timeout", "2", "--policy", file, "example.com"]
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("cannot make a network namespace")
    result = subprocess.run(words, capture_output=True, timeout=120)
    assert result.returncode == 1
    assert b"no name server answers: check the network" in result.stderr
    assert not [line for line in result.stdout.splitlines() if not line.startswith(b";")]


@pytest.fixture
def history():
    """A state directory, and what writes one served policy into its database."""
    directory = tempfile.TemporaryDirectory()
    state = pathlib.Path(directory.name)
    report = pathlib.Path(__file__).parents[1] / "data" / "reports" / "google-success.json"
    for words in ["import", str(report)], ["reindex"]:
        subprocess.run([COMMAND, *words, "--state-dir", str(state)], capture_output=True, timeout=60,
                       check=True)

    def note(policy, days_ago, max_age=604800):
        """Served until then by another machine."""
        last = int((time.time() - 86400 * days_ago) * UNIT)
        with sqlite3.connect(state / "reports.db") as db:
            db.execute("INSERT INTO mta_sts_history (domain, host, first_served, last_served, id,"
                       " max_age, text) VALUES ('example.com', 'other', ?, ?, ?, ?, ?)",
                       (last - UNIT, last, hashlib.sha256(policy).hexdigest()[:20], max_age,
                        policy.decode()))
        db.close()
        return last // UNIT + max_age
    with directory:
        yield state, note


def shown_until(state, file):
    result = call("--offline", "--policy", file, "--state-dir", str(state), "example.com")
    assert (result.returncode, result.stderr) == (0, b"")
    _, domains = call_json("--offline", "--policy", file, "--state-dir", str(state), "example.com")
    return [line for line in result.stdout.decode().splitlines() if "hold an earlier" in line], \
        domains[0]["earlier_policy_until"]


def test_until_when_senders_may_hold_an_earlier_policy_is_shown(history, file):
    state, note = history
    note(POLICY.replace(b"enforce", b"testing"), 6)
    until = note(POLICY.replace(b"enforce", b"none"), 2)
    lines, timestamp = shown_until(state, file)
    assert lines == [time.strftime(";   senders may hold an earlier policy until %Y-%m-%d",
                                   time.gmtime(until))]
    assert timestamp == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))


def test_without_an_earlier_policy_that_senders_may_hold_no_day_is_shown(history, file):
    state, note = history
    assert shown_until(state, file) == ([], None)
    note(POLICY, 1)  # the same
    note(POLICY.replace(b"enforce", b"none"), 8)  # expired
    assert shown_until(state, file) == ([], None)


def test_a_history_that_cannot_be_read_is_reported_and_the_records_are_printed(history, file):
    state, _ = history
    (state / "reports.db").write_bytes(b"no database" * 1000)
    result = call("--offline", "--policy", file, "--state-dir", str(state), "example.com")
    assert result.stderr.startswith(b"mta-sts dns: the history of served policies cannot be read: ")
    assert RECORD.encode() in result.stdout and result.returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_reads_the_history_as_the_owner_of_the_state_directory(history, file):
    state, note = history
    note(POLICY.replace(b"enforce", b"none"), 2)
    for path in state, *state.rglob("*"):
        shutil.chown(path, 33, 33)
    assert shown_until(state, file)[0]
    assert all(path.stat().st_uid == 33 for path in (state, *state.rglob("*")))


USAGE_ERRORS = [  # words, what is said
    ([], "DOMAIN is missing (or use --from-apache)"),
    (["--frobnicate", "example.com"], "there is no option --frobnicate"),
    (["--format", "xml", "example.com"], 'zone, nsupdate or json, not "xml"'),
    (["--rua", "tls@example.com", "example.com"], 'write "mailto:tls@example.com"'),
    (["--rua", "http://example.com/", "example.com"], "has a scheme that senders do not support"),
    (["--rua"], "--rua needs a value"),
    (["--address", "mx1.example.com", "example.com"], "an IPv4 or IPv6 address"),
    (["--address", "192.0.2.1", "--cname", "a.example", "example.com"], "cannot be combined"),
    (["--cname", "a b", "example.com"], '--cname: "a b" contains a blank'),
    (["--ttl", "0", "example.com"], "--ttl takes a number from 1 to 604800"),
    (["--ttl", "604801", "example.com"], "--ttl takes a number from 1 to 604800"),
    (["--ttl", "1h", "example.com"], "--ttl takes a number from 1 to 604800"),
    (["--timeout", "18", "example.com"], "--timeout takes a number from 1 to 17"),
    (["--connect", "nonsense", "example.com"], "--connect takes HOST=ADDRESS:PORT, not \"nonsense\""),
    (["--resolver", "localhost", "example.com"], "localhost"),
    (["--trust-anchor", "/nonexistent/anchor", "example.com"], "/nonexistent/anchor"),
    (["--ca-file", "/nonexistent/ca", "example.com"], "/nonexistent/ca"),
    (["--policy", "a", "--from-apache", "example.com"], "cannot be combined"),
    (["--offline", "example.com"], "--offline needs --policy or --from-apache"),
    (["--policy", "/nonexistent/policy", "example.com"], "No such file or directory"),
    (["mta-sts.example.com"], "is a policy host"),
    (["192.0.2.1"], "192.0.2.1"),
    (["user@example.com"], "user@example.com"),
    ([""], "empty"),
]


@pytest.mark.parametrize("words, said", USAGE_ERRORS)
def test_wrong_usage_is_reported_and_exits_with_2(words, said):
    result = call(*words)
    assert result.returncode == 2, result.stderr
    assert said in result.stderr.decode()
    assert result.stdout == b""


def test_help_is_printed_on_standard_output():
    result = call("--help")
    assert result.returncode == 0
    assert result.stdout.startswith(b"Usage: mta-sts dns")


def test_the_rua_option_takes_the_list_of_a_record(tmp_path):
    file = tmp_path / "policy.txt"
    file.write_bytes(b"version: STSv1\r\nmode: testing\r\nmx: a.example.com\r\nmax_age: 604800\r\n")
    result = subprocess.run(
        [COMMAND, "dns", "--offline", "--policy", str(file), "--rua",
         "mailto:a@b\u00fccher.example, https://c.example/t", "--rua", "mailto:d@e.example",
         "example.com"], capture_output=True, timeout=60)
    assert ("v=TLSRPTv1; rua=mailto:a@xn--bcher-kva.example,https://c.example/t,mailto:d@e.example"
            in result.stdout.decode())

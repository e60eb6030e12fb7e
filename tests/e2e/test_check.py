# SPDX-License-Identifier: Apache-2.0
"""`mta-sts check` against the real lab: one domain for each fault, and many domains."""

import json
import os
import pty
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.check import CALL, TIMEOUT, check, findings, read_all
from lab.dns import quoted
from lab.domain import policy_id
from lab.faulty import Web, answer, hang, reply, serve
from lab.faulty_domains import CRITICAL, EVERYBODY, FAULTS, OK, UNKNOWN, WARNING, ZONE, policy

MANY_ZONE = "many.test"
HANGING_ZONE = "hanging.test"
LONG = os.environ.get("MTA_STS_LONG") == "1"


@pytest.fixture(scope="module")
def results(faults):
    """What one call says of all of them that need no options of their own: {domain: JSON}."""
    began = time.monotonic()
    domains = "".join(f"{fault.domain}\n" for fault in faults if not fault.words)
    done = check(*TIMEOUT, "--format", "json", "--file", "-", input=f"# all\n\n{domains}")
    print(f"{len(faults)} domains: {time.monotonic() - began:.1f} s")
    assert done.stderr == ""
    assert done.returncode == 2
    found = json.loads(done.stdout)["domains"]
    for fault in faults:
        if fault.words:
            found += json.loads(check(*fault.words, "--format", "json", fault.domain).stdout)[
                "domains"]
    return {result["domain"]: result for result in found}


@pytest.mark.parametrize("fault", EVERYBODY, ids=repr)
def test_each_fault_is_found_and_has_a_message_of_its_own(results, fault):
    result = results[fault.domain]
    found = [one for one in findings(result) if one["id"] == fault.finding]
    assert found, findings(result)
    assert any(fault.text in one["message"] for one in found), found
    assert all(one["fix"] for one in found if one["severity"] in ("error", "warning")), found
    if fault.severity:
        assert fault.severity in [one["severity"] for one in found]
    assert (result["status"], result["verdict"]["outcome"]) == (fault.status, fault.outcome), \
        (result["verdict"], findings(result))


def test_there_are_enough_faults():
    assert len(FAULTS) >= 40
    assert len({fault.domain for fault in EVERYBODY}) == len(EVERYBODY)


STATUSES = {OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3}


def test_the_exit_status_and_the_line_for_monitoring_are_those_of_the_domain(faults):
    """One call for each domain: several at a time, since some of them wait."""
    def call(fault):
        return fault, check(*TIMEOUT, *fault.words, "--format", "nagios", fault.domain)

    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(call, faults))
    for fault, result in done:
        blocked = fault.name == "full"  # alone, it looks as if port 25 were blocked
        expected = UNKNOWN if blocked else fault.status
        assert result.returncode == STATUSES[expected], (fault, result.stdout)
        assert result.stdout.startswith(f"MTA-STS {expected.upper()}: {fault.domain}"), fault
        assert result.stdout.count("\n") == 1 and result.stdout.count("|") == 1
        if blocked:
            assert "[smtp-blocked]" in result.stdout
        assert result.stderr == ""


# --- many domains ---

MANY = [f"d{number}.{MANY_ZONE}" for number in range(400)]


@pytest.fixture(scope="module")
def many(dns, faults, ca):
    """Healthy domains in one zone, with the same records for all by a wildcard."""
    web = Web("127.0.2.6", ca.issue(*(f"mta-sts.{domain}" for domain in MANY)))
    for domain in MANY:
        web.add(f"mta-sts.{domain}", reply(answer(policy())))
    dns.zone(MANY_ZONE)
    dns.publish_all(MANY_ZONE, {
        (f"*.{MANY_ZONE}", "MX"): [f"10 mx-good.{ZONE}."],
        (f"*.{MANY_ZONE}", "A"): ["127.0.2.6"],
        (f"*.{MANY_ZONE}", "TXT"): [quoted(f"v=STSv1; id={policy_id(policy())};"),
                                    quoted("v=TLSRPTv1; rua=mailto:tls@lab.test")],
        (f"last.{MANY_ZONE}", "TXT"): [quoted("the last record")],
    })
    return MANY


def test_many_domains_are_checked_side_by_side(many):
    began = time.monotonic()
    done = check("--format", "nagios", "--file", "-", input="\n".join([*many, many[0]]))
    print(f"{len(many)} healthy domains: {time.monotonic() - began:.1f} s")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith(
        f"MTA-STS OK: {len(many)} domains | domains={len(many)} warning=0 critical=0 unknown=0 ")
    assert done.stdout.count("_days'=") == len(many) + 1


HANGING_APACHECTL = """\
#!/bin/sh
sleep 15
echo "; MTA-STS policies of this server"
for number in $(seq 400); do
    echo ";   policy id 1"
    echo ";   mode enforce, max_age 604800, mx mx.lab.test"
    echo "_mta-sts.d$number.{zone}. IN TXT \\"v=STSv1; id=1;\\""
done
"""


@pytest.mark.skipif(not LONG, reason="takes a minute")
def test_the_check_ends_within_a_minute_whatever_hangs(dns, faults, tmp_path):
    """apachectl, policy hosts and mail servers, more of them than are asked at a time."""
    for port in 443, 25:
        serve("127.0.4.1", port, hang, backlog=1000)
    dns.zone(HANGING_ZONE)
    records = {}
    for number in range(1, 401):
        domain = f"d{number}.{HANGING_ZONE}"
        records[domain, "MX"] = [f"10 mx{number}.{HANGING_ZONE}."]
        records[f"mx{number}.{HANGING_ZONE}", "A"] = ["127.0.4.1"]
        records[f"mta-sts.{domain}", "A"] = ["127.0.4.1"]
        records[f"_mta-sts.{domain}", "TXT"] = [quoted("v=STSv1; id=1;")]
    dns.publish_all(HANGING_ZONE, records)
    apachectl = tmp_path / "apachectl"
    apachectl.write_text(HANGING_APACHECTL.format(zone=HANGING_ZONE))
    apachectl.chmod(0o755)
    began = time.monotonic()
    done = check("--format", "json", env={"PATH": f"{tmp_path}:/usr/bin:/usr/sbin:/bin"})
    took = time.monotonic() - began
    print(f"400 domains where all hangs: {took:.1f} s")
    results = json.loads(done.stdout)["domains"]
    ids = {one["id"] for result in results for one in findings(result)}
    assert took < 60
    assert (done.returncode, len(results)) == (2, 400)
    assert {"fetch-timeout", "fetch-untried", "smtp-greeting-timeout"} <= ids


def test_the_line_for_monitoring_names_a_few_of_many_domains(faults):
    done = check("--format", "nagios", *(f"nosuch{number}.lab.test" for number in range(7)))
    assert done.returncode == 2
    said, numbers = done.stdout.split(" | ")
    assert said.count("[domain-unknown]") == 5 and said.endswith("; and 2 more")
    assert numbers == "domains=7 warning=0 critical=7 unknown=0\n"


def test_on_a_terminal_a_line_shows_progress_and_is_erased(faults, tmp_path):
    path = tmp_path / "list"
    path.write_text(f"good.{ZONE} # ours\r\n  patient.{ZONE}\t\n\n# none\nold-id.{ZONE}\n")
    terminal, end = pty.openpty()
    done = subprocess.run([*CALL, "--file", str(path)], stdout=subprocess.PIPE, stderr=end,
                          text=True, timeout=70)
    os.close(end)
    output = read_all(terminal)
    assert done.returncode == 1
    assert "\r" not in done.stdout and done.stdout.count("  Verdict\n") == 3
    for part in "asking DNS about domains: 3", "asking DNS about mail servers: 2", \
            "fetching policies and probing mail servers: ":
        assert f"\r\x1b[K{part}" in output, output
    assert output.endswith("\r\x1b[K") and "\n" not in output


# --- what a real sender sees ---

# mta-sts-query once for each domain, but loaded only once: that takes longer than its work.
QUERIES = """\
import contextlib, io, multiprocessing, sys
from importlib.metadata import distribution
entry, = (one for one in distribution("postfix-mta-sts-resolver").entry_points
          if one.name == "mta-sts-query")
query = entry.load()

def ask(domain):
    sys.argv[1:] = [domain]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        query()
    return output.getvalue()

with multiprocessing.Pool(16, maxtasksperchild=1) as pool:
    print(*pool.map(ask, sys.stdin.read().split(), chunksize=1), sep="\\0", end="")
"""


def ask_sender(domains):
    """{domain: what mta-sts-query says}"""
    done = subprocess.run(["/usr/bin/python3", "-c", QUERIES], input=" ".join(domains),
                          capture_output=True, text=True, timeout=200)
    output = [re.search(r"STSFetchResult\.(\w+)", text).group(1) for text in done.stdout.split("\0")]
    assert len(output) == len(domains), done.stderr
    return dict(zip(domains, output))


def test_a_real_sender_sees_a_policy_where_we_say_that_senders_do(results, faults):
    """It looks at the record and the policy, not at the MX."""
    seen = ask_sender([fault.domain for fault in faults])
    differences = {}
    for fault in faults:
        sender = seen[fault.domain]
        judged = {one["id"] for one in findings(results[fault.domain])}
        ours = "VALID" if "policy-valid" in judged and "policy-fetched" in judged \
            and "record-found" in judged else "none"
        if (sender == "VALID") != (ours == "VALID"):
            differences[fault.name] = (sender, ours)
    for name, (sender, ours) in sorted(differences.items()):
        print(f"{name}: mta-sts-query says {sender}, we say {ours}")
    unexpected = {fault.name: seen[fault.domain] for fault in faults
                  if seen[fault.domain] not in fault.sender.split(" or ")}
    assert not unexpected
    unexplained = {fault.name for fault in faults if not fault.differs}
    assert not unexplained & set(differences), differences

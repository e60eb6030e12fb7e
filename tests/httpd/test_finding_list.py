# SPDX-License-Identifier: Apache-2.0
"""None of the findings at start is left out of tests/e2e/test_startup.py. It is here because
a new one is noticed at once, without the lab."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCES = TESTS.parent / "mod_mta_sts"

# Tested elsewhere: which files' findings are of no start, and which lines come later.
OF_COMMANDS = {"core/check", "core/dns", "core/policy/grammar", "core/policy/record",
               "core/policy/repair", "core/policy/rua", "core/policy/text", "tlsrpt/advice",
               "tlsrpt/report"}
OF_CONFIGTEST = {"policy-too-long", "policy-contradiction"}
ELSEWHERE = {
    "certificate-ca-unknown": "httpd/test_findings.py",
    "certificate-chain-broken": "httpd/test_findings.py",
    "certificate-chain-incomplete": "httpd/test_findings.py",
    "certificate-missing": "e2e/test_md.py",
    "certificate-self-signed": "httpd/test_findings.py",
    "clock-jumped": "unit/test_index_expire.c",
    "report-not-opened": "httpd/test_watchdog.py",
    "report-conflict": "httpd/test_watchdog.py",
    "report-domain-missing": "httpd/test_findings.py",
    "fetches-full": "httpd/test_fetch_log.py",
    "fetches-lost": "httpd/test_fetch_log.py",
    "fetches-proxy": "httpd/test_fetch_log.py",
    "hosting-failed": "httpd/test_hosting.py",
    "hosting-held": "httpd/test_hosting.py",
    "hosting-served": "httpd/test_hosting.py",
    "hosting-shadowed": "httpd/test_hosting.py",
    "hosting-stale": "httpd/test_hosting.py",
    "pair-broken": "httpd/test_pair_findings.py",
    "pair-missing": "httpd/test_pair_findings.py",
    "pair-waits-for-reload": "httpd/test_pair_findings.py",
    "pair-without-policy": "httpd/test_pair_findings.py",
    "pairs-none": "unit/test_pairs_check.c",
    "pairs-renewed": "httpd/test_renewal.py",
    "pairs-too-many": "httpd/test_certificates.py",
    "pairs-unused": "httpd/test_certificates.py",
    "row-hidden": "httpd/test_hosting.py",
    "row-wrong": "httpd/test_hosting.py",
    "index-full": "unit/test_index_bounds.c",
    "report-quota": "httpd/test_report_disk.py",
    "remoteip-open": "httpd/test_remoteip.py",
    "report-proxy": "httpd/test_findings.py",
    "state-link": "unit/test_spool_directories.c",
    "report-not-removed": "unit/test_index_expire.c",
    "report-unreadable": "unit/test_index_files.c",
    "reports-indexed": "httpd/test_watchdog.py",
    "spool-missing": "unit/test_index_files.c",
    "spool-unreadable": None,  # what no file system does that is in order
    "limits-not-written": "httpd/test_state_dir.py",
    "machine-renamed": "httpd/test_hosting_machines.py",
    "policy-served": "httpd/test_start_up_log.py",
}
FOUND = r'MTA_STS_(?:INFO|WARNING|ERROR|UNKNOWN),\s*"([a-z-]+)"'
LOGGED = r'\[([a-z]+(?:-[a-z]+)+)\]"|log_number\([^;]*"([a-z-]+)"\);'


def test_each_finding_of_the_source_is_in_the_test_of_starts():
    known = set(OF_CONFIGTEST) | set(ELSEWHERE)
    known |= set(re.findall(r'"(?:info|notice|warn|error)", "([a-z-]+)"',
                            (TESTS / "e2e/test_startup.py").read_text()))
    source = set()
    for room in "core", "tlsrpt", "httpd":
        for path in (SOURCES / room).rglob("*.c"):
            name = str(path.relative_to(SOURCES).with_suffix(""))
            text = "" if any(name.startswith(part) for part in OF_COMMANDS) else path.read_text()
            source |= set(re.findall(FOUND, text))
            source |= {a or b for a, b in re.findall(LOGGED, text)}
    assert source == known, "e2e/test_startup.py lacks it, or one of the lists above does"
    for identity, test in ELSEWHERE.items():
        assert not test or identity in (TESTS / test).read_text()

# SPDX-License-Identifier: Apache-2.0
"""Debian's modules against attacks, loaded for real beside the policy and the endpoint: mod_security2
with its core rule set, mod_evasive and mod_qos. doc/under-attack.md says what each of them can do."""

import contextlib
import pathlib
import random
import socket
import subprocess
import sys

import pytest

import client
import policy
import process
import report
from beside import fetch_from, post_from, talk_from
from httpd import MODULES, TOP, site
from report import Spool, make as make_report, packed, post

sys.path.insert(0, str(TOP / "tests"))
import manual  # noqa: E402

RECOMMENDED = pathlib.Path("/etc/modsecurity/modsecurity.conf-recommended")
MAPPING = RECOMMENDED.parent / "unicode.mapping"
CORE_RULES = "Include /usr/share/modsecurity-crs/owasp-crs.load\n"
DENIED = r"\[security2:error\].* ModSecurity: Access denied with code 403 \(phase 1\)"
# What httpd's own page says, and what `mta-sts check` recognizes (test_check.c).
HTTPD_PAGE = b"You don't have permission to access this resource."


# --- mod_security ---

def blocking(server):
    """Debian's recommended configuration, but blocking, and with files of this httpd."""
    text = RECOMMENDED.read_text().replace("SecRuleEngine DetectionOnly", "SecRuleEngine On")
    for written, here in (("Dir /tmp/", f"Dir {server.root}/database"),
                          (" unicode.mapping", f" {MAPPING}"),
                          (" /var/log/apache2/", f" {server.root}/")):
        assert written in text
        text = text.replace(written, here)
    return text


@pytest.fixture
def guarded(make):
    """guarded(rules) -> a running httpd with mod_security and these rules besides the defaults"""
    def start(rules="", site="", **more):
        server = make(**more)
        body = blocking(server) + rules + report.conf(site)
        return server.configure(body, modules=["unique_id", "security2"]).start()
    return start


def test_the_core_rule_set_blocks_others_and_lets_policies_and_reports_through(guarded):
    server = guarded(CORE_RULES)
    server.log.possible.append(r"\[security2:error\]")
    (server.root / "htdocs/page.html").write_text("the site")
    attack = "/page.html?file=../../../../etc/passwd&id=1%27%20OR%20%271%27=%271"
    assert server.fetch_plainly(path="/page.html", host="www.example.com").status == 200
    assert server.fetch_plainly(path=attack, host="www.example.com").status == 403
    policy.check(server.fetch())
    policy.check(server.fetch(headers=["User-Agent: Mozilla/5.0", "Accept: */*"]))
    assert post(server, packed(make_report(1))).status == 201
    assert post(server, make_report(2), report.JSON).status == 201
    spool = Spool(server)
    assert spool.has(make_report(1), packed(make_report(1))) and spool.has(make_report(2))


def test_a_rule_of_phase_1_comes_first_and_one_of_phase_2_does_not(guarded):
    server = guarded(
        'SecRule REQUEST_METHOD "@streq POST" "id:1,phase:1,deny,status:403"\n'
        'SecRule REQUEST_URI "@contains mta-sts.txt" "id:2,phase:2,deny,status:403"\n',
        expected=[DENIED])
    policy.check(server.fetch())
    assert post(server, packed(make_report(1))).status == 403
    assert Spool(server).files() == {}


def test_a_policy_that_phase_1_refuses_shows_httpds_own_page(guarded):
    server = guarded('SecRule REQUEST_URI "@beginsWith /.well-known" "id:1,phase:1,deny,status:403"\n',
                     expected=[DENIED])
    answer = server.fetch()
    assert answer.status == 403 and HTTPD_PAGE in answer.body
    assert post(server, packed(make_report(1))).status == 201


@pytest.mark.parametrize("phase", [3, 4])
def test_a_rule_about_answers_changes_the_answer_to_a_report_that_is_stored(guarded, phase):
    server = guarded("SecResponseBodyAccess On\nSecResponseBodyMimeType text/plain\n"
                     f'SecAction "id:1,phase:{phase},deny,status:403"\n',
                     expected=[DENIED.replace("phase 1", f"phase {phase}")])
    policy.check(server.fetch())
    assert post(server, packed(make_report(1))).status == 403
    assert Spool(server).has(make_report(1), packed(make_report(1)))


def test_the_limits_of_the_recommended_configuration_let_the_largest_reports_through(guarded):
    """SecRequestBodyNoFilesLimit is 128 KiB there."""
    server = guarded(CORE_RULES)
    server.log.possible.append(r"\[security2:error\]")
    body = packed(make_report(1, noise=[random.Random(one).randbytes(1000).hex() for one in range(900)]))
    assert len(body) > 1000000
    assert post(server, body).status == 201
    assert post(server, report.chunked(body, 10000), headers=["Transfer-Encoding: chunked"]).status == 200


def test_the_documented_exemptions_let_policies_and_reports_through(guarded):
    rules = "\n".join(manual.block("doc/under-attack.md", "exemption").lines) + "\n"
    server = guarded(rules + 'SecAction "id:1,phase:1,deny,status:403"\n', expected=[DENIED])
    policy.check(server.fetch())
    assert post(server, packed(make_report(1))).status == 201
    assert server.fetch(path="/other").status == 403


# --- mod_evasive ---

EVASIVE = """\
ServerLimit 1
StartServers 1
MaxRequestWorkers 16
DOSPageCount 3
DOSPageInterval 60
DOSSiteCount 1000
DOSBlockingPeriod 60
DOSLogDir "@ROOT@/database"
"""


# Debian 12 has it as evasive20. The later version does nothing unless it is enabled, and logs whom
# it bans to the error log, not to syslog.
EVASIVE_MODULE = "evasive20" if (MODULES / "mod_evasive20.so").exists() else "evasive"
EVASIVE_DENIED = [r"\[evasive(20:error|:notice)\].* \[client 127\.0\.0\.5:.*client denied"]
if EVASIVE_MODULE == "evasive":
    EVASIVE += "DOSEnabled true\n"
    EVASIVE_DENIED += [r"\[evasive:warn\].* Blacklisting address 127\.0\.0\.5:"]


def test_mod_evasive_bans_reports_of_the_client_and_never_touches_the_policy(make):
    """Each child counts for itself, so there is one only."""
    server = make(expected=EVASIVE_DENIED)
    server.configure(EVASIVE + report.conf(), modules=[EVASIVE_MODULE]).start()
    port = server.ports["http"]
    statuses = [post_from("127.0.0.5", port, packed(make_report(n))).status for n in range(6)]
    assert statuses[0] == 201 and statuses[-1] == 403, statuses
    assert post_from("127.0.0.6", port, packed(make_report(100))).status == 201
    for _ in range(20):
        policy.check(fetch_from("127.0.0.5", port))
    assert len(Spool(server).files()) == statuses.count(201) + 1
    assert [path.name for path in (server.root / "database").glob("dos-*")] == ["dos-127.0.0.5"]


def test_mod_evasive_may_refuse_with_another_status_and_over_http_2(make, ca, mpm):
    code = b"DOSHTTPResponseCode"
    if mpm == "prefork":
        pytest.skip("prefork has no HTTP/2")
    if code not in (MODULES / f"mod_{EVASIVE_MODULE}.so").read_bytes():
        pytest.skip("this version of mod_evasive has no DOSHTTPResponseCode")
    server = make(expected=[r"\[evasive(20)?:error\].* \[(client|remote) 127\.0\.0\.[56]:.*client denied"])
    server.configure("Protocols h2 http/1.1\n" + EVASIVE + code.decode() + " 429\n"
                     + site(policy.HOST, policy.MX + report.ENDPOINT), [EVASIVE_MODULE, "http2"]).start()
    port = server.ports["https"]
    for source, protocol, version in (("127.0.0.5", "--http1.1", "1.1"), ("127.0.0.6", "--http2", "2")):
        shown = []
        for number in range(6):
            body = server.write("body", make_report(number).decode())
            shown.append(subprocess.run(
                ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", protocol,
                 "--cacert", ca.root, "--interface", source, "--resolve",
                 f"{policy.HOST}:{port}:127.0.0.1", "--data-binary", f"@{body}",
                 f"https://{policy.HOST}:{port}{report.PATH}"],
                capture_output=True, text=True, timeout=60).stdout)
        assert shown[0] in (f"201 {version}", f"200 {version}") and shown[-1] == f"429 {version}", shown
        policy.check(fetch_from(source, port, (client.trusting(ca.root), policy.HOST)))


# --- mod_qos ---

# Debian 12 builds it for the old PCRE without linking it, and httpd itself has the new one.
OLD_PCRE = sorted(pathlib.Path("/usr/lib").glob("*/libpcre.so.3"))
QOS = "".join(f"LoadFile {path}\n" for path in OLD_PCRE) + """\
LoadModule qos_module /usr/lib/apache2/modules/mod_qos.so
QS_SrvMaxConnPerIP 50
QS_ClientEntries 1000
QS_SetEnvIfStatus 415 QS_Block
QS_ClientEventBlockCount 3 600
QS_LocRequestLimitDefault 100
"""


def test_mod_qos_limits_the_requests_for_the_report_path_and_not_those_for_the_policy(make):
    server = make(expected=[r"\[qos:error\].* mod_qos\(010\): access denied, .*: /tlsrpt\(2\)"])
    server.log.possible.append(r"\[report-cut\]$")
    server.configure(QOS + "QS_LocRequestLimit /tlsrpt 2\n" + report.conf(), modules=["unique_id"]).start()
    port = server.ports["http"]
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stream = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            stream.sendall(report.request(b"", headers=["Content-Length: 1000", "Expect: 100-continue"]))
            assert stream.recv(100).startswith(b"HTTP/1.1 100 ")  # so it is counted
        assert post_from("127.0.0.6", port, packed(make_report(1))).status == 500
        for _ in range(5):
            policy.check(fetch_from("127.0.0.6", port))
    process.wait_for(lambda: post_from("127.0.0.6", port, packed(make_report(2))).status == 201,
                     "both uploads to end")


def is_cut_off(source, port):
    """Whether a connection is closed without an answer."""
    try:
        return talk_from(source, port, report.request(b"hello")) == b""
    except ConnectionResetError:
        return True


def test_mod_qos_blocks_the_client_that_sends_no_reports_and_nobody_else(make):
    server = make(expected=[r"\[report-invalid\]$", r"\[qos:error\].* mod_qos\(.*c=127\.0\.0\.5"])
    server.configure(QOS + report.conf(), modules=["unique_id"]).start()
    port = server.ports["http"]
    policy.check(fetch_from("127.0.0.5", port))
    assert post_from("127.0.0.6", port, packed(make_report(1))).status == 201
    for _ in range(3):
        assert post_from("127.0.0.5", port, b"hello").status == 415
    assert is_cut_off("127.0.0.5", port)
    assert post_from("127.0.0.6", port, packed(make_report(2))).status == 201
    policy.check(fetch_from("127.0.0.6", port))

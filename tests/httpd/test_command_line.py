# SPDX-License-Identifier: Apache-2.0
"""apache2 -t and its relatives; -D DUMP_MTA_STS."""

import re
import subprocess

import pytest

import policy
from httpd import APACHE, proxied, site
from policy import HOST, MX, text

ENFORCED = text("mx1.example.net", "*.example.net", mode="enforce", max_age=86400)
CONF = ("MTASTSMode testing\n"
        "<MTASTSPolicy example.net example.org>\nMTASTSMode enforce\n"
        "MTASTSMx mx1.example.net *.example.net\nMTASTSMaxAge 1d\n</MTASTSPolicy>\n"
        + proxied("www.example.com") + proxied(HOST, MX, aliases="mta-sts.xn--bcher-kva.example"))
SERVED = {"example.com": (policy.POLICY, 14), "example.net": (ENFORCED, 2),
          "example.org": (ENFORCED, 2), "xn--bcher-kva.example": (policy.POLICY, 14)}


@pytest.fixture
def server(make):
    return make().configure(CONF)


def snapshot(server):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size)
            for path in server.root.rglob("*")}


WORDS = [["-t"], ["-S"], ["-M"], ["-t", "-D", "DUMP_CONFIG"], ["-t", "-D", "DUMP_VHOSTS"],
         ["-t", "-D", "DUMP_MODULES"], ["-t", "-D", "DUMP_RUN_CFG"], ["-t", "-D", "DUMP_INCLUDES"],
         ["-t", "-D", "DUMP_MTA_STS"]]


@pytest.mark.parametrize("user", [None, "nobody"])
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_inspecting_the_configuration_succeeds_and_writes_nothing(server, words, user):
    before = snapshot(server)
    status, output = server.run(*words, user=user)
    assert status == 0, output
    assert output
    assert snapshot(server) == before
    assert not (server.root / "error.log").exists()


def test_configtest_says_ok_and_no_more(server):
    assert server.run("-t")[1].splitlines()[-1] == "Syntax OK"
    assert "warn" not in server.run("-t")[1]


def test_the_module_is_listed(server):
    assert "mta_sts_module (shared)" in server.run("-M")[1]


def test_the_configuration_dump_shows_the_directives_of_the_module(server):
    output = server.configure(CONF, modules=["info"]).run("-t", "-D", "DUMP_CONFIG")[1]
    assert "MTASTSMx mx1.example.net *.example.net" in output
    assert "<MTASTSPolicy example.net example.org>" in output


def dump(server):
    """What goes to the standard output, from where it is pasted."""
    result = subprocess.run([APACHE, "-t", "-D", "DUMP_MTA_STS", "-f", str(server.conf_file)],
                            capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout.decode()


def test_the_record_that_is_proposed_for_reports_has_the_endpoint_in_it(make):
    server = make().configure(
        "MTASTSReportPath /all\n"
        + proxied("mta-sts.example.com", "MTASTSMx a.example\nMTASTSReportPath /tlsrpt\n")
        + proxied("mta-sts.example.net", "MTASTSMx a.example\nMTASTSReportPath off\n")
        + "<MTASTSPolicy example.org>\nMTASTSMx a.example\n</MTASTSPolicy>\n")
    output = dump(server)
    for rua in ("example.com https://mta-sts.example.com/tlsrpt,mailto:YOU@example.com",
                "example.net mailto:YOU@example.net",
                "example.org https://mta-sts.example.org/all,mailto:YOU@example.org"):
        domain, rua = rua.split(" ")
        assert f';_smtp._tls.{domain}. IN TXT "v=TLSRPTv1; rua={rua}"\n' in output


def entries(output):
    """{domain: its lines}"""
    found = {}
    for part in output.split("\n\n"):
        head = re.match(r"; (?:policy hosts that match )?([\w.*-]+)\n", part)
        if head:
            found[head[1]] = part
    return found


def test_the_dump_lists_each_policy_domain_with_policy_id_and_location(server):
    found = entries(dump(server))
    assert set(found) == set(SERVED)
    for domain, (served, line) in SERVED.items():
        entry = found[domain]
        mode, *mx, max_age = [part.split(": ")[1] for part in served.decode().split("\r\n")[1:-1]]
        assert policy.identity(served) in entry
        assert f"{server.conf_file}:{server.line + line}" in entry
        assert re.search(rf"\bmode {mode}\b", entry)
        assert re.search(rf"\bmax_age {max_age}\b", entry)
        assert " ".join(mx) in entry


def mode_lines(output):
    return re.findall(r"^;   MTASTSMode set at .*:(\d+)$", output, re.M)


def test_the_dump_shows_the_line_of_each_mode_that_is_not_the_default(make):
    server = make().configure(CONF)
    found = entries(dump(server))
    assert mode_lines(found["example.com"]) == [str(server.line + 1)]  # inherited
    assert mode_lines(found["example.net"]) == [str(server.line + 3)]
    assert mode_lines(dump(server.configure(proxied(HOST, MX)))) == []


def test_the_dump_shows_which_of_two_virtual_hosts_with_one_policy_speaks_http(make):
    """As after certbot, which copies a virtual host."""
    server = make()
    plain = proxied(HOST, MX).replace("https://", "")
    entry = entries(dump(server.configure(plain + site(HOST, MX))))["example.com"]
    assert len(re.findall(r"^;   defined at ", entry, re.M)) == 2
    assert re.findall(r"^;   defined at .*:(\d+), .*\n;   not served from there: senders use https, and "
                      r"that virtual host is http only$", entry, re.M) == [str(server.line + 3)]


def test_the_dump_is_lines_of_a_zone_file_and_comments(server):
    for line in dump(server).splitlines():
        assert re.fullmatch(
            r'|;.*|_mta-sts\.[a-z0-9.-]+\. IN TXT "v=STSv1; id=[0-9a-f]{20};"', line), line


def test_the_dump_gives_the_records_to_publish(server):
    output = dump(server)
    for domain, (served, _) in SERVED.items():
        record = f'_mta-sts.{domain}. IN TXT "v=STSv1; id={policy.identity(served)};"'
        assert output.splitlines().count(record) == 1
        assert re.search(rf"^;mta-sts\.{domain}\. IN A ", output, re.M)
        assert re.search(rf'^;_smtp\._tls\.{domain}\. IN TXT "v=TLSRPTv1; rua=mailto:', output,
                         re.M)


@pytest.mark.parametrize("completed", [False, True])
def test_a_name_server_accepts_the_dump_as_it_is_and_with_every_record_completed(
        server, tmp_path, completed):
    output = dump(server)
    if completed:
        output = re.sub(r"^;(?=[\w.-]+\. IN )", "", output, flags=re.M)
    zone = tmp_path / "zone"
    zone.write_text("$TTL 300\n@ IN SOA ns.invalid. h.invalid. 1 2 3 4 5\n@ IN NS ns.invalid.\n"
                    "ns.invalid. IN A 192.0.2.1\n" + output)
    check = subprocess.run(["named-checkzone", "-i", "none", "-D", ".", str(zone)],
                           capture_output=True, timeout=60)
    assert check.returncode == 0, check.stdout
    read = check.stdout.decode()
    for domain, (served, _) in SERVED.items():
        assert re.search(rf'^_mta-sts\.{domain}\.\s.*TXT\s+"v=STSv1; '
                         rf'id={policy.identity(served)};"', read, re.M)
        assert bool(re.search(rf"^_smtp\._tls\.{domain}\.\s.*TXT", read, re.M)) == completed
        assert bool(re.search(rf"^mta-sts\.{domain}\.\s.*\sA\s", read, re.M)) == completed


def test_the_id_is_that_of_the_text_as_it_is_served(start):
    server = start(CONF)
    output = dump(server)
    for domain in SERVED:
        served = server.fetch("mta-sts." + domain).body
        assert f'_mta-sts.{domain}. IN TXT "v=STSv1; id={policy.identity(served)};"' in output


def test_an_alias_that_no_request_can_match_is_not_said_to_be_served(start):
    """httpd compares names as they are typed, and clients send A-labels."""
    server = start(proxied("www.example.com")
                   + proxied(HOST, MX, aliases="mta-sts.bücher.example"),
                   expected=[r"\[mta_sts:warn\].*b.*cher\.example"])
    assert server.fetch("mta-sts.xn--bcher-kva.example").status == 404
    assert set(entries(dump(server))) == {"example.com"}


def test_the_dump_shows_a_wildcard_as_a_pattern(make):
    server = make().configure(proxied("www.example.com", MX, aliases="mta-sts.*"))
    output = dump(server)
    assert "mta-sts.*" in output
    assert policy.identity(policy.POLICY) in output
    assert not [line for line in output.splitlines() if line and not line.startswith(";")]


def test_the_dump_of_no_policy_has_no_record(make):
    output = dump(make().configure(proxied("www.example.com")))
    assert "IN TXT" not in output


def test_a_domain_of_two_copies_with_one_policy_has_one_record(make):
    server = make().configure(site(HOST, MX) + proxied(HOST, MX))
    assert dump(server).count("\n_mta-sts.example.com. IN TXT ") == 1


def test_the_dump_is_silent_unless_it_is_asked_for(server):
    assert "_mta-sts" not in server.run("-t")[1]

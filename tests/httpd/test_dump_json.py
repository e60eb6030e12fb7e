# SPDX-License-Identifier: Apache-2.0
"""apachectl -t -D DUMP_MTA_STS_JSON: the effective configuration for programs."""

import json
import subprocess

import pytest

import policy
from httpd import APACHE, proxied, site
from policy import HOST, MX, text

ENFORCED = text("mx1.example.net", "*.example.net", mode="enforce", max_age=86400)
BLOCK = ("<MTASTSPolicy example.net>\nMTASTSMode enforce\n"
         "MTASTSMx mx1.example.net *.example.net\nMTASTSMaxAge 1d\n</MTASTSPolicy>\n")


def dump(server):
    """The document, and that it is the only line that begins with {."""
    result = subprocess.run([APACHE, "-t", "-D", "DUMP_MTA_STS_JSON", "-f", str(server.conf_file)],
                            capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr
    line, = result.stdout.splitlines()
    return json.loads(line)


@pytest.fixture
def read(make):
    """read(configuration) -> (the document, the server)"""
    def read(body, **more):
        server = make().configure(body, **more)
        return dump(server), server
    return read


def location(server, line):
    return {"file": str(server.conf_file), "line": server.line + line}


def test_the_document_has_a_version_and_all_members_without_any_policy(read):
    document, server = read(proxied("www.example.com"))
    assert document == {
        "version": 1, "policies": [], "endpoints": [], "state_dir": f"{server.root}/state",
        "reports": {"max_size": {"sent": 2**20, "inflated": 10 * 2**20},
                    "quota": {"reports": 2**30, "quarantine": 64 * 2**20},
                    "per_minute": 60, "keep_days": 400, "domains": []},
        "database": {"driver": "sqlite3", "file": f"{server.root}/state/reports.db"},
        "fetch_log": {"records": "network", "keep_days": 90},
        "hosting": None, "certificate_days": None, "findings": [], "key_pairs": []}


def test_a_policy_of_a_virtual_host_is_described_completely(read):
    document, server = read("MTASTSMode enforce\n" + proxied("www.example.com") + proxied(HOST, MX))
    found, = document["policies"]
    port = server.ports["http"]
    virtual_host = {"name": HOST, "port": port, "https": True, **location(server, 6)}
    served = policy.POLICY.replace(b"testing", b"enforce")
    assert found == {
        "domain": "example.com", "policy_host": HOST, "pattern": False,
        "id": policy.identity(served), "mode": "enforce", "max_age": 604800,
        "mx": ["mx1.example.com"], "text": served.decode(),
        "record": f"v=STSv1; id={policy.identity(served)};", "served": True, "published": True,
        "https_virtual_host": virtual_host,
        "locations": [{"precedence": 1, "defined_at": location(server, 8),
                       "mode_at": location(server, 1), "virtual_host": virtual_host,
                       "served": True}],
        "report_url": None,
        "records": [
            {"name": "_mta-sts.example.com", "type": "TXT", "example": False,
             "value": f"v=STSv1; id={policy.identity(served)};"},
            {"name": "_smtp._tls.example.com", "type": "TXT", "example": True,
             "value": "v=TLSRPTv1; rua=mailto:YOU@example.com"}]}


def test_a_block_at_server_level_has_no_virtual_host_but_that_which_serves_it(read):
    document, server = read(BLOCK + proxied("www.example.com") + proxied("mta-sts.example.net"))
    found, = document["policies"]
    assert found["id"] == policy.identity(ENFORCED)
    assert found["mx"] == ["mx1.example.net", "*.example.net"]
    assert found["locations"] == [{"precedence": 1, "defined_at": location(server, 1),
                                   "mode_at": location(server, 2), "virtual_host": None,
                                   "served": True}]
    assert found["https_virtual_host"]["name"] == "mta-sts.example.net"
    document, _ = read(BLOCK + proxied("www.example.com"))
    assert document["policies"][0]["https_virtual_host"] is None
    assert document["policies"][0]["served"]


def test_locations_of_one_policy_are_listed_by_precedence_and_http_is_not_served(read):
    plain = proxied(HOST, MX).replace("https://", "")
    document, server = read(plain + site(HOST, MX))
    found, = document["policies"]
    assert [(at["precedence"], at["served"], at["virtual_host"]["https"], at["defined_at"]["line"])
            for at in found["locations"]] == \
        [(1, False, False, server.line + 3), (2, True, True, server.line + 10)]
    assert found["served"] and found["published"]


def test_of_two_policies_of_a_domain_the_first_that_senders_can_fetch_is_published(read):
    document, _ = read(proxied(HOST, MX).replace("https://", "")
                       + proxied("mta-sts.example.com", MX + "MTASTSMode none\n")
                       + "<MTASTSPolicy example.com>\nMTASTSMx other.example\n</MTASTSPolicy>\n")
    assert [(found["mode"], found["served"], found["published"], bool(found["records"]),
             [at["precedence"] for at in found["locations"]])
            for found in document["policies"]] == \
        [("testing", False, False, False, [1]), ("none", True, True, True, [2]),
         ("testing", True, False, False, [3])]


def test_of_two_virtual_hosts_with_one_name_the_first_answers_and_its_id_is_published(start):
    server = start(site(HOST, "MTASTSMx first.example\n") + site(HOST, "MTASTSMx second.example\n"))
    served = server.fetch().body
    assert b"first.example" in served
    assert [(found["id"] == policy.identity(served), found["published"])
            for found in dump(server)["policies"]] == [(True, True), (False, False)]


def test_a_wildcard_alias_is_a_pattern_with_the_text_of_its_record(read):
    document, _ = read(proxied("www.example.com", MX, aliases="mta-sts.*"))
    found, = document["policies"]
    assert (found["domain"], found["pattern"], found["policy_host"]) == ("mta-sts.*", True, None)
    assert found["record"] == f"v=STSv1; id={policy.identity(policy.POLICY)};"
    assert found["records"] == []


def test_endpoints_are_listed_with_their_virtual_hosts_and_in_the_proposed_record(read):
    document, server = read("MTASTSReportPath /all\n"
                            + proxied(HOST, MX + "MTASTSReportPath /tlsrpt\n")
                            + proxied("mta-sts.example.net", "MTASTSReportPath off\n"))
    assert [(found["path"], found["defined_at"], (found["virtual_host"] or {}).get("name"))
            for found in document["endpoints"]] == \
        [("/all", location(server, 1), None), ("/tlsrpt", location(server, 5), HOST)]
    assert document["policies"][0]["records"][1]["value"] == \
        f"v=TLSRPTv1; rua=https://{HOST}/tlsrpt,mailto:YOU@example.com"


def test_the_days_of_a_certificate_warning_are_those_configured(read):
    assert read("MTASTSCertificateDays 20\n")[0]["certificate_days"] == 20


def test_what_the_fetch_log_records_is_as_configured(read):
    assert read(proxied(HOST, MX))[0]["fetch_log"] == {"records": "network", "keep_days": 90}
    assert read("MTASTSFetchLog Address\nMTASTSFetchLogKeep 7\n")[0]["fetch_log"] == \
        {"records": "address", "keep_days": 7}


def test_limits_quotas_domains_and_the_state_directory_are_those_configured(read):
    document, _ = read("MTASTSReportMaxSize 2M 20M\nMTASTSReportQuota 2G 32M\n"
                       "MTASTSReportLimit 7\nMTASTSReportKeep 30\n"
                       "MTASTSReportDomain example.org example.net\nMTASTSStateDir /srv/state/\n")
    assert document["state_dir"] == "/srv/state"
    assert document["reports"] == {
        "max_size": {"sent": 2 * 2**20, "inflated": 20 * 2**20},
        "quota": {"reports": 2 * 2**30, "quarantine": 32 * 2**20}, "per_minute": 7,
        "keep_days": 30, "domains": ["example.org", "example.net"]}


def test_a_password_of_the_database_is_never_shown(make):
    server = make().configure('MTASTSDatabase pgsql "host=db.example user=u password=s3cret"\n'
                              + proxied(HOST, MX))
    assert dump(server)["database"] == {"driver": "pgsql", "file": None}
    assert "s3cret" not in server.run("-t", "-D", "DUMP_MTA_STS_JSON")[1]


def test_findings_are_those_that_configtest_logs(read):
    document, server = read(proxied("www.example.com", MX)
                            + site(HOST, MX + "MTASTSMaxAge 60\n"))
    output = server.run("-t")[1]
    assert {found["id"] for found in document["findings"]} >= {"policy-host-missing"}
    for found in document["findings"]:
        assert set(found) == {"id", "severity", "subject", "message", "fix", "location"}
        assert found["severity"] in ("info", "warning", "unknown")
        if found["severity"] == "warning":
            assert f"{found['subject']}: {found['message']}" in output
            assert f"[{found['id']}]" in output
    missing, = [found for found in document["findings"] if found["id"] == "policy-host-missing"]
    assert missing["location"] == location(server, 3)


def test_bytes_that_are_not_utf8_are_replaced(read):
    document, _ = read(proxied("www.example.com", MX, aliases="mta-sts.b\udce9*"))
    assert document["policies"][0]["domain"] == "mta-sts.b\ufffd*"


def test_a_broken_configuration_has_no_document(make):
    server = make().configure(proxied(HOST, "MTASTSMode enforce\n"))
    result = subprocess.run([APACHE, "-t", "-D", "DUMP_MTA_STS_JSON", "-f", str(server.conf_file)],
                            capture_output=True, timeout=60)
    assert (result.returncode, result.stdout) == (1, b"")


def test_both_dumps_can_be_asked_for_at_once_and_configtest_alone_prints_neither(make):
    server = make().configure(proxied(HOST, MX))
    both = server.run("-t", "-D", "DUMP_MTA_STS", "-D", "DUMP_MTA_STS_JSON")[1].splitlines()
    assert len([line for line in both if line.startswith("{")]) == 1
    assert [line for line in both if line.startswith("_mta-sts.")]
    assert "{" not in server.run("-t")[1]


def test_every_virtual_host_with_certificates_has_its_paths(read):
    names = "ServerName hosting.example\nServerAlias mta-sts.*\n"
    body = f"""<VirtualHost *:443>
{names}MTASTSCertificates live/* "/etc/lego/*.crt"
MTASTSUnknownName fallback
</VirtualHost>
"""
    (found,) = read(body)[0]["key_pairs"]
    assert found["unknown_name"] == "fallback"
    assert [path.rpartition("/")[2] for path in found["paths"]] == ["*", "*.crt"]
    assert found["paths"][0].startswith("/") and found["paths"][0].endswith("/live/*")
    assert found["virtual_host"]["name"] == "hosting.example"
    assert found["defined_at"]["line"] > found["virtual_host"]["line"]

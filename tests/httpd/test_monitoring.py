# SPDX-License-Identifier: Apache-2.0
"""What is installed for monitoring: alerts for Prometheus, a dashboard for Grafana, a filter and a
jail for fail2ban; each tried with the real program."""

import itertools
import json
import re
import shutil
import subprocess

import client
import pytest
import yaml

import manual
import process
import report
from hosting import ON, Hosting
from httpd import TOP, proxied
from pairs import vhost
from policy import HOST, MX

pytestmark = pytest.mark.slow

MONITORING = TOP / "conf/monitoring"
RULES = MONITORING / "prometheus-rules.yml"
RULE_TESTS = TOP / "tests/httpd/prometheus-rules.test.yml"
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text())
FILTER = MONITORING / "fail2ban/filter.d/mta-sts.conf"
JAIL = MONITORING / "fail2ban/jail.d/mta-sts.conf"
STATUS = "<Location /status>\nSetHandler mta-sts-status\n</Location>\n"


def output(*words, directory=None):
    done = subprocess.run(words, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout


# --- Prometheus and Grafana ---

def panels():
    return DASHBOARD["panels"]


def expressions():
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def test_the_alerts_fire_for_their_conditions_only(tmp_path):
    for file in RULES, RULE_TESTS:
        shutil.copy(file, tmp_path)
    assert "SUCCESS" in output("promtool", "test", "rules", RULE_TESTS.name, directory=tmp_path)


def test_every_alert_is_tried():
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts", RULE_TESTS.read_text())
    assert alerts == set(fired)


def metrics_of(server):
    return server.fetch_plainly(HOST, "/status?format=prometheus").body.decode()


def test_alerts_and_dashboard_name_metrics_and_outcomes_that_the_module_has(begin):
    body = proxied(HOST, MX + report.ENDPOINT + STATUS) + ON + vhost()
    server, _ = begin(body, expected=[r"\[hosting-failed\]$"])
    process.wait_for(lambda: server.log.matching(r"run mta-sts policy init \[hosting-failed\]$"),
                     "the missing tables to be logged")
    Hosting(server).call("init")
    process.wait_for(lambda: "mta_sts_hosting_up 1" in metrics_of(server), "the first sync")
    sent = report.request(report.packed(report.make()))
    assert client.only(client.talk(server.ports["http"], sent)).status == 201
    process.wait_for(lambda: "last_report_age" in metrics_of(server), "the index")
    metrics = metrics_of(server)
    assert "mta_sts_index_up 1" in metrics
    there = set(re.findall(r"^# TYPE (\w+)", metrics, re.M))
    texts = [RULES.read_text(), *expressions()]
    named = {name for text in texts for name in re.findall(r"\bmta_sts_\w+", text)}
    assert named - there == set()
    for label, value in re.findall(r'(outcome|severity|area|state)=~?"([^"]+)"', "\n".join(texts)):
        for alternative in value.split("|"):
            assert f'{label}="{alternative}"' in metrics


def test_the_panels_of_the_dashboard_lie_side_by_side_and_are_explained():
    assert len({panel["id"] for panel in panels()}) == len(panels())
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["title"] and panel["description"]
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels()], 2):
        assert (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])


def test_the_dashboard_uses_no_data_source_or_variable_that_it_does_not_define():
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used - defined == {"__all", "__value", "__url_time_range"}


def test_links_lead_to_the_dashboard_itself_and_choose_one_domain():
    urls = re.findall(r'"url": "([^"]*)"', json.dumps(DASHBOARD))
    assert urls
    for url in urls:
        assert url.startswith(f"/d/{DASHBOARD['uid']}?var-domain=${{__value.raw}}&"), url


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)([smhd])", text).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def scraping():
    """How the manual has Prometheus scrape."""
    one, = yaml.safe_load(manual.block("doc/status.md", "prometheus").text)["scrape_configs"]
    return one


def test_what_is_asked_spans_several_scrapes():
    """Prometheus takes a value that is more than five minutes old for missing: a scrape may fail."""
    interval = seconds(scraping()["scrape_interval"])
    assert 2 * interval < seconds("5m")
    spans = re.findall(r"\[(\w+)\]", "\n".join([RULES.read_text(), *expressions()]))
    assert spans and min(map(seconds, spans)) >= 4 * interval


# --- what the manual has Grafana read ---

def only(block, list_name):
    """The one entry of a file below /etc/grafana/provisioning."""
    content = yaml.safe_load(block.text)
    assert content.pop("apiVersion") == 1
    entry, = content.pop(list_name)
    assert content == {}
    return entry


def test_grafana_is_given_the_directory_of_the_dashboard():
    """It reads each file there that ends in .json."""
    assert only(manual.block("doc/status.md", "grafana-dashboard"), "providers") == {
        "name": "mod_mta_sts", "type": "file",
        "options": {"path": "/usr/share/mod_mta_sts/monitoring"}}
    assert [path.name for path in MONITORING.rglob("*.json")] == ["grafana-dashboard.json"]


def test_the_data_source_of_the_manual_is_one_that_the_dashboard_offers():
    source = only(manual.block("doc/status.md", "grafana-data-source"), "datasources")
    assert source.pop("jsonData") == {"timeInterval": scraping()["scrape_interval"]}
    assert set(source) == {"name", "type", "access", "url"}
    offered = [one["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "datasource"]
    assert [source["type"]] == offered


# --- fail2ban ---

def addresses(log):
    """What fail2ban would count, one entry for each line that matches."""
    return output("fail2ban-regex", "-o", "<ip>", str(log), str(FILTER)).split()


@pytest.fixture
def endpoint(make):
    """Over HTTP/1.1 and HTTP/2; the address is that in X-Client."""
    server = make(expected=[r"\[report-[a-z-]+\]"])
    return server.configure("Protocols h2c http/1.1\nRemoteIPHeader X-Client\n"
                            "RemoteIPInternalProxy 127.0.0.1\n" + report.conf(),
                            modules=["http2", "remoteip"]).start()


def refuse(server, address=None, protocol="--http1.1", body="hello", referer=None):
    headers = [f"X-Client: {address}"] if address else []
    headers += [f"Referer: {referer}"] if referer else []
    options = [word for header in headers for word in ("-H", header)]
    status = output("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", protocol,
                    "-H", f"Host: {HOST}", *options, "--data-binary", body,
                    f"http://127.0.0.1:{server.ports['http']}{report.PATH}")
    return status


@pytest.mark.parametrize("protocol, version", [("--http1.1", "1.1"),
                                               ("--http2-prior-knowledge", "2")])
def test_fail2ban_reads_the_address_of_each_refusal(endpoint, protocol, version):
    assert refuse(endpoint, protocol=protocol) == f"415 {version}"
    assert refuse(endpoint, "192.0.2.7", protocol) == f"415 {version}"
    assert refuse(endpoint, "2001:db8::7", protocol) == f"415 {version}"
    assert refuse(endpoint, "192.0.2.8", protocol, "{}") == f"400 {version}"
    assert sorted(addresses(endpoint.log.path)) == \
        sorted(["127.0.0.1", "192.0.2.7", "2001:db8::7", "192.0.2.8"])


def test_fail2ban_does_not_take_the_port_for_a_part_of_an_ipv6_address(tmp_path):
    line = ("[Sat Nov 28 09:00:00.123456 2026] [mta_sts:warn] [pid 7:tid 8] [{} {}:4711] "
            "report rejected: it is neither gzip nor JSON [report-invalid]\n")
    (tmp_path / "log").write_text("".join(
        line.format(side, address) for side in ("client", "remote")
        for address in ("2001:db8::7", "[2001:db8::7]", "2001:db8:0:0:0:0:0:7")))
    assert set(addresses(tmp_path / "log")) == {"2001:db8::7"}
    assert len(addresses(tmp_path / "log")) == 6


def test_a_referer_neither_hides_a_client_nor_accuses_another(endpoint):
    refuse(endpoint, "192.0.2.9",
           referer="http://x/] [mta_sts:warn] [pid 1] [client 192.0.2.66:1] a [report-invalid]")
    assert addresses(endpoint.log.path) == ["192.0.2.9"]


def test_fail2ban_leaves_clients_alone_whose_reports_are_stored_or_that_fetch(endpoint):
    assert report.post(endpoint, report.packed(report.make())).status == 201
    endpoint.fetch()
    done = subprocess.run(["fail2ban-regex", "-o", "<ip>", str(endpoint.log.path), str(FILTER)],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []


def test_fail2ban_accepts_the_jail_once_it_is_enabled(tmp_path):
    etc, log = tmp_path / "fail2ban", tmp_path / "error.log"
    log.touch()
    shutil.copytree("/etc/fail2ban", etc)
    shutil.copy(FILTER, etc / "filter.d")
    shutil.copy(JAIL, etc / "jail.d")
    assert "enabled = false" in JAIL.read_text()
    for other in (etc / "jail.d").glob("defaults-*"):
        other.unlink()
    (etc / "jail.d/mta-sts.local").write_text(f"[mta-sts]\nenabled = true\nlogpath = {log}\n")
    assert "OK" in output("fail2ban-client", "-c", str(etc), "--test")
    jails = output("fail2ban-client", "-c", str(etc), "-d")
    assert "'add', 'mta-sts'" in jails and str(log) in jails

# SPDX-License-Identifier: Apache-2.0
"""What a real Prometheus answers to the panels of the dashboard and to the alerting rules, with the
metrics of a real httpd: every label that they name is there, and numbers of a shared database count
once."""

import contextlib
import copy
import datetime
import json
import re

import client
import pytest

import process
import report
from hosting import ON, Hosting
from httpd import TOP, proxied, site
from pairs import Pairs, vhost
from policy import HOST, MX
from prometheus import PATH, Prometheus

pytestmark = pytest.mark.slow

RULES = TOP / "conf/monitoring/prometheus-rules.yml"
DASHBOARD = json.loads((TOP / "conf/monitoring/grafana-dashboard.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
VARIABLES = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
INSTANCES = ["www1", "www2"]
TLS_DOMAIN, PAIR_DOMAIN, MX_HOST = "tls.example", "pair.example", "mx1.example.com"
BODY = (f"<Location {PATH}>\nSetHandler mta-sts-status\nRequire all granted\n</Location>\n"
        + "MTASTSCertificateDays 3650\n" + proxied(HOST, MX + report.ENDPOINT) + ON + site("mta-sts." + TLS_DOMAIN, MX) + vhost())


# --- an httpd with everything that there is to measure ---

def failing(kind, domain, policy_type):
    """A report about the day before yesterday: 5 sessions went well, 3 failed."""
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=2)
    return report.make(
        policies=[{"policy": {"policy-type": policy_type, "policy-domain": domain},
                   "failure-details": [{"result-type": kind, "receiving-mx-hostname": MX_HOST,
                                        "failed-session-count": 3}],
                   "summary": {"total-successful-session-count": 5,
                               "total-failure-session-count": 3}}],
        **{"report-id": kind, "date-range": {"start-datetime": f"{day}T00:00:00Z",
                                             "end-datetime": f"{day}T23:59:59Z"}})


REPORTS = [("certificate-expired", "example.com", "sts"), ("tlsa-invalid", MX_HOST, "tlsa")]


@pytest.fixture(scope="module")
def busy(make_shared):
    server = make_shared([r"\[hosting-failed\]$", r"\[certificate-expires-soon\]$"])
    Pairs(server).issue(PAIR_DOMAIN)
    server.configure(BODY).start()
    process.wait_for(lambda: server.log.matching(r"run mta-sts policy init \[hosting-failed\]$"),
                     "the missing tables to be logged")
    hosting = Hosting(server)
    hosting.call("init")
    hosting.insert(PAIR_DOMAIN)
    for one in REPORTS:
        report.import_verified(server, failing(*one))
    unverified = failing("starttls-not-supported", "example.com", "sts")
    sent = report.request(report.packed(unverified))
    assert client.only(client.talk(server.ports["http"], sent)).status == 201
    assert server.fetch_plainly(HOST).status == 200
    return server


@pytest.fixture(scope="module")
def prometheus(busy, tmp_path_factory):
    started = Prometheus(tmp_path_factory.mktemp("prometheus"), busy, INSTANCES, RULES)
    with contextlib.closing(started):
        for expression in (
                'count(mta_sts_sessions{result_type!="success"}) == 4',
                'sum(mta_sts_unverified_sessions{result_type="starttls-not-supported"}) == 6',
                "min(mta_sts_hosted_domains) == 1", "min(mta_sts_index_up) == 1",
                'min(mta_sts_key_pairs{state="used"}) == 1',
                "min(count_over_time(mta_sts_reports_total[1h])) > 1"):
            started.wait_until(expression)
        yield started


# --- the dashboard ---

def filled(expression, **values):
    """As Grafana asks it, by default for all servers and domains."""
    for name, variable in VARIABLES.items():
        if variable["type"] == "query":
            expression = expression.replace(f"${name}", values.get(name, variable["allValue"]))
    return expression


def answers(prometheus, panel, **values):
    """{id of the query: [(labels, value)]}"""
    return {target["refId"]: prometheus.query(filled(target["expr"], **values))
            for target in panel["targets"]}


def columns_of(panel, found):
    """Of a table, before it is transformed."""
    labels = {label for series in found.values() for labels, _ in series for label in labels}
    values = {"Value"} if len(found) == 1 else {f"Value #{ref}" for ref in found}
    return labels | values | {"Time"}


def problems_of_table(panel, found):
    columns = columns_of(panel, found)
    shown = set()
    for transformation in panel["transformations"]:
        options = transformation["options"]
        if transformation["id"] == "organize":
            hidden = {name for name, is_hidden in options["excludeByName"].items() if is_hidden}
            named = hidden | set(options["renameByName"])
            yield from (f"no column {name}" for name in named - columns)
            yield from (f"the column {name} has no title" for name in columns - named)
            shown = set(options["renameByName"].values())
        if transformation["id"] == "sortBy":
            yield from (f"no column {one['field']} to sort by" for one in options["sort"]
                        if one["field"] not in shown)
    yield from (f"no column {override['matcher']['options']} to format"
                for override in panel["fieldConfig"]["overrides"]
                if override["matcher"]["options"] not in shown)


def problems_of_legend(target, series):
    named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    legends = [tuple(labels.get(name) for name in sorted(named)) for labels, _ in series]
    yield from (f"no label {name}" for name in named
                if not all(labels.get(name) for labels, _ in series))
    if len(set(legends)) < len(series):
        yield "several series have the same legend"


def problems_of(prometheus, panel):
    found = answers(prometheus, panel)
    for target in panel["targets"]:
        series = found[target["refId"]]
        if not series:
            yield "no series"
        if panel["type"] == "table":
            if target.get("format") != "table":
                yield "no table"
        else:
            yield from problems_of_legend(target, series)
        if (panel["type"] == "timeseries") != target["range"] or target["range"] == target["instant"]:
            yield "a range where a value is shown, or the other way round"
    if panel["type"] == "table":
        yield from problems_of_table(panel, found)


@pytest.mark.parametrize("title", PANELS)
def test_each_panel_shows_series_with_the_labels_that_it_names(prometheus, title):
    assert list(problems_of(prometheus, PANELS[title])) == []


def first(kind):
    return next(panel for panel in PANELS.values() if panel["type"] == kind)


def organize(panel):
    return next(one["options"] for one in panel["transformations"] if one["id"] == "organize")


BROKEN = {
    "an unknown metric": ("stat", lambda panel: panel["targets"][0].update(expr="mta_sts_x"),
                          "no series"),
    "an unknown label in the legend": (
        "timeseries", lambda panel: panel["targets"][0].update(legendFormat="{{result}}"),
        "no label result"),
    "a legend that does not distinguish": (
        "timeseries", lambda panel: panel["targets"][0].update(legendFormat="failed"),
        "several series have the same legend"),
    "a graph of one moment": (
        "timeseries", lambda panel: panel["targets"][0].update(instant=True, range=False),
        "a range where a value is shown, or the other way round"),
    "a table of time series": ("table", lambda panel: panel["targets"][0].update(format="time_series"),
                               "no table"),
    "a table without a title": (
        "table", lambda panel: organize(panel)["renameByName"].pop("domain"),
        "the column domain has no title"),
    "a table with a title too many": (
        "table", lambda panel: organize(panel)["renameByName"].update(mode="Mode"),
        "no column mode"),
    "a table that is sorted by a hidden column": (
        "table", lambda panel: panel["transformations"][-1]["options"].update(
            sort=[{"field": "domain"}]), "no column domain to sort by"),
    "a format of an unknown column": (
        "table", lambda panel: panel["fieldConfig"].update(
            overrides=[{"matcher": {"id": "byName", "options": "x"}, "properties": []}]),
        "no column x to format"),
}


@pytest.mark.parametrize("kind, change, problem", BROKEN.values(), ids=BROKEN)
def test_broken_panels_are_found(prometheus, kind, change, problem):
    panel = copy.deepcopy(first(kind))
    change(panel)
    assert problem in list(problems_of(prometheus, panel))


# What the panels show of the reports, with two servers that share one database.
SESSIONS = [
    ("Failed sessions of the last 30 days, by cause", {},
     {("result_type", "certificate-expired"): 3, ("result_type", "tlsa-invalid"): 3}),
    ("Failed sessions of the last 30 days, by cause", {"domain": "example\\\\.com"},
     {("result_type", "certificate-expired"): 3}),
    ("Failed sessions of the last 30 days, by cause", {"instance": "www1"},
     {("result_type", "certificate-expired"): 3, ("result_type", "tlsa-invalid"): 3}),
    ("Failed sessions by domain", {}, {("domain", "example.com"): 0.375, ("domain", MX_HOST): 0.375}),
    ("Failed sessions by domain", {"instance": "elsewhere"}, {}),
]


@pytest.mark.parametrize("title, values, expected", SESSIONS)
def test_reports_in_a_shared_database_count_once(prometheus, title, values, expected):
    (series,) = answers(prometheus, PANELS[title], **values).values()
    assert {item: value for labels, value in series for item in labels.items()} == expected


def state_text(value):
    """What the table of certificates shows for it."""
    properties = [one for override in PANELS["Certificates"]["fieldConfig"]["overrides"]
                  for one in override["properties"] if one["id"] == "mappings"]
    return properties[0]["value"][0]["options"][str(int(value))]["text"]


def test_certificates_count_once_however_many_servers_have_them(prometheus):
    (series,) = answers(prometheus, PANELS["Certificates that expire soon"]).values()
    assert series == [({}, 1)]
    tables = answers(prometheus, PANELS["Certificates"])
    assert [[labels for labels, _ in series] for series in tables.values()] == \
        [[{"domain": TLS_DOMAIN}]] * 2
    ((_, days),), ((_, state),) = ((series) for series in tables.values())
    assert days > 0
    assert state_text(state) == "expires soon"


CHOICES = {"instance": INSTANCES, "domain": ["example.com", MX_HOST, TLS_DOMAIN]}


@pytest.mark.parametrize("name, expected", CHOICES.items())
def test_the_variables_offer_what_the_panels_have(prometheus, name, expected):
    query = VARIABLES[name]["query"]["query"]
    assert query == VARIABLES[name]["definition"]
    selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
    found = prometheus.get(f"label/{label}/values", **{"match[]": filled(selector)})
    assert found == sorted(expected)


# --- the alerting rules ---

def alerts(prometheus):
    groups = prometheus.get("rules", type="alert")["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def problems_of_rule(prometheus, rule):
    """Its series are asked for whether they are so bad that the alert fires or not."""
    series = prometheus.query(re.sub(r" (==|>|<) ", r" \1 bool ", rule["query"]))
    if not series:
        yield "no series"
    text = " ".join(rule["annotations"].values())
    for name in set(re.findall(r"\$labels\.(\w+)", text)):
        if not all(labels.get(name) for labels, _ in series):
            yield f"no label {name}"
    if not all(value == "$value" for value in re.findall(r"{{ (\$\w+)", text) if value != "$labels"):
        yield "an unknown variable"


ALERTS = re.findall(r"alert: (\w+)", RULES.read_text())


def test_prometheus_loads_every_alert(prometheus):
    assert sorted(alerts(prometheus)) == sorted(ALERTS)
    assert {rule["health"] for rule in alerts(prometheus).values()} <= {"ok", "unknown"}


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_has_series_with_the_labels_that_its_texts_name(prometheus, name):
    assert list(problems_of_rule(prometheus, alerts(prometheus)[name])) == []


BROKEN_RULES = {
    "no label mode": ("mta_sts_index_up == 0", "{{ $labels.mode }}"),
    "no label instance": ("sum by (domain) (mta_sts_sessions) > 0", "{{ $labels.instance }}"),
    "no series": ("mta_sts_x == 0", ""),
    "an unknown variable": ("mta_sts_index_up == 0", "{{ $valeu }}"),
}


@pytest.mark.parametrize("problem, rule", BROKEN_RULES.items())
def test_broken_alerts_are_found(prometheus, problem, rule):
    query, text = rule
    assert problem in list(problems_of_rule(prometheus, {"query": query, "annotations": {"x": text}}))


def test_alerts_on_reports_in_a_shared_database_fire_once(prometheus):
    """With the number of sessions that the reports contain."""
    expected = {"MtaStsDaneFailures": [({"domain": MX_HOST}, 3)],
                "MtaStsFailuresReported": [({"domain": "example.com"}, 0.375), ({"domain": MX_HOST}, 0.375)]}
    for name, series in expected.items():
        found = prometheus.query(alerts(prometheus)[name]["query"])
        assert sorted(found, key=str) == sorted(series, key=str)

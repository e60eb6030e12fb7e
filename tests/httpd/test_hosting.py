# SPDX-License-Identifier: Apache-2.0
"""Hosted domains: policies from the database, served without a reload and without the database."""

import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import policy
import process
import report
from database import FAILED, WORKS, Database
from hosting import (BODY, COMMAND, ON, Hosting, begin_hosting, directive, fetch, gone, is_served,
                     served, under_load)
from httpd import CHILD, TOP, proxied
from policy import MX, POLICY, identity, text

sys.path.insert(0, str(TOP / "tests"))

import manual  # noqa: E402

pytestmark = pytest.mark.slow

STALE = r"hosted domains were last read from the database at 20\d\d-.* UTC; .*\[hosting-stale\]$"


@pytest.fixture(params=["sqlite3", "pgsql"])
def database(request):
    return request.getfixturevalue("postgres") if request.param == "pgsql" else None


@pytest.fixture
def begin(make, database):
    """begin(body, expected) -> a running httpd with hosting, and its Hosting with tables"""
    def start(body=BODY, expected=(), **more):
        return begin_hosting(make, body, expected, database, **more)
    return start


def test_a_row_is_served_within_seconds_and_without_a_reload(begin):
    server, hosting = begin()
    hosting.insert("a.example")
    served(server, "a.example")
    policy.check(server.fetch_plainly(), POLICY)
    hosting.sql("UPDATE mta_sts_policy SET mode = 'enforce', mx = 'mx2.example.com *.example.net'")
    served(server, "a.example", text("mx2.example.com", "*.example.net", mode="enforce"))
    hosting.sql("DELETE FROM mta_sts_policy")
    gone(server, "a.example")


def test_a_hosted_policy_is_served_only_for_its_policy_host(begin):
    server, hosting = begin()
    hosting.insert("a.example")
    served(server, "a.example")
    for host in ("a.example", "mta-sts.b.example", "mta-sts.mta-sts.a.example", "mta-sts.example",
                 "mta-sts.", "MTA-STS.a.example.b"):
        assert server.fetch_plainly(host).status == 404
    for host in ("MTA-STS.A.Example", "mta-sts.a.example.", "mta-sts.a.example:443"):
        policy.check(server.fetch_plainly(host), POLICY)
    for method, status in (("HEAD", 200), ("POST", 405), ("DELETE", 405)):
        assert server.fetch_plainly("mta-sts.a.example", method=method).status == status


def test_until_the_first_sync_nothing_is_denied(make):
    server = make([r"\[hosting-failed\]$"]).configure(BODY).start()
    answer = fetch(server, "a.example")
    assert answer.status == 503
    assert answer.header("Retry-After") == "30"
    policy.check(server.fetch_plainly(), POLICY)


def test_the_configuration_wins(begin):
    server, hosting = begin("LogLevel mta_sts:info\n" + BODY)
    hosting.insert("example.com", "other.example.com")
    hosting.insert("a.example")
    served(server, "a.example")
    policy.check(server.fetch_plainly(), POLICY)
    server.graceful()
    process.wait_for(lambda: server.log.matching(r"example\.com: its row .*\[row-hidden\]$"),
                     "the row without effect to be logged")
    process.wait_for(lambda: server.log.matching(r"\] 2 hosted domains are served \[hosting-served\]$"),
                     "their number")


def test_a_wrong_row_is_reported_and_the_last_right_policy_stays(begin):
    server, hosting = begin(expected=[r"\[mta_sts:error\].*\[row-wrong\]$"])
    hosting.insert("a.example")
    hosting.insert("b.example")
    served(server, "b.example")
    hosting.sql("UPDATE mta_sts_policy SET mx = 'mx 1' WHERE domain = 'a.example'; "
                "UPDATE mta_sts_policy SET mx = 'new.example.com' WHERE domain = 'b.example'; "
                "INSERT INTO mta_sts_policy (domain) VALUES ('c.example')")
    served(server, "b.example", text("new.example.com"))
    policy.check(fetch(server, "a.example"))
    process.wait_for(lambda: len(server.log.matching(r"\[row-wrong\]$")) == 2, "two wrong rows")
    assert server.log.matching(r"a\.example: mx: .* its last valid policy is still served")
    assert server.log.matching(r"c\.example: mx: there is no mx pattern; .*no policy is served")
    assert fetch(server, "c.example").status == 404
    assert re.findall(r"^(\S+) wrong: mx: ", hosting.call("list", "--wrong"), re.M) == [
        "a.example", "c.example"]


def test_most_domains_gone_at_once_are_served_until_an_admin_confirms(begin):
    server, hosting = begin(expected=[r"\[hosting-held\]$"])
    for number in range(12):
        hosting.insert(f"d{number}.example")
    served(server, "d11.example")
    hosting.sql("DELETE FROM mta_sts_policy")
    process.wait_for(lambda: server.log.matching(r"12 of 12 hosted domains are suddenly missing"), "the hold")
    policy.check(fetch(server, "d1.example"))
    hosting.call("confirm")
    gone(server, "d1.example")


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_every_child_serves_changes_over_graceful_restarts(make_with, mpm):
    server = make_with([r"\[hosting-failed\]$"], mpm).configure(BODY).start()
    hosting = Hosting(server)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    served(server, "a.example")
    with under_load(server, "a.example"):
        for number in range(3):
            hosting.insert(f"b{number}.example")
            server.graceful()
            served(server, f"b{number}.example")


def test_a_damaged_snapshot_gives_503_and_is_built_again(make):
    server = make([r"\[hosting-failed\]$"]).configure(BODY).start()
    hosting = Hosting(server)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    served(server, "a.example")
    children = server.children()
    for damage in (b"no database", os.urandom(20000), b""):
        with open(server.root / "state/hosted.db", "r+b") as file:
            file.truncate(len(damage))
            file.write(damage)
        statuses = set()

        def is_built_again():
            answer = fetch(server, "a.example")
            statuses.add(answer.status)
            return answer.status == 200
        time.sleep(1)
        process.wait_for(is_built_again, "the snapshot to be built again")
        assert statuses <= {200, 503}
    (server.root / "state/hosted.db").unlink()
    served(server, "a.example")
    assert server.children() == children


def test_a_database_that_is_stopped_does_not_matter_even_at_a_restart(make, postgres):
    server = make([r"\[hosting-failed\]$", FAILED]).configure(directive(postgres) + BODY).start()
    hosting = Hosting(server, postgres)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    served(server, "a.example")
    server.log.possible += [WORKS]
    with under_load(server, "a.example"):
        postgres.stop()
        process.wait_for(lambda: server.log.matching(FAILED), "the database to be missed", 30)
        server.graceful()
        time.sleep(1)
    server.stop()
    Database(None, server.root / "state/hosted.db").run(
        "UPDATE state SET synced = synced - 600000000")
    server.log.expected.append(STALE)
    server.start()
    policy.check(fetch(server, "a.example"))
    assert fetch(server, "b.example").status == 404
    process.wait_for(lambda: server.log.matching(STALE), "the age to be logged")
    postgres.start()
    hosting.insert("b.example")
    process.wait_for(lambda: is_served(server, "b.example"), "the database to be used again", 60)


def test_a_frozen_database_holds_nothing_up(make, postgres):
    server = make([r"\[hosting-failed\]$"]).configure(directive(postgres) + BODY).start()
    server.log.possible += [FAILED, WORKS]
    hosting = Hosting(server, postgres)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    hosting.call("init")
    hosting.insert("a.example")
    served(server, "a.example")
    frozen = [postgres.server.pid, *process.children(postgres.server.pid)]
    with under_load(server, "a.example"):
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(3)
            began = time.monotonic()
            server.graceful()
            assert time.monotonic() - began < 15
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
    hosting.insert("b.example")
    process.wait_for(lambda: is_served(server, "b.example"), "the database to be used again", 60)


def test_two_machines_of_one_name_serve_every_change(make, postgres):
    servers = [make([r"\[hosting-failed\]$"]).configure(directive(postgres) + BODY).start()
               for _ in range(2)]
    hosting = Hosting(servers[0], postgres)
    process.wait_for(lambda: all(server.log.matching("policy init") for server in servers),
                     "the missing tables")
    hosting.call("init")
    for server in servers:
        process.wait_for(lambda: fetch(server, "a.example").status == 404, "the first sync")
    output = hosting.call("set", "--mx", "mx1.example.com", "--wait", "30", "a.example")
    assert "All 2 machines serve it." in output
    assert f'_mta-sts.a.example. IN TXT "v=STSv1; id={identity(POLICY)};"' in output
    for server in servers:
        policy.check(fetch(server, "a.example"))
    servers[1].stop()
    postgres.run("UPDATE mta_sts_policy_machine SET noted = noted - 170 WHERE machine = "
                 f"'{(servers[1].root / 'state/machine').read_text()}'")
    error = hosting.call("set", "--mx", "new.example.com", "--wait", "1", "a.example", status=1)
    assert "still do not serve it: do not publish the record until they do" in error


def test_a_panel_needs_rights_on_one_table_only(make, postgres):
    server = make([r"\[hosting-failed\]$"]).configure(directive(postgres) + BODY).start()
    hosting = Hosting(server, postgres)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    output = hosting.call("init")
    postgres.run("DROP ROLE IF EXISTS panel; CREATE ROLE panel LOGIN; CREATE ROLE unused")
    grants = "".join(line for line in output.splitlines(True) if line.startswith("GRANT"))
    postgres.run(grants.replace("PANEL", "panel").replace("HTTPD", "unused"))
    postgres.run("SET ROLE panel; INSERT INTO mta_sts_policy (domain, mx) "
                 "VALUES ('a.example', 'mx1.example.com')")
    served(server, "a.example")
    with pytest.raises(subprocess.CalledProcessError):
        postgres.run("SET ROLE panel; DELETE FROM mta_sts_policy_change")
    postgres.run("DROP OWNED BY panel; DROP ROLE panel; DROP OWNED BY unused; DROP ROLE unused")


def test_httpd_needs_no_table_of_its_own(make, postgres):
    """Where another role makes all tables, the GRANTs that init prints are enough."""
    postgres.run("DROP ROLE IF EXISTS httpd; CREATE ROLE httpd LOGIN; CREATE ROLE unused")
    server = make([r"\[database-failed\]$"])
    own = directive(postgres).replace("user=tester", "user=httpd")
    server.configure(own + report.conf() + BODY).start()
    process.wait_for(lambda: server.log.matching(r"\[database-failed\]$"), "the missing rights to be logged")
    server.log.possible += [WORKS, r"\[hosting-failed\]$"]
    output = Hosting(server, postgres).call("init")
    grants = "".join(line for line in output.splitlines(True) if line.startswith("GRANT"))
    assert [name for name, in postgres.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            if not re.search(rf"\b{name}\b.* TO HTTPD", grants)] == []
    postgres.run(grants.replace("PANEL", "unused").replace("HTTPD", "httpd"))
    Hosting(server, postgres).insert("a.example")
    served(server, "a.example")
    assert report.post(server, report.packed(report.make(1))).status == 201
    process.wait_for(lambda: postgres.run("SELECT digest FROM tlsrpt_report WHERE state = 0") == [
        [report.digest(report.make(1))]], "the report to be in the index")
    output = Hosting(server, postgres).call("set", "--mx", "mx1.example.com", "--wait", "30", "b.example")
    assert "The only machine serves it." in output
    assert postgres.run("SELECT domain FROM mta_sts_history") == [["example.com"]]
    server.stop()
    postgres.run("DROP OWNED BY httpd; DROP ROLE httpd; DROP OWNED BY unused; DROP ROLE unused")


# --- the command ---

def rows(hosting):
    return [json.loads(line) for line in hosting.call("export").splitlines()]


def test_set_keeps_what_is_left_out(begin):
    server, hosting = begin()
    error = hosting.call("set", "a.example", status=1)
    assert "mx: there is no mx pattern" in error and not rows(hosting)
    hosting.call("set", "--mx", "mx1.example.com", "A.Example.")
    served(server, "a.example")
    hosting.call("set", "--mode", "enforce", "--max-age", "30d", "a.example")
    expected = text("mx1.example.com", mode="enforce", max_age=2592000)
    served(server, "a.example", expected)
    output = hosting.call("set", "--mx", "mx1.example.com", "--wait", "30", "a.example")
    assert "The only machine serves it." in output
    assert f"id={identity(expected)};" in output
    assert f" id {identity(expected)} mx mx1.example.com" in hosting.call("list")
    output = hosting.call("set", "--alias-of", "a.example", "b.example")
    served(server, "b.example", expected)
    for line in ("mta-sts.b.example. IN CNAME mta-sts.a.example.",
                 "_mta-sts.b.example. IN CNAME _mta-sts.a.example.",
                 "Record for the zone of a.example, as before:",
                 f'_mta-sts.a.example. IN TXT "v=STSv1; id={identity(expected)};"'):
        assert line in output.splitlines(), output
    assert "Its aliases, such as b.example, have the same policy and id" in \
        hosting.call("set", "--mode", "enforce", "a.example")
    own = {"mode": "enforce", "mx": ["mx1.example.com"], "max_age": "30d"}
    assert rows(hosting) == [{"domain": "a.example", **own},
                             {"domain": "b.example", "alias_of": "a.example"}]


def test_set_changes_only_the_policy_that_the_caller_has_seen(begin):
    _, hosting = begin()
    error = hosting.call("set", "--mx", "mx1.example.com", "--if-id", identity(POLICY), "a.example", status=1)
    assert f"nothing was changed: the stored policy does not exist, not {identity(POLICY)}" in error
    hosting.call("set", "--mx", "mx1.example.com", "a.example")
    hosting.call("set", "--mx", "mx2.example.com", "--if-id", identity(POLICY), "a.example")
    error = hosting.call("set", "--mx", "mx3.example.com", "--if-id", identity(POLICY), "a.example", status=1)
    assert f"the stored policy has the id {identity(text('mx2.example.com'))}, not {identity(POLICY)}: somebody " \
           "else has changed it" in error
    assert [row["mx"] for row in rows(hosting)] == [["mx2.example.com"]]


# What a panel does meanwhile, the command, and what is left.
MEANWHILE = {
    "changed, set": ("UPDATE mta_sts_policy SET mx = 'own.example.com' WHERE domain = 'a.example'",
                     ("set", "--mode", "testing", "--mx", "mx3.example.com", "a.example"),
                     ["a.example|testing|own.example.com"]),
    "changed, withdrawn": ("UPDATE mta_sts_policy SET mx = 'own.example.com' WHERE domain = 'a.example'",
                           ("remove", "a.example"), ["a.example|testing|own.example.com"]),
    "changed, deleted": ("UPDATE mta_sts_policy SET mx = 'own.example.com' WHERE domain = 'a.example'",
                         ("remove", "--force", "a.example"), ["a.example|testing|own.example.com"]),
    "deleted, set": ("DELETE FROM mta_sts_policy WHERE domain = 'a.example'",
                     ("set", "--mx", "mx3.example.com", "a.example"), []),
    "inserted, set": ("INSERT INTO mta_sts_policy (domain, mx) VALUES ('b.example', 'own.example.com')",
                      ("set", "--mx", "mx3.example.com", "b.example"),
                      ["a.example|testing|mx1.example.com", "b.example|testing|own.example.com"]),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_the_command_does_not_overwrite_what_a_panel_stores_meanwhile(make, postgres, name):
    """In PostgreSQL, a transaction that has not ended is not visible yet."""
    server, hosting = begin_hosting(make, database=postgres)
    hosting.call("set", "--mx", "mx1.example.com", "a.example")
    served(server, "a.example")
    server.stop()
    statement, words, left = MEANWHILE[name]
    with concurrent.futures.ThreadPoolExecutor() as threads:
        with postgres.transaction(statement):
            call = threads.submit(hosting.call, *words, status=1)
            postgres.wait_until_blocked()
        assert "nothing was changed: its row was changed by someone else in the meantime" in call.result()
    assert ["|".join(row) for row in postgres.run(
        "SELECT domain, mode, mx FROM mta_sts_policy ORDER BY domain")] == left


def test_the_record_is_printed_for_nsupdate_alone(begin):
    _, hosting = begin()
    output = hosting.call("set", "--mx", "mx1.example.com", "--nsupdate", "a.example")
    assert output == ("update delete _mta-sts.a.example. TXT\n"
                      "update add _mta-sts.a.example. 3600 IN TXT "
                      f'"v=STSv1; id={identity(POLICY)};"\nsend\n')
    output = hosting.call("remove", "--nsupdate", "a.example")
    withdrawn = text("mx1.example.com", mode="none", max_age=86400)
    assert f"id={identity(withdrawn)};" in output and output.count("\n") == 3
    assert hosting.call("remove", "--force", "--nsupdate", "a.example") == \
        "update delete _mta-sts.a.example.\nsend\n"  # whichever record is there


def call_plainly(*words):
    done = subprocess.run([COMMAND, "policy", *words], capture_output=True, text=True, timeout=60,
                          env={"MTA_STS_STATE_DIR": "/nonexistent"})
    assert done.returncode == 0, done
    return done.stdout


def test_the_database_can_be_named_without_a_state_directory(make):
    server = make().configure(BODY.replace(ON, ON + 'MTASTSDatabase sqlite3 "@ROOT@/database/x.db"\n'))
    database = f"sqlite3 {server.root}/database/x.db"
    call_plainly("init", "--database", database)
    call_plainly("set", "--mx", "mx1.example.com", "--database", database, "a.example")
    assert {path.stat().st_uid for path in (server.root / "database").iterdir()} == {CHILD.pw_uid}
    server.log.possible.append(r"\[hosting-failed\]$")  # a request before the first sync
    server.start()
    served(server, "a.example")


def test_a_machine_without_httpd_can_edit_rows_in_postgresql(postgres):
    database = "pgsql " + postgres.conninfo
    call_plainly("init", "--database", database)
    call_plainly("set", "--mx", "mx1.example.com", "--database", database, "a.example")
    assert "a.example testing" in call_plainly("list", "--database", database)


WRONG_CALLS = [
    ((), 2), (("unknown",), 2), (("set",), 2), (("set", "a.example", "b.example"), 2),
    (("list", "a.example"), 2), (("set", "--mx", "", "a.example"), 2),
    (("set", "--mx", "mx 1", "a.example"), 1), (("set", "--mx", "mx1.example.com", "a b"), 1),
    (("set", "--mx", "mx1.example.com", "mta-sts.a.example"), 1),
    (("set", "--mx", "mx1.example.com", "--mode", "on", "a.example"), 1),
    (("set", "--mx", "mx1.example.com", "--max-age", "0", "a.example"), 1),
    (("set", "--alias-of", "a.example", "a.example"), 1),
    (("set", "--alias-of", "b.example", "a.example"), 1),
    (("set", "--alias-of", "b.example", "--mode", "none", "a.example"), 1),
    (("remove", "a.example"), 1), (("import", "/nonexistent"), 1),
]


def test_wrong_calls_change_nothing(make):
    server = make([r"\[hosting-failed\]$"]).configure(BODY).start()
    hosting = Hosting(server)
    process.wait_for(lambda: server.log.matching("policy init"), "the missing tables")
    assert "run mta-sts policy init" in hosting.call("list", status=1)
    hosting.call("init")
    for words, status in WRONG_CALLS:
        assert hosting.call(*words, status=status).startswith("mta-sts policy: "), words
    assert not rows(hosting)


def test_remove_deletes_only_what_no_sender_has_cached(begin):
    server, hosting = begin()
    hosting.call("set", "--mx", "mx1.example.com", "a.example")
    served(server, "a.example")
    output = hosting.call("remove", "a.example")
    expected = text("mx1.example.com", mode="none", max_age=86400)
    served(server, "a.example", expected)
    assert f"id={identity(expected)};" in output
    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + policy.WEEK))
    assert f"until {until}" in output
    assert f"until {until}" in hosting.call("remove", "a.example", status=1)
    policy.check(fetch(server, "a.example"), expected)
    hosting.sql("UPDATE mta_sts_policy_past SET ended = ended - 605000")
    assert "deleted" in hosting.call("remove", "a.example")
    gone(server, "a.example")
    hosting.call("set", "--mx", "mx1.example.com", "b.example")
    hosting.call("set", "--alias-of", "b.example", "c.example")
    assert "deleted" in hosting.call("remove", "--force", "c.example")
    assert "deleted" in hosting.call("remove", "--force", "b.example")
    assert not rows(hosting)


WRONG_LINES = {
    '{"domain":"c.example","mx":["mx 1"]}': "mx is not an array of host names",
    '{"domain":"c.example","mx":"mx1.example.com"}': "mx is not an array of host names",
    '{"domain":"c.example","mx":["-"]}': "c.example: mx: ",
    '{"domain":"c.example"}': "no mx pattern",
    '{"domain":"c.example","mx":["m.example"],"mod":"none"}': '"mod" is not one of',
    '{"domain":"b.example","mx":["m.example"]}': "b.example is already on line 2",
    '{"domain":"c.example","alias_of":"b.example"}': "is itself an alias",
    '{"domain":"c.example","alias_of":"none.example"}': "none.example has no row",
    '{"mx":["m.example"]}': "it has no domain",
    '[]': "it is not a JSON object",
    'x' * 70000: "longer than any policy",
    '{"domain":"c.example","mx":["m.example"]}\0"': "it is not a JSON object",
    '{"domain":"c.example","mx":[' + '"a",' * 16000 + '"a"]}': "c.example: mx: ",
    '{"domain":"c.example","domain":"d.example"}': "it is not a JSON object",
}


def test_import_stores_all_rows_or_none(begin):
    server, hosting = begin()
    shown, = manual.blocks("doc/hosting.md", "json", "line-of-import")
    lines = shown.text + '{"domain":"b.example","alias_of":"customer.example"}\n\n'
    assert "2 rows are valid" in hosting.call("import", "--dry-run", "-", given=lines)
    assert not rows(hosting)
    assert "2 rows are stored" in hosting.call("import", "-", given=lines)
    expected = text("mx1.example.com", "mx2.example.com")
    served(server, "customer.example", expected)
    served(server, "b.example", expected)
    before = rows(hosting)
    for wrong, message in WRONG_LINES.items():
        error = hosting.call("import", "-", status=1, given=lines + wrong + "\n")
        assert "mta-sts policy: -:4: " in error and message in error, (wrong, error)
        assert "nothing was changed" in error
        assert rows(hosting) == before
    exported = hosting.call("export")
    hosting.sql("DELETE FROM mta_sts_policy")
    hosting.call("import", "-", given=exported)
    assert rows(hosting) == before


def test_reports_about_hosted_domains_are_accepted(begin):
    server, hosting = begin("MTASTSReportPath /tlsrpt\n" + BODY)
    hosting.insert("a.example")
    served(server, "a.example")

    def post(domain):
        return report.post(server, report.packed(report.make(1, domain)), path="/tlsrpt").status

    assert [post(domain) for domain in ("a.example", "mx1.example.com", "b.example")] == \
        [201, 201, 202]
    hosting.insert("b.example")
    served(server, "b.example")
    for _ in range(20):  # for ten seconds it is remembered that it was quarantined
        if post("b.example") == 201:
            break
        time.sleep(1)
    content = report.make(1, "b.example")
    assert report.Spool(server).has(content, report.packed(content))


def test_a_policy_for_every_name_beside_hosted_domains_is_a_finding(make):
    server = make().configure(ON + proxied("hosting.example", MX, "mta-sts.*"))
    status, output = server.run("-t")
    assert status == 0 and "mta-sts.*" in output and "[hosting-shadowed]" in output
    assert "hosting-shadowed" not in make().configure(BODY).run("-t")[1]
    assert "hosting-shadowed" not in make().configure(BODY.replace(ON, "").replace(
        "<MTASTSPolicy example.com>", "").replace("</MTASTSPolicy>", "")).run("-t")[1]

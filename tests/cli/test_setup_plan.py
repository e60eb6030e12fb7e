# SPDX-License-Identifier: Apache-2.0
"""The parts of mta-sts-setup that need no Apache, no network and no rights."""

import argparse
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = str(TOP / "scripts" / "mta-sts-setup")
sys.path.insert(0, str(TOP / "scripts"))

from mta_sts_setup import (apache, arguments, certificate, edits, history, lock,  # noqa: E402
                           mail_server, removal, site, step)
from mta_sts_setup.policy import Policy  # noqa: E402
from mta_sts_setup.problem import Problem  # noqa: E402

POLICY = Policy("enforce", ("mx1.example.com", "*.example.net"), 604800)


def call(*words, **more):
    return subprocess.run(["/usr/bin/python3", "-B", PROGRAM, *words], text=True, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


# --- usage ---


@pytest.mark.parametrize(("words", "message"), [
    ([], "the following arguments are required: DOMAIN"),
    (["a.test", "b.test"], "unrecognized arguments: b.test"),
    (["a.test", "--mode", "Enforce"], "argument --mode: invalid choice: 'Enforce'"),
    (["a.test", "--stag"], "unrecognized arguments: --stag"),
    (["a.test", "--staging", "--server", "https://ca.test/"], "two different CAs"),
    (["a.test", "--server", "ca.test"], "--server: 'ca.test' is not an https URL"),
    (["a.test", "--server", "http://ca.test/dir"], "is not an https URL like https://ca.example/"),
    (["a.test", "--site", "../x"], "--site: '../x' is not the name of a site"),
    (["a.test", "--remove", "--mx", "b.test"], "--remove cannot be combined with --mx"),
    (["a.test", "--previous-max-age", "5"], "--previous-max-age needs --remove"),
    (["a.test", "--remove", "--previous-max-age", "0"], "1 to 31557600"),
    (["a.test", "--remove", "--previous-max-age", "1d"], "invalid int value"),
])
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(words, message):
    result = call(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize("word", [
    "", " ", "a b", "a\nServerRoot /", "a>", "<a", '"a"', "'a'", "`a`", "${HOME}", "$(id)", "a;b",
    "a|b", "a&b", "a\\", "#a", "a\0b".replace("\0", "\x01"), "a,b", "a\tb", "--", "-a"])
def test_values_that_could_break_out_of_a_directive_are_refused(word):
    for words in (["--", word], ["a.test", "--mx=" + word], ["a.test", "--max-age=" + word],
                  ["a.test", "--email=" + word]):
        result = call(*words)
        assert result.returncode == 2, words


def test_the_help_names_every_option_and_the_exit_statuses():
    result = call("--help")
    assert result.returncode == 0
    for option in re.findall(r'add\("(--[a-z-]+)"', (
            TOP / "scripts/mta_sts_setup/arguments.py").read_text()):
        assert option in result.stdout
    assert "exit status: 0" in result.stdout


def test_the_manual_page_names_every_option():
    page = (TOP / "doc" / "mta-sts-setup.8").read_text()
    for option in re.findall(r'add\("--([a-z-]+)"', (
            TOP / "scripts/mta_sts_setup/arguments.py").read_text()):
        assert re.search(rf"^\.It Fl -{option}\b", page, re.M), option


def test_it_is_found_installed_and_through_a_link(tmp_path):
    for directory in "sbin", "share/mod_mta_sts", "bin":
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "sbin/mta-sts-setup").write_text(pathlib.Path(PROGRAM).read_text())
    link = tmp_path / "bin" / "setup"
    link.symlink_to("../sbin/mta-sts-setup")
    words = ["/usr/bin/python3", "-B", str(link), "--help"]
    alone = subprocess.run(words, capture_output=True, timeout=20, text=True)
    assert alone.returncode == 1 and "install mod_mta_sts again" in alone.stderr
    (tmp_path / "share/mod_mta_sts/mta_sts_setup").symlink_to(TOP / "scripts/mta_sts_setup")
    assert subprocess.run(words, stdout=subprocess.PIPE, timeout=20).returncode == 0


def test_a_site_may_be_named_with_its_suffix():
    assert arguments.parse(["a.test", "--site", "shop.conf"]).site == "shop"


# --- policies ---


def test_the_policy_text_and_id_are_those_of_the_module():
    assert POLICY.text() == (b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\n"
                             b"mx: *.example.net\r\nmax_age: 604800\r\n")
    assert re.fullmatch("[0-9a-f]{20}", POLICY.id())


def definition(path, line, section_line=None, https=True):
    host = {"name": "x", "port": 443, "https": https, "file": path, "line": section_line}
    return {"precedence": 1, "defined_at": {"file": path, "line": line}, "mode_at": None,
            "virtual_host": host if section_line else None, "served": https}


def entry(domain, policy, *locations, pattern=False):
    return {"domain": domain, "pattern": pattern, "mode": policy.mode, "max_age": policy.max_age,
            "mx": list(policy.mx), "locations": list(locations)}


def dump_text(path):
    """As apachectl prints it, with messages before and after."""
    document = {"version": 1, "policies": [
        entry("example.com", POLICY, definition(path, 2, 1)),
        entry("mta-sts.*.example", Policy("testing", ("b.example",), 5),
              definition(path, 20, 10, https=False), pattern=True),
        entry("other.example", Policy("none", ("a.example",), 1), definition(path, 9))],
        "state_dir": "/var/lib/mod_mta_sts"}
    return "[mta_sts:warn] a warning\n{}\nSyntax OK\n".format(json.dumps(document))


@pytest.fixture
def conf(tmp_path):
    """conf(text) -> the path of a file with that text."""
    def write(text):
        path = tmp_path.resolve() / "site.conf"
        path.write_text(text)
        return str(path)
    return write


def test_the_policies_of_one_domain_are_read_from_the_dump_with_their_locations(conf):
    path = conf("<VirtualHost *:443>\n</VirtualHost>\n")
    (one,) = apache.definitions(apache.read_dump(dump_text(path)), "example.com")
    assert (str(one), one.policy, str(one.section)) == (path + ":2", POLICY, path + ":1")
    assert (one.is_block, one.is_pattern, one.is_served) == (False, False, True)


def test_server_level_blocks_and_patterns_are_read_from_the_dump(conf):
    document = apache.read_dump(dump_text(conf("<VirtualHost *:80>\n</VirtualHost>\n" * 6)))
    assert [(one.policy.mode, one.is_block, one.is_pattern, one.is_served)
            for one in apache.definitions(document, "other.example")] == [
        ("testing", False, True, False), ("none", True, False, True)]


@pytest.mark.parametrize("output", ["", "Syntax OK\n", '{"version":2}\n'])
def test_a_module_of_another_version_is_named(output, monkeypatch):
    monkeypatch.setattr(apache, "module_path", lambda: "/usr/lib/mod_mta_sts.so")
    with pytest.raises(Problem, match="the module /usr/lib/mod_mta_sts.so .* of the same version"):
        apache.read_dump(output)


# --- the end of a removal ---

NOW = datetime.now(timezone.utc)


class Served:
    """What removal looks at: a policy of a day, and what is known of earlier ones."""

    policy = Policy("enforce", ("mx1.example.com",), 86400)

    def __init__(self, earlier_until=None, *comments):
        self.earlier_until, self.comments = earlier_until, list(comments)


@pytest.mark.parametrize("until, earlier, previous, days", [
    (None, None, None, 1), (3, None, None, 3), (None, 4, None, 4), (None, None, 5, 5), (6, 4, 5, 6),
    (-3, -4, None, 1)])
def test_a_removal_is_due_when_the_last_of_all_earlier_policies_has_run_out(
        until, earlier, previous, days):
    now = datetime.now(timezone.utc)  # not at import: other tests may take minutes before this one
    day = timedelta(days=1)
    comments = [site.EARLIER + site.date_text(now + earlier * day)] if earlier else []
    served = Served(now + until * day if until else None, *comments)
    options = argparse.Namespace(previous_max_age=previous * 86400 if previous else None)
    late = removal.due(options, served) - now - days * day
    assert timedelta(0) <= late < timedelta(minutes=12)


def test_a_started_removal_waits_for_the_policies_in_the_history():
    noted = site.REMOVAL + "2026-01-01T00:00:00Z"
    assert removal.begun(Served(NOW)) is None
    assert removal.is_over(removal.begun(Served(None, noted)))
    assert removal.begun(Served(NOW + timedelta(days=2), noted)) == NOW + timedelta(days=2)


@pytest.mark.parametrize("noted, until, by_log, expected", [
    (5, 5, 2, 2), (5, 5, -1, -1), (5, 5, None, 5), (5, 6, 2, 2), (5, 4, 2, 5), (5, None, 2, 5),
    (-1, 5, 9, 5)])
def test_a_removal_follows_the_fetch_log_if_the_history_knows_all_that_the_file_does(
        noted, until, by_log, expected):
    def day(number):
        return None if number is None else NOW.replace(microsecond=0) + timedelta(days=number)
    served = Served(day(until), site.REMOVAL + site.date_text(day(noted)))
    served.history = history.History(day(until), None, day(by_log), None)
    assert removal.expected(served) == day(expected)
    assert removal.begun(served) == max(day(noted), day(until) or day(noted))


@pytest.mark.parametrize("hours, words", [
    (-5, "0 hours"), (0.5, "1 hour"), (22.5, "23 hours"), (47.5, "48 hours"), (48.5, "2 days"),
    (672.1, "28 days")])
def test_the_time_that_is_left_is_given_in_days_or_hours(hours, words):
    until = datetime.now(timezone.utc) + timedelta(hours=hours)
    assert removal.left(until) == words


# --- virtual hosts ---

SITE = """\
<VirtualHost *:80>
    ServerName http://WWW.example.com:80
    ServerAlias example.com *.shop.example.com
    MTASTSMode enforce
    MTASTSMx mx1.example.com \\
        mx2.example.com
    <MTASTSPolicy "example.net">
        MTASTSMx mx3.example.com
    </MTASTSPolicy>
</VirtualHost>
<VirtualHost *:443>
    ServerName other.example
    SSLEngine on
    SSLCertificateFile "/etc/letsencrypt/live/other/fullchain.pem"
</VirtualHost>
"""


def test_a_virtual_host_is_read_as_written_in_its_file(conf):
    path = conf(SITE)
    first, second = apache.Section(path, 1), apache.Section(path, 11)
    assert first.names == ["www.example.com", "example.com", "*.shop.example.com"]
    assert (first.is_https, second.is_https) == (False, True)
    assert (first.certificate, second.certificate) == (
        None, "/etc/letsencrypt/live/other/fullchain.pem")
    assert first.carries("a.shop.example.com") and not second.carries("example.com")
    assert certificate.lineage_of(second).name == "other"


def text_after(changes):
    (one,) = changes.steps("why")
    return one.text


def test_an_alias_goes_below_the_server_name_and_away_again(conf):
    path = conf(SITE)
    changes = edits.Edits()
    edits.add_alias(changes, apache.Section(path, 1), "mta-sts.example.com")
    added = text_after(changes)
    assert "80\n    ServerAlias mta-sts.example.com\n    ServerAlias example.com" in added
    changes = edits.Edits()
    edits.remove_alias(changes, apache.Section(conf(added), 1), "mta-sts.example.com")
    assert text_after(changes) == SITE


def test_one_of_several_aliases_of_a_line_goes_away_alone(conf):
    path = conf("<VirtualHost *:80>\n  ServerName a\n  ServerAlias b c d\n</VirtualHost>\n")
    changes = edits.Edits()
    edits.remove_alias(changes, apache.Section(path, 1), "c")
    assert "  ServerAlias b d\n" in text_after(changes)


def definition_in(path, line, section_line):
    return apache.PolicyDefinition(POLICY, path, line, apache.Section(path, section_line), False)


def test_plain_directives_are_taken_out_with_their_continuation_lines_and_blocks_stay(conf):
    path = conf(SITE)
    changes = edits.Edits()
    edits.remove_definition(changes, definition_in(path, 5, 1), "mta-sts.example.com")
    text = text_after(changes)
    assert "enforce" not in text and "mx1" not in text and "mx2" not in text
    assert '    <MTASTSPolicy "example.net">\n        MTASTSMx mx3.example.com\n' in text
    assert text.count("\n") == SITE.count("\n") - 3


def test_a_block_of_a_virtual_host_is_taken_out_alone(conf):
    path = conf(SITE)
    changes = edits.Edits()
    edits.remove_definition(changes, definition_in(path, 7, 1), "mta-sts.example.net")
    text = text_after(changes)
    assert "MTASTSPolicy" not in text and "MTASTSMode enforce" in text


def test_settings_shared_by_several_policy_hosts_are_left_to_the_admin(conf):
    path = conf(SITE.replace("ServerAlias ", "ServerAlias mta-sts.second.example "))
    with pytest.raises(Problem, match="also defines the policy of mta-sts.second.example"):
        edits.remove_definition(edits.Edits(), definition_in(path, 5, 1), "mta-sts.example.com")


def test_the_comments_and_dates_of_a_block_can_be_read(conf):
    date = datetime(2026, 12, 1, 5, 6, 7, tzinfo=timezone.utc)
    note = site.REMOVAL + site.date_text(date)
    text = site.block_text("example.com", POLICY, ["# mine", note], "  ")
    block = edits.Block(conf(text), 1)
    assert block.comments == ["# mine", note]
    assert site.noted(block.comments, site.REMOVAL) == date
    assert site.noted(block.comments, site.EARLIER) is None
    assert site.block_text("example.com", POLICY, block.comments, block.indent) == text


# --- steps ---


class Failing:
    description = "fail"

    def do(self):
        raise Problem("because")

    def undo(self):
        return []


@pytest.fixture
def backups(tmp_path, monkeypatch):
    monkeypatch.setattr(step, "BACKUPS", str(tmp_path / "backups"))


def test_a_failure_shows_what_was_done_and_how_to_undo_it(tmp_path, backups, capsys):
    new, old = tmp_path / "new file.conf", tmp_path / "old.conf"
    old.write_text("before\n")
    old.chmod(0o600)
    steps = [step.WriteFile(str(new), "x\n"), step.WriteFile(str(old), "after\n"), Failing()]
    with pytest.raises(Problem) as raised:
        step.carry_out(steps)
    text = str(raised.value)
    assert text.startswith("could not fail:\n  because\n")
    assert old.read_text() == "after\n" and old.stat().st_mode & 0o777 == 0o600
    undo = re.findall(r"^  ((?:cp|rm) .*)$", text, re.M)
    assert len(undo) == 2 and undo[0].startswith("cp -p ")
    for command in undo:
        subprocess.run(["sh", "-c", command], check=True, timeout=10)
    assert old.read_text() == "before\n" and not new.exists()


def test_a_file_that_somebody_else_changed_after_it_was_planned_is_left_alone(tmp_path, backups):
    path = tmp_path / "a.conf"
    path.write_text("before\n")
    steps = [step.WriteFile(str(tmp_path / "first.conf"), "x\n"),
             step.WriteFile(str(path), "after\n")]
    path.write_text("theirs\n")
    with pytest.raises(Problem, match="nothing was changed: .*/a.conf was changed by someone else"):
        step.carry_out(steps)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.conf"]
    assert path.read_text() == "theirs\n"


def test_while_another_process_changes_files_there_nothing_is_changed(tmp_path, backups, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS", 0)
    steps = [step.WriteFile(str(tmp_path / "a.conf"), "x\n")]
    with lock.Lock([str(tmp_path / "other.conf")]):
        with pytest.raises(Problem, match="another process has locked"):
            step.carry_out(steps)
    assert list(tmp_path.iterdir()) == []
    step.carry_out(steps)
    assert (tmp_path / "a.conf").read_text() == "x\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.conf"]


def test_who_may_only_read_a_directory_cannot_hold_its_lock(tmp_path, backups, monkeypatch):
    monkeypatch.setattr(lock, "SECONDS", 0)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with lock.Lock([str(tmp_path / "other.conf")]):
        info = (tmp_path / lock.NAME).stat()
        assert (info.st_uid, info.st_mode & 0o777) == (os.geteuid(), 0o600)
    step.carry_out([step.WriteFile(str(tmp_path / "a.conf"), "x\n")])
    os.close(handle)


def test_the_lock_file_of_a_run_that_was_killed_is_taken_over(tmp_path, backups):
    os.close(os.open(tmp_path / lock.NAME, os.O_CREAT | os.O_WRONLY, 0o600))
    step.carry_out([step.WriteFile(str(tmp_path / "a.conf"), "x\n")])
    assert [path.name for path in tmp_path.iterdir()] == ["a.conf"]


FOREIGN_LOCKS = {
    "a symbolic link": (lambda path: path.symlink_to("/etc/passwd"), "it is a symbolic link; remove it"),
    "a link to nothing": (lambda path: path.symlink_to("new"), "it is a symbolic link; remove it"),
    "open to others": (lambda path: (path.touch(), path.chmod(0o644)), "other users may open it; remove it"),
    "a directory": (lambda path: path.mkdir(), "Is a directory"),
    "a pipe": (lambda path: os.mkfifo(path), "it is not a file"),
}


@pytest.mark.parametrize("kind", FOREIGN_LOCKS)
def test_a_lock_file_that_others_could_hold_is_refused(tmp_path, backups, kind):
    make, why = FOREIGN_LOCKS[kind]
    make(tmp_path / lock.NAME)
    with pytest.raises(Problem, match="nothing was changed: the lock file .*: " + why):
        step.carry_out([step.WriteFile(str(tmp_path / "a.conf"), "x\n")])
    assert [path.name for path in tmp_path.iterdir()] == [lock.NAME]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_lock_file_of_another_user_is_refused_except_the_owner_of_the_directory(tmp_path, backups):
    path = tmp_path / lock.NAME
    path.touch(0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(Problem, match="it belongs to another user; remove it"):
        step.carry_out([step.WriteFile(str(tmp_path / "a.conf"), "x\n")])
    os.chown(tmp_path, 65534, 65534)
    step.carry_out([step.WriteFile(str(tmp_path / "a.conf"), "x\n")])
    assert (tmp_path / "a.conf").read_text() == "x\n"


def test_showing_steps_changes_nothing(tmp_path, capsys):
    path = tmp_path / "a.conf"
    step.show([step.WriteFile(str(path), "one\n"), step.Command("say", ["echo", "a b"])])
    assert not path.exists()
    shown = capsys.readouterr().out
    assert "+one\n" in shown and "    echo 'a b'\n" in shown


def test_bytes_that_are_not_text_survive_an_edit(tmp_path, backups):
    path = tmp_path / "latin1.conf"
    path.write_bytes(b"# \xe9\r\nkept\r\n")
    step.WriteFile(str(path), step.read(str(path)) + "more\n").do()
    assert path.read_bytes() == b"# \xe9\r\nkept\r\nmore\n"


# --- the mail server ---


@pytest.fixture
def letsencrypt(tmp_path, monkeypatch):
    """A certificate for mx1.example.com as certbot keeps it; the directory of its deploy hooks."""
    hooks = tmp_path / "renewal-hooks"
    (hooks / "deploy").mkdir(parents=True)
    (tmp_path / "renewal").mkdir()
    (tmp_path / "renewal" / "mail.conf").write_text("[renewalparams]\nserver = https://ca.test\n")
    monkeypatch.setattr(certificate, "LETSENCRYPT", str(tmp_path))
    monkeypatch.setattr(certificate, "names_in", lambda path: ["mx1.example.com"])
    monkeypatch.setattr(mail_server, "HOOKS", str(hooks))
    return tmp_path


def test_an_mx_certificate_without_a_hook_is_reported(letsencrypt):
    assert mail_server.unhooked(POLICY) == [("mail", "mx1.example.com")]
    assert mail_server.unhooked(POLICY._replace(mx=("mx2.example.com",))) == []


def test_a_hook_counts_if_it_is_executable_and_names_a_mail_server(letsencrypt):
    hook = letsencrypt / "renewal-hooks/deploy/own"
    hook.write_text("#!/bin/sh\nsystemctl reload dovecot\n")
    assert mail_server.unhooked(POLICY)
    hook.chmod(0o755)
    assert not mail_server.unhooked(POLICY)
    hook.write_text("#!/bin/sh\nsystemctl reload apache2\n")
    assert mail_server.unhooked(POLICY)


def test_a_hook_of_the_certificate_itself_counts(letsencrypt):
    path = letsencrypt / "renewal" / "mail.conf"
    path.write_text(path.read_text() + "renew_hook = systemctl reload postfix\n")
    assert not mail_server.unhooked(POLICY)


def test_the_proposed_hook_is_a_valid_shell_script():
    result = subprocess.run(["sh", "-n"], input=mail_server.TEXT, text=True, timeout=10)
    assert result.returncode == 0


def test_without_root_it_asks_for_it():
    if os.geteuid() != 0:
        result = call("a.test")
        assert (result.returncode, "run as root" in result.stderr) == (1, True)
    else:
        words = ["setpriv", "--reuid=65534", "--clear-groups", "--", "/usr/bin/python3", "-B"]
        result = subprocess.run([*words, PROGRAM, "a.test"], capture_output=True, text=True,
                                timeout=20)
        if "Permission denied" in result.stderr or "can't open file" in result.stderr:
            pytest.skip("another user cannot read the checkout")
        assert (result.returncode, "run as root" in result.stderr) == (1, True)

# SPDX-License-Identifier: Apache-2.0
"""`mta-sts import imaps://...` with a real Dovecot, and with servers that mean no good."""
import http.server
import json
import os
import pathlib
import re
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest

from imap import PASSWORD, TOKEN, USER, Certificates, Dovecot, FakeServer
from test_import import COMMAND, DATA, stored_in

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import manual  # noqa: E402

pytestmark = pytest.mark.slow

GOOGLE = (DATA / "google.eml").read_bytes()
MICROSOFT = (DATA / "microsoft.eml").read_bytes()
BROKEN = (DATA / "bad-damaged-report.eml").read_bytes()
OTHER = b"From: a@example.net\r\nSubject: hello\r\n\r\nNo report.\r\n"
DMARC = (b"From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: application/xml\r\n\r\n"
         b"<?xml version=\"1.0\"?><feedback></feedback>\r\n")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def dovecot(certificates):
    server = Dovecot(certificates)
    yield server
    server.stop()


@pytest.fixture
def password(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return file


def words_of(state, certificates, url, *words):
    return [COMMAND, "import", "--state-dir", str(state), "--ca-file", str(certificates.ca), url,
            *map(str, words)]


def call(state, certificates, url, *words, **more):
    result = subprocess.run(words_of(state, certificates, url, *words), capture_output=True,
                            timeout=60, text=True, **more)
    for secret in (PASSWORD, TOKEN):
        assert secret not in result.stdout + result.stderr
    return result


def test_reports_are_stored_and_the_mailbox_is_not_changed(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, GOOGLE, DMARC, MICROSOFT, BROKEN, GOOGLE])
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password)
    assert result.returncode == 0
    assert result.stderr == "mta-sts import: message 5: quarantined: the gzip data is truncated\n"
    lines = result.stdout.splitlines()
    assert sum(": stored: report of" in line for line in lines) == 2
    assert sum(": already stored: report of" in line for line in lines) == 1
    assert not any("contains no report" in line for line in lines)
    assert lines[-2:] == [
        f"imaps://tls%40example.com@localhost:{dovecot.port}/INBOX: 6 messages read: 2 reports "
        "stored, 1 report already stored, 1 report quarantined, 1 other message",
        "1 DMARC report skipped"]
    assert len(stored_in(state, "reports")) == 2
    assert dovecot.flags("INBOX") == [False] * 6


def test_the_second_call_reads_only_new_messages(state, dovecot, password):
    dovecot.fill("INBOX", [GOOGLE, OTHER])
    words = dovecot.url(), "--password-file", password
    assert "2 messages read" in call(state, dovecot.certificates, *words).stdout
    assert "0 messages read\n" in call(state, dovecot.certificates, *words).stdout
    dovecot.append("INBOX", [MICROSOFT])
    result = call(state, dovecot.certificates, *words)
    assert "1 message read: 1 report stored\n" in result.stdout
    again = call(state, dovecot.certificates, *words, "--again")
    assert "3 messages read: 2 reports already stored, 1 other message\n" in again.stdout


def test_what_was_read_is_in_a_private_file_that_is_replaced_as_a_whole(state, dovecot, password):
    dovecot.fill("INBOX", [GOOGLE, OTHER])
    call(state, dovecot.certificates, dovecot.url(), "--password-file", password)
    file, = state.glob("imap-*.json")
    known = json.loads(file.read_text())
    assert known["mailbox"] == f"imaps://tls%40example.com@localhost:{dovecot.port}/INBOX"
    assert known["last_uid"] > 1 and known["version"] == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list((state / "tmp").iterdir())


@pytest.mark.parametrize("damage", ["", "{", '{"version":2}', '{"version":1,"mailbox":"x"}',
                                    '{"version":1,"mailbox":"%s","uid_validity":0,"last_uid":-1}'])
def test_a_damaged_memory_of_a_mailbox_starts_over(state, dovecot, password, damage):
    dovecot.fill("INBOX", [GOOGLE])
    words = dovecot.url(), "--password-file", password
    call(state, dovecot.certificates, *words)
    file, = state.glob("imap-*.json")
    file.write_text(damage.replace("%s", json.loads(file.read_text())["mailbox"]))
    result = call(state, dovecot.certificates, *words)
    assert result.returncode == 0
    assert f"{file} cannot be used: " in result.stderr
    assert "all messages are read again" in result.stderr
    assert "1 report already stored" in result.stdout
    assert json.loads(file.read_text())["last_uid"] > 0


def test_renumbered_messages_are_read_again(state, dovecot, password):
    words = dovecot.url("Reports"), "--password-file", password
    dovecot.fill("Reports", [OTHER, OTHER, GOOGLE])
    call(state, dovecot.certificates, *words)
    time.sleep(1.1)  # UIDVALIDITY is a time
    dovecot.fill("Reports", [GOOGLE, MICROSOFT])
    result = call(state, dovecot.certificates, *words)
    assert "has renumbered the messages" in result.stderr
    assert "2 messages read: 1 report stored, 1 report already stored\n" in result.stdout
    assert call(state, dovecot.certificates, *words).stderr == ""


def test_messages_with_reports_are_marked_as_seen_on_request(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, GOOGLE, DMARC, BROKEN])
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password,
                  "--mark-seen")
    assert result.returncode == 0
    assert dovecot.flags("INBOX") == [False, True, False, True]


def test_messages_with_reports_are_moved_on_request(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, GOOGLE, MICROSOFT])
    dovecot.fill('"Done/T&-L&APw-"', [])
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password,
                  "--mark-seen", "--move-to", "Done/T&Lü")
    assert result.returncode == 0, result
    assert dovecot.flags("INBOX") == [False]
    assert dovecot.flags('"Done/T&-L&APw-"') == [True, True]


def test_a_mailbox_to_move_to_must_exist_and_the_message_is_read_again(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, GOOGLE])
    words = dovecot.url(), "--password-file", password, "--move-to", "Nowhere"
    for _ in range(2):
        result = call(state, dovecot.certificates, *words)
        assert result.returncode == 1
        assert "localhost refused UID MOVE" in result.stderr
        assert "1 message is left for the next run" in result.stdout
    assert len(stored_in(state, "reports")) == 1


def test_a_name_of_a_mailbox_may_have_any_characters(state, dovecot, password):
    dovecot.fill('"Pr&APw-fung \\"x\\""', [GOOGLE])
    result = call(state, dovecot.certificates, dovecot.url("Pr%C3%BCfung%20%22x%22"),
                  "--password-file", password)
    assert result.returncode == 0 and "1 report stored" in result.stdout, result


def test_since_selects_by_the_day_on_which_a_message_arrived(state, dovecot, password):
    dovecot.fill("INBOX", [])
    with dovecot.client() as client:
        client.append("INBOX", None, '"11-May-2026 12:00:00 +0000"', GOOGLE)
        client.append("INBOX", None, '"13-May-2026 12:00:00 +0000"', MICROSOFT)
    words = dovecot.url(), "--password-file", password
    result = call(state, dovecot.certificates, *words, "--since", "2026-05-12")
    assert "1 message read: 1 report stored" in result.stdout
    result = call(state, dovecot.certificates, *words, "--since", "2026-05-11", "--again")
    assert "2 messages read: 1 report stored, 1 report already stored" in result.stdout


def test_what_exceeds_the_number_of_messages_is_left_for_the_next_call(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, OTHER, GOOGLE])
    words = dovecot.url(), "--password-file", password, "--max-messages", 2
    result = call(state, dovecot.certificates, *words)
    assert result.returncode == 0
    assert "2 messages read: 2 other messages\n1 message is left for the next run" in result.stdout
    assert "1 message read: 1 report stored\n" in call(state, dovecot.certificates, *words).stdout


def test_a_message_that_is_too_large_is_skipped(state, dovecot, password):
    large = b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 2000
    dovecot.fill("INBOX", [large, GOOGLE])
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password,
                  "--max-size", "32K,1M")
    assert result.returncode == 0
    assert "skipped: the message is larger than 128K bytes" in result.stderr
    assert "2 messages read: 1 report stored, 1 other message\n" in result.stdout


def test_what_cannot_be_stored_is_read_again_by_the_next_call(state, dovecot, password):
    dovecot.fill("INBOX", [OTHER, GOOGLE, MICROSOFT])
    words = dovecot.url(), "--password-file", password
    assert call(state, dovecot.certificates, *words, "--max-messages", 1).returncode == 0
    big = state / "reports" / "ab" / ("ab" * 32)
    big.parent.mkdir(mode=0o700)
    big.touch(mode=0o600)
    os.truncate(big, 1 << 20)
    result = call(state, dovecot.certificates, *words, "--quota", "1M")
    assert result.returncode == 75
    assert "could not be stored" in result.stderr
    assert "2 messages are left for the next run" in result.stdout
    assert "2 reports stored\n" in call(state, dovecot.certificates, *words).stdout


def test_an_interrupted_call_is_continued_by_the_next_one(state, dovecot, password):
    dovecot.fill("INBOX", [GOOGLE] + [OTHER] * 150 + [MICROSOFT])
    words = dovecot.url(), "--password-file", password
    process = subprocess.Popen(["stdbuf", "-oL", *words_of(state, dovecot.certificates, *words)],
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
    process.stdout.close()
    result = call(state, dovecot.certificates, *words)
    assert result.returncode == 0
    read = int(result.stdout.split(" messages read")[0].split()[-1])
    assert 1 <= read < 152
    assert len(stored_in(state, "reports")) == 2


def test_messages_are_verified_as_those_of_files(state, dovecot, password):
    dovecot.fill("INBOX", [(DATA / "verified.eml").read_bytes()])
    words = dovecot.url(), "--password-file", password
    assert "not verified: stored" in call(state, dovecot.certificates, *words).stdout
    (state / "reports").rename(state / "old")
    result = call(state, dovecot.certificates, *words, "--again", "--authserv-id",
                  "mx1.example.com")
    assert "message " in result.stdout and ": verified: signed by " in result.stdout, result


# --- credentials ---

def test_a_wrong_password_is_reported_with_the_words_of_the_server(state, dovecot, tmp_path):
    file = tmp_path / "wrong"
    file.write_text("wrong")
    file.chmod(0o600)
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", file)
    assert result.returncode == 1
    assert "localhost refused the login of tls@example.com: " in result.stderr.replace('"', "")
    assert "Authentication failed" in result.stderr and "app password" in result.stderr


@pytest.mark.parametrize("line", [
    f"machine localhost login {USER} password \"{PASSWORD}\"",
    f"machine other login {USER} password no\nmachine localhost\n  login {USER}\n"
    f"  password \"{PASSWORD}\"\n",
    f"default login {USER} password \"{PASSWORD}\""])
def test_the_password_may_come_from_netrc(state, dovecot, tmp_path, line):
    dovecot.fill("INBOX", [GOOGLE])
    netrc = tmp_path / ".netrc"
    netrc.write_text(line)
    netrc.chmod(0o600)
    result = call(state, dovecot.certificates, dovecot.url(), "--netrc-file", netrc)
    assert result.returncode == 0, result
    result = call(state, dovecot.certificates, dovecot.url(),
                  env={**os.environ, "HOME": str(tmp_path)})
    assert result.returncode == 0, result


def test_a_token_of_a_command_logs_in_with_oauth(state, dovecot):
    dovecot.fill("INBOX", [GOOGLE])
    result = call(state, dovecot.certificates, dovecot.url(), "--token-command", f"echo {TOKEN}")
    assert result.returncode == 0 and "1 report stored" in result.stdout, result
    assert any(f"method={name}" in dovecot.log() for name in ("XOAUTH2", "OAUTHBEARER"))
    result = call(state, dovecot.certificates, dovecot.url(), "--token-command", "echo another")
    assert result.returncode == 1
    assert "refused the login" in result.stderr and "check that the token" in result.stderr


COMMANDS = {
    "exit 3": "failed with exit status 3",
    "true": "printed no token",
    "kill -9 $$": "was ended by a signal",
    "yes": "printed more than a token",
    "nosuchcommand 2>&-": "failed with exit status 127",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_token_command_that_fails_is_wrong_usage(state, dovecot, command):
    result = call(state, dovecot.certificates, dovecot.url(), "--token-command", command)
    assert result.returncode == 75
    assert "--token-command " + COMMANDS[command] in result.stderr


def test_a_secret_that_every_user_can_read_is_refused(state, dovecot, password):
    password.chmod(0o644)
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password)
    assert result.returncode == 75
    assert f"can be read by every user: chmod 600 {password}" in result.stderr


def test_root_reads_the_password_before_it_becomes_the_owner(state, dovecot, password):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    dovecot.fill("INBOX", [GOOGLE])
    directory = dovecot.directory / "state"
    directory.mkdir(mode=0o700)
    os.chown(directory, 65534, 65534)
    certificate = dovecot.directory / "ca.pem"
    certificate.write_bytes(dovecot.certificates.ca.read_bytes())
    certificate.chmod(0o644)
    result = subprocess.run(
        [COMMAND, "import", "--state-dir", str(directory), "--ca-file", str(certificate),
         dovecot.url(), "--password-file", str(password)], capture_output=True, text=True,
        timeout=60)
    assert result.returncode == 0, result
    assert {path.stat().st_uid for path in directory.glob("imap-*")} == {65534}


# --- TLS ---

def test_a_certificate_is_always_verified(state, dovecot, password):
    for url, words in ((dovecot.url(), []),
                       (dovecot.url().replace("localhost", "127.0.0.1"),
                        ["--ca-file", str(dovecot.certificates.ca)])):
        result = subprocess.run([COMMAND, "import", "--state-dir", str(state), url, *words,
                                 "--password-file", str(password)], capture_output=True, text=True,
                                timeout=60)
        assert result.returncode == 1 and "nothing was sent" in result.stderr
        if words or os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
            assert "is not valid" in result.stderr
        else:
            assert "install the package ca-certificates" in result.stderr


def test_imap_begins_with_starttls(state, dovecot, password):
    dovecot.fill("INBOX", [GOOGLE])
    url = f"imap://{USER}@localhost:{dovecot.starttls_port}/INBOX"
    result = call(state, dovecot.certificates, url, "--password-file", password)
    assert result.returncode == 0 and "1 report stored" in result.stdout, result


@pytest.mark.parametrize("greeting", [b"* OK ready\r\n", b"* PREAUTH welcome\r\n"])
def test_nothing_is_sent_without_tls(state, certificates, password, greeting):
    server = FakeServer(greeting=greeting)
    result = call(state, certificates, server.url(), "--password-file", password)
    assert result.returncode == 1 and result.stdout == ""
    assert "does not offer STARTTLS" in result.stderr or "cannot log in" in result.stderr
    assert b"AUTH" not in server.received and b"LOGIN" not in server.received
    assert b"EXAMINE" not in server.received


# --- what goes wrong ---

def test_a_mailbox_that_does_not_exist_is_named(state, dovecot, password):
    result = call(state, dovecot.certificates, dovecot.url("Nowhere"), "--password-file", password)
    assert result.returncode == 1
    assert 'localhost cannot open the mailbox "Nowhere": ' in result.stderr
    assert "doesn't exist" in result.stderr
    assert not list(state.glob("imap-*"))


def test_a_server_that_is_not_there_is_named(state, certificates, password):
    result = call(state, certificates, f"imaps://{USER}@localhost:1/INBOX", "--password-file",
                  password)
    assert result.returncode == 1 and "cannot log in at localhost" in result.stderr


def drip(connection, _):
    """A byte from time to time, for ever."""
    for _ in range(600):
        connection.sendall(b"x")
        time.sleep(0.1)


def flood(piece):
    def send(connection, _):
        while True:
            connection.sendall(piece * 1000)
    return send


HOSTILE = {
    "no answer": ({"SEARCH": None}, "took longer than --max-time"),
    "a byte now and then": ({"SEARCH": drip}, "took longer than --max-time"),
    "a line without end": ({"EXAMINE": flood(b"x" * 100)}, "more than was asked for"),
    "lines without end": ({"EXAMINE": flood(b"* OK still here\r\n")}, "more than was asked for"),
    "numbers without end": ({"SEARCH": flood(b"* SEARCH 5\r\n")}, "more than was asked for"),
    "a huge literal": ({"FETCH": b"* 1 FETCH (UID 5 BODY[]<0> {9999999999}\r\n"},
                       "more than was asked for"),
    "a literal that is cut": ({"FETCH": b"* 1 FETCH (UID 5 BODY[] {500}\r\nA: b"}, "--max-time"),
    "no number": ({"SEARCH": b"* SEARCH x\r\nTAG OK done\r\n"}, "is not IMAP"),
    "a number too large": ({"SEARCH": b"* SEARCH 4294967296\r\nTAG OK done\r\n"}, "is not IMAP"),
    "another tag": ({"SEARCH": b"A9 OK done\r\n"}, "is not IMAP"),
    "something else": ({"SEARCH": b"HTTP/1.1 200 OK\r\n"}, "is not IMAP"),
    "a list without end": ({"FETCH": b"* 1 FETCH (X " + b"(" * 1000 + b"\r\nTAG OK x\r\n"},
                           "is not IMAP"),
    "a goodbye": ({"SEARCH": b"* BYE \x1b[31mmaintenance\r\n"}, "ended the connection"),
    "no UIDVALIDITY": ({"EXAMINE": b"TAG OK done\r\n"}, "UIDVALIDITY"),
    "a refusal": ({"SEARCH": b"TAG NO not today\r\n"}, "refused UID SEARCH"),
    "our password": ({"AUTHENTICATE": b"TAG NO bad password " + PASSWORD.encode() + b"\r\n"},
                     "no reason given"),
    "capabilities without end": ({"CAPABILITY": flood(b"* CAPABILITY X\r\n")},
                                  "before the login|Too large response headers"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_server_is_given_up_in_bounded_time_and_memory(state, certificates, password,
                                                                 case):
    answers, error = HOSTILE[case]
    server = FakeServer(certificates, **answers)
    begun = time.monotonic()
    result = call(state, certificates, server.url(), "--password-file", password, "--max-time", "3",
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400 << 20,) * 2))
    assert result.returncode == 1, result
    assert re.search(error, result.stderr) and "\x1b" not in result.stderr
    assert time.monotonic() - begun < 20
    assert not list(state.glob("imap-*"))


def test_a_message_that_is_gone_meanwhile_is_passed_over(state, certificates, password):
    server = FakeServer(certificates, FETCH=b"* 1 FETCH (FLAGS (\\Seen))\r\nTAG OK done\r\n")
    result = call(state, certificates, server.url(), "--password-file", password)
    assert result.returncode == 0 and "0 messages read\n" in result.stdout
    assert json.loads(next(state.glob("imap-*")).read_text())["last_uid"] == 5


def test_a_server_that_cannot_move_is_found_out_first(state, certificates, password):
    server = FakeServer(certificates,
                        CAPABILITY=b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\nTAG OK x\r\n")
    result = call(state, certificates, server.url(), "--password-file", password, "--move-to", "x")
    assert result.returncode == 1 and "cannot move messages" in result.stderr
    assert b"SELECT" not in server.received


USAGE = {
    f"imaps://{USER}:geheim@h.example/INBOX": "use --password-file",
    "imaps://h.example/INBOX": "the user is missing",
    f"imaps://{USER}@h.example": "the mailbox is missing",
    f"imaps://{USER}@h.example/": "the mailbox is missing",
    f"imaps://{USER}@h.example:0/INBOX": "the port of the mailbox",
    f"imaps://{USER}@h_.example/INBOX": "the host of the mailbox",
    f"imaps://{USER}@[::x]/INBOX": "is not an IPv6 address",
    f"imaps://{USER}@h.example/INBOX;UID=1": "write a ;, ? or #",
    f"imaps://{USER}@h.example/%zz": "the name of the mailbox",
    f"imaps://{USER};AUTH=PLAIN@h.example/INBOX": "are not supported",
}


@pytest.mark.parametrize("url", USAGE)
def test_a_wrong_url_is_wrong_usage(state, url, password):
    result = subprocess.run([COMMAND, "import", "--state-dir", str(state), url, "--password-file",
                             str(password)], capture_output=True, text=True, timeout=20)
    assert result.returncode == 75 and USAGE[url] in result.stderr, result
    assert "geheim" not in result.stderr


@pytest.mark.parametrize("words", ["--since 3d x.json", "--mark-seen", "--password-file x -"])
def test_options_of_a_mailbox_without_one_are_wrong_usage(state, words):
    result = subprocess.run([COMMAND, "import", "--state-dir", str(state), *shlex.split(words)],
                            capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert result.returncode == 75 and "are for a mailbox" in result.stderr


@pytest.mark.parametrize("words, error", [
    (["--password-file", "x", "--token-command", "y"], "only one of"),
    (["x.json"], "the only argument"), (["--since", "soon"], "--since takes"),
    (["--move-to", "a\nb"], "--move-to takes")])
def test_options_that_contradict_are_wrong_usage(state, words, error):
    result = subprocess.run([COMMAND, "import", "--state-dir", str(state),
                             f"imaps://{USER}@h.example/INBOX", *words],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode == 75 and error in result.stderr


def test_without_a_password_the_ways_to_give_one_are_named(state, tmp_path):
    result = subprocess.run([COMMAND, "import", "--state-dir", str(state),
                             f"imaps://{USER}@h.example/INBOX"], capture_output=True, text=True,
                            timeout=20, env={**os.environ, "HOME": str(tmp_path)})
    assert result.returncode == 75
    for word in ("--password-file", "--token-command", "~/.netrc"):
        assert word in result.stderr


# --- the manual ---

def test_the_summary_is_that_of_the_manual(state, dovecot, password):
    shown = manual.block("doc/reports.md", "imap-summary").lines
    reports = [GOOGLE, MICROSOFT, (DATA / "old-type.eml").read_bytes()]
    dovecot.fill("INBOX", reports + [OTHER] * 8 + [DMARC])
    result = call(state, dovecot.certificates, dovecot.url(), "--password-file", password)
    assert [line.replace(f"localhost:{dovecot.port}", "imap.example.com")
            .replace("tls%40", "tls-reports%40") for line in result.stdout.splitlines()[-2:]] == shown


@pytest.mark.parametrize("shown", [manual.block("doc/reports.md", "gmail"),
                                   manual.block("doc/reports.md", "exchange")], ids=repr)
def test_the_calls_of_the_manual_are_accepted_as_far_as_the_connection(state, password, shown):
    words = re.sub(r"@[a-z0-9.]+/INBOX", "@localhost:1/INBOX", shown.text).replace(
        "/etc/mta-sts/mailbox-password", str(password)).replace(
            "/usr/local/sbin/exchange-token", "'echo token'")
    result = subprocess.run([COMMAND, *shlex.split(words)[1:], "--state-dir", str(state)],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "cannot log in at localhost" in result.stderr, result


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, form))
        body = json.dumps({"token_type": "Bearer", "access_token": TOKEN}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_script_for_exchange_online_prints_a_token(tmp_path):
    secret = b"client_id=a&client_secret=b&grant_type=client_credentials"
    (tmp_path / "exchange").write_bytes(secret + b"\n")
    with http.server.HTTPServer(("127.0.0.1", 0), TokenEndpoint) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        script = manual.block("doc/reports.md", "exchange-token").text.replace(
            "https://login.microsoftonline.com", f"http://127.0.0.1:{server.server_port}").replace(
                "/etc/mta-sts", str(tmp_path))
        result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
        server.shutdown()
    assert result.stdout == TOKEN + "\n" and result.returncode == 0, result
    assert server.asked == [("/contoso.onmicrosoft.com/oauth2/v2.0/token", secret)]

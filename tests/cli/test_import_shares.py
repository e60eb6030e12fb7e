# SPDX-License-Identifier: Apache-2.0
"""Who sends mail cannot use up the space for the reports of others."""

import email.message
import hashlib
import json
import mailbox
import os
import pathlib
import subprocess
import time

import pytest

pytestmark = pytest.mark.slow

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
QUOTA = 4 << 20
SHARED = QUOTA // 4 * 3
AUTHSERV = "mx.local.example"
RETRY = 75


def make(number, size):
    """A report of this many bytes about example.com."""
    body = json.dumps({
        "organization-name": "Sender", "report-id": f"r{number}", "contact-info": "a@b.example",
        "date-range": {"start-datetime": "2026-11-23T00:00:00Z",
                       "end-datetime": "2026-11-23T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.com"},
                      "summary": {"total-successful-session-count": number,
                                  "total-failure-session-count": 0}}]})
    return (body[:-1] + " " * (size - len(body)) + "}").encode()


def mail(content, signer=None):
    message = email.message.EmailMessage()
    if signer:
        message["Authentication-Results"] = f"{AUTHSERV}; dkim=pass header.d={signer}"
    message["From"] = f"tls@{signer or 'nobody.example'}"
    message["Subject"] = "Report Domain: example.com"
    message.set_content("A report.")
    message.add_attachment(content, maintype="application", subtype="tlsrpt+json",
                           filename="report.json")
    return message


def command(state):
    return [COMMAND, "import", "--state-dir", str(state), "--quota", f"{QUOTA},{QUOTA}",
            "--authserv-id", AUTHSERV]


def call(state, *words, given=b""):
    return subprocess.run([*command(state), *map(str, words)], input=given, capture_output=True,
                          timeout=60)


def send(state, number, signer=None, size=20000):
    """The exit status for one mail, as a mail server delivers it."""
    return call(state, given=mail(make(number, size), signer).as_bytes()).returncode


def send_many(state, directory, signers, size=100000):
    """One mail of each signer: the standard error."""
    box = mailbox.mbox(directory / "mails", create=True)
    box.clear()
    for number, signer in enumerate(signers):
        box.add(mail(make(10000 + number, size), signer))
    box.close()
    return call(state, directory / "mails").stderr.decode()


def used(state, area="reports"):
    """Bytes on disk."""
    return sum(-(-path.stat().st_size // 4096) * 4096
               for path in (state / area).rglob("*") if path.is_file())


def fill(state, size, channel="https"):
    """A file of this size that came another way."""
    header = f"tlsrpt 1 2026-11-24T00:00:00.000000Z {channel} 192.0.2.1 -\n".encode()
    name = hashlib.sha256(b"%d" % size).hexdigest()
    path = state / "reports" / name[:2] / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(header)
    path.chmod(0o600)
    os.truncate(path, size)


@pytest.fixture
def spool(state):
    assert send(state, 1) == 0
    return state


@pytest.mark.parametrize("signers, holders", [
    ([None], 1),
    (["sender.example"], 1),
    (["a.sender.example", "b.sender.example", "sender.example"], 1),  # names cost nothing
    (["one.example", "two.example", "three.example"], 3),
], ids=["unverified", "signer", "subdomains", "signers"])
def test_a_sender_of_mail_holds_at_most_a_quarter_of_what_others_leave(spool, tmp_path, signers,
                                                                       holders):
    error = send_many(spool, tmp_path, 60 * signers)
    most = SHARED * (1 - 0.75 ** holders)
    assert 0.8 * most <= used(spool) <= 1.05 * most
    assert "has used up its share of" in error
    for number, signer in enumerate([None, "honest.example"]):
        if signer not in signers:
            assert send(spool, 20 + number, signer) == 0
    assert send(spool, 2, signers[0], 200000) == RETRY
    fill(spool, SHARED)  # the others
    assert send(spool, 3, signers[0], 200000) == RETRY


def test_verified_mail_has_a_reserve_whatever_came_another_way(spool):
    fill(spool, QUOTA // 16 * 15 - 30000)
    assert send(spool, 2) == RETRY
    assert send(spool, 3, "honest.example", 10000) == 0
    assert send(spool, 4, "honest.example", 10000) == RETRY  # it has a small part of that
    assert send(spool, 5, "other.example", 10000) == 0


def test_verified_mail_of_many_signers_leaves_space_to_others(spool, tmp_path):
    error = send_many(spool, tmp_path, [f"x{number}.example" for number in range(500)], 11000)
    assert "has used up its share of" in error
    assert used(spool) <= QUOTA // 8 * 7


def test_a_call_that_takes_long_goes_by_what_others_have_counted_meanwhile(spool, tmp_path):
    """Otherwise it would count the spool anew for each of its mails."""
    fill(spool, QUOTA // 8)
    fill(spool, QUOTA // 16 * 13 - 30000)
    first = tmp_path / "first"
    first.write_bytes(mail(make(2, 10000), "honest.example").as_bytes())
    with subprocess.Popen([*command(spool), first, "-"], stdin=subprocess.PIPE) as running:
        while not (spool / "mail-shares").exists():
            assert running.poll() is None
            time.sleep(0.01)
        for path in (spool / "reports").rglob("*"):
            if path.is_file() and path.stat().st_size > QUOTA // 2:
                path.unlink()
        assert send(spool, 3, "other.example") == 0
        running.communicate(mail(make(4, 200000), "honest.example").as_bytes(), timeout=60)
    assert running.returncode == 0


def test_what_was_removed_is_free_again(spool, tmp_path):
    send_many(spool, tmp_path, 60 * [None])
    assert send(spool, 2, None, 200000) == RETRY
    for path in list((spool / "reports").rglob("*")):
        if path.is_file():
            path.unlink()
    assert send(spool, 2, None, 200000) == 0


@pytest.mark.parametrize("noted", [b"", b"nothing\n", b"mta-sts mail shares 1 1 1 1\nr- 999999999\n",
                                   b"\0" * 5000, b"mta-sts mail shares 1 1 1 1\nend\n"],
                         ids=["empty", "other", "cut", "zeros", "old"])
def test_a_damaged_note_is_made_anew(spool, tmp_path, noted):
    (spool / "mail-shares").write_bytes(noted)
    error = send_many(spool, tmp_path, 60 * [None])
    assert 0.8 * SHARED / 4 <= used(spool) <= 1.05 * SHARED / 4
    assert "has used up its share of" in error
    assert (spool / "mail-shares").read_text().endswith("\nend\n")


def test_mail_that_is_not_readable_has_a_share_of_the_quarantine(spool, tmp_path):
    box = mailbox.mbox(tmp_path / "mails", create=True)
    for number in range(80):
        box.add(mail(make(number, 100000)[:-1]))
    box.close()
    result = call(spool, tmp_path / "mails")
    assert 0.2 * QUOTA <= used(spool, "quarantine") <= 0.26 * QUOTA
    assert b"skipped: mail without a verified signature has used up its share" in result.stderr
    assert call(spool, given=mail(make(99, 100000)[:-1]).as_bytes()).returncode == 0


def test_reports_in_files_of_the_administrator_have_no_share(spool, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    for number in range(30):
        (files / f"{number}.json").write_bytes(make(number, 100000))
    assert call(spool, files).returncode == 0
    assert used(spool) >= 3000000

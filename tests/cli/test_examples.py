# SPDX-License-Identifier: Apache-2.0
"""The examples that run the command: what they call is there, and systemd takes them."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).parents[2]
EXAMPLES = TOP / "conf" / "examples"
BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve()


def command_of(name, pattern):
    return re.search(pattern, (EXAMPLES / name).read_text(), re.M)[1].split()


@pytest.mark.parametrize("name, pattern", [
    ("mta-sts-check.service", r"^ExecStart=(.*)$"),
    ("mta-sts-check.cron", r"^\d+ \d+ \* \* \* root (.*)$"),
    ("mta-sts-import.service", r"^ExecStart=(.*)$"),
    ("mta-sts-import.cron", r"^\d+ \* \* \* \* root (.*) >/dev/null$"),
    ("mta-sts-report.cron", r"^\d+ \d+ \* \* \* root (.*)$"),
    ("mta-sts-report.service", r"(mta-sts report .*) 2>&1\);"),
    ("mta-sts-watch.cron", r"^\d+ \* \* \* \* root (.*)$"),
    ("mta-sts-watch.service", r"(mta-sts watch) 2>&1\);"),
])
def test_an_example_calls_the_command_in_a_way_that_it_knows(name, pattern):
    program, *words = command_of(name, pattern)
    assert program == "mta-sts"
    # Usage is judged before anybody is asked.
    result = subprocess.run([str(BUILD / program), *words, "--help"], capture_output=True, timeout=20)
    assert result.returncode == 0
    assert result.stderr == b""


@pytest.mark.parametrize("name", ["mta-sts-import.service", "mta-sts-import.cron"])
def test_an_example_names_a_mailbox_that_the_command_accepts(name, tmp_path):
    """As far as the connection, to a machine that is not there."""
    words = re.search(r"mta-sts (import .*/INBOX)", (EXAMPLES / name).read_text())[1]
    password = tmp_path / "password"
    password.write_text("x")
    password.chmod(0o600)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    result = subprocess.run(
        [str(BUILD / "mta-sts"), *words.replace("/etc/mta-sts/mailbox-password", str(password))
         .replace("@imap.example.com/", "@localhost:1/").split(), "--state-dir", str(state)],
        capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "cannot log in at localhost" in result.stderr, result


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
@pytest.mark.parametrize("name", ["mta-sts-check", "mta-sts-import", "mta-sts-report",
                                  "mta-sts-watch"])
def test_systemd_accepts_the_service_and_the_timer(name, tmp_path):
    service = (EXAMPLES / f"{name}.service").read_text()
    path = tmp_path / f"{name}.service"
    # Neither the command nor its manual page need to be installed here.
    path.write_text(re.sub(r"^Documentation=.*\n", "", service, flags=re.M)
                    .replace("=mta-sts ", f"={BUILD}/mta-sts "))
    timer = tmp_path / f"{name}.timer"
    timer.write_text((EXAMPLES / timer.name).read_text())
    result = subprocess.run(["systemd-analyze", "verify", str(path), str(timer)],
                            capture_output=True, timeout=60)
    assert result.returncode == 0
    assert name.encode() not in result.stderr, result.stderr


@pytest.mark.parametrize("name", ["check", "import", "report", "watch"])
def test_each_says_where_another_state_directory_is_named_and_the_database_if_it_is_read(name):
    for kind, line in ("service", r"^#Environment=MTA_STS_STATE_DIR=/"), ("cron", r"^#MTA_STS_STATE_DIR=/"):
        text = (EXAMPLES / f"mta-sts-{name}.{kind}").read_text()
        assert re.search(line, text, re.M)
        help = subprocess.run([f"{BUILD}/mta-sts", name, "--help"], capture_output=True, timeout=60).stdout
        assert (b" --database" in help) == (f"mta-sts {name} --database" in text)


def shell_of(service):
    """What systemd passes to sh -c."""
    text = re.search(r"^ExecStart=/bin/sh -c '(.*?)'$", service, re.M | re.S)[1]
    text = text.replace("\\\n", " ").replace("\\n", "\n")
    return text.replace("%%", "%").replace("%H", "host.example").replace("$$", "$")


WATCHED = {  # what mta-sts and sendmail do -> exit status, whether there is a mail
    ("exit 0", "cat >&3"): (0, False),
    ("echo new: x; exit 2", "cat >&3"): (0, True),
    ("echo ' cannot look' >&2; exit 3", "cat >&3"): (0, True),
    ("echo new: x; kill -9 $$", "cat >&3"): (137, True),
    ("kill -9 $$", "cat >&3"): (137, False),
    ("echo new: x; exit 2", "cat >&3; exit 75"): (1, True),
}


MAILING = {"mta-sts-watch": "MTA-STS on host.example has changed",
           "mta-sts-report": "TLS reports of host.example"}


@pytest.mark.parametrize("service", MAILING)
@pytest.mark.parametrize("commands", WATCHED)
def test_a_service_that_mails_fails_if_the_text_may_not_have_arrived(commands, service, tmp_path):
    for name, script in zip(("mta-sts", "sendmail"), commands):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script.replace('>&3', f'> {tmp_path}/mail')}\n")
        program.chmod(0o755)
    script = shell_of((EXAMPLES / f"{service}.service").read_text())
    assert script.count("/usr/sbin/sendmail -i root") == 1
    done = subprocess.run(["/bin/sh", "-c", script.replace("/usr/sbin/sendmail", "sendmail")],
                          capture_output=True, text=True, timeout=20,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    mail = tmp_path / "mail"
    status, is_mailed = WATCHED[commands]
    assert (done.returncode, mail.exists()) == (status, is_mailed), done
    if is_mailed:
        header, body = mail.read_text().split("\n\n", 1)
        assert f"Subject: {MAILING[service]}\n" in header
        assert body.strip() and body in done.stderr  # for the journal


PUBLISH_ID = [  # words, exit status, what is said
    (["--help"], 0, "Usage: publish-id"),
    (["-w"], 2, "-w needs a value"),
    (["-w", "soon"], 2, '-w needs a number of seconds, not "soon"'),
    (["-k", "/nonexistent/key"], 2, "/nonexistent/key cannot be read"),
    (["--frobnicate"], 2, "there is no option --frobnicate"),
    (["--rua", "nonsense", "example.com"], 2, "--rua: "),
]


@pytest.mark.parametrize("words, status, said", PUBLISH_ID)
def test_publish_id_says_what_is_wrong_with_its_call(words, status, said):
    result = subprocess.run([str(TOP / "scripts" / "publish-id"), *words], capture_output=True,
                            env={**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}"}, timeout=60)
    assert result.returncode == status
    assert said in (result.stdout + result.stderr).decode()


# An mta-sts that prints the update of a policy whose mode is not known, and notes how it was called.
NOTING = """#!/bin/sh
printf '%s|' "$@" >>"$0.calls"
echo >>"$0.calls"
case $*:$1 in
*--offline*) exit 1 ;;
*:dns) printf 'update add _mta-sts.example.com. 300 TXT "v=STSv1; id=1;"\nsend\n' ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize("words, expected", [
    (["--state-dir", "/srv/state"], ["--state-dir=/srv/state"]),
    (["--state-dir=/srv/state"], ["--state-dir=/srv/state"]),
    (["--database", "pgsql host=db dbname=mail"], ["--database=pgsql host=db dbname=mail"]),
    (["--database=pgsql host=db", "--state-dir", "/srv/a b"],
     ["--database=pgsql host=db", "--state-dir=/srv/a b"]),
])
def test_publish_id_names_the_state_directory_and_the_database_in_every_call(tmp_path, words, expected):
    noting = tmp_path / "mta-sts"
    noting.write_text(NOTING)
    noting.chmod(0o755)
    done = subprocess.run([TOP / "scripts" / "publish-id", *words, "--resolver", "127.0.0.1", "example.com"],
                          capture_output=True, timeout=60,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 1 and b"nothing was published" in done.stderr, done
    calls = [line.split("|") for line in (tmp_path / "mta-sts.calls").read_text().splitlines()]
    assert [(called[0], "--before-id" in called, "--offline" in called) for called in calls] == [
        ("dns", False, False), ("dns", False, True), ("ready", True, False)]
    assert all(word in calls[0] for word in words)
    for called in calls[1:]:
        assert [word for word in called if word.startswith(("--state-dir", "--database"))] == expected
        assert called[-2] == "example.com"
    assert "--resolver=127.0.0.1" in calls[2] and "--resolver=127.0.0.1" not in calls[1]

# SPDX-License-Identifier: Apache-2.0
"""The manual: what it shows of the command is so, each block is tested, and each link leads somewhere."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from reports import COMMAND, DATA, TOTAL, import_reports

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))

import manual  # noqa: E402

PLAIN = {"apache", "zone"}  # each of these has the same test
KINDS = {"run", "lab"}
BIG_MAIL = "bigmail.example!example.com!1778544000!1778630399!001.json.gz"
POLICY = ("version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmx: mx2.example.com\r\n"
          "max_age: 604800\r\n")


# --- commands ---


@pytest.fixture
def world(tmp_path):
    """The files that the manual's commands read, in an empty directory; nothing was received yet."""
    shutil.copy(DATA / "google-failures.json.gz", tmp_path / BIG_MAIL)
    shutil.copy(DATA / "google-success.json", tmp_path / "success.json")
    report = json.loads((DATA / "google-failures.json").read_text())
    del report["policies"][0]["failure-details"][1:]
    detail, = report["policies"][0]["failure-details"]
    report["policies"][0]["summary"]["total-failure-session-count"] = detail["failed-session-count"]
    (tmp_path / "failure.json").write_text(json.dumps(report))
    (tmp_path / "policy.txt").write_bytes(POLICY.encode())
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    import_reports(state, DATA / "google-success.json")
    return tmp_path


def run(command, world):
    """What a user sees of a command, on a terminal with UTF-8 and without colours."""
    result = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        cwd=world, env={"PATH": f"{pathlib.Path(COMMAND).parent}:/usr/bin:/bin",
                        "LC_ALL": "C.UTF-8", "MTA_STS_STATE_DIR": str(world / "state")})
    return result.stdout.decode()


@pytest.mark.parametrize("number", range(len(manual.every_block("console", "run"))))
def test_a_command_prints_what_the_manual_shows(number, world):
    shown = manual.every_block("console", "run")[number]
    real = [(command, run(command.replace("sudo ", ""), world))
            for command, _ in shown.commands()]
    if manual.WRITE:
        manual.write(shown, manual.console(real))
    else:
        assert manual.console(real) == shown.lines


@pytest.mark.parametrize("zone", manual.every_block("zone"), ids=repr)
def test_the_records_of_the_manual_are_valid(zone):
    for line in zone.lines:
        name, _, kind, data = line.split(None, 3)
        assert name.endswith(".example.com.")
        option = {"_mta-sts": "--mta-sts-record", "_smtp": "--tlsrpt-record"}.get(
            name.split(".")[0])
        assert (kind == "TXT") == bool(option)
        if option:
            result = subprocess.run([COMMAND, "lint", option, data.strip('"')], timeout=20,
                                    capture_output=True, check=False)
            assert result.returncode == 0, result.stdout


# --- which test a block has ---


def reason(command):
    found = [start for start, _ in manual.NOT_RUN if command.startswith(start)]
    assert found, f"no test runs this, and NOT_RUN of tests/manual.py does not say why: {command}"
    return max(found, key=len)


def test_each_command_is_run_or_there_is_a_reason():
    used = {reason(command) for one in manual.every_block("console") if not one.name
            for command, _ in one.commands()}
    assert used == {start for start, _ in manual.NOT_RUN}, "a reason that no command has"


def test_each_other_block_has_a_test():
    tests = "".join(path.read_text() for path in (TOP / "tests").rglob("test_*.py"))
    for one in manual.every_block():
        if one.language == "console" and (one.name in KINDS or not one.name):
            continue
        if one.language in PLAIN and not one.name:
            continue
        assert one.name, f"{one}: it has no name"
        assert f'block("{one.document}", "{one.name}")' in tests, f"no test looks at {one}"


# --- the documents among one another ---


def anchors(document):
    """As GitHub makes them of the headings."""
    text = re.sub(r"^( *)```.*?^\1```", "", manual.read(document), flags=re.M | re.S)
    found = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
             for heading in re.findall(r"^#+ (.*)$", text, re.M)}
    return found | set(re.findall(r'<a name="(.*?)">', text))


@pytest.mark.parametrize("document", manual.DOCUMENTS)
def test_links_lead_to_existing_targets(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", manual.read(document)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (TOP / document).parent / path if path else TOP / document
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(os.path.relpath(there, TOP)), target


def test_the_readme_is_a_front_page():
    assert len(manual.read("README.md").splitlines()) <= 175


def test_files_named_in_the_architecture_exist():
    """Files, by their path from the top or from mod_mta_sts."""
    text = manual.read("doc/ARCHITECTURE.md")
    names = [name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name]
    assert len(names) > 50
    missing = [name for name in names if "NAME" not in name and not name.startswith(("text/", "/"))
               and not (TOP / name).exists() and not (TOP / "mod_mta_sts" / name).exists()]
    assert missing == []


def test_the_architecture_names_every_directory_of_the_sources():
    text = manual.read("doc/ARCHITECTURE.md")
    for path in (TOP / "mod_mta_sts").glob("*/*/"):
        if path.is_dir():
            name = path.relative_to(TOP / "mod_mta_sts")
            assert f"`mod_mta_sts/{name}`" in text or f"`{name}`" in text, name


def test_the_rooms_are_shown_as_they_are():
    shown = manual.block("doc/ARCHITECTURE.md", "rooms").lines
    assert [line.split()[0] for line in shown] == [
        f"mod_mta_sts/{name}" for name in ("core", "tlsrpt", "httpd", "cli")]


def test_every_result_type_is_explained():
    text = manual.read("doc/reports.md")
    for kind in TOTAL["types"]["kinds.example"]:
        assert f"| `{kind}` |" in text


def test_each_directive_has_its_table():
    """As httpd's manual has it, with the default and the contexts."""
    text = manual.read("doc/directives.md")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    found = 0
    for section in sections:
        name = section.split("\n", 1)[0].strip("\\<>")
        if not name.startswith("MTASTS"):
            continue
        found += 1
        for row in ("Description:", "Syntax:", "Context:", "Status: | External", "Module: | mod_mta_sts"):
            assert f"| {row}" in section, (name, row)
    assert found == len(re.findall(r"AP_INIT_\w+\(\s*(?:\"MTASTS|BLOCK)", (
        TOP / "mod_mta_sts/httpd/config/directives.c").read_text()))


def test_the_manual_page_of_the_module_names_every_directive():
    page = (TOP / "doc/mod_mta_sts.8").read_text()
    for name in re.findall(r"^## \\?<?(MTASTS\w+)", manual.read("doc/directives.md"), re.M):
        assert re.search(rf"^\.It .*Ic {name}\b", page, re.M), name


# --- other programs' configuration ---


def test_the_transport_is_that_of_the_manual_page_and_of_the_tests():
    """Its directory is that of the packages; test_configure.py has that of an installation."""
    shown = manual.block("doc/reports.md", "master.cf").text
    page = (TOP / "doc/mta-sts-import.1").read_text()
    lab = (TOP / "tests/e2e/lab/mail.py").read_text()
    assert shown.replace("/usr/bin/", "/usr/local/bin/") in page
    assert shown.replace("mx1.example.com", "{host}") in lab
    settings = [line for line in manual.block("doc/reports.md", "main.cf").lines if line[0] != "#"]
    for line in settings:
        assert line in page
        assert line.startswith("transport_maps") or line in lab
    assert manual.block("doc/reports.md", "transport").text in page
    assert manual.block("doc/reports.md", "milter").text in page


def test_postfix_logs_what_the_command_prints_of_a_verified_report(state):
    """In parentheses, after the status; "…" stands for names."""
    shown = manual.block("doc/reports.md", "postfix-log")
    printed = re.search(r"via tlsrpt service \((.*)\)\)$", shown.text.strip())[1]
    mail = b"Authentication-Results: mx1.example.com; dkim=pass header.d=bigmail.example\r\n" + \
        (DATA / "google.eml").read_bytes()
    result = subprocess.run([COMMAND, "import", "--state-dir", state, "--authserv-id",
                             "mx1.example.com"], input=mail, capture_output=True, timeout=60)
    real = (result.stdout + result.stderr).decode().strip().removeprefix("mta-sts import: ")
    if manual.WRITE:
        real = re.sub(r'"[^"]*"', '"…"', real)
        manual.write(shown, [shown.text.strip().replace(printed, real)])
    else:
        assert re.fullmatch(re.escape(printed).replace("…", ".*"), real), real


def test_opendkim_is_configured_as_in_the_tests():
    lab = (TOP / "tests/e2e/lab/dkim.py").read_text()
    shown = dict(line.split() for line in manual.block("doc/reports.md", "opendkim.conf").lines)
    assert set(shown) == {"Mode", "Socket", "AuthservID"}
    for name in shown:
        assert re.search(rf"^{name}\b", lab, re.M), name


def test_the_hook_counts_as_one_for_the_setup_program(tmp_path):
    """It is a script, and mta-sts-setup does not offer another one then."""
    hook = manual.block("doc/tutorial.md", "hook").text
    sys.path.insert(0, str(TOP / "scripts"))
    from mta_sts_setup import mail_server  # noqa: E402
    assert mail_server.HOOK in manual.read("doc/tutorial.md")
    assert mail_server.SERVERS.search(hook)
    assert subprocess.run(["sh", "-n"], input=hook.encode(), check=False).returncode == 0


def test_postfix_accepts_the_parameters_of_the_manual(tmp_path):
    """As it says itself; it names parameters that it does not know."""
    text = manual.block("doc/tutorial.md", "postfix-tls").text
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n" + text)
    (tmp_path / "master.cf").write_text("")
    postconf = shutil.which("postconf") or "/usr/sbin/postconf"
    if not os.path.exists(postconf):
        pytest.skip("postfix is not installed; tests/e2e needs it")
    result = subprocess.run([postconf, "-c", str(tmp_path), "-n"], capture_output=True, timeout=60)
    assert result.stderr == b""
    assert result.stdout.decode().count("smtpd_tls_") == 2


def test_the_paths_of_apparmor_are_those_of_the_state_directory():
    lines = manual.block("doc/operations.md", "apparmor").lines
    written = (manual.TOP / "conf/apparmor/mta-sts.abstraction").read_text()
    assert [line for line in lines if f"  {line}\n" not in written] == []
    assert [line.split()[0] for line in lines] == \
        ["/var/lib/", "/var/lib/mod_mta_sts/", "/var/lib/mod_mta_sts/**"]


def test_the_line_for_import_is_a_row_that_is_stored(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    database = ["--state-dir", state, "--database", f"sqlite3 {state}/reports.db"]

    def policy(*words):
        return subprocess.run([COMMAND, "policy", *words, *database], capture_output=True, timeout=60,
                              input=manual.block("doc/hosting.md", "line-of-import").text.encode())

    assert policy("init").returncode == 0
    done = policy("import", "-")
    assert done.returncode == 0, done.stderr
    assert b"customer.example" in policy("export").stdout

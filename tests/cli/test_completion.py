# SPDX-License-Identifier: Apache-2.0
"""Completion of mta-sts in bash, which uses `mta-sts --completions`."""
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

TOP = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve()
COMPLETION = TOP / "conf" / "completion" / "mta-sts"
ENVIRONMENT = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

# As bash calls it: the words, the one under the cursor, the one before it.
TRY = """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_mta_sts "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(*words, directory=TOP):
    result = subprocess.run(["bash", "-c", TRY, "try", str(COMPLETION), "mta-sts", *words],
                            capture_output=True, cwd=directory, env=ENVIRONMENT, timeout=20)
    assert result.stderr == b""
    return result.stdout.decode().split()


def help_of(*words):
    return subprocess.run(["mta-sts", *words, "--help"], capture_output=True, env=ENVIRONMENT,
                          timeout=20).stdout.decode()


SUBCOMMANDS = re.findall(r"^  ([a-z]+) ", help_of(), re.M)


def test_subcommands_are_completed():
    assert {"dns", "lint"} <= set(SUBCOMMANDS)
    assert complete("") == SUBCOMMANDS + ["--help", "--version"]
    assert complete("li") == ["lint"]
    assert complete("--v") == ["--version"]


def options_in_help(subcommand):
    """{option: its value, or ""}, long and short."""
    lines = re.findall(r"^  (?:(-[a-z]), )?(--[a-z-]+)(?: (\S+))?(?:  |$)", help_of(subcommand), re.M)
    return {option: value for short, long, value in lines for option in (short, long) if option}


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_option_of_a_subcommand_is_completed(subcommand):
    options = options_in_help(subcommand)
    assert "--help" in options
    assert len(options) > 2
    assert complete(subcommand, "-") and set(options) == set(complete(subcommand, "-")) | {"-h"}
    assert complete(subcommand, "--he") == ["--help"]


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_option_of_a_subcommand_is_explained_in_its_manual_page(subcommand):
    page = (TOP / "doc" / f"mta-sts-{subcommand}.1").read_text()
    for option in options_in_help(subcommand):
        assert re.search(rf"^\.It Fl .*\b{option.lstrip('-')}( |$)", page, re.M) or option == "-h"


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_alternatives_of_an_option_are_completed(subcommand):
    for option, values in options_in_help(subcommand).items():
        if not re.fullmatch(r"[a-z]+(\|[a-z]+)+", values):
            continue
        assert complete(subcommand, option, "") == values.split("|")
        assert complete(subcommand, option, "=", values[:2]) == [
            value for value in values.split("|") if value.startswith(values[:2])]


def test_files_are_completed_where_a_file_is_wanted(tmp_path):
    (tmp_path / "policy.txt").touch()
    assert complete("lint", "pol", directory=tmp_path) == ["policy.txt"]
    assert complete("lint", "--mx", "mx1.example.com", "pol", directory=tmp_path) == ["policy.txt"]
    assert complete("dns", "--policy", "pol", directory=tmp_path) == ["policy.txt"]
    assert complete("dns", "pol", directory=tmp_path) == []
    assert complete("dns", "--rua", "pol", directory=tmp_path) == []


def test_an_unknown_subcommand_completes_to_nothing():
    assert complete("frobnicate", "--") == []


def test_a_tab_in_a_terminal_completes():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**ENVIRONMENT, "TERM": "dumb"})
    seen = b""
    try:
        os.write(terminal, f"source {COMPLETION}\nmta-sts dns --format=js\t".encode())
        end = time.monotonic() + 20
        while b"--format=json" not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 4096)
    finally:
        os.write(terminal, b"\x15exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)
    assert b"--format=json" in seen

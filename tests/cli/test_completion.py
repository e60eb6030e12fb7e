# SPDX-License-Identifier: Apache-2.0
"""Completion of mta-sts in bash, which asks the command itself."""
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

# What bash's own completion does: words, the one under the cursor, the one before it.
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


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_option_of_a_subcommand_is_completed(subcommand):
    source = next((TOP / "mod_mta_sts" / "cli").glob(f"*/{subcommand}.c")).read_text()
    shared = (TOP / "mod_mta_sts" / "cli" / "common" / "option.h").read_text()
    for name in re.findall(r"^    (CLI_[A-Z]+_OPTIONS?),$", source, re.M):
        source += re.search(rf"#define {name}\b(.*(?<=\\)\n)*.*", shared)[0]
    options = re.findall(r'"([a-z-]+)", (?:no|required|optional)_argument', source)
    assert "help" in options
    assert len(options) > 2
    assert {f"--{option}" for option in options} <= set(complete(subcommand, "--"))


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_alternatives_of_an_option_are_completed(subcommand):
    for option, values in re.findall(r"^  (--[a-z-]+) ([a-z]+(?:\|[a-z]+)+)", help_of(subcommand),
                                     re.M):
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

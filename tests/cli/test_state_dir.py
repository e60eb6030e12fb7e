# SPDX-License-Identifier: Apache-2.0
"""Directories and files of others, whatever subcommand is called with them: nothing is created."""

import os
import pathlib
import shlex
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD.resolve() / "mta-sts")
SUBCOMMANDS = ["watch", "report", "report --failures", "report --causes", "report --list", "reindex",
               "fetches --offline example.test", "rollout --offline example.test", "policy init",
               "policy list", "policy confirm", "policy export", "policy import /dev/null",
               "policy set --mx mx.example.test example.test", "policy remove example.test",
               "ready --no-check example.test", "import", "mx --resolver 127.0.0.1 example.test",
               "dns --resolver 127.0.0.1 example.test", "dns --offline --policy - example.test"]
WITH_DATABASE = [words for words in SUBCOMMANDS if words.split()[0] not in ("report", "import")]
POLICY = "version: STSv1\nmode: testing\nmx: mx.example.test\nmax_age: 86400\n"
ETC = ["passwd", "hosts", "watch", "machine-id", "imap-server.conf"]


def call(words, *options, state=None):
    name, *rest = shlex.split(words)
    environment = {**os.environ, **({"MTA_STS_STATE_DIR": str(state)} if state else {})}
    return subprocess.run([COMMAND, name, *map(str, options), *rest], input=POLICY, env=environment,
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def other(tmp_path):
    """A directory that is not one of the module."""
    directory = tmp_path / "etc"
    directory.mkdir()
    for name in ETC:
        (directory / name).write_text("")
    return directory


@pytest.mark.parametrize("words", SUBCOMMANDS)
def test_a_directory_that_is_no_state_directory_is_refused(other, words):
    done = call(words, "--state-dir", other)
    if "no option" not in done.stderr and "takes no" not in done.stderr:
        assert f"{other} is not a state directory: it contains " in done.stderr, done
    assert done.returncode != 0 and done.stdout == ""
    assert sorted(os.listdir(other)) == sorted(ETC)


@pytest.mark.parametrize("variable", [False, True], ids=("option", "environment"))
@pytest.mark.parametrize("words", SUBCOMMANDS)
def test_a_named_state_directory_that_does_not_exist_is_an_error_and_is_not_made(tmp_path, words, variable):
    """A mistyped path must not read as "nothing has happened"."""
    state = tmp_path / "no" / "typo"
    done = call(words, state=state) if variable else call(words, "--state-dir", state)
    assert str(state) in done.stderr or "no option" in done.stderr, done
    assert done.returncode != 0 and done.stdout == ""
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("words", WITH_DATABASE)
def test_nor_is_a_database_made_in_it(other, words):
    done = call(words, "--state-dir", other, "--database", "sqlite3")
    assert done.returncode != 0 and done.stdout == ""
    assert sorted(os.listdir(other)) == sorted(ETC)


@pytest.mark.parametrize("words", [words for words in WITH_DATABASE if words not in (
    "policy init", "reindex", "watch")])
def test_a_named_database_that_does_not_exist_is_an_error_and_is_not_made(tmp_path, words):
    """A mistyped path must not read as "nothing has happened"."""
    state = tmp_path / "state"
    (state / "reports").mkdir(parents=True)
    done = call(words, "--state-dir", state, "--database", f"sqlite3 {tmp_path}/typo.db")
    assert f"there is no database {tmp_path}/typo.db: check the path" in done.stderr, done
    assert done.returncode != 0
    assert not (tmp_path / "typo.db").exists()


def test_watch_may_begin_in_an_empty_directory_and_go_on_there(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    for _ in range(2):
        assert "is not a state directory" not in call("watch", "--state-dir", state).stderr
    assert os.listdir(state) == ["watch"]


# Names that a volume may have before httpd's first start, and those of the module.
NEW_VOLUME = [".snapshot", ".gitkeep", ".nfs000000000001", "lost+found", ".mta-sts.lock", "tmp"]
OF_STATE = ["machine", "imap-0123456789abcdef.json"]


@pytest.mark.parametrize("name", NEW_VOLUME)
def test_a_new_volume_is_an_empty_state_directory(tmp_path, name):
    (tmp_path / name).mkdir()
    assert "is not a state directory" not in call("watch", "--state-dir", tmp_path).stderr
    assert sorted(os.listdir(tmp_path)) == sorted([name, "watch"])


@pytest.mark.parametrize("name", OF_STATE)
def test_a_state_directory_may_contain_files_of_others(tmp_path, name):
    for file in name, "notes":
        (tmp_path / file).write_text("")
    assert "is not a state directory" not in call("watch", "--state-dir", tmp_path).stderr

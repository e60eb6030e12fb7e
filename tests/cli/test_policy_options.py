# SPDX-License-Identifier: Apache-2.0
"""No option of `mta-sts policy` is ignored: an action does what it says, or refuses it."""

import os
import pathlib
import subprocess

import pytest

COMMAND = str(pathlib.Path(os.environ.get("MTA_STS_BUILD", "build")).resolve() / "mta-sts")
DOMAIN = "example.com"
ACTIONS = {"init": (), "set": (DOMAIN,), "remove": (DOMAIN,), "list": (), "import": ("/dev/null",), "export": (),
           "confirm": ()}
# Which actions take an option.
OPTIONS = {
    ("--mx", "mx9.example.com"): {"set"},
    ("--mode", "testing"): {"set"},
    ("--max-age", "86400"): {"set"},
    ("--alias-of", "example.net"): {"set"},
    ("--if-id", "4711"): {"set", "remove"},
    ("--wait", "1"): {"set"},
    ("--nsupdate",): {"set", "remove"},
    ("--force",): {"set", "remove", "import"},
    ("--wrong",): {"list"},
    ("--without-certificate",): {"list"},
    ("--format", "json"): {"list"},
    ("--dry-run",): {"import"},
}
REFUSED = [(action, option) for option, actions in OPTIONS.items() for action in ACTIONS if action not in actions]


class Rows:
    def __init__(self, state):
        self.where = ("--state-dir", str(state), "--database", f"sqlite3 {state}/reports.db")
        assert self.call("init").returncode == 0
        assert self.call("set", "--mx", "mx1.example.com", DOMAIN).returncode == 0

    def call(self, *words):
        return subprocess.run([COMMAND, "policy", *words[:1], *self.where, *words[1:]], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def stored(self):
        return self.call("export").stdout

    def identity(self):
        words = self.call("list").stdout.split()
        return words[words.index("id") + 1]


@pytest.fixture
def rows(state):
    return Rows(state)


@pytest.mark.parametrize("action, option", REFUSED, ids=lambda value: value if isinstance(value, str) else value[0])
def test_an_option_of_another_action_is_wrong_usage(rows, action, option):
    before = rows.stored()
    done = rows.call(action, *option, *ACTIONS[action])
    assert f"mta-sts policy: {action} takes no {option[0]}: that is an option of " in done.stderr, done
    assert (done.returncode, done.stdout, rows.stored()) == (2, "", before)


def test_remove_changes_only_the_policy_that_the_caller_has_seen(rows):
    before, identity = rows.stored(), rows.identity()
    for words in ("--if-id", "4711"), ("--if-id", "4711", "--force"):
        done = rows.call("remove", *words, DOMAIN)
        assert f"nothing was changed: the stored policy has the id {identity}, not 4711" in done.stderr, done
        assert (done.returncode, done.stdout, rows.stored()) == (1, "", before)
    assert rows.call("remove", "--if-id", identity, "--force", DOMAIN).returncode == 0
    assert rows.stored() == ""
    done = rows.call("remove", "--if-id", identity, DOMAIN)
    assert f"the stored policy does not exist, not {identity}" in done.stderr and done.returncode == 1

# SPDX-License-Identifier: Apache-2.0
"""httpd under ProtectSystem=strict of systemd: all is read-only but what the manual's drop-in names."""

import pathlib
import re
import subprocess
import sys

import pytest

import policy
import process
import report
from database import OWNER
from httpd import TOP, module_path
from report import make, packed, post

sys.path.insert(0, str(TOP / "tests"))

import manual  # noqa: E402

STATE = "/var/lib/mod_mta_sts"
DROP_IN = manual.block("doc/operations.md", "drop-in").text
PREPARE = manual.block("doc/operations.md", "strict").commands()[0][0].removeprefix("sudo ")
# As a start makes it that was not confined yet.
PREPARE_ALL = f"{PREPARE} {STATE}/reports {STATE}/quarantine {STATE}/tmp"

# $1: the directory of httpd, $2: that of the module, $3: the manual's command, $4: its paths; then httpd.
# As systemd does it, in a mount namespace: /tmp is private, /dev, /proc and /sys stay as they are.
STRICT = r"""
set -eu
root=$1 module=$2 prepare=$3 paths=$4
shift 4
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/root /var/lib/module
mount --bind "$root" /var/lib/root
mount --bind "$module" /var/lib/module
mount -t tmpfs tmpfs /tmp
mkdir -p "$root" "$module"
mount --bind /var/lib/root "$root"
mount --bind /var/lib/module "$module"
umount /var/lib/root /var/lib/module
eval "$prepare"
for path in $paths; do
    [ ! -e "$path" ] || mount --rbind "$path" "$path"
done
awk '{ print $5 }' /proc/self/mountinfo | while read -r place; do
    case " $root /tmp $paths " in *" $place "*) continue ;; esac
    case $place in /dev*|/proc*|/sys*) continue ;; esac
    mount -o remount,bind,ro "$(printf %b "$place")" 2>/dev/null || :
done
for place in /var/lib /etc /usr /run /; do
    case " $paths " in *" $place "*) continue ;; esac
    [ ! -w "$place" ] || { echo "$place can be written to" >&2; exit 1; }
done
exec "$@"
"""


def paths_of(drop_in):
    return re.search(r"^ReadWritePaths=(.*)$", drop_in, re.M)[1]


@pytest.fixture
def start_strictly(make):
    """start_strictly(paths, ...) -> a running Httpd that writes to these and its own directory only"""
    def start(paths, prepare=PREPARE, expected=()):
        server = make(expected).configure(f"MTASTSStateDir {STATE}\n" + report.conf())
        directory = str(pathlib.Path(module_path()).resolve().parent)
        server.wrapper = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
                          STRICT, "sh", str(server.root), directory, prepare, paths]
        return server.start()
    return start


def counted(server):
    """How many reports are in the index."""
    asked = subprocess.run(
        ["nsenter", "-t", str(server.pid), "-m", "--", *OWNER, "sqlite3", "-cmd",
         ".timeout 10000", f"file:{STATE}/reports.db?mode=rw",
         "SELECT count(*) FROM tlsrpt_report WHERE state = 0"], capture_output=True, timeout=60)
    return int(asked.stdout or 0)


def test_with_the_drop_in_of_the_readme_reports_are_stored_and_indexed(start_strictly):
    server = start_strictly(paths_of(DROP_IN))
    for number, again in ((1, server.graceful), (2, server.stop)):
        assert post(server, packed(make(number))).status == 201
        assert post(server, packed(make(number))).status == 200
        policy.check(server.fetch())
        process.wait_for(lambda: counted(server) == number, "the index")
        again()


@pytest.mark.parametrize("prepare", [PREPARE, PREPARE_ALL], ids=["new", "used before"])
def test_without_it_the_policy_is_served_and_the_log_says_what_is_missing(start_strictly, prepare):
    server = start_strictly("", prepare, [
        r"Read-only file system; .*ReadWritePaths= .*\[state-unusable\]$",
        r"report rejected: .*Read-only .*\[report-not-stored\]$"])
    server.log.possible.append(r"\[database-failed\]$")
    policy.check(server.fetch())
    assert post(server, packed(make())).status == 503


def test_systemd_accepts_the_drop_in(tmp_path):
    unit = tmp_path / "strict.service"
    unit.write_text(DROP_IN + "ExecStart=/bin/true\n")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True,
                          timeout=60)
    assert "strict.service" not in done.stderr and "Unknown" not in done.stderr, done.stderr

# SPDX-License-Identifier: Apache-2.0
"""The module, compiled with sanitizers, in Debian's httpd: policies, reports, the status page and
graceful restarts at once. `scripts/test sanitized-httpd` runs this; MTA_STS_SANITIZER names the
sanitizer that MTA_STS_MODULE was compiled with by gcc: address (with undefined) or thread.

httpd itself is not instrumented, so the runtime is loaded before it, and reports about memory that
only httpd and its libraries use are left out."""

import os
import pathlib
import subprocess

import pytest

import process
import report
from httpd import TOP, module_path
from report import Spool, make
from status_page import LOCATION, page
from test_gracefuls import CHANGES, Load

SANITIZER = os.environ["MTA_STS_SANITIZER"]
GRACEFULS = 8
OPTIONS = {
    # httpd's pools live until the process exits, and an unloaded module looks like a leak.
    "address": {"ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0:detect_stack_use_after_return=1",
                "UBSAN_OPTIONS": "print_stacktrace=1"},
    # Child processes of httpd exit without waiting for all of their threads, which looks like a
    # leak, too; the module creates no threads.
    "thread": {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1:exitcode=0:history_size=4:"
                               "report_thread_leaks=0:"
                               f"suppressions={TOP}/tests/httpd/tsan.suppressions"},
}
RUNTIMES = {"address": "libasan.so", "thread": "libtsan.so"}


def wrapper(logs):
    """The command that starts httpd. ThreadSanitizer needs address space layout randomization to be
    off."""
    library = subprocess.run(["gcc", f"-print-file-name={RUNTIMES[SANITIZER]}"], check=True,
                             capture_output=True, text=True).stdout.strip()
    options = [f"{name}={value}:log_path={logs}" for name, value in OPTIONS[SANITIZER].items()]
    return [*(["setarch", "-R"] if SANITIZER == "thread" else []), "env", f"LD_PRELOAD={library}",
            *options]


class StatusToo(Load):
    def fetch(self):
        super().fetch()
        if self.fetched % 10 == 0:
            assert page(self.server)


@pytest.mark.parametrize("mpm", ["worker", "event"])
def test_nothing_is_found_while_everything_happens_at_once(make_with, mpm):
    conf = "MTASTSReportLimit 1000000\n" + report.conf() + LOCATION
    server = make_with(mpm=mpm).configure(conf)
    logs = server.root / "database/sanitizer"
    server.wrapper = wrapper(logs)
    server.start()
    for child in server.children():
        mapped = pathlib.Path(f"/proc/{child}/maps").read_text()
        assert RUNTIMES[SANITIZER] in mapped and module_path() in mapped
    with StatusToo(server) as load:
        for number in range(GRACEFULS):
            before = len(load.acknowledged)
            server.configure(CHANGES[number % len(CHANGES)] + conf)
            server.graceful()
            process.wait_for(lambda: len(load.acknowledged) > before + 10, "reports to be stored")
    print(f"{SANITIZER}, {mpm}: {load.fetched} policies, {len(load.acknowledged)} reports")
    assert load.failures == []
    assert {report.digest(make(number)) for number in load.acknowledged} <= set(Spool(server).files())
    server.stop()
    found = "".join(path.read_text() for path in logs.parent.glob("sanitizer.*"))
    assert not found, found

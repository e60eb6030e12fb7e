# SPDX-License-Identifier: Apache-2.0
"""What one child does beside the requests: history, index, retention; and the bad days of its
database."""

import subprocess

import policy
import report
from httpd import proxied
from policy import HOST, MX
from report import Spool, make, packed, post

# --- mod_watchdog ---

# Debian has mod_watchdog in its binary, so its functions are hidden from who asks for them.
HIDE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
void *apr_dynamic_fn_retrieve(const char *name)
{
    void *(*real)(const char *) = dlsym(RTLD_NEXT, "apr_dynamic_fn_retrieve");
    return strncmp(name, "ap_watchdog_", 12) == 0 ? 0 : real(name);
}
"""


def test_without_mod_watchdog_it_says_what_to_do_and_all_else_works(make_with, tmp_path):
    library = tmp_path / "hide.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-x", "c", "-o", str(library), "-"],
                   input=HIDE.encode(), check=True)
    line = r"\[mta_sts:warn\].*mod_watchdog is not loaded: .*\[watchdog-missing\]$"
    server = make_with([line]).configure(report.conf())
    server.wrapper = ["env", f"LD_PRELOAD={library}"]
    server.start()
    policy.check(server.fetch())
    assert post(server, packed(make())).status == 201
    assert len(server.log.matching(line)) == 1
    server.graceful()
    assert len(server.log.matching(line)) == 2
    Spool(server).check()
    assert not (server.root / "state/mta-sts.db").exists()

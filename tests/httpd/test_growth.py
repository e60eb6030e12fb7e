# SPDX-License-Identifier: Apache-2.0
"""What is left of old generations."""

import pytest

import policy
import process
from httpd import MPMS, proxied
from policy import HOST, MX

every_mpm = pytest.mark.parametrize("mpm", MPMS)


@every_mpm
def test_thirty_gracefuls_leave_no_memory_no_files_and_no_processes_behind(start, mpm):
    conf = proxied(HOST, MX) + "".join(
        f"<MTASTSPolicy d{i}.example>\nMTASTSMx mx{i}.example\n</MTASTSPolicy>\n"
        for i in range(200))
    server = start(conf)

    def graceful():
        old = server.children()
        server.graceful()
        policy.check(server.fetch())
        process.wait_for(lambda: not old & server.children(), "the old children to end")

    for _ in range(10):
        graceful()
    memory, files = process.resident_kib(server.pid), process.open_files(server.pid)
    for _ in range(30):
        graceful()
    assert process.resident_kib(server.pid) <= memory + 1024
    assert process.open_files(server.pid) <= files
    process.wait_for(lambda: not any(map(process.is_zombie, process.children(server.pid))),
                     "no zombies")
    assert len(server.children()) <= 12
    process.wait_for(server.has_unprivileged_children, "children with the uid of www-data")

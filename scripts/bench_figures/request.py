# SPDX-License-Identifier: Apache-2.0
"""What a request for a policy costs above one that httpd answers by itself."""

from bench_figures.fetching import POLICY, instructions
from bench_figures.server import PLAIN, STATIC

REDIRECT = "/.well-known/nothing.txt"


def figure_instructions(bench):
    """The paths are equally long: reading and logging a longer one costs httpd more."""
    extra = f"{PLAIN}Redirect 204 {REDIRECT}\nRedirect 204 /short\n"
    (bench.root / "htdocs" / STATIC[1:]).write_text("version: STSv1\n" * 5)
    policy, redirect, short, static = instructions(
        bench, extra, [POLICY, REDIRECT, "/short", STATIC])
    note = (f"policy {policy:.0f}, Redirect 204 of an equally long path {redirect:.0f}, of /short "
            f"{short:.0f}, static file {static:.0f}")
    yield "instructions a request above Redirect 204", policy - redirect, note, 2500, 1500

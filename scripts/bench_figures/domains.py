# SPDX-License-Identifier: Apache-2.0
"""What thousands of policy domains cost: a request, the memory of httpd, and its configtest."""

import os
import re
import statistics
import subprocess
from pathlib import Path

from bench_figures.common import CannotMeasure, spread
from bench_figures.fetching import POLICY, instructions
from bench_figures.server import HTTPD, PLAIN


def domain(number):
    return f"d{number:06}.example.org"


def blocks(count, mx="    MTASTSMx mx.{}\n"):
    """Blocks of one domain each; no two texts are the same, unless mx is empty."""
    return "".join(
        f"<MTASTSPolicy {domain(i)}>\n{mx.format(domain(i))}</MTASTSPolicy>\n"
        for i in range(count)
    )


def static_hosts(count, root):
    return "".join(
        f"<VirtualHost *:80>\n    ServerName {domain(i)}\n    DocumentRoot {root}/htdocs\n"
        "</VirtualHost>\n"
        for i in range(count)
    )


def figure_domains(bench):
    many = bench.pick(100_000, 10_000)
    hosts = [f"mta-sts.{domain(i)}" for i in range(0, many, many // 100)]
    one, = instructions(bench, blocks(1), [POLICY], hosts[:1])
    all_of_them, = instructions(bench, blocks(many), [POLICY], hosts)
    yield (f"instructions a request with {many:,} domains over 1", all_of_them / one,
           f"{all_of_them:.0f} over {one:.0f}", 1.05, 1.02)


def resident(bench, extra):
    """VmRSS of the parent, which is what it keeps after reading its configuration twice."""
    with bench.httpd(extra) as process:
        status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)[1])


def figure_memory(bench):
    count = bench.pick(100_000, 20_000)
    empty = resident(bench, PLAIN)
    bytes_each = (resident(bench, blocks(count)) - empty) / count
    inheriting = (resident(bench, PLAIN + blocks(count, mx="")) - empty) / count
    yield (f"resident bytes a domain at {count:,} blocks", bytes_each,
           f"parent; {inheriting:.0f} where the blocks inherit MTASTSMx", 900, 750)


def configtest_seconds(bench, config):
    """User and system time of httpd -t."""
    with open(bench.root / "output", "w", encoding="utf-8") as output:
        process = subprocess.Popen([HTTPD, "-t", "-f", config], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CannotMeasure((bench.root / "output").read_text()[-500:])
    return usage.ru_utime + usage.ru_stime


def figure_configtest(bench):
    count, rounds = 10_000, bench.pick(15, 5)
    configs = []
    for name, extra in (("none", ""), ("policies", blocks(count)),
                        ("hosts", static_hosts(count, bench.root))):
        configs.append(bench.write_config(extra).rename(bench.root / f"{name}.conf"))
    ratios = []
    for _ in range(rounds):
        none, policies, hosts = (configtest_seconds(bench, config) for config in configs)
        ratios.append((policies - none) / (hosts - none))
    note = (f"{rounds} rounds, {spread(ratios)}, last {1000 * (policies - none):.0f} ms over "
            f"{1000 * (hosts - none):.0f} ms")
    yield (f"configtest of {count:,} domains over static virtual hosts",
           statistics.median(ratios), note, 0.20, 0.12)

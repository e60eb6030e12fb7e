# SPDX-License-Identifier: Apache-2.0
"""What the README shows of httpd's configuration is so."""

import re
import subprocess

import pytest

import policy
from httpd import APACHE, TOP, site

README = (TOP / "README.md").read_text()
# Its indented blocks, by their first word but comments.
BLOCKS = [re.sub(r"^    ", "", block, flags=re.M) + "\n"
          for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", README, re.M)]
SITE = "/etc/apache2/sites-enabled/mta-sts.conf"


def block(start):
    found = [text for text in BLOCKS if text.startswith(start)]
    assert found, f"the README has no block that begins with {start}"
    return found[0]


def here(text):
    """A virtual host of the README for a machine of the tests."""
    text = re.sub(r"/etc/letsencrypt/\S+", "@CERT@", re.sub(r"^ +", "", text, flags=re.M))
    return text.replace("*:443>", "127.0.0.1:@HTTPS@>")


@pytest.fixture
def three_lines(make):
    return make().configure(here(block("<VirtualHost *:443>")))


def test_the_three_lines_serve_the_policy(three_lines):
    policy.check(three_lines.start().fetch(), policy.text("mx1.example.com", "mx2.example.com"))


def test_the_dump_is_as_it_is_shown(three_lines):
    """But for the file, its lines, and the ends of long lines."""
    shown = block("; example.com\n")
    result = subprocess.run([APACHE, "-t", "-D", "DUMP_MTA_STS", "-f", str(three_lines.conf_file)],
                            capture_output=True, timeout=60)
    told = re.sub(rf"{three_lines.conf_file}:(\d+)",
                  lambda at: f"{SITE}:{int(at[1]) - three_lines.line}", result.stdout.decode())
    left = iter(told.splitlines())
    for line in shown.splitlines():
        start = line.removesuffix("...")
        assert any(other == line or start != line and other.startswith(start) for other in left), \
            f"{line}\nis not shown, or not there, in\n{told}"


def test_configtest_says_what_is_shown_of_a_port(make):
    shown = " ".join(block("AH00526").split()).removesuffix("...").strip()
    lines = block("<VirtualHost *:443>").replace("MTASTSMx     mx1.example.com",
                                                 "MTASTSMx     mx1.example.com:25")
    server = make().configure(here(lines))
    output = " ".join(server.run("-t")[1].split())
    output = re.sub(rf"line (\d+) of {server.conf_file}",
                    lambda at: f"line {int(at[1]) - server.line} of {SITE}", output)
    assert shown in output


def test_the_block_of_many_domains_serves_them_in_any_virtual_host(start):
    names = [f"mta-sts.example.{top}" for top in ("com", "net", "org")]
    server = start(block("<MTASTSPolicy example.com")
                   + site("www.example.com", aliases=" ".join(names)))
    for name in names:
        policy.check(server.fetch(name),
                     policy.text("mx1.example.com", "mx2.example.com", mode="enforce"))

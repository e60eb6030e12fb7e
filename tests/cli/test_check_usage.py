# SPDX-License-Identifier: Apache-2.0
"""`mta-sts check` as it is called wrongly: a clear sentence each, and exit status 3."""
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MTA_STS_BUILD", "build"))
COMMAND = str(BUILD / "mta-sts")


def call(*words, given=b"", **options):
    return subprocess.run([COMMAND, "check", *words], input=given, capture_output=True, timeout=60,
                          **options)


def refused(*words, **options):
    result = call(*words, **options)
    assert result.returncode == 3
    assert result.stdout == b""
    return result.stderr.decode()


WRONG = [  # words, what is said
    (["mta-sts.example.com"], 'write the policy domain, the part after "mta-sts."'),
    (["192.0.2.1"], "is an IP address"),
    (["2001:db8::1"], "is an IP address"),
    (["https://example.com/"], "is a URL"),
    (["user@example.com"], "is a mail address"),
    (["example.com:25"], "contains a port"),
    (["exa mple.com"], "contains a blank"),
    ([""], "is empty"),
    (["a..b"], "has an empty label"),
    (["x" * 64 + ".com"], "longer than 63 bytes"),
    (["\x1b[31m.com"], "contains a control character"),
    (["--frobnicate"], "there is no option --frobnicate"),
    (["-x"], "there is no option -x"),
    (["--format"], "--format needs a value"),
    (["--format", "xml", "a.test"], 'text, json or nagios, not "xml"'),
    (["--timeout", "0", "a.test"], "a number from 1 to 17"),
    (["--timeout", "99999999999999999999", "a.test"], "a number from 1 to 17"),
    (["--smtp-port", "65536", "a.test"], "a number from 1 to 65535"),
    (["--smtp-port", "-1", "a.test"], "a number from 1 to 65535"),
    (["-w", "x", "a.test"], "--warning takes a number"),
    (["-c", "", "a.test"], "--critical takes a number"),
    (["--resolver", "dns.example.com", "a.test"], "is not an IP address"),
    (["--resolver", "192.0.2.1@0", "a.test"], "has a port that is not 1 to 65535"),
    (["--resolver", "192.0.2.1@53x", "a.test"], "has a port that is not 1 to 65535"),
    (["--connect", "mx.example.com", "a.test"], "HOST=ADDRESS:PORT"),
    (["--connect", "mx.example.com=host:25", "a.test"], "is not an IP address"),
    (["--connect", "mx.example.com=[::1]:0", "a.test"], "a number from 1 to 65535"),
    (["--connect", "m x=192.0.2.1:25", "a.test"], "contains a blank"),
    (["--ca-file", "/nonexistent", "a.test"], "/nonexistent cannot be read: No such file"),
    (["--ca-file", "/etc/passwd", "a.test"], "contains no certificate in PEM format"),
    (["--trust-anchor", "/nonexistent", "a.test"], "/nonexistent cannot be read: No such file"),
    (["--trust-anchor", "/etc/passwd", "a.test"], "no valid DS or DNSKEY records"),
    (["--trust-anchor", "/dev/null", "a.test"], "is empty"),
    (["--file", "/nonexistent"], "/nonexistent: No such file or directory"),
    (["--file", "/"], "/: Is a directory"),
    (["--file", "/dev/null"], "/dev/null contains no domain"),
]


@pytest.mark.parametrize("words, said", WRONG)
def test_wrong_usage_is_reported_and_exits_with_3(words, said):
    assert said in refused(*words)


def test_for_monitoring_what_went_wrong_is_on_standard_output():
    result = call("--format", "nagios", "--file", "/nonexistent|x")
    assert (result.returncode, result.stderr) == (3, b"")
    assert result.stdout == b"MTA-STS UNKNOWN: /nonexistent/x: No such file or directory\n"


def test_without_a_network_it_says_so_and_not_how_to_call_it():
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("cannot make a network namespace")
    result = subprocess.run(["unshare", "-n", COMMAND, "check", "--timeout", "1", "a.test"],
                            capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == "mta-sts check: no name server answers: check the network, " \
                            "or specify one with --resolver\n"


LISTS = [  # the list, what is said
    (b"# nothing\n\n   \n", "contains no domain"),
    (b"a.test\n\nmta-sts.b.test\n", ":3: \"mta-sts.b.test\" is a policy host"),
    (b"a.test b.test\n", ":1: \"a.test b.test\" contains a blank"),
    (b"x" * 5000 + b"\n", ":1: the line is longer than 1022 bytes: write one domain per line"),
    (b"\xff\xfe.test\n", ":1: "),
    (b"a.test\0b.test\n", ":1: the line contains a NUL"),
]


@pytest.mark.parametrize("given, said", LISTS, ids=range(len(LISTS)))
def test_an_invalid_list_is_reported_with_its_line(given, said):
    assert said in refused("--file", "-", given=given)


def test_a_machine_whose_httpd_serves_no_policy_is_reported():
    assert "httpd" in refused()


def test_help_is_printed_on_standard_output():
    result = call("--help")
    assert result.returncode == 0
    assert result.stdout.startswith(b"Usage: mta-sts check")

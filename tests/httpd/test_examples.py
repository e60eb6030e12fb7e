# SPDX-License-Identifier: Apache-2.0
"""The example sites of conf/examples, with free ports and a throwaway certificate in them."""

import re

import pytest

import policy
from httpd import TOP

EXAMPLES = sorted((TOP / "conf" / "examples").glob("*.conf"))
HOSTS = ["mta-sts.example.com", "mta-sts.example.net", "mta-sts.example.org"]
MONTH = 4 * policy.WEEK
WRITTEN = policy.text("mx1.example.com")

SERVED = {
    "behind-tls-proxy": {"example.com": WRITTEN},
    "certbot": {"example.com": policy.text("mx1.example.com", "*.backup.example.net",
                                           mode="enforce", max_age=MONTH)},
    "http-only": {},
    "mod_md": {},
    "several-domains": {
        "example.com": policy.text("mx1.example.com", "mx2.example.com", mode="enforce"),
        "example.net": policy.text("mx1.example.com", "mx2.example.com", mode="enforce"),
        "example.org": policy.text("mail.example.org"),
    },
}


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request):
    return request.param


def body_of(path, ca):
    """The example for a machine of the tests. Only TLS needs the word @CERT@."""
    text = path.read_text().replace("*:80>", "127.0.0.1:@HTTP@>")
    if "*:443>" not in text:
        return text
    text = "# over TLS: @CERT@\n" + text.replace("*:443>", "127.0.0.1:@HTTPS@>")
    certificate = str(ca.issue(HOSTS))
    return re.sub(r"/etc/letsencrypt/\S+", certificate, text)


def modules_of(path):
    return ["md"] if path.stem == "mod_md" else []


def test_an_example_passes_configtest_with_nothing_to_complain_about(make, ca, example):
    server = make().configure(body_of(example, ca), modules=modules_of(example))
    status, output = server.run("-t")
    assert status == 0, output
    assert not re.search(r"\[mta_sts:(warn|error)\]", output), output


def test_an_example_passes_configtest_without_any_of_its_modules(make, ca, example):
    server = make().configure(body_of(example, ca), load=False)
    status, output = server.run("-t")
    assert status == 0, output


def test_an_example_serves_the_policy_that_it_shows(start, ca, example):
    if not SERVED[example.stem]:
        pytest.skip("it has no certificate yet; the lab gets one for it (tests/e2e)")
    server = start(body_of(example, ca))
    for domain, text in SERVED[example.stem].items():
        answer = server.fetch(host="mta-sts." + domain)
        assert (answer.status, answer.body) == (200, text)


def test_every_example_is_known_here():
    assert {path.stem for path in EXAMPLES} == set(SERVED)

# SPDX-License-Identifier: Apache-2.0
"""The steps of `mta-sts ready`: one plan without contradictions, in which nothing is to be done twice."""
import json
import subprocess

import pytest

import live
from test_ready import Store, days

ADD = 'add "mx: {}" to the policy, then publish its new id'
BOTH = 'add "mx: mx2.example.com", "mx: mx3.example.com" to the policy, then publish its new id'


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return live.Ca(tmp_path_factory.mktemp("ca"))


def extend(deployment, *hosts):
    for host in hosts:
        deployment.add_mx(host)
    deployment.set_mx("example.com", "mx1.example.com", *hosts)


def publish(deployment, *texts):
    deployment.dns.records["_mta-sts.example.com", "TXT"] = list(texts)


OLD = "v=STSv1; id=01234567890123456789;"
GOOGLE = ("aspmx.l.google.com", "alt1.aspmx.l.google.com", "alt2.aspmx.l.google.com")


@pytest.mark.parametrize("change, steps", [
    (lambda d: extend(d, "mx2.example.com"), [ADD.format("mx2.example.com")]),
    (lambda d: extend(d, "mx2.example.com", "mx3.example.com"), [BOTH]),
    (lambda d: (extend(d, "mx2.example.com"), publish(d, OLD)), [ADD.format("mx2.example.com")]),
    (lambda d: (extend(d, "mx2.example.com"), publish(d)), [ADD.format("mx2.example.com")]),
    (lambda d: extend(d, *GOOGLE),
     ['add "mx: *.aspmx.l.google.com", "mx: aspmx.l.google.com" to the policy, then publish its new id']),
    (lambda d: publish(d, OLD), ['_mta-sts.example.com: publish "v=STSv1; id={id};"']),
], ids=("one host", "two hosts", "an old id", "no record", "a provider", "only an old id"))
def test_the_policy_changes_once_and_has_one_new_id(tmp_path, ca, change, steps):
    deployment, store = live.Deployment(ca, mode="testing"), Store(tmp_path)
    store.import_verified([one for name in ("a.example", "b.example") for one in days(name)])
    change(deployment)
    done = subprocess.run([live.COMMAND, "ready", "--format", "json", "--state-dir", str(store.state),
                           *deployment.options(), "example.com"], capture_output=True, text=True, timeout=100,
                          env={"PATH": f"{store.path}:/usr/bin:/bin"})
    domain, = json.loads(done.stdout)["domains"]
    identity = live.policy_id(live.policy("mx1.example.com", mode="testing"))
    assert domain["steps"] == [step.format(id=identity) for step in steps]


GOOD = [one for name in ("a.example", "b.example") for one in days(name)]
TESTING = live.policy("mx1.example.com", mode="testing")
OTHER = live.policy("mx1.example.com", mode="enforce", max_age=86400)


def stop_tls(deployment):
    deployment.mail["mx1.example.com"].has_starttls = False


@pytest.mark.parametrize("served, announced, reports, wrong, plain, before", [
    # What is served and announced, whether there are verified reports; the exit status, without and with the option.
    ("enforce", TESTING, [], None, 1, 1),
    ("enforce", TESTING, GOOD, None, 1, 0),
    ("enforce", TESTING, GOOD[:20], None, 1, 1),
    ("enforce", TESTING, GOOD, stop_tls, 2, 2),
    ("enforce", None, [], None, 1, 1),
    ("enforce", None, GOOD, None, 1, 0),
    ("enforce", OTHER, [], None, 1, 0),  # another policy in the same mode: it is on already
    ("enforce", OTHER, [], stop_tls, 2, 2),
    ("testing", OTHER, GOOD, None, 1, 0),
])
def test_before_the_id_of_an_enforced_policy_is_published_evidence_is_required(tmp_path, ca, served, announced, reports,
                                                                              wrong, plain, before):
    deployment, store = live.Deployment(ca, mode=served), Store(tmp_path)
    (store.state / "reports").mkdir(mode=0o700, exist_ok=True)
    store.import_verified(reports)
    publish(deployment, *([f"v=STSv1; id={live.policy_id(announced)};"] if announced else []))
    file = tmp_path / "earlier"
    file.write_text(announced or TESTING, newline="")
    if wrong:
        wrong(deployment)
    for words, status in ([], plain), (["--before-id"], before):
        done = subprocess.run([live.COMMAND, "ready", "--policy", file, *words, "--state-dir", store.state,
                               *deployment.options(), "example.com"], capture_output=True, text=True, timeout=100,
                              env={"PATH": f"{store.path}:/usr/bin:/bin"})
        assert done.returncode == status, done.stdout

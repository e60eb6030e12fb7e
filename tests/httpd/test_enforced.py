# SPDX-License-Identifier: Apache-2.0
"""The warning at start about mode enforce, where reports contain failures that it turns into refused
mail."""

import datetime

import pytest

import process
from database import Database
from policy import MX
from report import conf, import_verified, make, packed, post
from status_page import LOCATION, page

pytestmark = pytest.mark.slow

WARNED = r"\[mta_sts:warn\].*\[enforce-failures\]$"

EXPIRED = ("certificate-expired", "mx1.example.com")

# Domain: mode, result type, MX, sessions, days ago, the type of policy if it is not sts, and a reason.
# Those with most failures are looked at first, so that the others were passed over when a line about
# the last ones is there.
DOMAINS = {
    "testing.example": ("testing", *EXPIRED, 9, 2),
    "old.example": ("enforce", *EXPIRED, 9, 20),
    "fetch.example": ("enforce", "sts-policy-fetch-error", None, 9, 2),
    "unclear.example": ("enforce", "validation-failure", "mx1.example.com", 9, 2),
    "dane.example": ("enforce", *EXPIRED, 9, 2, "tlsa"),
    "unlisted.example": ("enforce", "validation-failure", "mx9.example.com", 4, 2, "sts",
                         "MX_HOSTS_MISMATCH"),
    "refused.example": ("enforce", *EXPIRED, 3, 2),
    "hostile.example": ("enforce", "starttls-not-supported", "\x1b[2J$(reboot)", 2, 2),
}
SAID = {
    "unlisted.example": "4 failed sessions for which senders refuse to deliver: The sender found an "
                        "MX host that does not match any mx line of your policy.",
    "refused.example": "about the last 14 days show 3 failed sessions for which senders refuse to "
                       "deliver: The certificate of mx1.example.com has expired. Renew it",
    "hostile.example": "The sender reached your mail server, but the server did not offer encryption",
}


def failing(domain, kind, mx, sessions, days_ago, policy="sts", reason=None):
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days_ago)
    failure = {"result-type": kind, "failed-session-count": sessions}
    if reason:
        failure["failure-reason-code"] = reason
    if mx:
        failure["receiving-mx-hostname"] = mx
    return make(policies=[{
        "policy": {"policy-type": policy, "policy-domain": domain},
        "summary": {"total-successful-session-count": 5, "total-failure-session-count": sessions},
        "failure-details": [failure]}],
        **{"date-range": {"start-datetime": f"{day}T00:00:00Z",
                          "end-datetime": f"{day}T23:59:59Z"}})


def test_enforce_causes_a_warning_at_start_if_reports_show_mail_that_it_refuses(make_with):
    server = make_with([WARNED]).configure(conf("".join(
        f"<MTASTSPolicy {domain}>\n{MX}MTASTSMode {mode}\n</MTASTSPolicy>\n"
        for domain, (mode, *_) in [*DOMAINS.items(), ("forged.example", ("enforce",))]))).start()
    for domain, (_, *failure) in DOMAINS.items():
        import_verified(server, failing(domain, *failure))
    # One that anyone can submit, under the same name.
    assert post(server, packed(failing("forged.example", *EXPIRED, 99, 2))).status == 201
    process.wait_for(
        lambda: len(Database(server).run("SELECT id FROM tlsrpt_report")) == len(DOMAINS) + 1,
        "the reports to be in the index")
    server.stop()
    before = len(server.log.matching(WARNED))

    server.start()
    lines = process.wait_for(
        lambda: (now := server.log.matching(WARNED)[before:]) and "hostile.example: " in now[-1]
        and now, "the warnings")
    assert len(lines) == len(SAID)
    for line, (domain, said) in zip(lines, SAID.items()):
        assert f"{domain}: mode enforce is set, but verified reports " in line and said in line
        assert f" For all details run: mta-sts ready {domain} [enforce-failures]" in line
        assert "\x1b" not in line and "reboot" not in line


DOMAIN = "changed.example"
FIVE_DAYS = 5 * 86400 * 1_000_000


def block(mode):
    return conf(f"<MTASTSPolicy {DOMAIN}>\n{MX}MTASTSMode {mode}\n</MTASTSPolicy>\n{LOCATION}")


def test_failures_from_before_the_change_to_enforce_are_no_refused_mail(make_with):
    server = make_with([WARNED]).configure(block("testing")).start()
    import_verified(server, failing(DOMAIN, *EXPIRED, 3, 2))
    process.wait_for(lambda: Database(server).history(DOMAIN), "the history")
    process.wait_for(lambda: Database(server).run("SELECT id FROM tlsrpt_report"), "the index")
    server.configure(block("enforce"))
    server.restart()
    process.wait_for(lambda: len(Database(server).history(DOMAIN)) == 2, "the new policy")
    server.restart()
    process.wait_for(lambda: "Delivered securely" in page(server).text, "the page")
    assert "Mail is being refused" not in page(server).text
    server.stop()
    assert server.log.matching(WARNED) == []

    # The same report, had the change been before it.
    Database(server).run(f"UPDATE mta_sts_history SET first_served = first_served - {FIVE_DAYS}, "
                         f"last_served = last_served - {FIVE_DAYS}")
    server.start()
    line, = process.wait_for(lambda: server.log.matching(WARNED), "the warning")
    assert f"{DOMAIN}: mode enforce is set, but verified reports " in line
    assert "Mail is being refused" in page(server).text

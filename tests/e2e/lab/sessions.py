# SPDX-License-Identifier: Apache-2.0
"""The TLSRPT data of Postfix 3.10 and later: a datagram from libtlsrpt for each SMTP session.

The datagrams of one day about a domain, added up, are the sender's report to it.
"""

import datetime
import gzip
import json
import socket
import threading
from collections import Counter

from lab.process import directory, run

POLICY_TYPES = {1: "tlsa", 2: "sts", 9: "no-policy-found"}
RESULT_TYPES = {
    201: "starttls-not-supported", 202: "certificate-host-mismatch",
    203: "certificate-not-trusted", 204: "certificate-expired", 205: "validation-failure",
    301: "sts-policy-fetch-error", 302: "sts-policy-invalid", 303: "sts-webpki-invalid",
    304: "tlsa-invalid", 305: "dnssec-invalid", 306: "dane-required"}
DETAILS = {
    "s": "sending-mta-ip", "n": "receiving-mx-hostname", "h": "receiving-mx-helo",
    "r": "receiving-ip", "a": "additional-information", "f": "failure-reason-code"}
DESCRIPTION = {"policy-string", "policy-domain", "mx-host"}


def are_supported():
    """Whether this version of Postfix sends such datagrams."""
    return "smtp_tlsrpt_enable" in run("postconf", "-d", check=False).stdout


class Sessions:
    """Receives the datagrams. libtlsrpt does not wait, so a thread reads them immediately."""

    def __init__(self):
        self.path = directory("sessions") / "socket"
        self.seen = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.path.chmod(0o666)
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            self.seen.append(json.loads(self._socket.recv(65536)))

    def of(self, domain):
        """The policies of each session with a domain."""
        return [session["policies"] for session in self.seen if session["d"] == domain]

    def report(self, domain, organization):
        """The report about all sessions with a domain so far, compressed as by senders."""
        sums = {}
        for policies in self.of(domain):
            for policy in policies:
                add(policy, sums.setdefault(describe(policy), Counter()))
        today = datetime.datetime.now(datetime.timezone.utc).date()
        return gzip.compress(json.dumps({
            "organization-name": organization, "contact-info": f"tls@{organization}",
            "report-id": f"{today}_{domain}",
            "date-range": {"start-datetime": f"{today}T00:00:00Z",
                           "end-datetime": f"{today}T23:59:59Z"},
            "policies": [written(policy, counts) for policy, counts in sums.items()],
        }).encode(), mtime=0)


def describe(policy):
    described = {"policy-type": POLICY_TYPES[policy["policy-type"]]}
    described.update((name, policy[name]) for name in DESCRIPTION & policy.keys())
    return json.dumps(described, sort_keys=True)


def add(policy, counts):
    """Adds one session: secure or not ("f"), and each of its failures, including those that did not
    prevent a secure session in the end."""
    counts["failed" if policy["f"] else "successful"] += 1
    for failure in policy.get("failure-details", ()):
        described = {"result-type": RESULT_TYPES[failure["c"]]}
        described.update((DETAILS[key], value) for key, value in failure.items() if key != "c")
        counts[json.dumps(described, sort_keys=True)] += 1


def written(policy, counts):
    """A policy in the format of the report."""
    failures = {text: count for text, count in counts.items() if text.startswith("{")}
    return {
        "policy": json.loads(policy),
        "summary": {"total-successful-session-count": counts["successful"],
                    "total-failure-session-count": counts["failed"]},
        "failure-details": [{**json.loads(text), "failed-session-count": count}
                            for text, count in failures.items()]}

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A private httpd with policies, two weeks of reports and hostile ones, for a browser to look at.

Prints one line of JSON with the addresses once all of it is in the index, and ends when its
standard input does. Exit status: 1 if the error log had a line that was not expected.
"""

import datetime
import json
import os
import pathlib
import random
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
HTTPD = TESTS / "httpd"
sys.path[:0] = [str(HTTPD), str(TESTS)]

import process
import report
import status_page
from ca import Ca
from httpd import Httpd, proxied, site

DATA = HTTPD.parent / "data" / "reports"
DAY = datetime.timedelta(days=1)
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0,
                                                             microsecond=0)
MX = "MTASTSMx mx1.example.com mx2.example.com\n"
SENDERS = ("Big Mail Inc.", "Enterprise Mail Corporation", "Small Hoster", "Meadow Mail")
HELD = ["version: STSv1", "mode: enforce", "mx: mx1.example.com", "mx: mx2.example.com",
        "max_age: 604800"]
OLD = ["version: STSv1", "mode: testing", "mx: mx1.example.com", "max_age: 86400"]
LONG = "customer-with-a-name-that-goes-on-and-on." + "another-label-that-goes-on." * 3 + "example"
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


def conf():
    many = "".join(f"<MTASTSPolicy customer{i:03}.example>\nMTASTSMode "
                   f"{('testing', 'enforce')[i % 2]}\n{MX}</MTASTSPolicy>\n" for i in range(60))
    many += f"<MTASTSPolicy {LONG}>\n{MX}</MTASTSPolicy>\n"
    return (status_page.LOCATION + "MTASTSReportLimit 100000\nMTASTSReportPath /tlsrpt\n" + many
            + site("mta-sts.example.com", "MTASTSMode enforce\n" + MX)
            + site("mta-sts.example.net", MX, "mta-sts.example.org")
            + proxied("mta-sts.short.example", "MTASTSMode enforce\nMTASTSMaxAge 12h\n" + MX))


def failure(kind, sessions, mx="mx2.example.com", **more):
    return {"result-type": kind, "sending-mta-ip": "192.0.2.80", "receiving-mx-hostname": mx,
            "receiving-ip": "198.51.100.25", "failed-session-count": sessions, **more}


def one(sender, number, day, successful, failures=(), domain="example.com", policy=tuple(HELD)):
    begin = TODAY - day * DAY
    return {
        "organization-name": sender, "report-id": f"{number}", "contact-info": "a@b.example",
        "date-range": {"start-datetime": f"{begin:%Y-%m-%dT00:00:00Z}",
                       "end-datetime": f"{begin:%Y-%m-%dT23:59:59Z}"},
        "policies": [{
            "policy": {"policy-type": "sts", "policy-domain": domain, "policy-string": policy},
            "summary": {"total-successful-session-count": successful,
                        "total-failure-session-count": sum(f["failed-session-count"]
                                                           for f in failures)},
            "failure-details": list(failures)}]}


def reports():
    """The same at every call: a certificate that expired five days ago, a policy that could not be
    fetched, an older one in a cache, and what a stranger makes up."""
    chance = random.Random(8461)
    for day in range(28, 0, -1):
        weekend = (TODAY - day * DAY).weekday() > 4
        for number, sender in enumerate(SENDERS):
            sessions = chance.randrange(300, 420) // (number + 1) // (3 if weekend else 1)
            failures = []
            if day < 6 and number < 3:
                failures.append(failure("certificate-expired", (6 - day) * 9 // (number + 1) + 1))
            if day == 17 and number == 1:
                failures.append(failure("sts-policy-fetch-error", 14, None,
                                        **{"failure-reason-code": "bad https response code: 404"}))
            yield one(sender, day, day, sessions, failures,
                      policy=OLD if number == 2 and day < 3 else HELD)
    yield one("Meadow Mail", "net", 2, 40, domain="example.net")
    yield one(HOSTILE, HOSTILE, 1, 1, [failure(
        HOSTILE, 1, HOSTILE, **{"failure-reason-code": HOSTILE, "receiving-ip": HOSTILE,
                                "additional-information": "javascript:alert(1)"})],
              domain="example.org", policy=[HOSTILE])


def main():
    with tempfile.TemporaryDirectory(prefix="mta-sts-browser-") as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        ca = Ca(directory)
        os.environ["SSL_CERT_FILE"] = str(ca.root)  # as a machine trusts public CAs
        server = Httpd(ca, "event", [r"max-age|policy-host-no-vhost|enforce-failures"])
        try:
            server.configure(conf()).start()
            sent = [json.dumps(made).encode() for made in reports()]
            sent.append((DATA / "hostile-text.json").read_bytes().replace(
                b"../<img src=x onerror=alert(1)>", b"example.org"))
            for data in sent:
                assert report.post(server, data, host="mta-sts.example.com").status == 201
            report.post(server, b"{\"policies\":[", host="mta-sts.example.com")
            report.import_verified(server, json.dumps(
                one("Verified Mail", "verified", 1, 50, [failure("certificate-expired", 7)])).encode())
            process.wait_for(lambda: data_of(server)["reports"].get("count") == len(sent) + 1,
                             "the reports in the index", 60)
            server.fetch(host="mta-sts.example.com")
            print(json.dumps({"base": f"http://127.0.0.1:{server.ports['http']}"
                                      f"{status_page.PATH}"}), flush=True)
            sys.stdin.read()
        finally:
            server.close()


def data_of(server):
    found = server.fetch_plainly("localhost", status_page.PATH + "?since=all&format=json")
    return json.loads(found.body)


if __name__ == "__main__":
    main()

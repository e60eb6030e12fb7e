# SPDX-License-Identifier: Apache-2.0
"""The zone of the domains with a fault, their certificates and their servers."""

import ssl

from lab.ca import Ca, trust
from lab.dns import quoted
from lab.domain import policy_id
from lab.faulty import Mail, Web, answer, context, hang, reply, say, serve, take_no_connection
from lab.faulty_domains import EVERYBODY, MX6, OTHER_WEB, PLAIN_ZONE, WEB, WEB6, ZONE, policy
from lab.process import run

OLD = ssl.TLSVersion.TLSv1_1


def records_of(fault, number):
    """The records of one domain in the zone."""
    texts = (f"v=STSv1; id={policy_id(fault.policy_text())};",) if fault.record is None \
        else fault.record
    more = dict(fault.records)
    texts += tuple(f"{n} {'x' * 200}" for n in range(more.pop("more-texts", 0)))
    mx = (f"10 {fault.mx_host}.",) if fault.mx is None else fault.mx
    found = {
        (f"_mta-sts.{fault.domain}", "TXT"): [quoted(text) for text in texts],
        (f"_smtp._tls.{fault.domain}", "TXT"): [quoted(text) for text in fault.tlsrpt],
        (fault.domain, "MX"): list(mx),
        (fault.host, "A"): [one for one in fault.addresses if ":" not in one],
        (fault.host, "AAAA"): [one for one in fault.addresses if ":" in one],
        **more,
    }
    if fault.smtp:
        address = fault.smtp if isinstance(fault.smtp, str) and fault.smtp[0].isdigit() \
            else f"127.0.3.{number}"
        name = fault.domain if fault.mx == () else fault.mx_host
        found[name, "A"] = [address]
    return {key: values for key, values in found.items() if values}


def issue(ca):
    """Issues certificates according to the table; from now on, the machine trusts the lab's own
    CA."""
    foreign = Ca("foreign-ca")
    names = [f"*.{ZONE}", *(fault.host for fault in EVERYBODY), f"implicit-mx.{ZONE}",
             f"mx.{PLAIN_ZONE}"]
    chained = foreign.issue(*names)
    incomplete = foreign.issue(*names)
    with chained.chain.open("a") as chain:
        chain.write(foreign.root.read_text())
    trust({"lab-own": ca.root.read_text()})
    return {
        "good": ca.issue(*names),
        "misnamed": ca.issue("other.lab.test"),
        "expired": ca.issue(*names, starts=-90, ends=-1),
        "early": ca.issue(*names, starts=1),
        "ending": ca.issue(*names, starts=-84.5, ends=5.5),
        "self-signed": ca.self_signed(*names),
        "foreign-ca": chained,
        "incomplete": incomplete,
    }


def mail_talk(fault, issued):
    """The function that handles a connection to an MX host; None if nothing listens."""
    if fault.smtp == "old":
        return Mail(tls=context(issued["good"], OLD))
    if isinstance(fault.smtp, str):
        return Mail(tls=context(issued[fault.smtp])) if fault.smtp in issued else None
    if isinstance(fault.smtp, Mail) and not fault.smtp.tls:
        fault.smtp.tls = context(issued["good"])
    return fault.smtp


def start(dns, issued):
    """Starts the servers; the result must be kept as long as the domains are used."""
    for address in WEB6, MX6:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    run("ip", "route", "add", "unreachable", "203.0.113.0/24")
    webs = [Web(address, issued["good"]) for address in (WEB, WEB6)]
    other = Web(OTHER_WEB, issued["good"])
    other.add(f"mta-sts.two-faced.{ZONE}", reply(answer(policy(max_age=700000))))
    Web("127.0.2.4", issued["good"], OLD)
    serve("127.0.2.7", 443, hang)
    serve("127.0.2.5", 443, say(b"HTTP/1.0 400 Bad Request\r\n\r\n"))
    kept = [take_no_connection("127.0.2.3", 443), take_no_connection("127.0.3.250", 25)]
    for address in "127.0.3.251", MX6:
        serve(address, 25, Mail(tls=context(issued["good"])))
    dns.zone(PLAIN_ZONE)
    dns.publish_all(PLAIN_ZONE, {(f"_25._tcp.mx.{PLAIN_ZONE}", "TLSA"): ["3 1 1 " + "ab" * 32],
                                 (f"mx.{PLAIN_ZONE}", "A"): ["127.0.3.251"]})
    dns.make_insecure(PLAIN_ZONE)
    dns.zone(ZONE)
    records = {(f"mx-good.{ZONE}", "A"): ["127.0.3.251"]}
    for number, fault in enumerate(EVERYBODY, 1):
        talk = fault.web or reply(answer(fault.policy_text()))
        for web in webs:
            web.add(fault.host, talk, issued[fault.certificate] if fault.certificate else None)
        if fault.smtp and mail_talk(fault, issued):
            serve(f"127.0.3.{number}", 25, mail_talk(fault, issued))
        records.update(records_of(fault, number))
    records[f"last.{ZONE}", "TXT"] = [quoted("the last record")]
    dns.publish_all(ZONE, records)
    return kept

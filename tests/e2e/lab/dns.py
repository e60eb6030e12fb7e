# SPDX-License-Identifier: Apache-2.0
"""DNS: a signed `test.` with signed child zones (knot), and a validating resolver (unbound).

The resolver's only trust anchor is the key of `test.`, with which each zone is linked by its DS
record, as in the real world. Answers stay in the resolver's cache for one second, so that changes
are visible soon.
"""

import re

from lab import NAMESERVER, RESOLVER
from lab.deadline import wait_until
from lab.process import Daemon, directory, run

KNOT = """\
server:
    rundir: {directory}
    listen: {address}@53
database:
    storage: {directory}/db
log:
  - target: stderr
    any: info
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
    dnskey-ttl: 1
key:
  - id: lab-update
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: update
    key: lab-update
    action: update
template:
  - id: default
    acl: update
    storage: {directory}/zones
    file: %s.zone
    # The zone's text file is ours to edit; knot signs what it reads and counts the serial itself.
    zonefile-load: difference-no-serial
    zonefile-sync: -1
    journal-content: all
    dnssec-signing: on
    dnssec-policy: lab
zone:
"""

UNBOUND = """\
server:
    directory: {directory}
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
    interface: {address}
    do-ip6: no
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    # unbound answers NXDOMAIN for test. by itself (RFC 6761) by default.
    local-zone: "test." transparent
    trust-anchor-file: {directory}/anchor
    cache-max-ttl: 1
    cache-max-negative-ttl: 1
    val-bogus-ttl: 1
    infra-host-ttl: 1
    aggressive-nsec: no
    val-log-level: 2
stub-zone:
    name: "test."
    stub-addr: {nameserver}
remote-control:
    control-enable: yes
    control-interface: {directory}/control
    control-use-cert: no
"""

# The TSIG secret for dynamic updates, in the format of knot and nsupdate.
UPDATE_SECRET = "bGFiLWxhYi1sYWItbGFiLWxhYi1sYWItbGFiLWxhYi0="
UPDATE_KEY = f"""\
key "lab-update" {{
    algorithm hmac-sha256;
    secret "{UPDATE_SECRET}";
}};
"""

WRONG_DS = "1 13 2 " + "00" * 32


class Answer:
    """The resolver's answer: status (NOERROR, NXDOMAIN, SERVFAIL), authenticated, values."""

    def __init__(self, text):
        status = re.search(r"status: (\w+)", text)
        flags = re.search(r"flags: ([\w ]*);", text)
        self.status = status.group(1) if status else "no answer"
        self.authenticated = bool(flags) and "ad" in flags.group(1).split()
        rows = [line.split(None, 4) for line in text.splitlines() if line and line[0] != ";"]
        self.records = [(row[3], row[4]) for row in rows if len(row) == 5]

    def values(self, kind):
        return sorted(value for its_kind, value in self.records if its_kind == kind)

    def __repr__(self):
        secured = "authenticated" if self.authenticated else "not authenticated"
        return f"{self.status}, {secured}, {self.records}"


def ask(name, kind):
    """Sends one query to the resolver."""
    words = ["+tries=1", "+time=3", "+noall", "+comments", "+answer", name, kind]
    return Answer(run("dig", f"@{RESOLVER}", *words, check=False).stdout)


def quoted(text):
    """The text of a TXT record as zone files and dig write it: strings of at most 255 bytes."""
    return " ".join(f'"{text[at:at + 255]}"' for at in range(0, len(text), 255))


class Dns:
    """The zones and the two servers. Names are given without the final dot."""

    def __init__(self):
        self.zones = {}
        self.knot = self.resolver = None

    def start(self):
        knot = directory("knot")
        for name in "db", "zones":
            (knot / name).mkdir()
        self._add_zone("test")
        self.knot = Daemon("knot", "knotd", "-c", knot / "knot.conf")
        self.knot.wait_ready(lambda: self._ds("test"))
        self._start_resolver()
        self.zone("lab.test")

    def zone(self, name):
        """Adds a signed zone below `test.`; publish() adds its records."""
        self._add_zone(name)
        self._knotc("reload")
        wait_until(lambda: self._ds(name), f"keys of {name}")
        self.repair(name)

    def publish(self, name, kind, *values):
        """Replaces all records of a name and type, and waits until the resolver serves them."""
        self._change(name, kind, values)
        expected = sorted(values)
        self._wait(name, kind, lambda answer: answer.values(kind) == expected, expected)

    def publish_all(self, zone, records):
        """publish() for many records of one zone at once: {(name, kind): values}."""
        self.zones[zone].update({key: list(values) for key, values in records.items()})
        self._write(zone)
        self._knotc("-b", "zone-reload", zone)
        self._forget(zone)
        # The new zone appears completely or not at all.
        name, kind = next(reversed(records))
        self._wait(name, kind, lambda answer: answer.values(kind), "the new records")

    def txt(self, name, *texts):
        """publish() for TXT records, given as plain text."""
        self.publish(name, "TXT", *map(quoted, texts))

    def remove(self, name, kind):
        self._change(name, kind, ())
        self._wait(name, kind, lambda a: a.status != "SERVFAIL" and not a.values(kind), "nothing")

    def break_chain(self, name):
        """Makes a zone bogus: its DS record in `test.` matches none of its keys."""
        self._change(name, "DS", [WRONG_DS])
        self._wait(name, "SOA", lambda answer: answer.status == "SERVFAIL", "SERVFAIL")

    def repair(self, name):
        """Makes a zone valid (again)."""
        self._change(name, "DS", self._ds(name))
        self._wait(name, "SOA", lambda a: a.authenticated and a.values("SOA"), "a validated SOA")

    def make_insecure(self, name):
        """Makes a zone insecure: without a DS record, its answers are not authenticated."""
        self._change(name, "DS", ())
        self._wait(name, "SOA", lambda a: a.values("SOA") and not a.authenticated, "a plain SOA")

    def pretend(self, name, address):
        """Makes the resolver return an address that is not in the zone."""
        self._control("local_data", f"{name}. A {address}")

    def end_pretending(self, name):
        self._control("local_data_remove", f"{name}.")

    def _wait(self, name, kind, good, expected):
        last = []

        def seen():
            last[:] = [ask(name, kind)]
            return good(last[0])

        wait_until(seen, lambda: f"{name} {kind}: expected {expected}, last {last[0]}")

    def _add_zone(self, name):
        assert name not in self.zones, f"zone {name} exists already"
        self.zones[name] = {
            (name, "SOA"): [f"ns.{name}. admin.{name}. 1 3600 600 86400 1"],
            (name, "NS"): [f"ns.{name}."],
            (f"ns.{name}", "A"): [NAMESERVER],
        }
        self._write(name)
        path = directory("knot") / "knot.conf"
        text = KNOT.format(directory=path.parent, address=NAMESERVER, secret=UPDATE_SECRET)
        path.write_text(text + "".join(f"  - domain: {zone}.\n" for zone in self.zones))
        if name != "test":
            self._change(name, "NS", [f"ns.{name}."], parent=True)
            self._change(f"ns.{name}", "A", [NAMESERVER], parent=True)

    def _change(self, name, kind, values, parent=False):
        zone = "test" if parent or kind == "DS" else self._zone_of(name)
        self.zones[zone].pop((name, kind), None)
        if values:
            self.zones[zone][name, kind] = list(values)
        self._write(zone)
        self._knotc("-b", "zone-reload", zone)
        self._forget(name)

    def _zone_of(self, name):
        fitting = [zone for zone in self.zones if f".{name}".endswith(f".{zone}")]
        assert fitting, f"no zone for {name}"
        return max(fitting, key=len)

    def _write(self, zone):
        lines = ["$TTL 1\n"]
        for (name, kind), values in self.zones[zone].items():
            lines += [f"{name}. {kind} {value}\n" for value in values]
        (directory("knot") / "zones" / f"{zone}.zone").write_text("".join(lines))

    def _knotc(self, *words):
        run("knotc", "-s", directory("knot") / "knot.sock", *words)

    def _forget(self, name):
        """Flushes the resolver's cache below a name, because it would otherwise keep a bogus key
        for a minute."""
        if self.resolver:
            self._control("flush_zone", f"{name}.")

    def _control(self, *words):
        run("unbound-control", "-c", directory("unbound") / "unbound.conf", *words)

    def _ds(self, zone):
        """The SHA-256 DS records of a zone's keys; empty until knot has created them."""
        config = directory("knot") / "knot.conf"
        text = run("keymgr", "-c", config, f"{zone}.", "ds", check=False).stdout
        rows = [line.split() for line in text.splitlines()]
        return [" ".join(row[2:]) for row in rows if row[1:2] == ["DS"] and row[4] == "2"]

    def _start_resolver(self):
        here = directory("unbound")
        (here / "anchor").write_text(f"test. DS {self._ds('test')[0]}\n")
        text = UNBOUND.format(directory=here, address=RESOLVER, nameserver=NAMESERVER)
        (here / "unbound.conf").write_text(text)
        self.resolver = Daemon("unbound", "unbound", "-d", "-c", here / "unbound.conf")
        self.resolver.wait_ready(lambda: ask("test", "SOA").authenticated)

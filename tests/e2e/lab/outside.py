# SPDX-License-Identifier: Apache-2.0
"""Senders on other networks: each in its own network namespace, with a link to the lab. The lab's
machine has further addresses for policy hosts, which these senders can reach, and a resolver for
them, which forwards to that of the lab.
"""

from pathlib import Path

from lab import RESOLVER
from lab.deadline import wait_until
from lab.process import Daemon, directory, run

# Addresses of the policy host, and of the lab's own clients when they connect to it.
IPV4, IPV6 = "198.19.5.80", "2001:db8:f::80"

UNBOUND = """\
server:
    directory: {directory}
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
{interfaces}    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    do-not-query-localhost: no
    do-ip6: yes
    cache-max-ttl: 1
    cache-max-negative-ttl: 1
    module-config: "iterator"
    local-zone: "test." transparent
forward-zone:
    name: "."
    forward-addr: {resolver}
remote-control:
    control-enable: no
"""


def is_possible():
    """Whether this machine supports IPv6."""
    return Path("/proc/net/if_inet6").exists()


def add_addresses():
    run("ip", "addr", "add", f"{IPV4}/32", "dev", "lo")
    run("ip", "-6", "addr", "add", f"{IPV6}/128", "dev", "lo", "nodad")


def lose_ipv6():
    """Removes the IPv6 route of the lab's machine to the policy host."""
    run("ip", "-6", "addr", "del", f"{IPV6}/128", "dev", "lo")


def regain_ipv6():
    run("ip", "-6", "addr", "add", f"{IPV6}/128", "dev", "lo", "nodad")


class Network:
    """A network with one sender, whose link ends at the lab's address `gateway`."""

    def __init__(self, name, address, gateway, bits):
        self.name, self.address, self.gateway = name, address, gateway
        self.is_ipv6 = ":" in address
        self._ip = ["ip", "-6"] if self.is_ipv6 else ["ip"]
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"{name}0", "type", "veth", "peer", "name", f"{name}1", "netns", name)
        run("ip", "link", "set", f"{name}0", "up")
        more = ["nodad"] if self.is_ipv6 else []
        run(*self._ip, "addr", "add", f"{gateway}/{bits}", "dev", f"{name}0", *more)
        for link in f"{name}1", "lo":
            run("ip", "-n", name, "link", "set", link, "up")
        run(self._ip[0], "-n", name, *self._ip[1:], "addr", "add", f"{address}/{bits}", "dev",
            f"{name}1", *more)
        self.route("add", "default", "via", gateway)
        etc = Path("/etc/netns") / name
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {gateway}\n")

    def route(self, *words):
        run(self._ip[0], "-n", self.name, *self._ip[1:], "route", *words)

    def command(self, *words):
        """The command that runs a program there."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words, **more):
        return run(*self.command(*words), **more)

    def cut(self, address):
        """Makes an address unreachable: the router reports that to the sender."""
        self.route("add", "unreachable", address)

    def restore(self, address):
        self.route("del", "unreachable", address)


def start_resolver(networks):
    here = directory("unbound-outside")
    interfaces = "".join(f"    interface: {network.gateway}\n" for network in networks)
    (here / "unbound.conf").write_text(UNBOUND.format(directory=here, interfaces=interfaces,
                                                      resolver=RESOLVER))
    daemon = Daemon("unbound-outside", "unbound", "-d", "-c", here / "unbound.conf")
    for network in networks:
        wait_until(lambda: "NOERROR" in network.run(
            "dig", "+tries=1", "+time=2", f"@{network.gateway}", "test", "SOA", check=False).stdout,
            f"an answer of the resolver to {network.name}")
    return daemon

# SPDX-License-Identifier: Apache-2.0
"""Mail servers: Postfix as MX (with any certificate) and as a sender that honours MTA-STS."""

import os
import pwd
import re
import smtplib
import socket
import ssl
import uuid

from lab import REPORTS as REPORTS_ADDRESS, SENDER, sessions
from lab.deadline import wait_until
from lab.log import Log
from lab.process import Daemon, directory, run

MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/mail.log
maillog_file_prefixes = /run
myhostname = {host}
inet_interfaces = {address}
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
"""

# An MX accepts mail for all domains, and stores all of it in one mailbox.
MX = """\
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {chain}
virtual_mailbox_domains = static:all
virtual_mailbox_base = {directory}/mail
virtual_mailbox_maps = static:box
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""

# Retries come soon, so that a test can observe that deferred mail is sent.
SENDING = """\
smtp_bind_address = {address}
smtp_tls_security_level = may
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
smtp_tls_policy_maps = socketmap:inet:{policies}:8461:postfix
smtp_tls_loglevel = 1
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""
TLSRPT = """\
smtp_tlsrpt_enable = yes
smtp_tlsrpt_socket_name = {socket}
"""

# Nothing is chrooted, because resolv.conf and the CAs are not in the chroot directory.
MASTER = """\
{address}:25 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

RESOLVER = """\
host: {address}
port: 8461
cache:
  type: internal
# Seconds for which it trusts its cache without a look at the TXT record.
cache_grace: 1
default_zone:
  strict_testing: false
  timeout: 4
  # Version 1.5 adds to its answers what Postfix needs for TLSRPT; earlier ones ignore it.
  tlsrpt: {tlsrpt}
"""


class Postfix:
    """One instance, with its own configuration, queue and log."""

    def __init__(self, name, host, address, settings, services=""):
        self.directory = directory(name)
        self.address = address
        self.log = Log(self.directory / "mail.log")
        etc = self.directory / "etc"
        for part in etc, self.directory / "queue", self.directory / "data":
            part.mkdir()
        postfix = pwd.getpwnam("postfix")
        os.chown(self.directory / "data", postfix.pw_uid, postfix.pw_gid)
        main = MAIN.format(directory=self.directory, host=host, address=address)
        (etc / "main.cf").write_text(main + settings)
        (etc / "master.cf").write_text(MASTER.format(address=address) + services)
        self.daemon = Daemon(name, "postfix", "-c", etc, "start-fg")

    def wait_ready(self):
        self.daemon.wait_ready(self._greets)

    def flush(self):
        """Retries all queued mail now."""
        run("postfix", "-c", self.directory / "etc", "flush")

    def _greets(self):
        try:
            with socket.create_connection((self.address, 25), timeout=5) as connection:
                return connection.recv(4).startswith(b"220")
        except OSError:
            return False


class Mx(Postfix):
    """A receiving mail server with a given certificate."""

    def __init__(self, name, host, address, certificate):
        nobody = pwd.getpwnam("nobody")
        settings = MX.format(directory=directory(name), chain=certificate.chain, key=certificate.key,
                             uid=nobody.pw_uid, gid=nobody.pw_gid)
        self.mailbox = directory(name) / "mail" / "box"
        self.mailbox.parent.mkdir()
        os.chown(self.mailbox.parent, nobody.pw_uid, nobody.pw_gid)
        super().__init__(name, host, address, settings)

    def take(self, certificate):
        """Changes the certificate, and waits until the server presents the new one."""
        run("postconf", "-c", self.directory / "etc", "-e",
            f"smtpd_tls_chain_files = {certificate.key}, {certificate.chain}")
        run("postfix", "-c", self.directory / "etc", "reload")
        data = ssl.PEM_cert_to_DER_cert(certificate.chain.read_text())
        wait_until(lambda: self._shown() == data, f"{certificate.chain} at {self.address}")

    def _shown(self):
        """The certificate that the server presents, as bytes."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP(self.address, 25, "lab.test", timeout=20) as smtp:
            smtp.starttls(context=context)
            return smtp.sock.getpeercert(binary_form=True)

    def wait_for(self, mail):
        """Waits until a mail is in the mailbox: it may still be in this server's queue when the
        sender has finished."""
        wait_until(lambda: self.has(mail), f"{mail.token} in {self.mailbox}", 30)

    def has(self, mail):
        return self.mailbox.exists() and mail.token in self.mailbox.read_text(errors="replace")


class Mail:
    """A mail that the sender has accepted: its queue id, and a token that identifies it at the
    MX."""

    def __init__(self, queue_id, token):
        self.queue_id = queue_id
        self.token = token


class Outcome:
    """One attempt at delivery: its status, the reason, and the TLS connection used."""

    def __init__(self, status, reason, tls):
        self.status = status
        self.reason = reason
        self.tls = tls

    def __repr__(self):
        return f"{self.status}: {self.reason}; {self.tls or 'no TLS'}"


class Sender(Postfix):
    """A mail server that uses postfix-mta-sts-resolver for all domains to which it sends. Policies
    can be fetched from another network (lab.outside) by using the daemon there."""

    def __init__(self, name="sender", address=SENDER, network=None):
        self.sessions = sessions.Sessions() if sessions.are_supported() and not network else None
        self.policies = network.address if network else address
        self._start_policy_daemon(f"mta-sts-daemon-{name}" if network else "mta-sts-daemon", network)
        settings = SENDING.format(address=address, policies=self.policies)
        if self.sessions:
            settings += TLSRPT.format(socket=self.sessions.path)
        super().__init__(name, f"{name}.lab.test", address, settings)

    def _start_policy_daemon(self, name, network):
        here = directory(name)
        (here / "config.yml").write_text(
            RESOLVER.format(address=self.policies, tlsrpt=str(bool(self.sessions)).lower()))
        # HOME is set because it looks for ~/.netrc at each fetch, and has no access to root's home
        # directory.
        words = ["setpriv", "--reuid=_mta-sts", "--regid=nogroup", "--clear-groups",
                 "mta-sts-daemon", "-c", here / "config.yml"]
        self.policy_daemon = Daemon(name, *(network.command(*words) if network else words),
                                    env={"HOME": "/nonexistent"})

    def wait_ready(self):
        self.policy_daemon.wait_ready(self._policy_daemon_listens)
        super().wait_ready()

    def _policy_daemon_listens(self):
        try:
            socket.create_connection((self.policies, 8461), timeout=5).close()
        except OSError:
            return False
        return True

    def send(self, domain):
        """Submits a mail to a recipient at `domain`."""
        token = uuid.uuid4().hex
        text = f"From: lab@lab.test\r\nTo: box@{domain}\r\nSubject: {token}\r\n\r\nhello\r\n"
        with smtplib.SMTP(self.address, 25, "lab.test", timeout=20) as smtp:
            smtp.mail("lab@lab.test")
            smtp.rcpt(f"box@{domain}")
            code, answer = smtp.data(text)
        assert code == 250, answer
        return Mail(re.search(rb"queued as (\w+)", answer).group(1).decode(), token)

    def outcomes(self, mail):
        """The delivery status of a mail so far, first attempt first."""
        found, tls = [], {}
        for line in self.log.path.read_text(errors="replace").splitlines():
            process = re.search(r"postfix/smtp\[(\d+)\]", line)
            if process and "TLS connection established" in line:
                tls[process.group(1)] = line.split(": ", 1)[1]
            status = re.search(r": (\w+): to=.* status=(\w+) \((.*)\)$", line)
            if status:
                # The connection was used for the mail that the process handled next.
                used = tls.pop(process.group(1), None) if process else None
                if status.group(1) == mail.queue_id:
                    found.append(Outcome(status.group(2), status.group(3), used))
        return found

    def outcome(self, mail):
        """The first attempt."""
        what = f"an attempt at {mail.queue_id}"
        return wait_until(lambda: self.outcomes(mail), what, 30)[0]

    def delivery(self, mail):
        """The attempt that delivered the mail, after any number of failures."""

        def delivered():
            return [outcome for outcome in self.outcomes(mail) if outcome.status == "sent"]

        return wait_until(delivered, lambda: f"delivery; so far {self.outcomes(mail)}", 30)[0]


# A separate mail server with the configuration of doc/reports.md and mta-sts-import(1). Retries
# come soon.
REPORTS = """\
mydestination = {domain}
transport_maps = inline:{{ {{ {address} = tlsrpt: }} }}
local_recipient_maps = proxy:unix:passwd.byname $alias_maps $transport_maps
tlsrpt_destination_recipient_limit = 1
smtpd_milters = {milter}
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""
REPORTS_SERVICE = """\
tlsrpt unix - n n - 1 pipe
  flags=R user=www-data null_sender=
  argv=/usr/bin/mta-sts import --authserv-id {host}
"""


# Addresses of clients: one whose mail the milter verifies, one in its InternalHosts, and one in its
# PeerList.
OUTSIDE, INSIDE, PEER = "127.0.0.99", "127.0.0.1", "127.0.0.98"


class Reports(Postfix):
    """A mail server that delivers mail for one address to `mta-sts import`, which trusts the
    server's milter about signatures."""

    HOST = "reports.lab.test"

    def __init__(self, mail_address, milter):
        self.mail_address = mail_address
        super().__init__("reports", self.HOST, REPORTS_ADDRESS,
                         REPORTS.format(address=mail_address, milter=milter,
                                        domain=mail_address.partition("@")[2]),
                         REPORTS_SERVICE.format(host=self.HOST))

    def take(self, message, sender, client=OUTSIDE):
        """Submits the bytes of a mail from a client's address; returns its queue id."""
        with smtplib.SMTP(self.address, 25, "lab.test", timeout=20,
                          source_address=(client, 0)) as smtp:
            smtp.mail(sender)
            smtp.rcpt(self.mail_address)
            code, answer = smtp.data(message)
        assert code == 250, answer
        return re.search(rb"queued as (\w+)", answer).group(1).decode()

    def outcomes(self, queue_id):
        """The values of `status=` for a mail, first attempt first."""
        return re.findall(rf": {queue_id}: to=.* relay=tlsrpt,.* status=(\w+) ",
                          self.log.path.read_text(errors="replace"))

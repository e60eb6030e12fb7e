# SPDX-License-Identifier: Apache-2.0
"""The blocks of README.md, CONTRIBUTING.md and doc/*.md, and the test that checks each of them.

The word after ``` is the language, the next one says how the block is checked:

    ```apache          passes configtest, with and without the module (tests/httpd/test_manual.py)
    ```zone            its TXT records are valid (tests/cli/test_manual.py)
    ```console run     its commands print what it shows (tests/cli/test_manual.py)
    ```console lab     its commands work in a network with DNS, a CA and mail servers, one after the
                       other in each document (tests/e2e/test_manual.py)
    ```console         its commands are not run: NOT_RUN says why
    ```LANGUAGE NAME   a test has block("DOCUMENT", "NAME") and checks it

With MTA_STS_MANUAL_WRITE=1 the tests write the real output into the documents.
"""

import os
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md",
             *sorted(f"doc/{path.name}" for path in (TOP / "doc").glob("*.md"))]
WRITE = bool(os.environ.get("MTA_STS_MANUAL_WRITE"))

# (beginning of a command, why no test runs it)
NOT_RUN = [
    ("sudo scripts/quickstart", "tests/cli/test_quickstart.py runs it with the build of the tests"),
    ("sudo scripts/package", "tests/package builds and installs the packages"),
    ("cd build-package", "as above"),
    ("sudo apt-get install ./", "as above"),
    ("sudo apt-get remove", "as above"),
    ("sudo apt-get install apache2 ", "it changes the machine; tests/guards compares the packages "
                                      "with those that configure asks for"),
    ("sudo apt-get install ccache", "it changes the machine"),
    ("sudo apt-get install bind9", "as above"),
    ("sudo apt-get install certbot", "as above"),
    ("sudo apt-get install --reinstall ./", "tests/package installs and upgrades the packages"),
    ("sudo rm -rf build-package", "as above"),
    ("sudo chmod 755 /etc/letsencrypt/renewal-hooks/deploy/", "tests/e2e/test_setup.py writes the same "
                                                            "hook"),
    ("sudo apparmor_parser -r -C", "the kernel of the tests may have no AppArmor; "
                                    "tests/httpd/test_apparmor.py compiles the profile"),
    ("sudo systemctl restart apache2", "as above"),
    ("ssh -L 8080:localhost:80", "it needs a second machine"),
    ("git pull", "it needs a remote repository"),
    ("autoreconf -fi", "scripts/test does it, in a directory of its own"),
    ("../configure CC=", "as above"),
    ("make -j2", "as above"),
    ("make check TESTS=", "as above"),
    ("sudo make install", "tests/e2e/test_install.py tests what it installs"),
    ("sudo mta-sts rollout example.com", "tests/httpd/test_rollout.py runs it after a change"),
    ("sudo a2enmod mta_sts ssl", "the lab of tests/e2e does it"),
    ("sudo systemctl reload apache2", "the lab of tests/e2e has no systemd; it uses apache2ctl"),
    ("sudo systemctl reload postfix", "as above"),
    ("sudo systemctl enable --now mta-sts-check.timer", "as above; tests/cli/test_examples.py has "
                                                        "systemd verify the units"),
    ("sudo systemctl enable --now mta-sts-watch.timer", "as above"),
    ("mta-sts mx --add mx2.example.com example.com", "tests/cli/test_mx.py runs it"),
    ("sudo mta-sts watch --exec 'curl", "tests/cli/test_watch.py runs commands"),
    ("cd /usr/local/share/doc/mod_mta_sts/examples", "tests/e2e/test_install.py tests what is there"),
    ("sudo cp mta-sts-check.service mta-sts-check.timer", "as above"),
    ("sudo systemctl daemon-reload", "the lab of tests/e2e has no systemd"),
    ("sudo a2ensite mta-sts.example.com", "tests/e2e/test_certbot.py does it with the same site"),
    ("sudo apachectl configtest", "as above"),
    ("sudo apachectl -t -D DUMP_MTA_STS", "its output is checked as doc/directives.md shows it"),
    ("sudo a2enconf mta-sts-reports", "tests/e2e/test_story.py does it with the same lines"),
    ("sudo certbot --apache -d mta-sts.example.com", "tests/e2e/test_certbot.py does it"),
    ("sudo certbot certonly --standalone -d mx1", "the lab of tests/e2e does it for its mail server"),
    ("sudo mta-sts-setup example.com --mx mx1.example.com --mod-md", "tests/e2e/test_setup.py "
                                                                     "runs it"),
    ("sudo postmap /etc/postfix/transport", "tests/e2e/test_mail.py has the same map inline"),
    ("sudo sh -c 'mta-sts import < /var/mail/", "tests/cli/test_import.py reads standard input"),
    ("sudo mta-sts import --verify-dkim --password-file", "tests/cli/test_import_imap.py runs it with "
                                                           "a Dovecot of its own"),
    ("sudo install -d -m 700 /etc/mta-sts", "it changes the machine"),
    ("sudo install -m 600 /dev/null /etc/mta-sts", "as above"),
    ("sudoedit /etc/mta-sts", "it needs an editor"),
    ("sudo mta-sts import /srv/reports", "tests/cli/test_import.py reads directories"),
    ("sudo cp /usr/share/doc/mta-sts/examples/publish-id", "tests/e2e/test_dns.py runs the script"),
    ("sudo publish-id -k", "as above"),
    ("sudo semanage fcontext", "no machine of the tests has SELinux, and the manual says so"),
    ("sudo restorecon", "as above"),
    ("sudo setsebool", "as above"),
    ("sudo mta-sts reindex --database 'pgsql", "tests/httpd/test_database.py runs it with a "
                                               "PostgreSQL of its own"),
    ("sudo mta-sts policy", "tests/httpd/test_hosting.py runs it with databases of its own"),
    ("sudo cp -a /var/lib/mod_mta_sts", "tests/httpd/test_database.py restores a copied directory"),
    ("sudo runuser -u www-data -- sqlite3", "tests/httpd/test_database.py opens it in the same way"),
    ("MTA_STS_BUILD=build python3 -m pytest", "it is how this test itself is run"),
    ("sudo MTA_STS_BUILD=build MTA_STS_MODULE=", "as above"),
    ("MTA_STS_MANUAL_WRITE=1", "it changes the documents"),
    ("sudo scripts/test", "it runs this test"),
    ("sudo apt-get install clang", "it changes the machine"),
    ("scripts/fuzz", "it takes minutes, and changes the corpora"),
]


class Block:
    """One block of a document: its language, its name (the rest of the first line), its text."""

    def __init__(self, document, line, indent, info, lines):
        self.document, self.line, self.indent = document, line, indent
        self.language, _, self.name = info.partition(" ")
        self.lines = lines

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)

    def __repr__(self):
        return f"{self.document}:{self.line}"

    def commands(self):
        """[(command, its output)] of a console block, without continuation lines."""
        found = []
        for line in self.lines:
            if line.startswith("$ "):
                found.append([line[2:], ""])
            elif found and not found[-1][1] and found[-1][0].endswith("\\"):
                found[-1][0] = found[-1][0][:-1].rstrip() + " " + line.strip()
            else:
                assert found, f"{self}: a block of commands begins with '$ '"
                found[-1][1] += line + "\n"
        return [tuple(one) for one in found]


def read(document):
    return (TOP / document).read_text()


def blocks(document, language=None, name=None):
    """The blocks of a document; with arguments, only those of a language, or of a language and a
    name."""
    found, lines = [], read(document).split("\n")
    begin = None
    for number, line in enumerate(lines, 1):
        fence = re.match(r"( *)```(.*)$", line)
        if fence and begin is None:
            begin, indent, info = number, len(fence[1]), fence[2]
        elif fence:
            assert not fence[2], f"{document}:{number}: a block within a block"
            found.append(Block(document, begin, indent, info,
                               [one[indent:] for one in lines[begin:number - 1]]))
            begin = None
    assert begin is None, f"{document}:{begin}: a block without an end"
    return [one for one in found if language in (None, one.language) and name in (None, one.name)]


def block(document, name):
    """The one block of a document with this name."""
    found, = blocks(document, name=name)
    return found


def every_block(language=None, name=None):
    return [one for document in DOCUMENTS for one in blocks(document, language, name)]


def write(old, lines):
    """Replaces the lines of a block; the positions of later blocks change."""
    path = TOP / old.document
    text = path.read_text().split("\n")
    text[old.line:old.line + len(old.lines)] = [(" " * old.indent + one).rstrip() for one in lines]
    path.write_text("\n".join(text))


def console(commands):
    """The lines of a console block; (command, output) as Block.commands() has them."""
    lines = []
    for command, output in commands:
        lines += ["$ " + command, *output.splitlines()]
    return lines

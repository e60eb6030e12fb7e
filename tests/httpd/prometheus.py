# SPDX-License-Identifier: Apache-2.0
"""A Prometheus of our own, configured as the manual says, that scrapes an httpd of the tests."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request

import manual
import process
from ports import free_port

JOB = manual.block("doc/status.md", "prometheus").text
# What differs from the manual: a shorter wait, and the httpd of the test, under the names of several.
CHANGES = [("scrape_interval: 1m", "scrape_interval: 1s"), ("scheme: https", "scheme: http")]
TARGETS = 'static_configs: [{targets: ["www.example.com:443"]}]'
PATH = "/mta-sts-status"


def configuration(server, instances, rules):
    targets = [{"targets": [f"127.0.0.1:{server.ports['http']}"], "labels": {"instance": name}}
               for name in instances]
    text = JOB
    for shown, used in [*CHANGES, (TARGETS, f"static_configs: {json.dumps(targets)}")]:
        assert shown in text, shown
        text = text.replace(shown, used)
    return f"rule_files: [{json.dumps(str(rules))}]\n" + text


class Prometheus:
    """Knows one httpd as several instances: as if machines shared its database."""

    def __init__(self, directory, server, instances, rules):
        shutil.copy(rules, directory / "rules.yml")
        file = directory / "prometheus.yml"
        file.write_text(configuration(server, instances, directory / "rules.yml"))
        self.port = free_port()
        self.log = directory / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", "prometheus", f"--config.file={file}",
                 f"--storage.tsdb.path={directory / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory)

    def close(self):
        self.process.terminate()
        self.process.wait(60)

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query, True)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """[(labels, value)] of now."""
        return [(one["metric"], float(one["value"][1]))
                for one in self.get("query", query=expression)["result"]]

    def wait_until(self, expression):
        def holds():
            assert self.process.poll() is None, self.log.read_text()
            try:
                return self.query(expression)
            except OSError:
                return None  # it is still starting
        return process.wait_for(holds, f"Prometheus to know: {expression}")

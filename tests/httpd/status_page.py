# SPDX-License-Identifier: Apache-2.0
"""The status page for a browser, a program and Prometheus."""

import base64
import hashlib
import html.parser
import json
import re

import process

PATH = "/status"
LOCATION = f"<Location {PATH}>\nSetHandler mta-sts-status\nRequire all granted\n</Location>\n"

# All elements that the page may contain. Text from reports must not add others.
ELEMENTS = set("""html head meta title link style body a header div p h1 h2 h3 nav ul ol li main section
    strong dl dt dd span code small figure figcaption svg path g rect pattern bdi details summary table thead
    tbody tr th td form label input button pre footer br""".split())
ATTRIBUTES = set("""lang charset name content rel href class id tabindex aria-label aria-labelledby
    aria-current role scope method for type value maxlength autocomplete autocapitalize spellcheck
    title fill patternunits viewbox preserveaspectratio x y width height d data-name""".split())
VOID = {"meta", "link", "input", "br"}


class Page(html.parser.HTMLParser):
    """A parsed page: its text, links and rows. Raises AssertionError if it breaks a rule."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.text, self.styles, self.rows = [], [], "", [], []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        assert tag in ELEMENTS, f"<{tag}> has no place here"
        assert {name for name, _ in attributes} <= ATTRIBUTES, attributes
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attributes)["href"])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.styles.append(data)
            return
        self.text += data
        if self.rows and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def names(self):
        """The first cells of all rows."""
        return [row[0] for row in self.rows if row]

    def row(self, name):
        """The cells of the only row of this name."""
        assert self.names().count(name) == 1, (name, self.names())
        return [row for row in self.rows if row][self.names().index(name)]


def check_headers(answer, kind="text/html; charset=utf-8"):
    """The headers are strict, whatever the status."""
    policy = answer.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "script-src" not in policy
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Referrer-Policy") == "no-referrer"
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type") == kind
    return policy


def check_page(answer, status=200):
    """Checks the rules of the page, and returns the parsed page."""
    assert answer.status == status, answer
    text = answer.body.decode()
    policy = check_headers(answer)
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    digest = hashlib.sha256(page.styles[0].encode()).digest()
    assert f"style-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert len(page.styles) == 1 and "url(" not in page.styles[0]
    assert all(re.match(r"\?|#", link) for link in page.links), page.links
    return page


def fetch(server, query="", **more):
    return server.fetch(path=PATH + query, **more)


def page(server, query=""):
    return check_page(fetch(server, query))


def data(server, query=""):
    """The answer to ?format=json."""
    answer = fetch(server, query + ("&" if query else "?") + "format=json")
    assert answer.status == 200, answer
    check_headers(answer, "application/json")
    return json.loads(answer.body)


def metrics(server, query=""):
    """The answer to ?format=prometheus: (text, {name{labels}: value})."""
    answer = fetch(server, query + ("&" if query else "?") + "format=prometheus")
    assert answer.status == 200, answer
    check_headers(answer, "text/plain; version=0.0.4; charset=utf-8")
    text = answer.body.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return text, {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def wait_for_reports(server, count, query="?since=all"):
    """Waits until this number of reports is in the index."""
    return process.wait_for(
        lambda: (found := data(server, query))["reports"].get("count") == count and found,
        f"{count} reports in the index", 60)

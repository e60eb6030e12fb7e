# SPDX-License-Identifier: Apache-2.0
"""Whatever is refused as a directive, as a row of the database: reported, and harmless."""

import re

import pytest

import process
from hosting import begin_hosting, served
from test_bad_configuration import VALUES

pytestmark = pytest.mark.slow

COLUMNS = {"MTASTSMode": "mode", "MTASTSMaxAge": "max_age", "MTASTSMx": "mx"}
# Columns are not split into arguments, and the blanks between MX hosts are those of a list.
ARE_RIGHT = {'MTASTSMx a.example "" b.example', 'MTASTSMx "mx1.example.com mx2.example.com"',
             'MTASTSMx " mx1.example.com"', 'MTASTSMx "mx1.example.com\t"'}


def rows():
    """(number, column, value), the value without the quotes of a directive."""
    for number, directive in enumerate(VALUES):
        name, _, value = directive.partition(" ")
        if directive not in ARE_RIGHT:
            quoted = re.fullmatch('"(.*)"', value, re.DOTALL)
            yield number, COLUMNS[name], quoted[1] if quoted else value


def as_sql(text):
    return f"CAST(X'{text.encode(errors='surrogateescape').hex()}' AS TEXT)"


def test_each_bad_value_of_a_directive_is_a_wrong_row_and_the_others_are_served(make):
    server, hosting = begin_hosting(make, expected=[r"\[row-wrong\]$"])
    bad = list(rows())
    assert len(bad) >= 100
    statements = []
    for number, column, value in bad:
        names = ["mx"] if column == "mx" else [column, "mx"]
        values = [as_sql(value)] + (["'mx1.example.com'"] if column != "mx" else [])
        statements.append(f"INSERT INTO mta_sts_policy (domain, {', '.join(names)}) "
                          f"VALUES ('bad{number}.example', {', '.join(values)});")
    hosting.insert("before.example")
    hosting.sql(" ".join(statements))
    hosting.insert("later.example")
    served(server, "later.example")
    process.wait_for(lambda: len(wrong(hosting)) >= len(bad), "the wrong rows")
    assert wrong(hosting) == sorted(f"bad{number}.example" for number, _, _ in bad)
    for domain in "before.example", "later.example":
        served(server, domain)


def wrong(hosting):
    return sorted(re.findall(r"^(\S+) wrong: ", hosting.call("list", "--wrong"), re.MULTILINE))

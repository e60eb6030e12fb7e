# SPDX-License-Identifier: Apache-2.0
"""The history of served policies, which the module stores in its database.

`mta-sts dns` reads it: it becomes the owner of the state directory first, because root would leave
files to which the module cannot write.
"""

import os
from collections import namedtuple
from datetime import datetime, timezone

from . import command, site, tool
from .problem import Problem

SECONDS = 20

# until: the date until which senders may hold an earlier policy in the worst case, or None. problem:
# why that cannot be read, or None. by_log: the same date according to the fetch log, in the past if
# none holds one any more; None if the log is not complete. unrecorded: since when policies are
# recorded ("" if that is not known), if others may have been served before; else None.
History = namedtuple("History", "until problem by_log unrecorded")
EMPTY = History(None, None, None, None)
LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


def _unknown(problem):
    return History(None, problem, None, None)


def _of(copies, problem):
    """What is known about copies of earlier policies; None: nothing."""
    if copies is None:
        return _unknown(problem)
    until, by_log = copies["worst_case_until"], copies["by_log_until"]
    return History(until and site.date(until), problem,
                   (site.date(by_log) if by_log else LONG_AGO) if copies["log_complete"] else None,
                   (copies["recorded_since"] or "") if copies["unrecorded"] else None)


def _read_answer(output):
    """Parses the output of `mta-sts dns --format json`: messages, then the document."""
    document, messages = tool.answer(output)
    if not document:
        return _unknown(messages)
    (domain,) = document["domains"]
    return _of(domain["earlier_copies"], messages or None)


def read(domain, policy, dump):
    """Until when senders may hold a policy that was served before this one. dump: the document of
    apache.dump(), which names the database."""
    database = dump["database"]
    if database["driver"] != "sqlite3":
        return _unknown("the history of served policies is in a {} database, which this "
                        "program does not read".format(database["driver"]))
    if not os.path.exists(database["file"]):
        return EMPTY
    args = ["mta-sts", "dns", "--offline", "--policy", "-", "--format", "json",
            *tool.store(dump), domain]
    try:
        result = command.run(args, SECONDS, check=False, stdin=policy.text())
    except Problem as problem:
        return _unknown(str(problem))
    return _read_answer(result.output)

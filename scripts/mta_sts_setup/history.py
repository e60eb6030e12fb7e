# SPDX-License-Identifier: Apache-2.0
"""The history of served policies, which the module stores in its database.

`mta-sts dns` reads it: it becomes the owner of the state directory first, since root would leave
files to which the module cannot write.
"""

import json
import os
import re
from collections import namedtuple

from . import command, site
from .problem import Problem

SECONDS = 20

# until: the date until which senders may hold an earlier policy, or None. problem: why that cannot
# be read, or None.
History = namedtuple("History", "until problem")
EMPTY = History(None, None)


def _read_answer(output):
    """What `mta-sts dns --format json` wrote: messages, then the document."""
    start = re.search(r"^\{", output, re.M)
    if not start:
        return History(None, output.strip())
    try:
        (domain,) = json.loads(output[start.start():])["domains"]
    except ValueError as error:
        return History(None, "mta-sts dns: {}".format(error))
    until = domain["earlier_policy_until"]
    return History(until and site.date(until), output[:start.start()].strip() or None)


def read(domain, policy, dump):
    """Until when senders may hold a policy that was served before this one. dump: the document of
    apache.dump(), which names the database."""
    database = dump["database"]
    if database["driver"] != "sqlite3":
        return History(None, "the history of served policies is in a {} database, which is not "
                             "read here".format(database["driver"]))
    if not os.path.exists(database["file"]):
        return EMPTY
    args = ["mta-sts", "dns", "--offline", "--policy", "-", "--format", "json",
            "--state-dir", dump["state_dir"], "--database", "sqlite3 " + database["file"], domain]
    try:
        result = command.run(args, SECONDS, check=False, stdin=policy.text())
    except Problem as problem:
        return History(None, str(problem))
    return _read_answer(result.output)

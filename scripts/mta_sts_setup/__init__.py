# SPDX-License-Identifier: Apache-2.0
"""mta-sts-setup, one noun a file: from an Apache without MTA-STS to a policy that senders fetch.

main.py is the entry point; plan.py and removal.py say what is to be changed, as steps (step.py)
that can be shown, carried out and undone.
"""

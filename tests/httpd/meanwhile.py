# SPDX-License-Identifier: Apache-2.0
"""What happens again and again while a test does something else."""

import threading


class Meanwhile:
    """Repeats each of some actions in a thread of its own, as long as the with statement lasts, with a
    pause of some seconds. What they raise is in `failures`."""

    def __init__(self, *actions, pause=0):
        self.failures, self.pause, self.is_over = [], pause, threading.Event()
        self.threads = [threading.Thread(target=self.repeat, args=[action]) for action in actions]

    def repeat(self, action):
        while not self.is_over.wait(self.pause):
            try:
                action()
            except Exception as error:  # a failure, whatever it is
                self.failures.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

"""Ctrl-C and SIGTERM: a run ends after its step, and is saved."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

UNBEGUN = "before the first step; there is nothing to go on with, so run it anew"


class Stop:
    """Notes a signal, and says so when asked before the next step.

    Before the first step there is nothing to go on with, and a second signal is impatient: both stop at once.
    """

    def __init__(self) -> None:
        self.stepping = self.asked = False

    def __call__(self) -> bool:
        """Whether to stop; asked before every step."""
        self.stepping = True
        return self.asked

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """What the operating system calls."""
        if self.asked or not self.stepping:
            raise KeyboardInterrupt(*(() if self.stepping else (UNBEGUN,)))
        self.asked = True


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """A Stop that listens until the end of the block."""
    stop = Stop()
    before = {s: signal.signal(s, stop.signalled) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)

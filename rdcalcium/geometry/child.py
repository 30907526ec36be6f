"""A function of the package in a process of its own, which can be stopped where a library does not come to an end."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rdcalcium.errors import InputError

PACKAGE = str(Path(__file__).resolve().parents[2])
WATCH = 0.5  # s, between looks at whether the process that asked is there


def in_child(seconds: float, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a function of a module returns or raises; subprocess.TimeoutExpired where it takes more than these seconds.

    Ctrl-C ends the child too, and it ends by itself where the process that asked is killed.
    """
    path = os.pathsep.join([PACKAGE, *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import answer; answer({os.getpid()})"],
        input=pickle.dumps((function, given, named)),
        capture_output=True,
        timeout=seconds,
        env={**os.environ, "PYTHONPATH": path},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-1000:] or f"the child ended with {done.returncode}")
    found, error = pickle.loads(done.stdout)
    if error is not None:
        raise error
    return found


def answer(parent: int) -> None:
    """In the child: call what came on the standard input, and write what it returns, or its InputError.

    parent  process that asked
    """
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library may print
    function, given, named = pickle.load(sys.stdin.buffer)
    found: tuple[Any, InputError | None]
    try:
        found = (function(*given, **named), None)
    except InputError as error:
        found = (None, error)
    with out:
        pickle.dump(found, out)


def _end_with(parent: int) -> None:
    """End this process when its parent has: what it finds is of no use then."""
    while os.getppid() == parent:
        time.sleep(WATCH)
    os.kill(os.getpid(), signal.SIGKILL)

"""A function in a process of its own: what it returns and raises comes back, and it does not outlive who asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from rdcalcium.geometry.child import in_child
from tests.support import ROOT

ASKS = "import time; from rdcalcium.geometry.child import in_child; print(flush=True); in_child(60, time.sleep, 60)"


def test_what_a_function_returns_comes_back_from_another_process() -> None:
    assert in_child(60, os.getpid) != os.getpid()


def test_a_child_that_is_too_slow_is_stopped() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        in_child(0.2, time.sleep, 60)


def test_a_child_ends_when_the_process_that_asked_is_killed() -> None:
    asking = subprocess.Popen([sys.executable, "-c", ASKS], cwd=ROOT, stdout=subprocess.PIPE)
    assert asking.stdout is not None
    asking.stdout.readline()
    while not (children := psutil.Process(asking.pid).children()):
        time.sleep(0.05)
    asking.kill()
    asking.communicate()
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert len(gone) == 1
    assert not alive

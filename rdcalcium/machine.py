"""The machine on which something is computed: its hardware, and the versions of all that computes."""

from __future__ import annotations

import math
import os
import platform
import re
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

MOMENT = 0.1  # s; the system counts in hundredths
SPINS = "30000"  # times that an idle core looks for work before it sleeps, a fraction of a millisecond
PACKAGES = ("rdcalcium", "numpy", "scipy", "gmsh")


def machine(software: Mapping[str, str]) -> dict[str, Any]:
    """Hardware and versions, as `run.json` and the benchmark tell them.

    software  name -> version of what backends use besides the packages of Python that all need
    """
    return {
        "processor": processor(),
        "threads": threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
            **software,
        },
    }


def processor() -> str:
    """The model of the CPU, as far as the system tells."""
    match = re.search(r"^model name\s*:\s*(.*)$", _cpuinfo(), re.MULTILINE)
    return match[1] if match else platform.processor()


def instruction_sets() -> str:
    """Model and instruction sets of the CPU, by which code that is made for it alone is known."""
    lines = re.findall(r"^(?:model name|flags)\s*:.*$", _cpuinfo(), re.MULTILINE)
    return "\n".join(sorted(set(lines))) or platform.processor()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def threads() -> int:
    """Threads that share a loop unless somebody says: those of OMP_NUM_THREADS, else one for each core."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else cores()


class OtherPrograms:
    """How busy other programs have kept the cores of this process since this was made."""

    def __init__(self) -> None:
        self._begun = self._now()

    def cores(self) -> float:
        """So many of them, on the mean; where less than a moment has passed, once it has. Nan where nobody knows."""
        time.sleep(max(self._begun[0] + MOMENT - time.perf_counter(), 0.0))
        wall, own, idle = (now - then for now, then in zip(self._now(), self._begun, strict=True))
        return max(cores() - (idle + own) / wall, 0.0)

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """The clock, the time that this process has computed, and the idle time of its cores; s."""
        return time.perf_counter(), time.process_time(), _idle(os.sched_getaffinity(0))


def _idle(which: Collection[int]) -> float:
    """Time that some cores have spent idle, or waiting for a disk, in s; nan where the system does not tell."""
    try:
        told = re.findall(r"^cpu(\d+) \d+ \d+ \d+ (\d+) (\d+)", Path("/proc/stat").read_text(), re.MULTILINE)
    except OSError:
        return math.nan
    ticks = {int(core): int(idle) + int(waiting) for core, idle, waiting in told}
    return sum(ticks.get(core, math.nan) for core in which) / os.sysconf("SC_CLK_TCK")


def let_idle_cores_sleep() -> None:
    """Let cores that OpenMP leaves idle sleep soon, but not between two loops of a step, which follow at once.

    Only variables that nobody has set. The runtime reads them when it is loaded, so this has to come before Gmsh too,
    which brings the runtime with it.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def peak_memory() -> float:
    """The most memory that this process, the program and all that it did before, has held since it began, MiB."""
    match = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(match[1]) / 1024 if match else math.nan


@cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def memory_available() -> int:
    """Bytes that this process may still take: what is free, or what the limit of its container leaves."""
    free = psutil.virtual_memory().available
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # control groups, version 2 and 1
        with suppress(OSError, ValueError):  # "max" where there is none
            free = min(free, int(Path("/sys/fs/cgroup", limit).read_text()) - psutil.Process().memory_info().rss)
    return free

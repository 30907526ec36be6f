"""The machine that is measured: hardware, versions and the date, so that a figure can be compared with another."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rdcalcium.backends import BACKENDS, backend_class
from rdcalcium.results.provenance import processor

PACKAGES = ("rdcalcium", "numpy", "scipy")


def describe_machine() -> dict[str, Any]:
    """Hardware, load, and the versions of everything that computes."""
    software = [backend_class(name).software() for name in BACKENDS]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "threads": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
            **{name: number for found in software for name, number in found.items()},
        },
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"

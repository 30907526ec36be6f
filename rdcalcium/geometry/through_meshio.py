"""Calls of meshio, as errors and warnings of this package."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rdcalcium.errors import InputError


def call_meshio(action: Callable, path: Path) -> Any:
    """Call meshio, which prints and exits on some failures; turn these into warnings and a ValueError."""
    import meshio

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = action(meshio)
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{said.getvalue()} {'' if isinstance(error, SystemExit) else error}".split())
        raise InputError(f"{path.name} cannot be read or written as {path.suffix}: {reason or 'corrupt'}") from error
    if said.getvalue().strip():
        warnings.warn(f"{path.name}: {' '.join(said.getvalue().split())}", stacklevel=4)
    return result

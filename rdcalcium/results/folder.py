"""The run folder: everything about one run, written as it goes and readable at any moment."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.errors import InputError

ABOUT = "run.json"
MODEL = "model.toml"
PROBES = "probes.csv"
SENSORS = "sensors.csv"
STIMULUS = "stimulus.csv"
LEDGER = "ledger.csv"
SNAPSHOTS = "result.vtkhdf"
CHECKPOINT = "checkpoint.npz"
TIME = "time (ms)"
_TRIAL = ".rdcalcium-trial"


class RunFolderError(InputError):
    """A run folder that cannot be used as asked."""


class CsvTable:
    """A table that grows by rows, with times ascending in its first column."""

    def __init__(self, path: Path, columns: Sequence[str], keep_until: float | None = None):
        """Begin a table, or go on with one after dropping the rows later than `keep_until` ms."""
        head = ",".join(f'"{c}"' if "," in c or '"' in c else c for c in columns)
        rows: list[str] = []
        if keep_until is not None and path.exists():
            lines = whole_lines(path)[1:]
            rows = [line for line in lines if _is_before(line, keep_until)]
        # Complete before it takes the place of the old table: a kill at this moment loses no row.
        write_atomically(path, "".join(line + "\n" for line in [head, *rows]).encode())
        self._file = path.open("a", encoding="utf-8", buffering=1 << 16)
        self._columns = len(columns)

    def append(self, values: Sequence[float]) -> None:
        """Add one row, with all the digits of each number."""
        if len(values) != self._columns:
            raise ValueError(f"a row of {len(values)} values for {self._columns} columns")
        self._file.write(",".join(repr(float(v)) for v in values) + "\n")

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()


def whole_lines(path: Path) -> list[str]:
    """Lines of a table; the last one is left out if the process died while it was being written."""
    *lines, _ = path.read_text(encoding="utf-8").split("\n")
    return lines


def _is_before(line: str, time: float) -> bool:
    try:
        return float(line.split(",")[0]) <= time * (1 + 1e-12)
    except ValueError:
        return False


def create_folder(path: str | Path, overwrite: bool = False) -> Path:
    """A folder that a run may be written to; whatever an earlier run left there is still there."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise RunFolderError(f"{path} is a file; choose another --out")
    if path.is_dir() and any(path.iterdir()):
        if not (path / ABOUT).exists():
            raise RunFolderError(f"{path} is not empty and holds no run; choose another --out")
        if not overwrite:
            raise RunFolderError(
                f"{path} already holds a run; add --overwrite to replace it, --resume to go on with it, "
                "or choose another --out"
            )
    try:
        path.mkdir(parents=True, exist_ok=True)
        write_atomically(path / _TRIAL, b"may this user write here?")
        (path / _TRIAL).unlink()
    except OSError as error:
        raise RunFolderError(f"cannot write to {path}: {error.strerror or error}") from None
    return path


def refuse_too_large(path: Path, size: int, what: str) -> None:
    """Refuse a run whose results would not fit on the disk."""
    free = shutil.disk_usage(path).free
    if size > free:
        raise RunFolderError(
            f"{what} need {size / 2**30:.3g} GiB and {path} has {free / 2**30:.3g} GiB free; "
            "write fewer with record.snapshots.every"
        )


def require_room(path: Path, size: int) -> None:
    """Refuse, with an OSError, to begin a file of `size` bytes in a folder that has no room for it.

    HDF5 must not meet a full disk while it lays out a file: it reports every object apart, or crashes.
    """
    trial = path / _TRIAL
    try:
        with trial.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    finally:
        trial.unlink(missing_ok=True)


def remove_run(path: Path) -> None:
    """Delete what a run writes, and nothing else."""
    for name in (ABOUT, MODEL, PROBES, SENSORS, STIMULUS, LEDGER, SNAPSHOTS, CHECKPOINT):
        (path / name).unlink(missing_ok=True)
    shutil.rmtree(path / "pictures", ignore_errors=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is either the old one or the new one, never half of it."""
    with _replacing(path) as scratch:
        scratch.write_bytes(data)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A scratch file that takes the place of `path` when it is complete, and is gone if it never was."""
    scratch = path.with_name(path.name + ".new")
    try:
        yield scratch
        os.replace(scratch, path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Write run.json."""
    text = json.dumps(about, indent=2, ensure_ascii=False, default=_plain)
    write_atomically(folder / ABOUT, text.encode())


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def read_about(folder: Path) -> dict[str, Any]:
    """Read run.json."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunFolderError(f"{folder} is not a run folder: it has no {ABOUT}") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        about = None
    if not isinstance(about, dict):
        raise RunFolderError(f"{folder / ABOUT} is damaged; run the model again with --overwrite")
    return about


def write_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Save a state from which the run can go on; the one before stays until this one is complete."""
    with _replacing(folder / CHECKPOINT) as scratch, scratch.open("wb") as file:
        np.savez(file, **state)


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """The last saved state."""
    path = folder / CHECKPOINT
    if not path.exists():
        raise RunFolderError(f"{folder} has no {CHECKPOINT} to resume from; run it again with --overwrite")
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunFolderError(f"{path} is damaged ({error}); run the model again with --overwrite") from None

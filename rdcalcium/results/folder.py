"""The run folder: everything about one run, written as it goes and readable at any moment."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.errors import InputError

ABOUT = "run.json"
MODEL = "model.toml"
AS_GIVEN = "as_given.toml"
PLACEMENT = "placement.csv"
DISTANCES = "distances.csv"
PROBES = "probes.csv"
SENSORS = "sensors.csv"
STIMULUS = "stimulus.csv"
CHANNELS = "channels.csv"
STORES = "stores.csv"
LEDGER = "ledger.csv"
TRIALS = "trials.csv"
RELEASES = "releases.csv"
OPENINGS = "openings.csv"
PER_STIMULUS = "per_stimulus.csv"
TABLES = (
    PROBES,
    SENSORS,
    STIMULUS,
    CHANNELS,
    STORES,
    LEDGER,
    TRIALS,
    RELEASES,
    OPENINGS,
    PER_STIMULUS,
)  # of words and numbers
SNAPSHOTS = "result.vtkhdf"
IMAGING = "imaging.h5"
IMAGING_TABLE = "imaging.csv"
CHECKPOINT = "checkpoint.npz"
CONVERGENCE = "convergence.csv"
# All that a run writes, beside INPUTS, and what is written of it afterwards.
FILES = (
    ABOUT,
    MODEL,
    AS_GIVEN,
    PLACEMENT,
    DISTANCES,
    *TABLES,
    SNAPSHOTS,
    IMAGING,
    IMAGING_TABLE,
    CHECKPOINT,
    CONVERGENCE,
)
INPUTS = "inputs"
PICTURES = "pictures"
_TRIAL = ".rdcalcium-trial"


class RunFolderError(InputError):
    """A run folder that cannot be used as asked."""


def lost(what: str, else_try: str = "") -> RunFolderError:
    """That something of a run folder is not there, or not whole; only another run makes it again.

    else_try  what may be tried before, such as "restore the file, or "
    """
    return RunFolderError(f"{what}; {else_try}run the model again and overwrite it", "overwrite")


@contextmanager
def new_run(path: str | Path | None, overwrite: bool = False) -> Iterator[Path]:
    """A folder that a run may be written to, claimed; whatever an earlier run left there is still there.

    path  none: a new one among the temporary files

    A folder that was made for this run and stayed empty is removed.
    """
    folder = Path(path or tempfile.mkdtemp(prefix="rdcalcium-"))
    made = path is None or not folder.exists()
    if not made and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; choose another folder", "out")
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with claimed(folder):
            _refuse_occupied(folder, overwrite)
            require_writable(folder)
            yield folder
    finally:
        if made:
            with suppress(OSError):  # it holds a run
                folder.rmdir()


def _refuse_occupied(path: Path, overwrite: bool) -> None:
    if not any(path.iterdir()):
        return
    if not (path / ABOUT).exists():
        raise RunFolderError(f"{path} is not empty and holds no run; choose another folder", "out")
    if not overwrite:
        raise RunFolderError(
            f"{path} already holds a run; overwrite it, resume it, or choose another folder",
            *("overwrite", "resume", "out"),
        )


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold a folder; refused while another run holds it.

    The lock is of the folder itself: it leaves no file behind, and dies with its process, however that ends.
    On a network file system it is known to the processes of one machine.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RunFolderError(f"another run is writing to {folder}; wait for its end, or stop it") from None
    finally:
        os.close(descriptor)


def require_writable(folder: Path) -> None:
    """Refuse a folder that this user may not write to."""
    with writable(folder):
        write_atomically(folder / _TRIAL, b"may this user write here?")
        (folder / _TRIAL).unlink()


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """What the operating system refuses in a folder is one sentence."""
    try:
        yield
    except OSError as error:
        raise RunFolderError(f"cannot write to {path}: {error.strerror or error}") from None


def refuse_too_large(path: Path, size: int, what: str, fewer: str) -> None:
    """Refuse a run whose results would not fit on the disk; there are fewer with the keys `fewer` of the model."""
    free = shutil.disk_usage(path).free
    if size > free:
        raise RunFolderError(
            f"{what} need {size / 2**30:.3g} GiB and {path} has {free / 2**30:.3g} GiB free; write fewer with {fewer}"
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
    """Delete what a run writes, and its pictures; `keep_inputs` has replaced its inputs."""
    for name in FILES:
        (path / name).unlink(missing_ok=True)
    shutil.rmtree(path / PICTURES, ignore_errors=True)


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


def write_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Save a state from which the run can go on; the one before stays until this one is complete."""
    with _replacing(folder / CHECKPOINT) as scratch, scratch.open("wb") as file:
        np.savez(file, **state)


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """The last saved state."""
    path = folder / CHECKPOINT
    if not path.exists():
        raise lost(f"{folder} has no {CHECKPOINT} to resume from")
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:  # NumPy tells junk as a pickle
        raise lost(f"{path} is damaged") from error

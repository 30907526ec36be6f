"""The command line in a process of its own, forked from one that has imported it: a call need not wait for imports."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE = 120  # s
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["rdcalcium.cli.main", __name__])


def call(words: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `rdcalcium WORDS` says in a folder, and the exit status with which it ends."""
    with TemporaryDirectory() as scratch:
        said = Path(scratch) / "stdout", Path(scratch) / "stderr"
        process = _READY.Process(target=_main, args=(words, folder, dict(environment), said))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, PATIENCE)
        return subprocess.CompletedProcess(words, process.exitcode, *(path.read_text() for path in said))


def _main(words: list[str], folder: Path, environment: dict[str, str], said: tuple[Path, Path]) -> None:
    from rdcalcium.cli.main import main

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["rdcalcium", *words]
    main()

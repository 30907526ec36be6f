"""Whether a run would wait for cores that other programs keep busy."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.backends import backend_class
from rdcalcium.machine import OtherPrograms, cores
from rdcalcium.system import System
from rdcalcium.units import counted

LATE = 0.5  # cores that may be missing: less comes and goes with whatever a machine does


def waiting(backend: str, system: System, threads: int | None, others: OtherPrograms) -> Iterator[str]:
    """What to say where the threads of a run and other programs want more cores than there are.

    threads  that were asked for, if a number was
    others   watched while the run was prepared
    """
    fields, n = system.shape
    if (shared := backend_class(backend).sharing(fields * n, threads)) == 1:
        return
    busy = others.cores()
    if shared + busy > cores() + LATE:
        free = max(round(cores() - busy), 1)
        yield (
            f"other programs keep {busy:.1f} of {counted(cores(), 'core')} busy, and a loop that "
            f"{counted(shared, 'thread')} share ends when the last of them has had a core: the run may end sooner with "
            f"threads = {free}, which does not change its numbers"
        )

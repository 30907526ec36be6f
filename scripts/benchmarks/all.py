"""All that is measured of this machine, as tables and as JSON, and the pages that tell of it.

    python scripts/benchmarks/all.py [--quick] [--only NAME …] [--backend NAME …] [--peers PYTHON] [--out FOLDER]

Writes <hardware>.json and .md after each part, then calls the scripts beside it: box_problem.py if --peers names the
Python that has NEURON and FiPy, keller2015.py, precision.py, and pages.py for docs/performance.md and the README. What
is not measured this time stays in the files as it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

from parts import PARTS
from parts.setting import Setting
from writing import RESULTS, file_name, save

from rdcalcium.backends import BACKENDS, BackendError, backend_class, choose, open_backend
from rdcalcium.bench.measure import machine_now
from rdcalcium.bench.systems import grid_system
from rdcalcium.bench.table import about, markdown
from rdcalcium.machine import let_idle_cores_sleep, processor, threads

HERE = Path(__file__).parent
SCRIPTS = ("box_problem", "keller2015", "precision")


def hardware(setting: Setting) -> str:
    """The name of what computes: that of the GPU if there is one, else that of the processor."""
    do = open_backend(setting.best, grid_system(2, 3))
    return do.device if do.on_gpu else f"{processor()}, {threads()} threads"


def measure(name: str, setting: Setting) -> dict[str, Any]:
    """One part: what it says of itself, the machine before its load is our own, the seconds it took, and its tables."""
    part, machine, start = import_module(f"parts.{name}"), machine_now(), time.perf_counter()
    tables = part.tables(setting)
    seconds = time.perf_counter() - start
    return {"about": cleandoc(part.__doc__ or ""), "machine": machine, "seconds": seconds, "tables": tables}


def page(title: str, parts: dict[str, Any], quick: bool) -> str:
    """All parts as Markdown."""
    lines = [f"# {title}", *(["", "Quick: sizes far too small to judge anything."] if quick else [])]
    for name in PARTS:
        if part := parts.get(name):
            lines += ["", f"## {name}", "", part["about"], "", *about(part["machine"])]
            for heading, rows in part["tables"].items():
                shown = markdown(rows) if rows else ["There is nothing to measure here."]
                lines += [*(["", f"**{heading}**"] if heading else []), "", *shown]
    return "\n".join(lines) + "\n"


def chosen() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = (*PARTS, *SCRIPTS)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=(), metavar="NAME", help=", ".join(BACKENDS))
    parser.add_argument("--peers", metavar="PYTHON", help="the Python that has NEURON and FiPy")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    try:
        for name in asked.backend:
            choose(name)
    except BackendError as error:
        parser.error(str(error))
    return asked


def measure_parts(asked: argparse.Namespace) -> None:
    """Part by part, and what is known is written after each."""
    setting = Setting(asked.quick, tuple(asked.backend))
    title = hardware(setting)
    name = file_name(title, *["quick"] * asked.quick)
    file = asked.out / f"{name}.json"
    parts = json.loads(file.read_text(encoding="utf-8"))["parts"] if file.exists() else {}
    for part in (part for part in PARTS if part in asked.only):
        print(f"{part} …", file=sys.stderr)
        parts[part] = measure(part, setting)
        print(f"{part}: {parts[part]['seconds']:.0f} s", file=sys.stderr)
        figures = {"hardware": title, "quick": asked.quick, "parts": parts}
        print(save(figures, page(title, parts, asked.quick), asked.out, name))


def call(script: str, *words: str) -> None:
    """One of the scripts beside this one."""
    print(f"{script} …", file=sys.stderr)
    subprocess.run([sys.executable, str(HERE / f"{script}.py"), *words], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure, then write the pages."""
    let_idle_cores_sleep()
    asked = chosen()
    measure_parts(asked)
    words = ["--out", str(asked.out), *["--quick"] * asked.quick]
    if asked.peers and "box_problem" in asked.only:
        call("box_problem", "--peers", asked.peers, *words)
    for script in ("keller2015", "precision"):
        if script in asked.only:
            call(script, *words)
    if asked.out == RESULTS and not asked.quick and not backend_class(choose("auto")[0]).on_gpu:
        call("pages")  # which tell of CPU cores


if __name__ == "__main__":
    main()

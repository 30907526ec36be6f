"""The whole benchmark of this machine, as one table and as JSON: what it can do, and what runs cost on it.

    python scripts/benchmarks/all.py [--quick] [--only PART …] [--backend NAME …] [--peers PYTHON] [--out FOLDER]

Writes <hardware>.json and .md after each part. What is not measured this time stays in them as it was. With --peers the
box problem against NEURON and FiPy follows, by box_problem.py.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

from parts import PARTS
from parts.setting import Setting

from rdcalcium.backends import BACKENDS, BackendError, choose, open_backend
from rdcalcium.bench import write
from rdcalcium.bench.measure import machine_now
from rdcalcium.bench.systems import grid_system
from rdcalcium.bench.table import about, markdown
from rdcalcium.machine import processor, threads

HERE = Path(__file__).parent


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
                lines += [*(["", f"**{heading}**"] if heading else []), "", *markdown(rows)]
    return "\n".join(lines) + "\n"


def chosen() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--backend", nargs="+", choices=BACKENDS, default=(), metavar="NAME", help=", ".join(BACKENDS))
    parser.add_argument("--peers", metavar="PYTHON", help="the Python that has NEURON and FiPy")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    asked = parser.parse_args()
    try:
        for name in asked.backend:
            choose(name)
    except BackendError as error:
        parser.error(str(error))
    return asked


def main() -> None:
    """Measure part by part, and write what is known after each."""
    asked = chosen()
    setting = Setting(asked.quick, tuple(asked.backend))
    title = hardware(setting)
    file = asked.out / (re.sub("[^a-z0-9]+", "-", title.lower()).strip("-") + "-quick" * asked.quick + ".json")
    parts = json.loads(file.read_text(encoding="utf-8"))["parts"] if file.exists() else {}
    for name in asked.only:
        print(f"{name} …", file=sys.stderr)
        parts[name] = measure(name, setting)
        print(f"{name}: {parts[name]['seconds']:.0f} s", file=sys.stderr)
        write({"hardware": title, "quick": asked.quick, "parts": parts}, file)
        file.with_suffix(".md").write_text(page(title, parts, asked.quick), encoding="utf-8")
    print(file.with_suffix(".md"))
    if asked.peers:
        words = ["--peers", asked.peers, "--out", str(asked.out), *["--quick"] * asked.quick]
        subprocess.run([sys.executable, str(HERE / "box_problem.py"), *words], check=True)


if __name__ == "__main__":
    main()

"""The kernels as text: found in the package or beside it, with their headers put in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdcalcium.backends.program import declarations
from rdcalcium.discretization.grid import GridLayout, WeightedLayout
from rdcalcium.discretization.sliced_ell import SLICE, SlicedEll

# How the names end of kernels that are written for one of them.
LAYOUTS = (GridLayout.kernels, WeightedLayout.kernels, SlicedEll.kernels)
# The error of a step in which something is not a number; no other error is as large.
HUGE = {"float64": 1e300, "float32": 1e30}

_INCLUDE = re.compile(r'^#include "([\w.]+)"\s*$', re.MULTILINE)
_CALLED = re.compile(r'^#include "\w+\.cu"', re.MULTILINE)
_GLOBAL = 'extern "C" __global__ void '
_KERNEL = re.compile(_GLOBAL + r"(\w+)\((.*?)\)\s*\{", re.DOTALL)


@cache
def kernel_folder() -> Path:
    """Where the .cu files are: installed inside the package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "kernels", package.parent / "kernels"):
        if (folder / "common.cuh").exists():
            return folder
    raise FileNotFoundError(f"the kernels are missing from {package}; install rdcalcium again")


def kernel_names() -> list[str]:
    """All kernels, one a file."""
    return sorted(path.stem for path in kernel_folder().glob("*.cu"))


def kernels_for(layout: str, patches: bool) -> list[str]:
    """Those that need no layout, and those whose name ends with this one; a kernel comes before one that calls it.

    patches  whether there are any; if not, none of their kernels
    """
    others = tuple(f"_{other}" for other in LAYOUTS if other != layout)
    wanted = (name for name in kernel_names() if not name.endswith(others) and (patches or not is_of_patches(name)))
    return sorted(wanted, key=calls_a_kernel)


def is_of_patches(name: str) -> bool:
    """Whether a kernel works on the sites of patches."""
    return "patch_" in name


def calls_a_kernel(name: str) -> bool:
    """Whether it includes another one, for which it looks up what to do."""
    return _CALLED.search((kernel_folder() / f"{name}.cu").read_text(encoding="utf-8")) is not None


@dataclass(frozen=True)
class Argument:
    """One argument of a kernel: its C type without qualifiers, and whether it is an array."""

    name: str
    type: str
    array: bool


@dataclass(frozen=True)
class Kernel:
    """One kernel: its text with all headers in place, its name and arguments."""

    name: str
    text: str
    arguments: tuple[Argument, ...]
    declaration: str

    @property
    def by_lanes(self) -> bool:
        """Whether it does several items in one go on a CPU (RDC_COUNT and RDC_LANE_THREAD in common.cuh)."""
        body = self.text.partition(f"void {self.name}(")[2]
        return "RDC_COUNT" in body or "RDC_LANE_THREAD" in body

    @property
    def on_grid(self) -> bool:
        """Whether its threads have a place along y and z (RDC_Z and RDC_THREAD in common.cuh)."""
        body = self.text.partition(f"void {self.name}(")[2]
        return "RDC_Z" in body or "RDC_THREAD" in body


def prelude(precision: str, index: str) -> str:
    """What Python and the kernels share: real_t from the precision, index_t "int" or "long long", and constants."""
    real, as_wide = {"float64": ("double", "long long"), "float32": ("float", "int")}[precision]
    return (
        f"typedef {real} real_t;\ntypedef {index} index_t;\n#define RDC_REAL_INT {as_wide}\n"
        f"#define RDC_HUGE {HUGE[precision]!r}\n#define RDC_SLICE {SLICE}\n{declarations()}"
    )


def read_kernel(name: str, model_header: str, seen: set[str] | None = None) -> Kernel:
    """A kernel with what it includes in place; what is in `seen` is there already, and grows as files are read.

    A kernel may include another one (.cu), which is then a function that it can call.
    """
    seen = set() if seen is None else seen
    seen.add(f"{name}.cu")
    text = _expand((kernel_folder() / f"{name}.cu").read_text(encoding="utf-8"), model_header, seen)
    match = _KERNEL.search(text)
    if not match or match[1] != name:
        raise ValueError(f"{name}.cu does not define the kernel {name}")
    declaration = re.sub(r"//[^\n]*", "", match[2])
    arguments = tuple(_argument(piece) for piece in declaration.split(","))
    return Kernel(name, text, arguments, declaration)


def read_file(name: str, seen: set[str]) -> str:
    """A file of kernels/ that needs no chemistry, likewise."""
    return _expand((kernel_folder() / name).read_text(encoding="utf-8"), "", seen)


def _expand(text: str, model_header: str, seen: set[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return ""
        seen.add(name)
        found = model_header if name == "model.cuh" else (kernel_folder() / name).read_text(encoding="utf-8")
        found = found.replace(_GLOBAL, "RDC_DEVICE void ")  # a kernel that another one calls
        return _expand(found.replace("#pragma once\n", ""), model_header, seen)

    return _INCLUDE.sub(replace, text)


def _argument(piece: str) -> Argument:
    words = piece.replace("*", " * ").split()
    kind = [w for w in words if w not in ("const", "__restrict__", "*")]
    return Argument(kind[-1], " ".join(kind[:-1]), "*" in words)

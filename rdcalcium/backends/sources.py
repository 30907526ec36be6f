"""The kernels as text: found in the package or beside it, with their headers put in place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdcalcium.backends.model_code import ModelCode, argument_words, declared
from rdcalcium.backends.program import SITES, declarations
from rdcalcium.discretization.grid import GridLayout
from rdcalcium.discretization.sliced_ell import SLICE, SlicedEll

# How the names end of kernels that are written for one of them.
LAYOUTS = (GridLayout.kernels, SlicedEll.kernels)
# The folder of kernels that call another one, for which they look up what to do.
AHEAD = "ahead"
# Of whole fields offsets may exceed 32 bits.
OFFSET = "long long"
# The error of a step in which something is not a number; no other error is as large.
HUGE = {"float64": 1e300, "float32": 1e30}

_INCLUDE = re.compile(r'^#include "([\w.]+)"\s*$', re.MULTILINE)
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


def kernel_files() -> dict[str, Path]:
    """Name -> file of all kernels and of what they include; kernels that lie in one folder are compiled together."""
    return _files(kernel_folder())


@cache
def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(folder.rglob("*.cu*"))}


def kernel_names() -> list[str]:
    """All kernels, one a file."""
    return [Path(name).stem for name in kernel_files() if name.endswith(".cu")]


def kernels_for(layout: str, patches: bool) -> dict[str, list[str]]:
    """Folder -> its kernels: those that need no layout, and those whose name ends with this one.

    patches  whether there are any; if not, none of their kernels
    """
    others = tuple(f"_{other}" for other in LAYOUTS if other != layout)
    found: dict[str, list[str]] = {}
    for path in kernel_files().values():
        name = path.stem
        if path.suffix == ".cu" and not name.endswith(others) and (patches or not is_of_patches(name)):
            found.setdefault(path.parent.name, []).append(name)
    return found


def is_of_patches(name: str) -> bool:
    """Whether a kernel works on the sites of patches."""
    return "patch_" in name


@dataclass(frozen=True)
class Argument:
    """One argument of a kernel: its C type without qualifiers, and whether it is an array."""

    name: str
    type: str
    array: bool


@dataclass(frozen=True)
class Signature:
    """The name of a kernel and its arguments, which `declaration` writes as C."""

    name: str
    arguments: tuple[Argument, ...]
    declaration: str


@dataclass(frozen=True)
class Kernel(Signature):
    """One kernel with its text, all headers in place."""

    text: str

    @property
    def by_lanes(self) -> bool:
        """Whether it does several items in one go on a CPU."""
        return _by_lanes(self.name, self.text)

    @property
    def on_grid(self) -> bool:
        """Whether its threads have a place along y and z (RDC_Z and RDC_THREAD in common.cuh)."""
        body = self.text.partition(f"void {self.name}(")[2]
        return "RDC_Z" in body or "RDC_THREAD" in body


def prelude(precision: str, index: str) -> str:
    """What Python and the kernels share: real_t from the precision, index_t "int" or "long long", and constants."""
    real, as_wide = {"float64": ("double", "long long"), "float32": ("float", "int")}[precision]
    return (
        f"typedef {real} real_t;\ntypedef {index} index_t;\ntypedef {OFFSET} offset_t;\n"
        f"#define RDC_REAL_INT {as_wide}\n#define RDC_HUGE {HUGE[precision]!r}\n#define RDC_SLICE {SLICE}\n"
        f"{declarations()}{argument_words('SITES', SITES)}"
    )


def read_kernel(name: str, code: ModelCode, seen: set[str] | None = None) -> Kernel:
    """A kernel with what it includes in place; what is in `seen` is there already, and grows as files are read.

    A kernel may include another one (.cu), which is then a function that it can call.
    """
    seen = set() if seen is None else seen
    seen.add(f"{name}.cu")
    asked = signature(name, code)
    text = _expand(read_file(f"{name}.cu"), code, seen)
    return Kernel(asked.name, asked.arguments, asked.declaration, text)


def read_kernels(names: Iterable[str], code: ModelCode) -> list[Kernel]:
    """Kernels that are compiled together: what several include is in the text of the first of them."""
    seen: set[str] = set()
    return [read_kernel(name, code, seen) for name in names]


def signature(name: str, code: ModelCode) -> Signature:
    """What a kernel declares."""
    match = _KERNEL.search(read_file(f"{name}.cu"))
    if not match or match[1] != name:
        raise ValueError(f"{name}.cu does not define the kernel {name}")
    without_comments = re.sub(r"//[^\n]*", "", match[2])
    declaration = " ".join(without_comments.split())
    for word, arrays in (("NEIGHBOURS", code.neighbours), ("SITES", SITES)):
        declaration = declaration.replace(f"RDC_DECLARED_{word}", declared(arrays))
    return Signature(name, tuple(_argument(piece) for piece in declaration.split(",")), declaration)


def read_header(name: str, code: ModelCode) -> str:
    """A header with what it includes in place."""
    return _expand(read_file(name), code, {name})


def read_file(name: str) -> str:
    """A file of kernels/ as it is."""
    return kernel_files()[name].read_text(encoding="utf-8")


def _expand(text: str, code: ModelCode, seen: set[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return ""
        seen.add(name)
        found = code.headers.get(name) or read_file(name)
        if name.endswith(".cu"):
            found = as_function(name.removesuffix(".cu"), found)
        return _expand(found.replace("#pragma once\n", ""), code, seen)

    return _INCLUDE.sub(replace, text)


def as_function(name: str, text: str) -> str:
    """A kernel as a function of the device, which gets its place from who calls it."""
    place = "RDC_DECLARED_LANES" if _by_lanes(name, text) else "RDC_DECLARED_THREAD"
    return text.replace(f"{_GLOBAL}{name}(", f"RDC_DEVICE void {name}({place} ")


def _by_lanes(name: str, text: str) -> bool:
    """Whether a kernel does several items in one go on a CPU (RDC_COUNT and RDC_LANE_THREAD in common.cuh)."""
    body = text.partition(f"void {name}(")[2]
    return "RDC_COUNT" in body or "RDC_LANE_THREAD" in body


def _argument(piece: str) -> Argument:
    words = piece.replace("*", " * ").split()
    kind = [w for w in words if w not in ("const", "__restrict__", "*")]
    return Argument(kind[-1], " ".join(kind[:-1]), "*" in words)

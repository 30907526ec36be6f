"""Kernels as C++ for the cores of a CPU: a launcher around each, and one around those of a march."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rdcalcium.backends.model_code import ModelCode, argument_words
from rdcalcium.backends.program import SITES, tables
from rdcalcium.backends.sources import Kernel, Signature, as_function, kernel_names, read_file, read_header

BLOCK = 1024  # threads that a core takes together, where the launch leaves it open

CPU_PRELUDE = f"""#define RDC_CPU 1
#define RDC_BLOCK {BLOCK}
struct Index3 {{ long long x, y, z; }};
"""

_LAUNCHED = re.compile(r"\blaunch_(\w+)\(")

# Names of a launcher end in an underscore, so that they cannot hide an argument of a kernel; parallel_ is the number of
# threads that share the loop.
_LAUNCH = "long long nx_, int ny_, int nz_, int width_, int parallel_"
_LAUNCHER = """
extern "C" void launch_{name}({launch}, {declaration}) {{
    const long long blocks_ = (nx_ + width_ - 1) / width_;
    const long long total_ = blocks_ * ny_ * nz_;
#pragma omp parallel for schedule(static) num_threads(parallel_) if (parallel_ > 1)
    for (long long b_ = 0; b_ < total_; ++b_) {{
        const Index3 block_ = {{b_ % blocks_, b_ / blocks_ % ny_, b_ / blocks_ / ny_}};
        const long long left_ = nx_ - block_.x * width_;
        const int count_ = left_ < width_ ? (int)left_ : width_;
#pragma omp simd
        for (int t_ = 0; t_ < count_; ++t_)
            {name}(block_, Index3{{t_, 0, 0}}, Index3{{width_, 1, 1}}, {arguments});
    }}
}}
"""


# A kernel on a grid takes a row in strips. Many fields are more than a CPU follows by itself: before each strip a
# kernel may ask for what it will want soon, by a macro of its name.
_GRID_LAUNCHER = """
extern "C" void launch_{name}({launch}, {declaration}) {{
#pragma omp parallel for collapse(2) schedule(static) num_threads(parallel_) if (parallel_ > 1)
    for (int z_ = 0; z_ < nz_; ++z_)
    for (int y_ = 0; y_ < ny_; ++y_)
    for (long long x_ = 0; x_ < nx_; x_ += RDC_STRIP) {{
#ifdef RDC_SOON_{name}
        RDC_SOON_{name}(x_ + nx_ * (y_ + (long long)ny_ * z_))
#endif
        const Index3 block_ = {{x_ / RDC_STRIP, y_, z_}};
        const int count_ = nx_ - x_ < RDC_STRIP ? (int)(nx_ - x_) : RDC_STRIP;
#pragma omp simd
        for (int t_ = 0; t_ < count_; ++t_)
            {name}(block_, Index3{{t_, 0, 0}}, Index3{{RDC_STRIP, 1, 1}}, {arguments});
    }}
}}
"""


# A kernel by lanes takes RDC_LANES items at a time; their number is a constant, but for the last ones.
_LANE_LAUNCHER = """
extern "C" void launch_{name}({launch}, {declaration}) {{
    const long long blocks_ = (nx_ + RDC_LANES - 1) / RDC_LANES;
#pragma omp parallel for schedule(static) num_threads(parallel_) if (parallel_ > 1)
    for (long long b_ = 0; b_ < blocks_; ++b_) {{
        const long long left_ = nx_ - b_ * RDC_LANES;
        if (left_ >= RDC_LANES)
            {name}(Index3{{b_, 0, 0}}, RDC_LANES, {arguments});
        else
            {name}(Index3{{b_, 0, 0}}, (int)left_, {arguments});
    }}
}}
"""


def launched_by_march(layout: str) -> dict[str, str]:
    """By their launchers in kernels/march_cpu.cuh, the kernels of a march on this layout."""
    found, known = sorted(set(_LAUNCHED.findall(read_file("march_cpu.cuh")))), kernel_names()
    return {f"launch_{name}": name if name in known else f"{name}_{layout}" for name in found}


def march_source(code: ModelCode, kernels: Mapping[str, Signature]) -> str:
    """C++ that takes rounds of a march (kernels/march_cpu.cuh), whose kernels are in other libraries.

    kernels  those of `launched_by_march` by their launchers, whether the model has them or not
    """
    words = "".join(
        f"#define {launcher} ((void (*)({_LAUNCH}, {kernel.declaration}))k->{launcher})\n"
        for launcher, kernel in kernels.items()
    )
    extents = ("k->stride", "k->x", "k->y", "k->z")[: _after(kernels["launch_stage"], "stride")]
    words += argument_words("NEIGHBOURS", code.neighbours) + f"#define RDC_EXTENTS {', '.join(extents)}\n"
    words += f"#define RDC_SITES_OF_TABLES {', '.join(f'k->{name}' for name in SITES)}\n"
    return tables([*kernels]) + words + read_header("march_cpu.cuh", code)


def _after(kernel: Signature, name: str) -> int:
    """How many of its arguments there are from this one on."""
    return len(kernel.arguments) - [a.name for a in kernel.arguments].index(name)


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    launcher = _LANE_LAUNCHER if kernel.by_lanes else _GRID_LAUNCHER if kernel.on_grid else _LAUNCHER
    arguments = ", ".join(a.name for a in kernel.arguments)
    words = {"name": kernel.name, "launch": _LAUNCH, "declaration": kernel.declaration, "arguments": arguments}
    return as_function(kernel.name, kernel.text) + launcher.format(**words)

"""Kernels as C++ for the cores of a CPU: a launcher around each, and one around those of a march."""

from __future__ import annotations

from rdcalcium.backends.sources import Argument, Kernel, read_file

BLOCK = 1024  # threads that a core takes together, where the launch leaves it open

CPU_PRELUDE = f"""#define RDC_CPU 1
#define RDC_BLOCK {BLOCK}
struct Index3 {{ long long x, y, z; }};
"""

# Its own names end in an underscore, so that they cannot hide an argument of a kernel; parallel_ is the number of
# threads that share the loop.
_LAUNCHER = """
extern "C" void launch_{name}(long long nx_, int ny_, int nz_, int width_, int parallel_, {declaration}) {{
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
extern "C" void launch_{name}(long long nx_, int ny_, int nz_, int, int parallel_, {declaration}) {{
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
extern "C" void launch_{name}(long long nx_, int, int, int, int parallel_, {declaration}) {{
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


def march_source(stage: Kernel, seen: set[str]) -> str:
    """C++ that takes rounds of a march (kernels/march_cpu.cuh), around the kernels of the layout of a stage.

    seen  files that are there already
    """
    layout = stage.name.removeprefix("stage_")
    beside = neighbours(stage)
    extents = ("k->stride", "k->x", "k->y", "k->z")[: len(stage.arguments) - _place(stage, "stride")]
    words = {
        "STAGE": f"launch_stage_{layout}",
        "ARRIVE": f"launch_arrive_{layout}",
        "NEIGHBOURS": ", ".join(a.name for a in beside),
        "DECLARED_NEIGHBOURS": ", ".join(f"{a.type}* {a.name}" for a in beside),
        "EXTENTS": ", ".join(extents),
    }
    return "".join(f"#define RDC_{name} {text}\n" for name, text in words.items()) + read_file("march_cpu.cuh", seen)


def neighbours(stage: Kernel) -> tuple[Argument, ...]:
    """Those arguments of a stage that say who is beside whom: from the third state to the parameters."""
    return stage.arguments[_place(stage, "z1") + 1 : _place(stage, "p")]


def _place(kernel: Kernel, name: str) -> int:
    """Of an argument."""
    return [a.name for a in kernel.arguments].index(name)


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    places = "const Index3 threadIdx, const Index3 blockDim" if not kernel.by_lanes else "const int rdc_count"
    function = f"RDC_DEVICE void {kernel.name}(const Index3 blockIdx, {places}, "
    text = kernel.text.replace(f'extern "C" __global__ void {kernel.name}(', function)
    names = ", ".join(a.name for a in kernel.arguments)
    launcher = _LANE_LAUNCHER if kernel.by_lanes else _GRID_LAUNCHER if kernel.on_grid else _LAUNCHER
    return text + launcher.format(name=kernel.name, declaration=kernel.declaration.strip(), arguments=names)

"""Kernels as C++ for the cores of a CPU: a launcher around each, and one around all stages of a step."""

from __future__ import annotations

from rdcalcium.backends.sources import Argument, Kernel
from rdcalcium.chemistry import CALCIUM

CPU_PRELUDE = """#define RDC_CPU 1
struct Index3 { long long x, y, z; };
"""

# Its own names end in an underscore, so that they cannot hide an argument of a kernel.
_LAUNCHER = """
extern "C" void launch_{name}(long long nx_, int ny_, int nz_, int width_, int parallel_, {declaration}) {{
    const long long blocks_ = (nx_ + width_ - 1) / width_;
    const long long total_ = blocks_ * ny_ * nz_;
#pragma omp parallel for schedule(static) if (parallel_)
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


# A kernel by lanes takes RDC_LANES items at a time; their number is a constant, but for the last ones.
_LANE_LAUNCHER = """
extern "C" void launch_{name}(long long nx_, int, int, int, int parallel_, {declaration}) {{
    const long long blocks_ = (nx_ + RDC_LANES - 1) / RDC_LANES;
#pragma omp parallel for schedule(static) if (parallel_)
    for (long long b_ = 0; b_ < blocks_; ++b_) {{
        const long long left_ = nx_ - b_ * RDC_LANES;
        if (left_ >= RDC_LANES)
            {name}(Index3{{b_, 0, 0}}, RDC_LANES, {arguments});
        else
            {name}(Index3{{b_, 0, 0}}, (int)left_, {arguments});
    }}
}}
"""


# All stages of a step in one call: for a few thousand control volumes, calls from Python would cost more than they do.
_STAGES = """
extern "C" void stages(long long nx_, int ny_, int nz_, int width_, int parallel_, {declaration}) {{
    for (index_t j_ = 0; j_ < stages_; ++j_) {{
        real_t *z1 = j_ % 2 ? z2_ : z1_, *z2 = j_ % 2 ? z1_ : z2_;
        const real_t *row_ = rows_ + 4 * j_, *change_ = changes_ + j_ * (offset_t)k_;
        const real_t mu = row_[0], nu = row_[1], mu_h = row_[2], gamma_h = row_[3];
        launch_{name}(nx_, ny_, nz_, width_, parallel_, {arguments});
        if (k_) launch_add_at(k_, 1, 1, (int)k_, 0, cells_, change_, z2 + {calcium} * stride, mu_h, k_);
    }}
}}
"""


def stages_arguments(stage: Kernel) -> list[Argument]:
    """What the launcher of all stages takes: the arguments of the kernel of one, but tables for its coefficients."""
    kept = [a for a in stage.arguments if a.name not in ("mu", "nu", "mu_h", "gamma_h")]
    swapped = [Argument(a.name + "_", a.type, a.array) if a.name in ("z1", "z2") else a for a in kept]
    tables = [("rows_", "real_t", True), ("stages_", "index_t", False), ("cells_", "index_t", True)]
    tables += [("changes_", "real_t", True), ("k_", "index_t", False)]
    return swapped + [Argument(*table) for table in tables]


def stages_source(stage: Kernel) -> str:
    """C++ that launches the kernel of a stage, and that of the sources, once for each row of coefficients."""
    constant = {True: "const {}* {}", False: "const {} {}"}
    declared = [
        ("real_t* {1}" if a.name in ("z1_", "z2_") else constant[a.array]).format(a.type, a.name)
        for a in stages_arguments(stage)
    ]
    names = ", ".join(a.name for a in stage.arguments)
    return _STAGES.format(declaration=", ".join(declared), name=stage.name, arguments=names, calcium=CALCIUM)


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    places = "const Index3 threadIdx, const Index3 blockDim" if not kernel.by_lanes else "const int rdc_count"
    function = f"RDC_DEVICE void {kernel.name}(const Index3 blockIdx, {places}, "
    text = kernel.text.replace(f'extern "C" __global__ void {kernel.name}(', function)
    names = ", ".join(a.name for a in kernel.arguments)
    launcher = _LANE_LAUNCHER if kernel.by_lanes else _LAUNCHER
    return text + launcher.format(name=kernel.name, declaration=kernel.declaration.strip(), arguments=names)

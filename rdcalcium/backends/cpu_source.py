"""Kernels as C++ for the cores of a CPU: a launcher around each, and one around all steps of a march."""

from __future__ import annotations

from rdcalcium.backends.sources import Argument, Kernel

BLOCK = 1024  # threads that a core takes together, where the launch leaves it open

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


# Rounds of a march in one call: for a few thousand control volumes, calls from Python would cost more than they do.
# The rounds are those of KernelMarcher; what is the same for all volumes is looked up once a step.
_MARCH = """
extern "C" void march(long long nx_, int ny_, int nz_, int width_, int parallel_, {declaration}) {{
    for (index_t round_ = 0; round_ < rounds && m->status == RDC_GOING; ++round_) {{
        launch_plan(1, 1, 1, 1, 0, m, r, stop, stages, reach, binding, log, stops, rungs, buffers, points, width, 1);
        if (m->status != RDC_GOING) return;
        const index_t s_ = (index_t)m->stages, count_ = (s_ + 1) * groups;
        launch_currents(count_, 1, 1, count_ + 1, 0, m, first_row, rows, first, knots, pieces, current, groups, count_);
        launch_see(1, 1, 1, 1, 0, m, r, first_row, rows, first, knots, pieces, charge, amounts, current, groups, 1);
        if (m->phase != RDC_GO) continue;
        const index_t more_ = s_ - (index_t)m->done;
        launch_inject(cells, 1, 1, BLOCK_, 0, m, at, cell, share, current, 1, 0, -1, groups, cells);
        const double h_ = m->step, *row_ = stage_row(m, first_row, rows, 1);
        real_t *y_ = RDC_STATE(at, Y), *f0_ = RDC_STATE(at, F0), *z_ = RDC_STATE(at, ODD), *old_ = RDC_STATE(at, EVEN);
        launch_scale(values, 1, 1, BLOCK_, parallel_, f0_, z_, (real_t)(row_[RDC_MU_T] * h_), values);
        launch_scale(values, 1, 1, BLOCK_, parallel_, f0_, old_, 0, values);
        for (index_t j_ = 2; j_ <= s_; ++j_) {{
            row_ = stage_row(m, first_row, rows, j_);
            launch_stage_{layout}(nx_, ny_, nz_, width_, parallel_, y_, f0_, RDC_INCREMENT(at, j_ - 1), {neighbours}, p,
                RDC_INCREMENT(at, j_), (real_t)row_[RDC_MU], (real_t)row_[RDC_NU], (real_t)(row_[RDC_MU_T] * h_),
                (real_t)(row_[RDC_GAMMA_T] * h_), {extents});
            launch_inject_stage(cells, 1, 1, BLOCK_, 0, m, at, first_row, rows, cell, share, current, j_ - 1, groups,
                cells);
        }}
        launch_inject(cells, 1, 1, BLOCK_, 0, m, at, cell, share, current, 0, 1, more_, groups, cells);
        launch_arrive_{layout}(nx_, ny_, nz_, width_, parallel_, y_, RDC_STATE(at, CARRIED), RDC_INCREMENT(at, s_), f0_,
            {neighbours}, p, atol, RDC_END(at, s_), RDC_STATE(at, CARRIED_END), RDC_STATE(at, F1), worst,
            (real_t)(r->slopes * h_), (real_t)r->increment, (real_t)r->rtol, {extents});
        launch_inject(cells, 1, 1, BLOCK_, 0, m, at, cell, share, current, -1, -1, more_, groups, cells);
        launch_largest(threads, 1, 1, 1, parallel_, m, worst, many_errors, more_, stride, threads);
        launch_largest(few, 1, 1, 1, 0, m, many_errors, few_errors, more_, threads, few);
        launch_judge(1, 1, 1, 1, 0, m, r, stop, few_errors, at, log, few, more_, stops, width, 1);
        launch_note(points, 1, 1, BLOCK_, 0, m, at, corner, portion, log, corners, fields, stride, width, points);
    }}
}}
"""

# What it takes besides the neighbours and the sizes of the layout: names as in the kernels.
_TABLES = (
    ("m", "March"),
    ("r", "Rules"),
    *(("stop", "double"), ("stages", "double"), ("reach", "double"), ("binding", "double"), ("log", "double")),
    *(("first_row", "offset_t"), ("rows", "double"), ("first", "offset_t"), ("knots", "double"), ("pieces", "double")),
    *(("charge", "double"), ("amounts", "double"), ("cell", "index_t"), ("share", "double"), ("current", "double")),
    *(("at", "offset_t"), ("p", "real_t"), ("atol", "real_t"), ("worst", "real_t"), ("many_errors", "real_t")),
    *(("few_errors", "real_t"), ("corner", "index_t"), ("portion", "double")),
)
_SIZES = (
    *("rounds", "stops", "rungs", "buffers", "points", "width", "groups", "cells", "values", "threads", "few"),
    *("corners", "fields"),
)


def march_arguments(stage: Kernel) -> list[Argument]:
    """What the launcher of a march takes: tables, neighbours, sizes."""
    tables = [Argument(name, kind, True) for name, kind in _TABLES]
    counts = [Argument(name, "index_t", False) for name in _SIZES]
    return [*tables, *_neighbours(stage), *counts, *_extents(stage)]


def march_source(stage: Kernel) -> str:
    """C++ that takes rounds of a march, around the kernels of one layout."""
    declared = [f"{a.type}* {a.name}" if a.array else f"const {a.type} {a.name}" for a in march_arguments(stage)]
    names = {key: ", ".join(a.name for a in found(stage)) for key, found in _PARTS.items()}
    layout = stage.name.removeprefix("stage_")
    text = _MARCH.format(declaration=", ".join(declared), layout=layout, **names)
    return text.replace("BLOCK_", str(BLOCK))


def _neighbours(stage: Kernel) -> list[Argument]:
    """Those arguments of a stage that say who is beside whom: from the third state to the parameters."""
    names = [a.name for a in stage.arguments]
    return list(stage.arguments[names.index("z1") + 1 : names.index("p")])


def _extents(stage: Kernel) -> list[Argument]:
    """The sizes of a stage, at its end."""
    names = [a.name for a in stage.arguments]
    return list(stage.arguments[names.index("stride") :])


_PARTS = {"neighbours": _neighbours, "extents": _extents}


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    places = "const Index3 threadIdx, const Index3 blockDim" if not kernel.by_lanes else "const int rdc_count"
    function = f"RDC_DEVICE void {kernel.name}(const Index3 blockIdx, {places}, "
    text = kernel.text.replace(f'extern "C" __global__ void {kernel.name}(', function)
    names = ", ".join(a.name for a in kernel.arguments)
    launcher = _LANE_LAUNCHER if kernel.by_lanes else _LAUNCHER
    return text + launcher.format(name=kernel.name, declaration=kernel.declaration.strip(), arguments=names)

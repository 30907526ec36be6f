// SPDX-License-Identifier: BSD-3-Clause
// current[j, g] = what one channel of group g lets in at the time of stage j of the step that was planned, pA.
// One thread for each; a stage at the end of the step sees what flows before a jump there.
// Twin: Currents.over_step in rdcalcium/currents.py.
#include "march.cuh"

extern "C" __global__ void currents(const March* __restrict__ m, const offset_t* __restrict__ first_row,
                                    const double* __restrict__ rows, const offset_t* __restrict__ first,
                                    const double* __restrict__ knots, const double* __restrict__ pieces,
                                    double* __restrict__ current, const index_t groups, const index_t n) {
    const index_t at = RDC_X;
    RDC_GUARD(at >= n)
    const index_t j = at / groups, g = at % groups, s = (index_t)m->stages;
    if (m->status != RDC_GOING || m->phase == RDC_GO || j > s) return;
    const double c = stage_row(m, first_row, rows, j)[RDC_C], last = stage_row(m, first_row, rows, s)[RDC_C];
    const bool ends = c >= last;
    current[at] = course_value(first, knots, pieces, g, m->t + (ends ? 1.0 : c) * m->step, ends);
}

// SPDX-License-Identifier: BSD-3-Clause
// calcium of z_j += mu_t h (S_{j-1} - S_begin) at the source cells, j = done + offset.
// Twin: Operations.stages in rdcalcium/backends/base.py.
#include "march.cuh"

extern "C" __global__ void inject_stage(const March* __restrict__ m, const offset_t* __restrict__ at,
                                        const offset_t* __restrict__ first_row, const double* __restrict__ rows,
                                        const index_t* __restrict__ cell, const double* __restrict__ share,
                                        const double* __restrict__ current, const index_t offset,
                                        const index_t groups, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const index_t j = (index_t)m->done + offset;
    if (m->phase != RDC_GO || j > m->stages) return;
    const double* now = current + (j - 1) * groups;
    double rate = 0;
    for (index_t g = 0; g < groups; ++g) rate += share[i * groups + g] * (now[g] - current[g]);
    const double mu_h = stage_row(m, first_row, rows, j)[RDC_MU_T] * m->step;
    RDC_INCREMENT(at, j)[cell[i]] += (real_t)mu_h * (real_t)rate;
}

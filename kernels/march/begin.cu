// SPDX-License-Identifier: BSD-3-Clause
// The first increments of a step that has just been planned: z_1 = mu_t h f0, z_0 = 0.
// Twin: StabilizedRungeKutta.increment in rdcalcium/integrators/stabilized.py.
#include "march.cuh"

extern "C" __global__ void begin(const March* __restrict__ m, const offset_t* __restrict__ at,
                                 const offset_t* __restrict__ first_row, const double* __restrict__ rows,
                                 const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    if (!begins(m)) return;
    const real_t a = (real_t)(stage_row(m, first_row, rows, 1)[RDC_MU_T] * m->step);
    RDC_STATE(at, ODD)[i] = a * RDC_STATE(at, F0)[i];
    RDC_STATE(at, EVEN)[i] = 0;
}

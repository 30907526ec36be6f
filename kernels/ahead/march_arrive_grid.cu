// SPDX-License-Identifier: BSD-3-Clause
// The end of the step that is under way on a grid, if it arrives after `more` stages.
// Twin: NumpyOperations.advance, rhs and error_norm in rdcalcium/backends/numpy.py.
#include "march.cuh"
#include "arrive_grid.cu"

extern "C" __global__ void march_arrive_grid(
    const March* __restrict__ m, const Rules* __restrict__ r, const offset_t* __restrict__ at,
    RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p, const real_t* __restrict__ atol,
    real_t* __restrict__ worst, const index_t more, const offset_t stride, const index_t nx, const index_t ny,
    const index_t nz) {
    if (!arrives(m, more)) return;
    const index_t s = (index_t)m->stages;
    arrive_grid(RDC_THREAD RDC_STATE(at, Y), RDC_STATE(at, CARRIED), RDC_INCREMENT(at, s), RDC_STATE(at, F0),
                RDC_NEIGHBOURS, p, atol, RDC_END(at, s), RDC_STATE(at, CARRIED_END), RDC_STATE(at, F1), worst,
                (real_t)(r->slopes * m->step), (real_t)r->increment, (real_t)r->rtol, stride, nx, ny, nz);
}

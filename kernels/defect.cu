// SPDX-License-Identifier: BSD-3-Clause
// out = b - A x, A = shift - L, in every mode.
// Twin: NumpyOperations.defect in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void defect(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ x, const real_t* __restrict__ b, real_t* __restrict__ out,
    const real_t* __restrict__ shift, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t flow[RDC_MODES][RDC_LANES];
    mode_flow(start, column, weight, x, n, first, RDC_COUNT, flow);
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) {
        const offset_t at = (offset_t)q * n + first;
        const real_t s = shift[q];
        RDC_EACH_LANE(t, RDC_COUNT) out[at + t] = b[at + t] - s * x[at + t] + flow[q][t];
    }
}

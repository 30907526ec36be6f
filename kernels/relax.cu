// SPDX-License-Identifier: BSD-3-Clause
// One step of Chebyshev iteration for A x = b, A = shift - L, in every mode:
//   d = keep d + gain (b - A x) / (shift + diagonal),  out = x + d;  with `fresh`, x is zero and not read, nor is d
// Twin: NumpyOperations.relax in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void relax(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ diagonal, const real_t* __restrict__ x, const real_t* __restrict__ b,
    real_t* __restrict__ d, real_t* __restrict__ out, const real_t* __restrict__ shift,
    const real_t keep, const real_t gain, const index_t fresh, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t flow[RDC_MODES][RDC_LANES];
    if (!fresh) mode_flow(start, column, weight, x, n, first, RDC_COUNT, flow);
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) {
        const offset_t at = (offset_t)q * n + first;
        const real_t s = shift[q];
        if (fresh) {
            RDC_EACH_LANE(t, RDC_COUNT) out[at + t] = d[at + t] = gain * b[at + t] / (s + diagonal[first + t]);
        } else {
            RDC_EACH_LANE(t, RDC_COUNT) {
                const real_t own = x[at + t];
                const real_t rest = b[at + t] - s * own + flow[q][t];
                const real_t change = keep * d[at + t] + gain * rest / (s + diagonal[first + t]);
                d[at + t] = change;
                out[at + t] = own + change;
            }
        }
    }
}

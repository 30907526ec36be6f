// SPDX-License-Identifier: BSD-3-Clause
// One step of Chebyshev iteration for A x = b, A = shift - L, in every mode:
//   d = keep d + gain (b - A x) / (shift + diagonal),  out = x + d;  with `fresh`, x is zero and not read
// Twin: NumpyOperations.relax in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void relax(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ diagonal, const real_t* __restrict__ x, const real_t* __restrict__ b,
    real_t* __restrict__ d, real_t* __restrict__ out, const real_t* __restrict__ shift,
    const real_t keep, const real_t gain, const index_t fresh, const index_t modes, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    for (index_t q = 0; q < modes; ++q) {
        const offset_t at = (offset_t)q * n + first;
        const real_t s = shift[q];
        real_t flow[RDC_LANES];
        if (fresh) {
            RDC_EACH_LANE(t, RDC_COUNT) {
                const real_t change = gain * b[at + t] / (s + diagonal[first + t]);
                d[at + t] = change;
                out[at + t] = change;
            }
            continue;
        }
        mode_flow(start, column, weight, x + (offset_t)q * n, first, RDC_COUNT, flow);
        RDC_EACH_LANE(t, RDC_COUNT) {
            const real_t own = x[at + t];
            const real_t change = keep * d[at + t]
                                + gain * (b[at + t] - s * own + flow[t]) / (s + diagonal[first + t]);
            d[at + t] = change;
            out[at + t] = own + change;
        }
    }
}

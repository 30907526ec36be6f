// SPDX-License-Identifier: BSD-3-Clause
// One step of Chebyshev iteration for A x = b, A = shift - L, in every mode:
//   d = keep d + gain (b - A x) / (shift + diagonal),  out = x + d;  with `fresh`, x is zero and not read, nor is d
// Twin: NumpyOperations.relax in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void relax(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const float* __restrict__ weight,
    const float* __restrict__ diagonal, const float* __restrict__ x, const float* __restrict__ b,
    float* __restrict__ d, float* __restrict__ out, const float* __restrict__ shift,
    const float keep, const float gain, const index_t fresh, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    const modes_t s = modes_at(shift, 0);
    if (fresh) {
        for (int t = 0; t < RDC_COUNT; ++t) {
            const modes_t change = gain * modes_at(b, first + t) / (diagonal[first + t] + s);
            *modes_at(out, first + t) = *modes_at(d, first + t) = change;
        }
        return;
    }
    modes_t own[RDC_LANES], rest[RDC_LANES];
    modes_defect(start, column, weight, x, b, shift, first, RDC_COUNT, own, rest);
    for (int t = 0; t < RDC_COUNT; ++t) {
        const modes_t change = keep * *modes_at(d, first + t) + gain * rest[t] / (diagonal[first + t] + s);
        *modes_at(d, first + t) = change;
        *modes_at(out, first + t) = own[t] + change;
    }
}

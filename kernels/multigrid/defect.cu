// SPDX-License-Identifier: BSD-3-Clause
// out = b - A x, A = shift - L, in every mode.
// Twin: NumpyOperations.defect in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void defect(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const float* __restrict__ weight,
    const float* __restrict__ x, const float* __restrict__ b, float* __restrict__ out,
    const float* __restrict__ shift, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    modes_t own[RDC_LANES], rest[RDC_LANES];
    modes_defect(start, column, weight, x, b, shift, first, RDC_COUNT, own, rest);
    for (int t = 0; t < RDC_COUNT; ++t) *modes_at(out, first + t) = rest[t];
}

// SPDX-License-Identifier: BSD-3-Clause
// out = keep out + T x in every mode, from one level of a multigrid to the next; T has n rows.
// Twins: NumpyOperations.restrict and prolong in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void transfer(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const float* __restrict__ weight,
    const float* __restrict__ x, float* __restrict__ out, const index_t keep, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    modes_t sum[RDC_LANES] = {}, none[RDC_LANES] = {};
    for (int t = 0; keep && t < RDC_COUNT; ++t) sum[t] = *modes_at(out, first + t);
    add_neighbours(start, column, weight, x, first, none, sum);
    for (int t = 0; t < RDC_COUNT; ++t) *modes_at(out, first + t) = sum[t];
}

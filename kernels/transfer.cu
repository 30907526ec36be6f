// SPDX-License-Identifier: BSD-3-Clause
// out = keep out + T x in every mode, from one level of a multigrid to the next; T has n rows, and x `from` values.
// Twins: NumpyOperations.restrict and prolong in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void transfer(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ x, real_t* __restrict__ out, const offset_t from, const index_t keep,
    const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t sum[RDC_MODES][RDC_LANES];
    RDC_EACH_LANE(t, RDC_COUNT) {
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) sum[q][t] = keep ? out[(offset_t)q * n + first + t] : (real_t)0;
    }
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_EACH_LANE(t, RDC_COUNT) {
            const index_t j = column[at + t];
            const real_t a = weight[at + t];
            RDC_UNROLL
            for (int q = 0; q < RDC_MODES; ++q) sum[q][t] += a * x[q * from + j];
        }
    }
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) {
        RDC_EACH_LANE(t, RDC_COUNT) out[(offset_t)q * n + first + t] = sum[q][t];
    }
}

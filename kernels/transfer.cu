// SPDX-License-Identifier: BSD-3-Clause
// out = keep out + T x in every mode, from one level of a multigrid to the next; T has n rows, and x `from` values.
// Twin: NumpyOperations.transfer in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void transfer(
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ x, real_t* __restrict__ out, const index_t from, const index_t keep,
    const index_t modes, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    const index_t slice = first / RDC_SLICE;
    for (index_t q = 0; q < modes; ++q) {
        const real_t* source = x + (offset_t)q * from;
        real_t* target = out + (offset_t)q * n + first;
        real_t sum[RDC_LANES];
        RDC_EACH_LANE(t, RDC_COUNT) sum[t] = keep ? target[t] : (real_t)0;
        for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
            const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
            RDC_EACH_LANE(t, RDC_COUNT) sum[t] += weight[at + t] * source[column[at + t]];
        }
        RDC_EACH_LANE(t, RDC_COUNT) target[t] = sum[t];
    }
}

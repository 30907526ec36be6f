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
    lanes_t sum[RDC_MODES];
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q)
        sum[q] = keep ? rdc_load(out + (offset_t)q * n + first, RDC_COUNT) : lanes_t{};
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_SOON(column + at);
        RDC_SOON(weight + at);
        const lanes_t a = rdc_load(weight + at, RDC_LANES);
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) sum[q] += a * rdc_gather(x + q * from, column + at);
    }
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) {
        real_t total[RDC_LANES];
        rdc_store(total, sum[q]);
        RDC_EACH_LANE(t, RDC_COUNT) out[(offset_t)q * n + first + t] = total[t];
    }
}

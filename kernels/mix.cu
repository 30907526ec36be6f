// SPDX-License-Identifier: BSD-3-Clause
// out_a = keep out_a + Σ_f matrix_af u_f in every control volume; a small dense matrix between fields and modes.
// Twin: NumpyOperations.mix in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void mix(const real_t* __restrict__ matrix, const real_t* __restrict__ u,
                               real_t* __restrict__ out, const index_t keep, const index_t rows,
                               const index_t columns, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    for (index_t a = 0; a < rows; ++a) {
        real_t* target = out + (offset_t)a * n + first;
        real_t sum[RDC_LANES];
        RDC_EACH_LANE(t, RDC_COUNT) sum[t] = keep ? target[t] : (real_t)0;
        for (index_t f = 0; f < columns; ++f) {
            const real_t* source = u + (offset_t)f * n + first;
            const real_t m = matrix[a * columns + f];
            RDC_EACH_LANE(t, RDC_COUNT) sum[t] += m * source[t];
        }
        RDC_EACH_LANE(t, RDC_COUNT) target[t] = sum[t];
    }
}

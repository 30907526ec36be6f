// SPDX-License-Identifier: BSD-3-Clause
// out_q = Σ_f matrix_qf u_f in every control volume: from fields to modes.
// Twin: NumpyOperations.to_modes in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void to_modes(const real_t* __restrict__ matrix, const real_t* __restrict__ u,
                                    float* __restrict__ out, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t sum[RDC_MODES][RDC_LANES] = {};
    RDC_UNROLL_FEW
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const real_t* source = u + (offset_t)f * n + first;
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) {
            const real_t m = matrix[q * RDC_FIELDS + f];
            RDC_EACH_LANE(t, RDC_COUNT) sum[q][t] += m * source[t];
        }
    }
    for (int t = 0; t < RDC_COUNT; ++t) {
        modes_t all = {};
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) RDC_MODE(all, q) = (float)sum[q][t];
        *modes_at(out, first + t) = all;
    }
}

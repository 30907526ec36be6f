// SPDX-License-Identifier: BSD-3-Clause
// out_f = keep out_f + Σ_q back_fq x_q + Σ_g direct_fg u_g in every control volume: from modes to fields.
// Only fields that do not move, f and g, take something directly.
// Twin: NumpyOperations.from_modes in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void from_modes(const real_t* __restrict__ back, const float* __restrict__ x,
                                      const real_t* __restrict__ direct, const real_t* __restrict__ u,
                                      real_t* __restrict__ out, const index_t keep, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t own[RDC_MODES][RDC_LANES], sum[RDC_LANES];
    for (int t = 0; t < RDC_COUNT; ++t) {
        const modes_t all = modes_at(x, first + t);
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) own[q][t] = RDC_MODE(all, q);
    }
    RDC_UNROLL_FEW
    for (int f = 0; f < RDC_FIELDS; ++f) {
        real_t* target = out + (offset_t)f * n + first;
        RDC_EACH_LANE(t, RDC_COUNT) sum[t] = keep ? target[t] : (real_t)0;
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) {
            const real_t m = back[f * RDC_MODES + q];
            RDC_EACH_LANE(t, RDC_COUNT) sum[t] += m * own[q][t];
        }
        RDC_UNROLL
        for (int g = 0; g < RDC_FIELDS; ++g) {
            if (RDC_MOBILE(f) || RDC_MOBILE(g)) continue;
            const real_t m = direct[f * RDC_FIELDS + g];
            const real_t* source = u + (offset_t)g * n + first;
            RDC_EACH_LANE(t, RDC_COUNT) sum[t] += m * source[t];
        }
        RDC_EACH_LANE(t, RDC_COUNT) target[t] = sum[t];
    }
}

// SPDX-License-Identifier: BSD-3-Clause
// Rows of a sparse matrix in sliced ELL times all modes in one pass: RDC_MODES of them, one for each field that moves.
#pragma once
#include "model.cuh"

// flow[q][t] = Σ_k weight_ik (x_q[neighbour_ik] - x_q[i]) of mode q and row i = first + t; padding has weight 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise, conductance / volume in µm⁻²
// x       (RDC_MODES, n)
RDC_DEVICE void mode_flow(const index_t* start, const index_t* column, const real_t* weight, const real_t* x,
                          const offset_t n, const index_t first, const int count, real_t (*flow)[RDC_LANES]) {
    real_t own[RDC_MODES][RDC_LANES];
    RDC_EACH_LANE(t, count) {
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) {
            own[q][t] = x[q * n + first + t];
            flow[q][t] = 0;
        }
    }
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_EACH_LANE(t, count) {
            const index_t j = column[at + t];
            const real_t a = weight[at + t];
            RDC_UNROLL
            for (int q = 0; q < RDC_MODES; ++q) flow[q][t] += a * (x[q * n + j] - own[q][t]);
        }
    }
}

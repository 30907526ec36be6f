// SPDX-License-Identifier: BSD-3-Clause
// Rows of a sparse matrix in sliced ELL times all modes in one pass: RDC_MODES of them, one for each field that moves.
#pragma once
#include "lanes.cuh"
#include "model.cuh"

// flow[q][t] = Σ_k weight_ik (x_q[neighbour_ik] - x_q[i]) of mode q and row i = first + t; padding has weight 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise, conductance / volume in µm⁻²
// x       (RDC_MODES, n)
RDC_DEVICE void mode_flow(const index_t* start, const index_t* column, const real_t* weight, const real_t* x,
                          const offset_t n, const index_t first, const int count, real_t (*flow)[RDC_LANES]) {
    lanes_t own[RDC_MODES], sum[RDC_MODES];
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) {
        own[q] = rdc_load(x + q * n + first, count);
        sum[q] = lanes_t{};
    }
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_SOON(column + at);
        RDC_SOON(weight + at);
        const lanes_t a = rdc_load(weight + at, RDC_LANES);
        RDC_UNROLL
        for (int q = 0; q < RDC_MODES; ++q) sum[q] += a * (rdc_gather(x + q * n, column + at) - own[q]);
    }
    RDC_UNROLL
    for (int q = 0; q < RDC_MODES; ++q) rdc_store(flow[q], sum[q]);
}

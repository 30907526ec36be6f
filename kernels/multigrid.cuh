// SPDX-License-Identifier: BSD-3-Clause
// Rows of a sparse matrix in sliced ELL, one mode at a time.
#pragma once
#include "common.cuh"

// flow[t] = Σ_k weight_ik (x[neighbour_ik] - x[i]) of row i = first + t; padding has weight 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise, conductance / volume in µm⁻²
RDC_DEVICE void mode_flow(const index_t* start, const index_t* column, const real_t* weight, const real_t* x,
                          const index_t first, const int count, real_t* flow) {
    const index_t slice = first / RDC_SLICE;
    RDC_EACH_LANE(t, count) flow[t] = 0;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_EACH_LANE(t, count) flow[t] += weight[at + t] * (x[column[at + t]] - x[first + t]);
    }
}

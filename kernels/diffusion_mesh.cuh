// SPDX-License-Identifier: BSD-3-Clause
// Diffusion on a mesh whose Laplacian is stored as sliced ELL: RDC_SLICE rows a slice, one column of neighbours after
// the other.
#pragma once
#include "lanes.cuh"

// d[f][t] = diffusivity_f Σ_k coefficient_ik (u_f[neighbour_ik] - u_f[i]) of row i = first + t; padding has a
// coefficient of 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise, coefficient in µm⁻²
RDC_DEVICE void diffuse_mesh(const index_t* start, const index_t* column, const real_t* weight, const real_t* u,
                             const offset_t stride, const index_t first, const int count, const real_t* p,
                             real_t (*d)[RDC_LANES]) {
    lanes_t own[RDC_FIELDS], sum[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        own[f] = rdc_load(u + f * stride + first, count);
        sum[f] = lanes_t{};
    }
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_SOON(column + at);
        RDC_SOON(weight + at);
        const lanes_t a = rdc_load(weight + at, RDC_LANES);
        RDC_UNROLL
        for (int f = 0; f < RDC_FIELDS; ++f)
            if (RDC_MOBILE(f)) sum[f] += a * (rdc_gather(u + f * stride, column + at) - own[f]);
    }
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) rdc_store(d[f], (RDC_MOBILE(f) ? RDC_DIFFUSIVITY(p, f) : (real_t)0) * sum[f]);
}

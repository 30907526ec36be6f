// SPDX-License-Identifier: BSD-3-Clause
// Diffusion on a mesh whose Laplacian is stored as sliced ELL: RDC_SLICE rows a slice, one column of neighbours at a time.
#pragma once
#include "common.cuh"

// d[f] = diffusivity_f Σ_k coefficient_ik (u_f[neighbour_ik] - u_f[i]); padding points at row i with coefficient 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise, coefficient in µm⁻²
RDC_DEVICE void diffuse_mesh(const index_t* start, const index_t* column, const real_t* weight, const real_t* u,
                             const offset_t stride, const index_t i, const index_t slice, const index_t lane,
                             const real_t* p, real_t* d) {
    real_t own[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        own[f] = u[f * stride + i];
        d[f] = 0;
    }
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + lane;
        const index_t j = column[at];
        const real_t a = weight[at];
        RDC_UNROLL
        for (int f = 0; f < RDC_FIELDS; ++f)
            if (RDC_MOBILE(f)) d[f] += a * (u[f * stride + j] - own[f]);
    }
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) d[f] *= RDC_MOBILE(f) ? RDC_DIFFUSIVITY(p, f) : (real_t)0;
}

// On CPU cores a block is one slice, so that the slice is the same for all lanes of a vector.
#ifdef RDC_CPU
#define RDC_SLICE_OF(i) (index_t)blockIdx.x
#define RDC_LANE_OF(i) (index_t)threadIdx.x
#else
#define RDC_SLICE_OF(i) (i) / RDC_SLICE
#define RDC_LANE_OF(i) (i) % RDC_SLICE
#endif

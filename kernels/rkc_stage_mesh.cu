// SPDX-License-Identifier: BSD-3-Clause
// One stage of RKC2 on a mesh, as an increment z over the start of the step:
//   z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dF(z_{j-1}; y0)) + gamma_h f0
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "model.cuh"
#include "diffusion_mesh.cuh"

extern "C" __global__ void rkc_stage_mesh(
    const real_t* __restrict__ y0, const real_t* __restrict__ f0, const real_t* __restrict__ z1,
    real_t* __restrict__ z2,  // in: z_{j-2}; out: z_j
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ p,
    const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h,
    const offset_t stride, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    real_t y[RDC_FIELDS], z[RDC_FIELDS], d[RDC_FIELDS];
    diffuse_mesh(start, column, weight, z1, stride, i, RDC_SLICE_OF(i), RDC_LANE_OF(i), p, d);
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        y[f] = y0[f * stride + i];
        z[f] = z1[f * stride + i];
    }
    add_rate_increment(y, z, p, d);
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + i;
        const real_t first = f0[at];
        z2[at] = mu * z[f] + nu * z2[at] + mu_h * (first + d[f]) + gamma_h * first;
    }
}

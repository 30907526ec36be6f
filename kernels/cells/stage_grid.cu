// SPDX-License-Identifier: BSD-3-Clause
// One stage of a stabilised Runge-Kutta method on a grid, as an increment z over the start of the step:
//   z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dF(z_{j-1}; y0)) + gamma_h f0
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "stage.cuh"

// What a CPU will want (RDC_SOON_STRIP); of z1 the plane above is new to its caches.
#define RDC_SOON_stage_grid(at) \
    RDC_SOON_STRIP(y0 + f * stride + (at)) \
    RDC_SOON_STRIP(f0 + f * stride + (at)) \
    RDC_SOON_STRIP(z2 + f * stride + (at)) \
    RDC_SOON_STRIP(z1 + f * stride + (at) + (RDC_MOBILE(f) ? (offset_t)nx * ny : 0)) \
    RDC_SOON_FACES(at)

extern "C" __global__ void stage_grid(
    const real_t* __restrict__ y0, const real_t* __restrict__ f0, const real_t* __restrict__ z1,
    RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    real_t* __restrict__ z2,  // in: z_{j-2}; out: z_j
    const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h,
    const offset_t stride, const index_t nx, const index_t ny, const index_t nz) {
    const index_t i = RDC_X, j = RDC_Y, k = RDC_Z;
    RDC_GUARD(i >= nx)
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    const Stencil a = make_stencil(RDC_NEIGHBOURS, i, j, k, nx, ny, nz);
    real_t d[RDC_FIELDS];
    diffuse_grid(a, z1, stride, cell, p, d);
    stage(y0, f0, z1, p, z2, mu, nu, mu_h, gamma_h, stride, cell, d, 1);
}

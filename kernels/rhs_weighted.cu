// SPDX-License-Identifier: BSD-3-Clause
// Right-hand side on a grid with weights of its faces:
//   out = diffusion of every mobile field + every reaction, no sources
// Twin: NumpyOperations.rhs in rdcalcium/backends/numpy.py.
#include "model.cuh"
#include "diffusion_grid.cuh"
#include "rhs.cuh"

// What a CPU will want (RDC_SOON_STRIP): the plane above is new to its caches.
#define RDC_SOON_rhs_weighted(at) RDC_SOON_STRIP(u + f * stride + (at) + (RDC_MOBILE(f) ? (offset_t)nx * ny : 0))

extern "C" __global__ void rhs_weighted(
    const real_t* __restrict__ u,
    const mask_t* __restrict__ open, const real_t* __restrict__ fx, const real_t* __restrict__ fy,
    const real_t* __restrict__ fz, const real_t* __restrict__ ax, const real_t* __restrict__ ay,
    const real_t* __restrict__ az, const real_t* __restrict__ p,
    real_t* __restrict__ out,
    const offset_t stride, const index_t nx, const index_t ny, const index_t nz) {
    const index_t i = RDC_X, j = RDC_Y, k = RDC_Z;
    RDC_GUARD(i >= nx)
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    const Stencil a = make_weighted_stencil(fx, fy, fz, ax, ay, az, open[cell], i, j, k, nx, ny, nz);
    real_t d[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f)
        d[f] = RDC_MOBILE(f) ? RDC_DIFFUSIVITY(p, f) * laplacian(a, u + f * stride + cell) : (real_t)0;
    rhs(u, p, out, stride, cell, d, 1);
}

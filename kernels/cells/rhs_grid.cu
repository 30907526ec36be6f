// SPDX-License-Identifier: BSD-3-Clause
// Right-hand side on a grid: out = diffusion of every mobile field + every reaction, no sources.
// Twin: NumpyOperations.rhs in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "rhs.cuh"

// What a CPU will want (RDC_SOON_STRIP): the plane above is new to its caches.
#define RDC_SOON_rhs_grid(at) RDC_SOON_STRIP(u + f * stride + (at) + (RDC_MOBILE(f) ? (offset_t)nx * ny : 0))

extern "C" __global__ void rhs_grid(
    const real_t* __restrict__ u, RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    real_t* __restrict__ out,
    const offset_t stride, const index_t nx, const index_t ny, const index_t nz) {
    const index_t i = RDC_X, j = RDC_Y, k = RDC_Z;
    RDC_GUARD(i >= nx)
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    const Stencil a = make_stencil(RDC_NEIGHBOURS, i, j, k, nx, ny, nz);
    real_t d[RDC_FIELDS];
    diffuse_grid(a, u, stride, cell, p, d);
    rhs(u, p, out, stride, cell, d, 1);
}

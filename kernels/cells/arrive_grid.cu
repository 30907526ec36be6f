// SPDX-License-Identifier: BSD-3-Clause
// Where a step leads on a grid, in one pass: end + carried_end = y + carried + z (Kahan), the right-hand side f1 there,
// and the largest error of the fields in each cell, |a (f0 + f1) - b z| / (atol + rtol max(|y|, |end|)).
// f0 has the sources of both ends of the step in it, f1 has none.
// Twin: NumpyOperations.advance, rhs and error_norm in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "arrive.cuh"

// What a CPU will want (RDC_SOON_STRIP); of y and z the plane above is new to its caches.
#define RDC_SOON_arrive_grid(at) \
    RDC_SOON_STRIP(y + f * stride + (at) + (RDC_MOBILE(f) ? (offset_t)nx * ny : 0)) \
    RDC_SOON_STRIP(z + f * stride + (at) + (RDC_MOBILE(f) ? (offset_t)nx * ny : 0)) \
    RDC_SOON_STRIP(carried + f * stride + (at)) \
    RDC_SOON_STRIP(f0 + f * stride + (at))

extern "C" __global__ void arrive_grid(
    const real_t* __restrict__ y, const real_t* __restrict__ carried, const real_t* __restrict__ z,
    const real_t* __restrict__ f0, RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    const real_t* __restrict__ atol, real_t* __restrict__ end, real_t* __restrict__ carried_end,
    real_t* __restrict__ f1, real_t* __restrict__ worst, const real_t a, const real_t b, const real_t rtol,
    const offset_t stride, const index_t nx, const index_t ny, const index_t nz) {
    const index_t i = RDC_X, j = RDC_Y, k = RDC_Z;
    RDC_GUARD(i >= nx)
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    const Stencil s = make_stencil(RDC_NEIGHBOURS, i, j, k, nx, ny, nz);
    real_t d[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + cell;
        d[f] = RDC_MOBILE(f) ? RDC_DIFFUSIVITY(p, f) * (laplacian(s, y + at) + laplacian(s, z + at)) : (real_t)0;
    }
    worst[cell] = arrive(y, carried, z, f0, p, atol, end, carried_end, f1, a, b, rtol, stride, cell, d, 1);
}

// SPDX-License-Identifier: BSD-3-Clause
// Seven-point diffusion on a rectilinear grid, cell-centred, x fastest.
#pragma once
#include "fields.cuh"

// A CPU takes the cells of a grid in strips along x, and asks for those that are some strips ahead: of every field f,
// of what begins at u, into its second cache, for the first is small. What is little it follows by itself, in whole
// rows (`scripts/benchmarks/all.py --only kernels`).
#ifdef RDC_CPU
#define RDC_FOLLOWED (RDC_FIELDS * sizeof(real_t) <= 8)
#define RDC_STRIP (RDC_FOLLOWED ? 1024 : 16)
#define RDC_AHEAD 64
#define RDC_SOON_ARRAY(u) \
    RDC_UNROLL \
    for (int q = 0; !RDC_FOLLOWED && q < RDC_STRIP; q += 64 / (int)sizeof(real_t)) \
        __builtin_prefetch((u) + q + RDC_AHEAD, 0, 2);
#define RDC_SOON_STRIP(u) \
    RDC_UNROLL \
    for (int f = 0; f < RDC_FIELDS; ++f) RDC_SOON_ARRAY(u)
#define RDC_SOON_FACES(at)  // of weighted ones their weights
#endif

// Coefficients of one cell towards its six neighbours, 1 / (width × distance of centres), in µm⁻², and where these are:
// closed_ends.cuh or periodic_ends.cuh, which neighbours.cuh includes. They vanish at closed ends, and towards solid
// cells by the bits of `open`.
struct Stencil {
    real_t w, e, s, n, b, t;
    Neighbours to;
};

// Σ over neighbours of coefficient × (u_neighbour - u); u points at this cell
RDC_DEVICE real_t laplacian(const Stencil& a, const real_t* u) {
    const real_t c = u[0];
    return a.w * (west(a.to, u) - c) + a.e * (east(a.to, u) - c)
         + a.s * (south(a.to, u) - c) + a.n * (north(a.to, u) - c)
         + a.b * (u[-a.to.nz] - c) + a.t * (u[a.to.nz] - c);
}

// d[f] = diffusivity_f × laplacian of field f of u in this cell
RDC_DEVICE void diffuse_grid(const Stencil& a, const real_t* u, const offset_t stride, const offset_t cell,
                             const real_t* p, real_t* d) {
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f)
        d[f] = RDC_MOBILE(f) ? RDC_DIFFUSIVITY(p, f) * laplacian(a, u + f * stride + cell) : (real_t)0;
}

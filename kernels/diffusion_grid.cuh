// SPDX-License-Identifier: BSD-3-Clause
// Seven-point diffusion on a rectilinear grid, cell-centred, x fastest.
#pragma once
#include "common.cuh"

// A CPU takes the cells of a grid in strips along x, and asks for those that are some strips ahead: of every field f,
// of what begins at u, into its second cache, for the first is small. What is little it follows by itself, in whole
// rows (`scripts/benchmarks/all.py --only kernels`).
#ifdef RDC_CPU
#define RDC_FOLLOWED (RDC_FIELDS * sizeof(real_t) <= 8)
#define RDC_STRIP (RDC_FOLLOWED ? 1024 : 16)
#define RDC_AHEAD 64
#define RDC_SOON_STRIP(u) \
    RDC_UNROLL \
    for (int f = 0; !RDC_FOLLOWED && f < RDC_FIELDS; ++f) \
        RDC_UNROLL \
        for (int q = 0; q < RDC_STRIP; q += 64 / (int)sizeof(real_t)) __builtin_prefetch((u) + q + RDC_AHEAD, 0, 2);
#endif

// Coefficients of one cell towards its six neighbours, 1 / (width × distance of centres), in µm⁻².
// They vanish at the outer faces, and towards solid cells by the bits of `open`.
struct Stencil {
    real_t w, e, s, n, b, t;
    offset_t ny, nz;  // distances in memory to the neighbours in y and z
};

// axis  lower[n] then upper[n]; the coefficient towards the neighbour below and above
RDC_DEVICE Stencil make_stencil(const real_t* ax, const real_t* ay, const real_t* az, mask_t open,
                                index_t i, index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    Stencil a;
    a.w = RDC_IF(open & 1, ax[i]);
    a.e = RDC_IF(open >> 1 & 1, ax[nx + i]);
    a.s = RDC_IF(open >> 2 & 1, ay[j]);
    a.n = RDC_IF(open >> 3 & 1, ay[ny + j]);
    a.b = RDC_IF(open >> 4 & 1, az[k]);
    a.t = RDC_IF(open >> 5 & 1, az[nz + k]);
    a.ny = nx;
    a.nz = (offset_t)nx * ny;
    return a;
}

// The same, times a weight for each face: what it conducts in proportion to a whole face of cytosol
//
// fx, fy, fz  of the face towards the lower neighbour in x, y and z, (n + 1, n + nx, n + nx ny); the last are not used
RDC_DEVICE Stencil make_weighted_stencil(const real_t* fx, const real_t* fy, const real_t* fz, const real_t* ax,
                                         const real_t* ay, const real_t* az, mask_t open, index_t i, index_t j,
                                         index_t k, index_t nx, index_t ny, index_t nz) {
    Stencil a = make_stencil(ax, ay, az, open, i, j, k, nx, ny, nz);
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    a.w *= fx[cell];
    a.e *= fx[cell + 1];
    a.s *= fy[cell];
    a.n *= fy[cell + a.ny];
    a.b *= fz[cell];
    a.t *= fz[cell + a.nz];
    return a;
}

// Σ over neighbours of coefficient × (u_neighbour - u); u points at this cell
RDC_DEVICE real_t laplacian(const Stencil& a, const real_t* u) {
    const real_t c = u[0];
    return a.w * (u[-1] - c) + a.e * (u[1] - c)
         + a.s * (u[-a.ny] - c) + a.n * (u[a.ny] - c)
         + a.b * (u[-a.nz] - c) + a.t * (u[a.nz] - c);
}

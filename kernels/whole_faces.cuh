// SPDX-License-Identifier: BSD-3-Clause
// The stencil of a grid whose open faces are whole faces of cytosol.
#pragma once
#include "diffusion_grid.cuh"

// open  bits of the faces that lead to another cell of cytosol
// axis  lower[n] then upper[n]; the coefficient towards the neighbour below and above
RDC_DEVICE Stencil make_stencil(const mask_t* open, const real_t* ax, const real_t* ay, const real_t* az, index_t i,
                                index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    const mask_t way = open[i + (offset_t)nx * (j + (offset_t)ny * k)];
    Stencil a;
    a.w = RDC_IF(way & 1, ax[i]);
    a.e = RDC_IF(way >> 1 & 1, ax[nx + i]);
    a.s = RDC_IF(way >> 2 & 1, ay[j]);
    a.n = RDC_IF(way >> 3 & 1, ay[ny + j]);
    a.b = RDC_IF(way >> 4 & 1, az[k]);
    a.t = RDC_IF(way >> 5 & 1, az[nz + k]);
    a.to = neighbours(i, j, k, nx, ny, nz);
    return a;
}

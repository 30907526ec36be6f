// SPDX-License-Identifier: BSD-3-Clause
// The stencil of a grid with a weight for each face: what it conducts in proportion to a whole face of cytosol.
#pragma once
#include "whole_faces.cuh"

#undef RDC_SOON_FACES
#define RDC_SOON_FACES(at) \
    RDC_SOON_ARRAY(fx + (at)) \
    RDC_SOON_ARRAY(fy + (at) + nx) \
    RDC_SOON_ARRAY(fz + (at) + (offset_t)nx * ny)

// fx, fy, fz  of the face towards the lower neighbour in x, y and z, (before + n + 1, n + nx, n + nx ny); of fx those
//             before the first cell (closed_ends.cuh, periodic_ends.cuh) and of all the last are not used
RDC_DEVICE Stencil make_stencil(const mask_t* open, const real_t* fx, const real_t* fy, const real_t* fz,
                                const real_t* ax, const real_t* ay, const real_t* az, index_t i, index_t j, index_t k,
                                index_t nx, index_t ny, index_t nz) {
    Stencil a = make_stencil(open, ax, ay, az, i, j, k, nx, ny, nz);
    const offset_t cell = i + (offset_t)nx * (j + (offset_t)ny * k);
    const real_t* x = fx + cell + before(a.to);
    a.w *= x[0];
    a.e *= east(a.to, x);
    a.s *= fy[cell];
    a.n *= north(a.to, fy + cell);
    a.b *= fz[cell];
    a.t *= fz[cell + a.to.nz];
    return a;
}

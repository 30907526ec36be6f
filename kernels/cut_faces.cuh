// SPDX-License-Identifier: BSD-3-Clause
// The stencil of a grid with cells that a membrane crosses: faces conduct differently, and cells hold less.
#pragma once
#include "weighted_faces.cuh"

#undef RDC_SOON_FACES
#define RDC_SOON_FACES(at) \
    RDC_SOON_ARRAY(room + (at)) \
    RDC_SOON_ARRAY(fx + (at)) \
    RDC_SOON_ARRAY(fy + (at) + nx) \
    RDC_SOON_ARRAY(fz + (at) + (offset_t)nx * ny)

// room  volume of a whole cell over what there is of each
RDC_DEVICE Stencil make_stencil(const mask_t* open, const real_t* room, const real_t* fx, const real_t* fy,
                                const real_t* fz, const real_t* ax, const real_t* ay, const real_t* az, index_t i,
                                index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    Stencil a = make_stencil(open, fx, fy, fz, ax, ay, az, i, j, k, nx, ny, nz);
    const real_t r = room[i + (offset_t)nx * (j + (offset_t)ny * k)];
    a.w *= r;
    a.e *= r;
    a.s *= r;
    a.n *= r;
    a.b *= r;
    a.t *= r;
    return a;
}

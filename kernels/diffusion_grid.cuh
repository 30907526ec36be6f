// Seven-point diffusion on a rectilinear grid, cell-centred, x fastest.
#pragma once
#include "common.cuh"

// Coefficients of one cell towards its six neighbours, 1 / (width × distance of centres), in µm⁻².
// They vanish at the outer faces, and towards solid cells by the bits of `open`.
struct Stencil {
    real_t w, e, s, n, b, t;
    offset_t ny, nz;  // distances in memory to the neighbours in y and z
};

// axis  lower[n] then upper[n]; the coefficient towards the neighbour below and above
RDC_DEVICE Stencil make_stencil(const real_t* ax, const real_t* ay, const real_t* az, unsigned open,
                                index_t i, index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    Stencil a;
    a.w = ax[i];
    a.e = ax[nx + i];
    a.s = ay[j];
    a.n = ay[ny + j];
    a.b = az[k];
    a.t = az[nz + k];
    a.w = (open & 1u) ? a.w : (real_t)0;
    a.e = (open & 2u) ? a.e : (real_t)0;
    a.s = (open & 4u) ? a.s : (real_t)0;
    a.n = (open & 8u) ? a.n : (real_t)0;
    a.b = (open & 16u) ? a.b : (real_t)0;
    a.t = (open & 32u) ? a.t : (real_t)0;
    a.ny = nx;
    a.nz = (offset_t)nx * ny;
    return a;
}

// Σ over neighbours of coefficient × (u_neighbour - u); u points at this cell
RDC_DEVICE real_t laplacian(const Stencil& a, const real_t* u) {
    const real_t c = u[0];
    return a.w * (u[-1] - c) + a.e * (u[1] - c)
         + a.s * (u[-a.ny] - c) + a.n * (u[a.ny] - c)
         + a.b * (u[-a.nz] - c) + a.t * (u[a.nz] - c);
}

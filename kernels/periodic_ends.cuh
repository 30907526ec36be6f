// SPDX-License-Identifier: BSD-3-Clause
// The neighbours of a cell of a grid that goes on at its other end along x, along y or along both: where it does not,
// the way beyond the end is closed, and what lies there does not count.
#pragma once
#include "common.cuh"

// Distances in memory to the neighbours in y and z, and to the other end of a row; whether the cell is at an end of it.
struct Neighbours {
    offset_t s, n, nz, across;
    mask_t first, last;
};

RDC_DEVICE Neighbours neighbours(index_t i, index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    const offset_t back = (offset_t)nx * (ny - 1);
    return {j > 0 ? -(offset_t)nx : back, j < ny - 1 ? (offset_t)nx : -back, (offset_t)nx * ny, nx - 1,
            i == 0, i == nx - 1};
}

// Numbers that lie before the first of those that are read by `east`: a CPU, whose vectors want no choice of places,
// reads both ends of a row
RDC_DEVICE offset_t before(const Neighbours& to) { return to.across; }

RDC_DEVICE real_t either(const mask_t is_far, const real_t* far, const real_t* near) {
#ifdef RDC_CPU
    const real_t one = *far, other = *near;
    return is_far ? one : other;
#else
    return is_far ? *far : *near;
#endif
}

// What the neighbour has towards -x, +x, -y and +y of the cell that u points at
RDC_DEVICE real_t west(const Neighbours& to, const real_t* u) { return either(to.first, u + to.across, u - 1); }
RDC_DEVICE real_t east(const Neighbours& to, const real_t* u) { return either(to.last, u - to.across, u + 1); }
RDC_DEVICE real_t south(const Neighbours& to, const real_t* u) { return u[to.s]; }
RDC_DEVICE real_t north(const Neighbours& to, const real_t* u) { return u[to.n]; }

// SPDX-License-Identifier: BSD-3-Clause
// The neighbours of a cell of a grid that ends on all sides: beyond its ends nothing is read that counts.
#pragma once
#include "common.cuh"

// Distances in memory to the neighbours in y and z.
struct Neighbours {
    offset_t ny, nz;
};

RDC_DEVICE Neighbours neighbours(index_t i, index_t j, index_t k, index_t nx, index_t ny, index_t nz) {
    return {nx, (offset_t)nx * ny};
}

// Numbers that lie before the first of those that are read by `east`
RDC_DEVICE offset_t before(const Neighbours& to) { return 0; }

// What the neighbour has towards -x, +x, -y and +y of the cell that u points at
RDC_DEVICE real_t west(const Neighbours& to, const real_t* u) { return u[-1]; }
RDC_DEVICE real_t east(const Neighbours& to, const real_t* u) { return u[1]; }
RDC_DEVICE real_t south(const Neighbours& to, const real_t* u) { return u[-to.ny]; }
RDC_DEVICE real_t north(const Neighbours& to, const real_t* u) { return u[to.ny]; }

// SPDX-License-Identifier: BSD-3-Clause
// target[cell_i] += a value_i; the cells are distinct.
// Twin: NumpyOperations.add_at in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void add_at(const index_t* __restrict__ cell, const real_t* __restrict__ value,
                                  real_t* __restrict__ target, const real_t a, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    target[cell[i]] += a * value[i];
}

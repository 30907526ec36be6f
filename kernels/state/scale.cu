// SPDX-License-Identifier: BSD-3-Clause
// out = a x, the first stage of a step.
// Twin: NumpyOperations.scale in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void scale(const real_t* __restrict__ x, real_t* __restrict__ out,
                                 const real_t a, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    out[i] = a * x[i];
}

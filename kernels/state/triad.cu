// SPDX-License-Identifier: BSD-3-Clause
// out = b + s c, where out may be b; the measure of memory bandwidth (McCalpin's STREAM triad).
// Twin: NumpyOperations.triad in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void triad(const real_t* b, const real_t* __restrict__ c, real_t* out,
                                 const real_t s, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    out[i] = b[i] + s * c[i];
}

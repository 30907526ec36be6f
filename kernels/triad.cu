// SPDX-License-Identifier: BSD-3-Clause
// a = b + s c, where a may be b; the measure of memory bandwidth (McCalpin's STREAM triad).
// Twin: b + s * c.
#include "common.cuh"

extern "C" __global__ void triad(real_t* a, const real_t* b, const real_t* __restrict__ c,
                                 const real_t s, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    a[i] = b[i] + s * c[i];
}

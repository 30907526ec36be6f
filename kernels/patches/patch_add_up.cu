// SPDX-License-Identifier: BSD-3-Clause
// total[i] = the sum of the `count` numbers of row i, in their order.
// Twin: Patch.rates in rdcalcium/patches/base.py.
#include "common.cuh"

extern "C" __global__ void patch_add_up(const double* __restrict__ partial_total, double* __restrict__ total,
                                        const index_t count, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    double sum = 0;
    for (index_t t = 0; t < count; ++t) sum += partial_total[(offset_t)i * count + t];
    total[i] = sum;
}

// SPDX-License-Identifier: BSD-3-Clause
// end = y + z with the rounding error carried along (Kahan): end + carried_end = y + carried + z to twice the digits.
// Twin: NumpyOperations.advance in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void advance(const real_t* __restrict__ y, const real_t* __restrict__ carried,
                                   const real_t* __restrict__ z, real_t* __restrict__ end,
                                   real_t* __restrict__ carried_end, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const real_t increment = z[i] + carried[i];
    const real_t sum = y[i] + increment;
    end[i] = sum;
    carried_end[i] = increment - (sum - y[i]);
}

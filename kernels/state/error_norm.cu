// SPDX-License-Identifier: BSD-3-Clause
// Largest scaled local error of one field: max |a (f0 + f1) - b z| / (atol + rtol max(|y0|, |y1|)).
// The increment z = y1 - y0 is given, with the digits that the difference of the ends would lose.
// Thread t writes the largest over its own items to partial[t]. A NaN anywhere gives infinity.
// Twin: NumpyOperations.error_norm in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void error_norm(
    const real_t* __restrict__ y0, const real_t* __restrict__ y1, const real_t* __restrict__ z,
    const real_t* __restrict__ f0, const real_t* __restrict__ f1, real_t* __restrict__ partial,
    const real_t a, const real_t b, const real_t rtol, const real_t atol, const offset_t n, const index_t threads) {
    const index_t t = RDC_X;
    RDC_GUARD(t >= threads)
    real_t largest = 0;
    RDC_LARGEST(largest)
    RDC_FOR_MY_ITEMS(i, n, t, threads) {
        const real_t error = rdc_abs(a * (f0[i] + f1[i]) - b * z[i]);
        const real_t scaled = error / (atol + rtol * rdc_max(rdc_abs(y0[i]), rdc_abs(y1[i])));
        largest = scaled <= largest ? largest : (scaled > largest ? scaled : (real_t)RDC_HUGE);
    }
    partial[t] = largest;
}

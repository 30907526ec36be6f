// SPDX-License-Identifier: BSD-3-Clause
// The largest of n numbers, none below 0; thread t writes that of its own items to partial[t]. A NaN gives RDC_HUGE.
// Works only when the step arrives after `more` stages.
// Twin: NumpyOperations.error_norm in rdcalcium/backends/numpy.py.
#include "march.cuh"

extern "C" __global__ void largest(const March* __restrict__ m, const real_t* __restrict__ x,
                                   real_t* __restrict__ partial, const index_t more, const offset_t n,
                                   const index_t threads) {
    const index_t t = RDC_X;
    RDC_GUARD(t >= threads)
    if (!arrives(m, more)) return;
    real_t found = 0;
    RDC_LARGEST(found)
    RDC_FOR_MY_ITEMS(i, n, t, threads) {
        found = x[i] <= found ? found : (x[i] > found ? x[i] : (real_t)RDC_HUGE);
    }
    partial[t] = found;
}

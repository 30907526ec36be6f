// SPDX-License-Identifier: BSD-3-Clause
// Σ_i weight_i x_i in double precision and a fixed order; thread t writes its share to partial[t].
// Twin: NumpyOperations.weighted_sums in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void weighted_sum(const double* __restrict__ weight, const real_t* __restrict__ x,
                                        double* __restrict__ partial, const offset_t n, const index_t threads) {
    const index_t t = RDC_X;
    RDC_GUARD(t >= threads)
    double sum = 0, lost = 0;  // Neumaier's compensated sum
    RDC_FOR_MY_ITEMS(i, n, t, threads) {
        const double term = weight[i] * (double)x[i];
        const double next = sum + term;
        const double large = (sum < 0 ? -sum : sum) >= (term < 0 ? -term : term) ? sum : term;
        lost += (large - next) + (large == sum ? term : sum);
        sum = next;
    }
    partial[t] = sum + lost;
}

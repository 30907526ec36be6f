// SPDX-License-Identifier: BSD-3-Clause
// Σ_i weight_i x_i in double precision and a fixed order; thread t writes its share to partial[t].
// Twin: NumpyOperations.weighted_sums in rdcalcium/backends/numpy.py.
#include "lanes.cuh"

// sum + lost grows by term without rounding, as far as lost has the digits (Knuth's two-sum)
template <typename T>
RDC_DEVICE void add_exactly(T* sum, T* lost, const T term) {
    const T next = *sum + term, added = next - *sum;
    *lost += (*sum - (next - added)) + (term - added);
    *sum = next;
}

extern "C" __global__ void weighted_sum(const double* __restrict__ weight, const real_t* __restrict__ x,
                                        double* __restrict__ partial, const offset_t n, const index_t threads) {
    const index_t t = RDC_X;
    RDC_GUARD(t >= threads)
    const offset_t end = RDC_MY_END(n, t, threads);
    doubles_t sum = {}, lost = {};  // of each lane
    offset_t i = RDC_MY_FIRST(n, t, threads);
    for (; i + RDC_LANES <= end; i += RDC_LANES * RDC_MY_NEXT(threads))
        add_exactly(&sum, &lost, rdc_doubles(weight + i, RDC_LANES) * rdc_doubles(x + i, RDC_LANES));
    if (i < end) add_exactly(&sum, &lost, rdc_doubles(weight + i, (int)(end - i)) * rdc_doubles(x + i, (int)(end - i)));
    double total = 0, rest = 0;
    RDC_UNROLL
    for (int q = 0; q < RDC_LANES; ++q) {
        add_exactly(&total, &rest, RDC_LANE(sum, q));
        rest += RDC_LANE(lost, q);
    }
    partial[t] = total + rest;
}

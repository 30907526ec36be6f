// SPDX-License-Identifier: BSD-3-Clause
// partial_total = what the first rows of a patch hold on their areas, Σ area x, a share of it for each of the
// `threads` threads of the patch, in a fixed order; zero for a patch without a store.
// Twin: Patch.rates in rdcalcium/patches/base.py.
#include "sites.cuh"

extern "C" __global__ void patch_totals(
    const real_t* __restrict__ u, const double* __restrict__ area, const offset_t* __restrict__ opens,
    const offset_t* __restrict__ held, const offset_t* __restrict__ spread, double* __restrict__ partial_total,
    const offset_t stride, const index_t threads, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const index_t k = i / threads, t = i % threads;
    double sum = 0;
    if (held[k] >= 0) {
        const real_t* x = u + RDC_FIELDS * stride + held[k];
        const double* a = area + opens[k];
        RDC_FOR_MY_ITEMS(j, spread[k], t, threads) sum += a[j] * x[j];
    }
    partial_total[i] = sum;
}

// SPDX-License-Identifier: BSD-3-Clause
// Rates of change of the rows of all sites, and what these take from calcium: out of calcium -= Σ weight · flux.
// One thread for each control volume that has sites, which it takes in their order.
// Twin: NumpyOperations.rhs in rdcalcium/backends/numpy.py.
#include "sites.cuh"

extern "C" __global__ void patch_rhs(
    const real_t* __restrict__ y, RDC_DECLARED_SITES, const double* __restrict__ total,
    real_t* __restrict__ out, const offset_t stride, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const double calcium = y[volume[i]];
    double taken = 0;
    for (index_t s = site[i]; s < site[i + 1]; ++s) {
        const index_t k = kind[s], rows = count[k];
        const offset_t at = RDC_FIELDS * stride + place[s], step = spread[k];
        double x[RDC_ROWS], rate[RDC_ROWS];
        load_site(y, at, step, rows, x);
        site_rates(k, calcium, across(y, beyond[s], total[k]), x, q, rate);
        RDC_EACH_ROW(r, rows) out[at + r * step] = (real_t)rate[r];
        taken += weight[s] * site_flux(k, q, rate);
    }
    out[volume[i]] -= (real_t)taken;
}

// SPDX-License-Identifier: BSD-3-Clause
// Where a step leads at all sites, after the fields have arrived: the end of their rows, the right-hand side f1 there,
// what it takes from that of calcium, and the largest error of the fields and rows of each control volume with sites,
// |a (f0 + f1) - b z| / (atol + rtol max(|y|, |end|)).
// Twin: NumpyOperations.advance, rhs and error_norm in rdcalcium/backends/numpy.py.
#include "sites.cuh"
#include "end.cuh"

extern "C" __global__ void patch_arrive(
    const real_t* __restrict__ y, const real_t* __restrict__ carried, const real_t* __restrict__ z,
    const real_t* __restrict__ f0, RDC_DECLARED_SITES, const double* __restrict__ total,
    const double* __restrict__ added, const real_t* __restrict__ atol, real_t* __restrict__ end,
    real_t* __restrict__ carried_end, real_t* __restrict__ f1, real_t* __restrict__ worst, const real_t a,
    const real_t b, const real_t rtol, const offset_t stride, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const double calcium = end[volume[i]];
    double taken = 0;
    real_t found = 0;
    for (index_t s = site[i]; s < site[i + 1]; ++s) {
        const index_t k = kind[s], rows = count[k];
        const offset_t at = RDC_FIELDS * stride + place[s], step = spread[k];
        double x[RDC_ROWS], rate[RDC_ROWS];
        RDC_EACH_ROW(r, rows) {
            const offset_t row = at + r * step;
            x[r] = kahan(y[row], carried[row], z[row], end + row, carried_end + row);
        }
        site_rates(k, calcium, across(end, beyond[s], total[k] + added[k]), x, q, rate);
        RDC_EACH_ROW(r, rows) {
            const offset_t row = at + r * step;
            f1[row] = (real_t)rate[r];
            found = larger(found, scaled_error(a * (f0[row] + f1[row]) - b * z[row], y[row], (real_t)x[r], rtol,
                                               atol[RDC_FIELDS + number[k] + r]));
        }
        taken += weight[s] * site_flux(k, q, rate);
    }
    f1[volume[i]] -= (real_t)taken;
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + volume[i];
        found = larger(found, scaled_error(a * (f0[at] + f1[at]) - b * z[at], y[at], end[at], rtol, atol[f]));
    }
    worst[volume[i]] = found;
}

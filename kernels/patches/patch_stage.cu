// SPDX-License-Identifier: BSD-3-Clause
// One stage of a stabilised Runge-Kutta method at all sites, after that of the fields:
//   z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dR(z_{j-1}; y0)) + gamma_h f0
// of every row, and calcium of z_j -= mu_h Σ weight · d flux. The differences are taken in double precision.
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "sites.cuh"

extern "C" __global__ void patch_stage(
    const real_t* __restrict__ y0, const real_t* __restrict__ f0, const real_t* __restrict__ z1,
    RDC_DECLARED_SITES, const double* __restrict__ total, const double* __restrict__ added,
    real_t* __restrict__ z2,  // in: z_{j-2}, but of calcium z_j without the sites; out: z_j
    const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h, const offset_t stride,
    const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    const double before = y0[volume[i]], now = before + (double)z1[volume[i]];
    double taken = 0;
    for (index_t s = site[i]; s < site[i + 1]; ++s) {
        const index_t k = kind[s], rows = count[k];
        const offset_t at = RDC_FIELDS * stride + place[s], step = spread[k];
        double x[RDC_ROWS], change[RDC_ROWS], start[RDC_ROWS], rate[RDC_ROWS];
        load_site(y0, at, step, rows, x);
        const double there = across(y0, beyond[s], total[k]);
        site_rates(k, before, there, x, q, start);
        load_site(z1, at, step, rows, change);
        RDC_EACH_ROW(r, rows) x[r] += change[r];
        site_rates(k, now, there + across(z1, beyond[s], added[k]), x, q, rate);
        RDC_EACH_ROW(r, rows) {
            const offset_t row = at + r * step;
            rate[r] -= start[r];
            z2[row] = mu * (real_t)change[r] + nu * z2[row] + mu_h * (f0[row] + (real_t)rate[r]) + gamma_h * f0[row];
        }
        taken += weight[s] * site_flux(k, q, rate);
    }
    z2[volume[i]] -= mu_h * (real_t)taken;
}

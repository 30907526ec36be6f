// SPDX-License-Identifier: BSD-3-Clause
// Rows of sites that follow calcium: z2 of them is where they are `span` ms after y0 + z1, while all else goes evenly
// from y0 + z1 to y0 + z2. The two implicit stages of Alexander's method, whose constant is `gamma`.
// Twin: NumpyOperations.follow_calcium in rdcalcium/backends/numpy.py.
#include "followers.cuh"

extern "C" __global__ void patch_follow(
    const real_t* __restrict__ y0, const real_t* __restrict__ z1, RDC_DECLARED_SITES,
    const double* __restrict__ total, const double* __restrict__ before, const double* __restrict__ after,
    real_t* __restrict__ z2, const double gamma, const double span, const offset_t stride, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    for (index_t s = site[i]; s < site[i + 1]; ++s) {
        const index_t k = kind[s], rows = count[k];
        int which[RDC_ROWS];
        const int m = site_followers(k, which);
        if (m == 0) continue;
        const offset_t at = RDC_FIELDS * stride + place[s], step = spread[k];
        const double calcium = y0[volume[i]], there = across(y0, beyond[s], total[k]);
        double x[RDC_ROWS], start[RDC_ROWS], end[RDC_ROWS], p[RDC_ROWS];
        load_site(y0, at, step, rows, x);
        load_site(z1, at, step, rows, start);
        load_site(z2, at, step, rows, end);
        RDC_EACH_ROW(r, rows) {
            start[r] += x[r];
            end[r] += x[r];
        }
        const Surroundings begins = {calcium + z1[volume[i]], there + across(z1, beyond[s], before[k]), start};
        const Surroundings ends = {calcium + z2[volume[i]], there + across(z2, beyond[s], after[k]), end};
        for (int f = 0; f < m; ++f) p[f] = start[which[f]];
        followers_at(k, which, m, begins, ends, gamma, gamma * span, q, p);
        for (int f = 0; f < m; ++f) p[f] = start[which[f]] + (1 / gamma - 1) * (p[f] - start[which[f]]);
        followers_at(k, which, m, begins, ends, 1.0, gamma * span, q, p);
        for (int f = 0; f < m; ++f) z2[at + which[f] * step] = (real_t)(p[f] - x[which[f]]);
    }
}

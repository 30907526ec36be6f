// SPDX-License-Identifier: BSD-3-Clause
// Rows of a site that follow calcium: dp/dt = A p + b, where A and b are those of their surroundings.
//
// which  their numbers among the rows of the site, m of them; site_followers gives both
// Twin: rdcalcium/patches/following.py.
#pragma once
#include "sites.cuh"
#include "which_follow.cuh"

// Calcium at a site, that on the other side or what lies in its store, and all rows
struct Surroundings {
    const double calcium, there;
    const double* rows;
};

// p = p + tau (A p + b), with A and b at a share of the way from one of the surroundings to the other.
// Elimination without pivots: leading minors of 1 - tau A are above 0 for shares of states, A being a generator without
// its first state.
RDC_DEVICE void followers_at(const index_t kind, const int* which, const int m, const Surroundings begins,
                             const Surroundings ends, const double share, const double tau, const double* q,
                             double* p) {
    const double calcium = begins.calcium + share * (ends.calcium - begins.calcium);
    const double there = begins.there + share * (ends.there - begins.there);
    double x[RDC_ROWS], rate[RDC_ROWS], b[RDC_ROWS], a[RDC_ROWS][RDC_ROWS];
    for (int r = 0; r < RDC_ROWS; ++r) x[r] = begins.rows[r] + share * (ends.rows[r] - begins.rows[r]);
    for (int f = 0; f < m; ++f) x[which[f]] = 0;
    site_rates(kind, calcium, there, x, q, rate);
    for (int f = 0; f < m; ++f) {
        b[f] = rate[which[f]];
        p[f] += tau * b[f];
    }
    for (int g = 0; g < m; ++g) {
        x[which[g]] = 1;
        site_rates(kind, calcium, there, x, q, rate);
        x[which[g]] = 0;
        for (int f = 0; f < m; ++f) a[f][g] = (f == g) - tau * (rate[which[f]] - b[f]);
    }
    for (int pivot = 0; pivot < m; ++pivot)
        for (int f = pivot + 1; f < m; ++f) {
            const double factor = a[f][pivot] / a[pivot][pivot];
            for (int g = pivot; g < m; ++g) a[f][g] -= factor * a[pivot][g];
            p[f] -= factor * p[pivot];
        }
    for (int f = m - 1; f >= 0; --f) {
        for (int g = f + 1; g < m; ++g) p[f] -= a[f][g] * p[g];
        p[f] /= a[f][f];
    }
}

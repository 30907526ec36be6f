// SPDX-License-Identifier: BSD-3-Clause
// Where a step leads in one control volume, and its error.
#pragma once
#include "reactions.cuh"
#include "end.cuh"

// end, carried_end and f1 of every field of the volume at `i`; returns the largest error of its fields. The error is
// |a (f0 + f1) - b z| / (atol + rtol max(|y|, |end|)); flow[f * lanes] is the diffusion of field f at the end of the
// step
RDC_DEVICE real_t arrive(const real_t* y, const real_t* carried, const real_t* z, const real_t* f0, const real_t* p,
                         const real_t* atol, real_t* end, real_t* carried_end, real_t* f1, const real_t a,
                         const real_t b, const real_t rtol, const offset_t stride, const offset_t i,
                         const real_t* flow, const int lanes) {
    real_t u[RDC_FIELDS], d[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + i;
        u[f] = kahan(y[at], carried[at], z[at], end + at, carried_end + at);
        d[f] = flow[f * lanes];
    }
    add_rates(u, p, d);
    real_t found = 0;
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + i;
        f1[at] = d[f];
        found = larger(found, scaled_error(a * (f0[at] + d[f]) - b * z[at], y[at], u[f], rtol, atol[f]));
    }
    return found;
}

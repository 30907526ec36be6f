// SPDX-License-Identifier: BSD-3-Clause
// One stage of a stabilised Runge-Kutta method in one control volume.
#pragma once
#include "reactions.cuh"

// z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dF(z_{j-1}; y0)) + gamma_h f0 of every field of the volume at `i`.
// z1 is z_{j-1}, z2 is z_{j-2} and becomes z_j; flow[f * lanes] is the diffusion of field f, from z1.
// Its arrays of fields stand here and not in the loop over lanes, where compilers would leave them in memory
RDC_DEVICE void stage(const real_t* y0, const real_t* f0, const real_t* z1, const real_t* p, real_t* z2,
                      const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h, const offset_t stride,
                      const offset_t i, const real_t* flow, const int lanes) {
    real_t y[RDC_FIELDS], z[RDC_FIELDS], d[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        y[f] = y0[f * stride + i];
        z[f] = z1[f * stride + i];
        d[f] = flow[f * lanes];
    }
    add_rate_increment(y, z, p, d);
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        const offset_t at = f * stride + i;
        const real_t rate = f0[at];
        z2[at] = mu * z[f] + nu * z2[at] + mu_h * (rate + d[f]) + gamma_h * rate;
    }
}

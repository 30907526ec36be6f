// SPDX-License-Identifier: BSD-3-Clause
// Right-hand side in one control volume.
#pragma once
#include "reactions.cuh"

// out = diffusion + every reaction of every field of the volume at `i`; flow[f * lanes] is the diffusion of field f
RDC_DEVICE void rhs(const real_t* u, const real_t* p, real_t* out, const offset_t stride, const offset_t i,
                    const real_t* flow, const int lanes) {
    real_t y[RDC_FIELDS], d[RDC_FIELDS];
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) {
        y[f] = u[f * stride + i];
        d[f] = flow[f * lanes];
    }
    add_rates(y, p, d);
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) out[f * stride + i] = d[f];
}

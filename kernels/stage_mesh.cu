// SPDX-License-Identifier: BSD-3-Clause
// One stage of a stabilised Runge-Kutta method on a mesh, as an increment z over the start of the step:
//   z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dF(z_{j-1}; y0)) + gamma_h f0
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "model.cuh"
#include "diffusion_mesh.cuh"

extern "C" __global__ void stage_mesh(
    const real_t* __restrict__ y0, const real_t* __restrict__ f0, const real_t* __restrict__ z1,
    const index_t* __restrict__ start, const index_t* __restrict__ column, const real_t* __restrict__ weight,
    const real_t* __restrict__ p,
    real_t* __restrict__ z2,  // in: z_{j-2}; out: z_j
    const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h,
    const offset_t stride, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t flow[RDC_FIELDS][RDC_LANES];
    diffuse_mesh(start, column, weight, z1, stride, first, RDC_COUNT, p, flow);
    RDC_EACH_LANE(t, RDC_COUNT) {
        const index_t i = first + t;
        real_t y[RDC_FIELDS], z[RDC_FIELDS], d[RDC_FIELDS];
        RDC_UNROLL
        for (int f = 0; f < RDC_FIELDS; ++f) {
            y[f] = y0[f * stride + i];
            z[f] = z1[f * stride + i];
            d[f] = flow[f][t];
        }
        add_rate_increment(y, z, p, d);
        RDC_UNROLL
        for (int f = 0; f < RDC_FIELDS; ++f) {
            const offset_t at = f * stride + i;
            const real_t rate = f0[at];
            z2[at] = mu * z[f] + nu * z2[at] + mu_h * (rate + d[f]) + gamma_h * rate;
        }
    }
}

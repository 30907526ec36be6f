// SPDX-License-Identifier: BSD-3-Clause
// One stage of a stabilised Runge-Kutta method on a mesh, as an increment z over the start of the step:
//   z_j = mu z_{j-1} + nu z_{j-2} + mu_h (f0 + dF(z_{j-1}; y0)) + gamma_h f0
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "stage.cuh"

extern "C" __global__ void stage_mesh(
    const real_t* __restrict__ y0, const real_t* __restrict__ f0, const real_t* __restrict__ z1,
    RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    real_t* __restrict__ z2,  // in: z_{j-2}; out: z_j
    const real_t mu, const real_t nu, const real_t mu_h, const real_t gamma_h,
    const offset_t stride, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    RDC_SOON_STATES(y0 + first, stride);
    RDC_SOON_STATES(f0 + first, stride);
    RDC_SOON_STATES(z2 + first, stride);
    real_t flow[RDC_FIELDS][RDC_LANES];
    diffuse_mesh(RDC_NEIGHBOURS, z1, stride, first, RDC_COUNT, p, flow);
    RDC_EACH_LANE(t, RDC_COUNT)
        stage(y0, f0, z1, p, z2, mu, nu, mu_h, gamma_h, stride, first + t, flow[0] + t, RDC_LANES);
}

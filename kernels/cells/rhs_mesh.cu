// SPDX-License-Identifier: BSD-3-Clause
// Right-hand side on a mesh: out = diffusion of every mobile field + every reaction, no sources.
// Twin: NumpyOperations.rhs in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "rhs.cuh"

extern "C" __global__ void rhs_mesh(
    const real_t* __restrict__ u, RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    real_t* __restrict__ out,
    const offset_t stride, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t flow[RDC_FIELDS][RDC_LANES];
    diffuse_mesh(RDC_NEIGHBOURS, u, stride, first, RDC_COUNT, p, flow);
    RDC_EACH_LANE(t, RDC_COUNT) rhs(u, p, out, stride, first + t, flow[0] + t, RDC_LANES);
}

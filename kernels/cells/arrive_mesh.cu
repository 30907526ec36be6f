// SPDX-License-Identifier: BSD-3-Clause
// Where a step leads on a mesh, in one pass: end + carried_end = y + carried + z (Kahan), the right-hand side f1 there,
// and the largest error of the fields in each volume, |a (f0 + f1) - b z| / (atol + rtol max(|y|, |end|)).
// f0 has the sources of both ends of the step in it, f1 has none.
// Twin: NumpyOperations.advance, rhs and error_norm in rdcalcium/backends/numpy.py.
#include "reactions.cuh"
#include "neighbours.cuh"
#include "arrive.cuh"

extern "C" __global__ void arrive_mesh(
    const real_t* __restrict__ y, const real_t* __restrict__ carried, const real_t* __restrict__ z,
    const real_t* __restrict__ f0, RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p,
    const real_t* __restrict__ atol, real_t* __restrict__ end, real_t* __restrict__ carried_end,
    real_t* __restrict__ f1, real_t* __restrict__ worst, const real_t a, const real_t b, const real_t rtol,
    const offset_t stride, const index_t n) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= n)
    real_t flow[RDC_FIELDS][RDC_LANES], more[RDC_FIELDS][RDC_LANES];
    diffuse_mesh(RDC_NEIGHBOURS, y, stride, first, RDC_COUNT, p, flow);
    diffuse_mesh(RDC_NEIGHBOURS, z, stride, first, RDC_COUNT, p, more);
    RDC_UNROLL
    for (int f = 0; f < RDC_FIELDS; ++f) RDC_EACH_LANE(t, RDC_LANES) flow[f][t] += more[f][t];
    RDC_EACH_LANE(t, RDC_COUNT)
        worst[first + t] = arrive(y, carried, z, f0, p, atol, end, carried_end, f1, a, b, rtol, stride, first + t,
                                  flow[0] + t, RDC_LANES);
}

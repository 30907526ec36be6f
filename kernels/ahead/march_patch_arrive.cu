// SPDX-License-Identifier: BSD-3-Clause
// The end of the step that is under way, at all sites, if it arrives after `more` stages.
// Twin: NumpyOperations.advance, rhs and error_norm in rdcalcium/backends/numpy.py.
#include "march.cuh"
#include "patch_arrive.cu"

extern "C" __global__ void march_patch_arrive(
    const March* __restrict__ m, const Rules* __restrict__ r, const offset_t* __restrict__ at,
    RDC_DECLARED_SITES, const double* __restrict__ total, const double* __restrict__ added,
    const real_t* __restrict__ atol, real_t* __restrict__ worst, const index_t more, const offset_t stride,
    const index_t n) {
    if (!arrives(m, more)) return;
    const index_t s = (index_t)m->stages;
    patch_arrive(RDC_SITE_THREAD RDC_STATE(at, Y), RDC_STATE(at, CARRIED), RDC_INCREMENT(at, s), RDC_STATE(at, F0),
                 RDC_SITES, total, added, atol, RDC_END(at, s), RDC_STATE(at, CARRIED_END), RDC_STATE(at, F1), worst,
                 (real_t)(r->slopes * m->step), (real_t)r->increment, (real_t)r->rtol, stride, n);
}

// SPDX-License-Identifier: BSD-3-Clause
// What lies in the stores, as far as the step that is under way needs it: in the state when it begins (RDC_BEGINS), in
// the increment before stage done + more (RDC_STAGES), in the last one if it arrives after `more` stages (RDC_ARRIVES).
// Twin: Patch.rates in rdcalcium/patches/base.py.
#include "march.cuh"
#include "patch_totals.cu"

extern "C" __global__ void march_patch_totals(
    const March* __restrict__ m, const offset_t* __restrict__ at, const double* __restrict__ area,
    const offset_t* __restrict__ opens, const offset_t* __restrict__ held, const offset_t* __restrict__ spread,
    double* __restrict__ partial_total, const index_t when, const index_t more, const offset_t stride,
    const index_t threads, const index_t n) {
    const index_t j = when == RDC_STAGES ? (index_t)m->done + more - 1 : (index_t)m->stages;
    if (when == RDC_BEGINS ? !begins(m) : when == RDC_ARRIVES ? !arrives(m, more) : m->phase != RDC_GO) return;
    if (when == RDC_STAGES && j >= m->stages) return;
    patch_totals(RDC_SITE_THREAD when == RDC_BEGINS ? RDC_STATE(at, Y) : RDC_INCREMENT(at, j), area, opens, held,
                 spread, partial_total, stride, threads, n);
}

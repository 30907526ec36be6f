// SPDX-License-Identifier: BSD-3-Clause
// calcium of f0 += a S_begin + b S_end at the source cells, where S is the rate that the currents bring at the ends of
// the step.
// It works when the step begins (RDC_BEGINS), or when it arrives after `more` stages (RDC_ARRIVES).
// Twin: Stepper.attempt in rdcalcium/integrators/stepper.py.
#include "march.cuh"

extern "C" __global__ void inject(const March* __restrict__ m, const offset_t* __restrict__ at,
                                  const index_t* __restrict__ cell, const double* __restrict__ share,
                                  const double* __restrict__ current, const index_t when, const double a,
                                  const double b, const index_t more, const index_t groups, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    if (when == RDC_BEGINS ? !begins(m) : !arrives(m, more)) return;
    const double* end = current + (index_t)m->stages * groups;
    double rate = 0;
    for (index_t g = 0; g < groups; ++g) rate += share[i * groups + g] * (a * current[g] + b * end[g]);
    RDC_STATE(at, F0)[cell[i]] += (real_t)rate;
}

// SPDX-License-Identifier: BSD-3-Clause
// Whether the stages of the planned step see the charge that flows in it; then it begins, else it will be halved.
// One thread.
// Twin: Currents.resolved in rdcalcium/currents.py.
#include "march.cuh"

extern "C" __global__ void see(March* __restrict__ m, const Rules* __restrict__ r,
                               const offset_t* __restrict__ first_row, const double* __restrict__ rows,
                               const offset_t* __restrict__ first, const double* __restrict__ knots,
                               const double* __restrict__ pieces, const double* __restrict__ charge,
                               const double* __restrict__ amounts, const double* __restrict__ current,
                               const index_t groups, const index_t threads) {
    RDC_GUARD(RDC_X >= threads)
    if (m->status != RDC_GOING || m->phase == RDC_GO) return;
    const index_t s = (index_t)m->stages;
    bool seen = true;
    m->amount = 0;
    for (index_t g = 0; g < groups; ++g) {
        double sum = 0;
        for (index_t j = 0; j <= s; ++j) sum += stage_row(m, first_row, rows, j)[RDC_WEIGHT] * current[j * groups + g];
        sum *= m->step;
        const double flows = course_charge(first, knots, pieces, charge, g, m->t + m->step)
                           - course_charge(first, knots, pieces, charge, g, m->t);
        const double total = charge[first[g + 1] + g], missed = sum > flows ? sum - flows : flows - sum;
        const double allowed = r->unseen * (flows < 0 ? -flows : flows)
                             + r->unseen * r->unseen * r->unseen * (total < 0 ? -total : total);
        seen = seen && (missed <= allowed || amounts[g] == 0);  // with no channel open nothing is missed
        m->amount += amounts[g] * sum;
    }
    m->phase = seen || m->step < r->shortest ? RDC_GO : RDC_HALVE;
    m->done = 1;  // that of begin.cu
}

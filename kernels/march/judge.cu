// SPDX-License-Identifier: BSD-3-Clause
// The step that has arrived is accepted or not, and the length of the next one chosen. One thread.
// An accepted step goes to the log, and its end becomes the state.
// Twin: StepController in rdcalcium/integrators/controller.py.
#include "march.cuh"

RDC_DEVICE void swap_states(offset_t* at, const int a, const int b) {
    const offset_t kept = at[a];
    at[a] = at[b];
    at[b] = kept;
}

RDC_DEVICE double within(const double x, const double low, const double high) {
    return x < low ? low : (x > high ? high : x);
}

extern "C" __global__ void judge(March* __restrict__ m, const Rules* __restrict__ r, const double* __restrict__ stop,
                                 const real_t* __restrict__ partial, offset_t* __restrict__ at,
                                 double* __restrict__ log, const index_t count, const index_t more,
                                 const index_t stops, const index_t width, const index_t threads) {
    RDC_GUARD(RDC_X >= threads)
    m->fresh = 0;
    if (m->phase != RDC_GO) return;
    if (!arrives(m, more)) {
        m->done += more;
        return;
    }
    m->phase = RDC_NEW;
    m->asked = 0;
    m->evaluations += m->stages;
    double error = 0;
    for (index_t t = 0; t < count; ++t) {
        const double other = partial[t];
        error = other <= error ? error : other;
    }
    if (!(error <= 1)) {
        m->rejected += 1;
        const double factor = error < RDC_HUGE ? r->safety * RDC_POW(error, -r->power) : r->shrink;
        m->h = m->step * (factor > r->shrink ? factor : r->shrink);
        if (m->h < r->shortest) m->status = RDC_TOO_SHORT;
        return;
    }
    const int s = (int)m->stages;
    swap_states(at, RDC_AT_Y, s % 2 ? RDC_AT_EVEN : RDC_AT_ODD);
    swap_states(at, RDC_AT_CARRIED, RDC_AT_CARRIED_END);
    swap_states(at, RDC_AT_F0, RDC_AT_F1);
    m->t = m->end;
    m->steps += 1;
    error = error > r->least_error ? error : r->least_error;
    const double root = RDC_POW(error, r->power);
    double factor = r->safety / root;
    if (m->last_h > 0) {
        const double trend = r->safety * m->step / m->last_h * RDC_POW(m->last_error, r->power) / (root * root);
        factor = factor < trend ? factor : trend;
    }
    const double proposed = m->step * within(factor, r->shrink, r->grow);
    const double kept = m->h < m->wanted ? m->h : m->wanted;
    m->h = m->step < r->cut * m->wanted && kept > proposed ? kept : proposed;
    m->last_h = m->step;
    m->last_error = error;
    const index_t next = count_below(stop, stops, m->t - r->same_time, true);
    if (next < stops && stop[next] - m->t < r->same_time) {
        m->h = 0;
        m->last_h = 0;
        m->last_error = 1;
        m->many = r->many;
    }
    double* row = log + (offset_t)m->logged * width;
    row[RDC_LOG_T] = m->t;
    row[RDC_LOG_H] = m->step;
    row[RDC_LOG_EVALUATIONS] = m->evaluations;
    row[RDC_LOG_AMOUNT] = m->amount;
    m->logged += 1;
    m->fresh = 1;
    if (m->t >= m->until) m->status = RDC_DUE;
    else if (m->logged >= r->capacity) m->status = RDC_FULL;
}

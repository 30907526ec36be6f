// SPDX-License-Identifier: BSD-3-Clause
// The next step of a march: how long, where it ends, and with how many stages. One thread.
// Twin: HostSteps._plan in rdcalcium/stepping/host.py.
#include "march.cuh"

// A step towards a stop that is `left` ms away: never leave a sliver for the next one
RDC_DEVICE double towards(const double left, const double wanted, const double sliver, bool* lands) {
    *lands = wanted >= left * (1 - sliver);
    if (*lands) return left;
    return wanted > left / 2 ? left / 2 : wanted;
}

// The fewest stages that are stable, as a place in the ladder; the last if none are
RDC_DEVICE index_t rung_for(const double* reach, const index_t rungs, const double wanted) {
    const index_t rung = count_below(reach, rungs, wanted, false);
    return rung < rungs ? rung : rungs - 1;
}

extern "C" __global__ void plan(March* __restrict__ m, const Rules* __restrict__ r, const double* __restrict__ stop,
                                const double* __restrict__ stages, const double* __restrict__ reach,
                                const double* __restrict__ binding, const double* __restrict__ cytosolic,
                                const double* __restrict__ log, const index_t stops, const index_t rungs,
                                const index_t buffers, const index_t points, const index_t width,
                                const index_t threads) {
    RDC_GUARD(RDC_X >= threads)
    if (m->status != RDC_GOING || m->phase == RDC_GO) return;
    if (m->logged > 0) {
        const double* calcium = log + ((offset_t)m->logged - 1) * width + RDC_LOG_HEAD;
        m->highest = 0;
        for (index_t q = 0; q < points; ++q)
            if (cytosolic[q] > 0 && calcium[q] > m->highest) m->highest = calcium[q];
        if (m->highest > r->implausible) {
            m->status = RDC_IMPLAUSIBLE;
            return;
        }
    }
    if (m->phase == RDC_HALVE) {
        m->step /= 2;
        m->end = m->t + m->step;
    } else {
        const double calcium = r->times * m->highest + r->more;
        double fastest = 0;
        for (index_t b = 0; b < buffers; ++b) {
            const double rate = binding[2 * b] * calcium + binding[2 * b + 1];
            fastest = rate > fastest ? rate : fastest;
        }
        m->radius = r->radius_floor + (r->diffusion + fastest);
        if (m->h == 0) m->h = 1 / m->radius;
        const index_t following = count_below(stop, stops, m->t, true);
        if (following == stops) {  // the run is at its end
            m->status = RDC_DUE;
            return;
        }
        const double next = stop[following], left = next - m->t;
        bool lands;
        m->wanted = m->h < r->longest ? m->h : r->longest;
        m->step = towards(left, m->wanted, r->sliver, &lands);
        if (!m->asked && stages[rung_for(reach, rungs, m->step * m->radius)] > m->many) {
            m->status = RDC_MANY;
            return;
        }
        const double stable = reach[rungs - 1] / m->radius;
        m->wanted = m->wanted < stable ? m->wanted : stable;
        m->step = towards(left, m->wanted, r->sliver, &lands);
        m->end = lands ? next : m->t + m->step;
    }
    m->rung = rung_for(reach, rungs, m->step * m->radius);
    m->stages = stages[(index_t)m->rung];
    m->done = 0;
}

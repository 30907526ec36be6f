// SPDX-License-Identifier: BSD-3-Clause
// What sites come to while the rates of their ways stay what they are, stretch by stretch: Σ_k w_k Bᵏ y, where w_k
// are the weights of a Poisson distribution and B has nothing negative. Each site has a fastest rate of its own.
// Twin: Blocks in rdcalcium/vesicles/series.py, with Flow in flow.py.
//
// y, out           (slots, positions)
// calcium          (stretches, positions) uM
// given            (stretches, rows, positions) 1/ms
// constant, slope  (ways,)  rate = constant + slope calcium
// row              (ways,)  of the rates that are given, or -1
// leaves, leaving  the ways out of a slot s are leaving[leaves[s]] to leaving[leaves[s + 1] - 1]
// enters           (slots + 1,)  what comes into a slot, likewise
// way, from        by which way and from which slot each of that comes
#include "functions.cuh"
#include "lanes.cuh"

#define RDC_MOST_ENTERING 256  // as rdcalcium/backends/series.py has them
#define RDC_MOST_SLOTS 64
#define RDC_LONGEST 48.0
#define RDC_NEGLIGIBLE 1e-16

// Of one way at the sites of a thread, 1/ms
RDC_DEVICE doubles_t rate_of(const index_t w, const doubles_t calcium, const double* constant, const double* slope,
                             const index_t* row, const double* given, const index_t positions, const int count) {
    return row[w] < 0 ? constant[w] + slope[w] * calcium : rdc_doubles(given + (offset_t)row[w] * positions, count);
}

// y after a while in which the slot that is left fastest is left `mean` times
RDC_DEVICE void add_series(const doubles_t* share, const doubles_t* stay, const index_t* enters, const index_t* from,
                           const doubles_t mean, const index_t slots, doubles_t* y) {
    doubles_t power[2][RDC_MOST_SLOTS], weight;
    double longest = 0;
    for (int t = 0; t < RDC_LANES; ++t) {
        RDC_LANE(weight, t) = rdc_exp(-RDC_LANE(mean, t));
        if (RDC_LANE(mean, t) > longest) longest = RDC_LANE(mean, t);
    }
    doubles_t sum = weight;
    for (index_t s = 0; s < slots; ++s) {
        power[0][s] = y[s];
        y[s] *= weight;
    }
    double largest = 1;  // of the weights that follow, where they are largest
    for (int k = 1; k <= longest || largest > RDC_NEGLIGIBLE; ++k) {
        const doubles_t* last = power[(k + 1) % 2];
        doubles_t* next = power[k % 2];
        weight *= mean * (1.0 / k);
        largest *= longest / k;
        sum += weight;
        for (index_t s = 0; s < slots; ++s) {
            doubles_t found = stay[s] * last[s];
            for (index_t e = enters[s]; e < enters[s + 1]; ++e) found += share[e] * last[from[e]];
            next[s] = found;
            y[s] += weight * found;
        }
    }
    const doubles_t whole = 1.0 / sum;
    for (index_t s = 0; s < slots; ++s) y[s] *= whole;
}

extern "C" __global__ void series(
    const double* __restrict__ y, const double* __restrict__ calcium, const double* __restrict__ given,
    const double* __restrict__ constant, const double* __restrict__ slope, const index_t* __restrict__ row,
    const index_t* __restrict__ leaves, const index_t* __restrict__ leaving, const index_t* __restrict__ enters,
    const index_t* __restrict__ way, const index_t* __restrict__ from, double* __restrict__ out, const double length,
    const index_t stretches, const index_t slots, const index_t rows, const index_t positions) {
    const index_t first = RDC_FIRST;
    RDC_GUARD(first >= positions)
    doubles_t share[RDC_MOST_ENTERING], stay[RDC_MOST_SLOTS], now[RDC_MOST_SLOTS];
    for (index_t s = 0; s < slots; ++s) now[s] = rdc_doubles(y + (offset_t)s * positions + first, RDC_COUNT);
    for (index_t i = 0; i < stretches; ++i) {
        const doubles_t c = rdc_doubles(calcium + (offset_t)i * positions + first, RDC_COUNT);
        const double* const others = given + (offset_t)i * rows * positions + first;
        doubles_t fastest = {}, slowness = {};
        for (index_t s = 0; s < slots; ++s) {
            stay[s] = doubles_t{};
            for (index_t e = leaves[s]; e < leaves[s + 1]; ++e)
                stay[s] += rate_of(leaving[e], c, constant, slope, row, others, positions, RDC_COUNT);
            for (int t = 0; t < RDC_LANES; ++t)
                if (RDC_LANE(stay[s], t) > RDC_LANE(fastest, t)) RDC_LANE(fastest, t) = RDC_LANE(stay[s], t);
        }
        double changes = 0;
        for (int t = 0; t < RDC_LANES; ++t) {
            const double most = RDC_LANE(fastest, t);
            if (length * most > changes) changes = length * most;
            if (most > 0) RDC_LANE(slowness, t) = 1 / most;
        }
        for (index_t e = 0; e < enters[slots]; ++e)
            share[e] = rate_of(way[e], c, constant, slope, row, others, positions, RDC_COUNT) * slowness;
        for (index_t s = 0; s < slots; ++s) stay[s] = 1.0 - stay[s] * slowness;
        // The first weight of a longer series would be too small a number.
        const int times = (int)(changes / RDC_LONGEST) + 1;
        for (int n = 0; n < times; ++n) add_series(share, stay, enters, from, fastest * (length / times), slots, now);
    }
    for (index_t s = 0; s < slots; ++s)
        for (int t = 0; t < RDC_COUNT; ++t) out[(offset_t)s * positions + first + t] = RDC_LANE(now[s], t);
}

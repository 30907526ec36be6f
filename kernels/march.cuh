// SPDX-License-Identifier: BSD-3-Clause
// What the kernels of a marching device share: where its states are, how far a step is, and the currents.
//
// March, Rules and the names RDC_… are written before it by rdcalcium/backends/program.py.
#pragma once
#include "common.cuh"

#define RDC_STATE(at, role) ((real_t*)(at)[RDC_AT_##role])

// The increment of stage j, and the array that the end of a step of s stages takes.
#define RDC_INCREMENT(at, j) ((j) % 2 ? RDC_STATE(at, ODD) : RDC_STATE(at, EVEN))
#define RDC_END(at, s) RDC_INCREMENT(at, (s) + 1)

#ifdef RDC_CPU
#define RDC_POW __builtin_pow
#else
#define RDC_POW pow
#endif

// The row of coefficients of stage j
RDC_DEVICE const double* stage_row(const March* m, const offset_t* first, const double* rows, const index_t j) {
    return rows + (first[(int)m->rung] + j) * RDC_ROW;
}

// Whether the step that is under way has just been planned: begin.cu makes its first stage
RDC_DEVICE bool begins(const March* m) {
    return m->phase == RDC_GO && m->done == 1;
}

// Whether the step that is under way has all its stages behind it when `more` are done
RDC_DEVICE bool arrives(const March* m, const index_t more) {
    return m->phase == RDC_GO && m->done + more >= m->stages;
}

// How many of the ascending numbers are below t, or not above it
RDC_DEVICE index_t count_below(const double* numbers, const index_t n, const double t, const bool or_equal) {
    index_t low = 0, high = n;
    while (low < high) {
        const index_t middle = (low + high) / 2;
        if (numbers[middle] < t || (or_equal && numbers[middle] == t)) low = middle + 1;
        else high = middle;
    }
    return low;
}

// Current of group g at t, after a jump there or before it
RDC_DEVICE double course_value(const offset_t* first, const double* knots, const double* pieces, const index_t g,
                               const double t, const bool before) {
    const index_t n = (index_t)(first[g + 1] - first[g]);
    const double* mine = knots + first[g] + g;
    const index_t piece = count_below(mine, n + 1, t, !before) - 1;
    if (piece < 0 || piece >= n) return 0;
    const double x = t - mine[piece], *c = pieces + 4 * (first[g] + piece);
    return c[0] + x * (c[1] + x * (c[2] + x * c[3]));
}

// What has flowed through group g by t, pA ms
RDC_DEVICE double course_charge(const offset_t* first, const double* knots, const double* pieces, const double* charge,
                                const index_t g, const double t) {
    const index_t n = (index_t)(first[g + 1] - first[g]);
    const double *mine = knots + first[g] + g, *flowed = charge + first[g] + g;
    const index_t piece = count_below(mine, n + 1, t, true) - 1;
    if (piece < 0) return 0;
    if (piece >= n) return flowed[n];
    const double x = t - mine[piece], *c = pieces + 4 * (first[g] + piece);
    return flowed[piece] + x * (c[0] + x * (c[1] / 2 + x * (c[2] / 3 + x * c[3] / 4)));
}

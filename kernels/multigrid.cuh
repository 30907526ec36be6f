// SPDX-License-Identifier: BSD-3-Clause
// The approximate inverse of implicit steps: sparse matrices in sliced ELL, times all modes of diffusion at once.
//
// The modes of a control volume lie side by side, RDC_WIDTH of them, so that one load brings all that a neighbour has
// to give. They are of single precision: the sweeps of a step mend what an approximate inverse misses.
#pragma once
#include "fields.cuh"

#ifdef RDC_CPU
typedef float modes_t __attribute__((vector_size(4 * RDC_WIDTH), aligned(4), may_alias));
#define RDC_MODE(all, q) (all)[q]
#else
struct __align__(RDC_WIDTH < 4 ? 4 * RDC_WIDTH : 16) modes_t { float v[RDC_WIDTH]; };
#define RDC_MODE(all, q) (all).v[q]
#define RDC_MODES_OPERATOR(op)                                                       \
    RDC_DEVICE modes_t operator op(const modes_t a, const modes_t b) {               \
        modes_t c;                                                                   \
        RDC_UNROLL                                                                   \
        for (int q = 0; q < RDC_WIDTH; ++q) c.v[q] = a.v[q] op b.v[q];               \
        return c;                                                                    \
    }                                                                                \
    RDC_DEVICE modes_t operator op(const float a, const modes_t b) {                 \
        modes_t c;                                                                   \
        RDC_UNROLL                                                                   \
        for (int q = 0; q < RDC_WIDTH; ++q) c.v[q] = a op b.v[q];                    \
        return c;                                                                    \
    }
RDC_MODES_OPERATOR(+)
RDC_MODES_OPERATOR(-)
RDC_MODES_OPERATOR(*)
RDC_MODES_OPERATOR(/)
#endif

// Of a product of fields and modes one loop alone is unrolled where they are many: both would take minutes to compile.
#if RDC_FIELDS > 8
#define RDC_UNROLL_FEW RDC_ROLLED
#else
#define RDC_UNROLL_FEW RDC_UNROLL
#endif

// The modes of row i
RDC_DEVICE modes_t* modes_at(float* x, const offset_t i) { return (modes_t*)(x + i * RDC_WIDTH); }
RDC_DEVICE modes_t modes_at(const float* x, const offset_t i) { return *(const modes_t*)(x + i * RDC_WIDTH); }

// sum[t] += Σ_k weight_ik (x[neighbour_ik] - own[t]) of row i = first + t; padding has weight 0
//
// start   (slices + 1,)  first column of each slice
// column  (RDC_SLICE × columns,) neighbour; weight likewise
// x       (n, RDC_WIDTH)
RDC_DEVICE void add_neighbours(const index_t* start, const index_t* column, const float* weight, const float* x,
                               const index_t first, const modes_t* own, modes_t* sum) {
    const index_t slice = first / RDC_SLICE;
    for (index_t k = start[slice]; k < start[slice + 1]; ++k) {
        const offset_t at = (offset_t)k * RDC_SLICE + first % RDC_SLICE;
        RDC_UNROLL
        for (int t = 0; t < RDC_LANES; ++t) sum[t] = sum[t] + weight[at + t] * (modes_at(x, column[at + t]) - own[t]);
    }
}

// out[t] = b - (shift - L) x of row first + t
RDC_DEVICE void modes_defect(const index_t* start, const index_t* column, const float* weight, const float* x,
                             const float* b, const float* shift, const index_t first, const int count, modes_t* own,
                             modes_t* out) {
    const modes_t s = modes_at(shift, 0);
    modes_t sum[RDC_LANES];
    for (int t = 0; t < RDC_LANES; ++t) {
        own[t] = modes_at(x, first + (t < count ? t : 0));
        sum[t] = modes_t{};
    }
    add_neighbours(start, column, weight, x, first, own, sum);
    for (int t = 0; t < count; ++t) out[t] = modes_at(b, first + t) - s * own[t] + sum[t];
}

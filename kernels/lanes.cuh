// SPDX-License-Identifier: BSD-3-Clause
// A number for each of the RDC_LANES items of a thread: one in each thread of a GPU, a vector of them on a CPU.
#pragma once
#include "common.cuh"

// RDC_SOON(x) tells a CPU that it will want what follows x, of an array that is read once from end to end, a few slices
// ahead; a GPU has other threads to go on with. RDC_SOON_STATES(x, stride) does so for all fields of a state, unless
// they are so few that a CPU follows them by itself (`scripts/benchmarks/all.py --only kernels`).
#ifdef RDC_CPU
typedef real_t lanes_t __attribute__((vector_size(RDC_LANES * sizeof(real_t))));
typedef real_t unaligned_t __attribute__((vector_size(RDC_LANES * sizeof(real_t)), aligned(sizeof(real_t)), may_alias));
typedef double doubles_t __attribute__((vector_size(RDC_LANES * sizeof(double))));
#define RDC_LANE(v, t) (v)[t]
#define RDC_SOON(x) __builtin_prefetch((x) + 64 * RDC_LANES)
#define RDC_SOON_STATES(x, stride) \
    RDC_UNROLL \
    for (int f = 0; RDC_FIELDS > 4 && f < RDC_FIELDS; ++f) __builtin_prefetch((x) + f * (stride) + 8 * RDC_LANES)
#else
typedef real_t lanes_t;
typedef real_t unaligned_t;
typedef double doubles_t;
#define RDC_LANE(v, t) (v)
#define RDC_SOON(x)
#define RDC_SOON_STATES(x, stride)
#endif

// x[0], x[1], … of the first `count` lanes, 0 in the others
RDC_DEVICE lanes_t rdc_load(const real_t* x, const int count) {
    if (count == RDC_LANES) return *(const unaligned_t*)x;
    lanes_t v = {};
    for (int t = 0; t < count; ++t) RDC_LANE(v, t) = x[t];
    return v;
}

// x[t] = v of all lanes
RDC_DEVICE void rdc_store(real_t* x, const lanes_t v) { *(unaligned_t*)x = v; }

// x[0], x[1], … of the first `count` lanes in double precision, 0 in the others
template <typename T>
RDC_DEVICE doubles_t rdc_doubles(const T* x, const int count) {
    doubles_t v = {};
    RDC_UNROLL
    for (int t = 0; t < RDC_LANES; ++t)
        if (t < count) RDC_LANE(v, t) = (double)x[t];
    return v;
}

// x[index[0]], x[index[1]], … of all lanes; by a load for each, for CPUs are slower at their instructions that
// gather, and with all of them named at once, of which compilers make pairs and join those
RDC_DEVICE lanes_t rdc_gather(const real_t* x, const index_t* at) {
#ifdef RDC_CPU
    static_assert(RDC_LANES == 8, "as many as are named");
    return lanes_t{x[at[0]], x[at[1]], x[at[2]], x[at[3]], x[at[4]], x[at[5]], x[at[6]], x[at[7]]};
#else
    return x[at[0]];
#endif
}

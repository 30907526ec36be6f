// SPDX-License-Identifier: BSD-3-Clause
// A number for each of the RDC_LANES items of a thread: one in each thread of a GPU, a vector of them on a CPU.
#pragma once
#include "common.cuh"

// RDC_SOON(x) tells a CPU that it will want what follows x, of an array that is read once from end to end, a few slices
// ahead; a GPU has other threads to go on with. RDC_SOON_STATES(x, stride) does so for all fields of a state, unless they
// are so few that a CPU follows them by itself.
#ifdef RDC_CPU
typedef real_t lanes_t __attribute__((vector_size(RDC_LANES * sizeof(real_t))));
typedef real_t unaligned_t __attribute__((vector_size(RDC_LANES * sizeof(real_t)), aligned(sizeof(real_t)), may_alias));
#define RDC_LANE(v, t) (v)[t]
#define RDC_SOON(x) __builtin_prefetch((x) + 64 * RDC_LANES)
#define RDC_SOON_STATES(x, stride) \
    RDC_UNROLL \
    for (int f = 0; RDC_FIELDS > RDC_FOLLOWED && f < RDC_FIELDS; ++f) __builtin_prefetch((x) + f * (stride) + 8 * RDC_LANES)
#define RDC_FOLLOWED 4
#else
typedef real_t lanes_t;
typedef real_t unaligned_t;
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

// x[index[0]], x[index[1]], … of all lanes; by a load for each, for CPUs are slower at their instructions that gather
RDC_DEVICE lanes_t rdc_gather(const real_t* x, const index_t* index) {
#ifdef RDC_CPU
    return lanes_t{x[index[0]], x[index[1]], x[index[2]], x[index[3]], x[index[4]], x[index[5]], x[index[6]], x[index[7]]};
#else
    return x[index[0]];
#endif
}

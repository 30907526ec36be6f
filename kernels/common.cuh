// SPDX-License-Identifier: BSD-3-Clause
// What every kernel shares: number types, the thread's place, and the items of chunked reductions.
//
// real_t, index_t, offset_t, RDC_HUGE (the error where something is not a number), RDC_SLICE (rows of a mesh side by
// side) and RDC_SITES (sites.cuh) are written before it by rdcalcium/backends/sources.py. The same source is compiled
// for CPU cores, where the extents of the loops are exact and the guards vanish (RDC_CPU; see
// rdcalcium/backends/cpu_source.py).
#pragma once

// RDC_IF(bit, x) is x where the bit is 1, else 0: a product on the CPU, whose compiler fails to vectorise a choice by a
// byte between doubles; a choice on the GPU, where converting the bit would cost more.
//
// Vectors of a CPU want numbers of one width: there the bits of open faces are as wide as real_t (RDC_REAL_INT).
#ifdef RDC_CPU
typedef RDC_REAL_INT mask_t;
#define RDC_DEVICE static inline __attribute__((always_inline))
#define RDC_GUARD(outside)
#define RDC_UNROLL _Pragma("GCC unroll 32")
#define RDC_ROLLED _Pragma("GCC unroll 1")
#define RDC_IF(bit, x) ((x) * (real_t)(bit))
#else
typedef unsigned char mask_t;
#define RDC_DEVICE __device__ __forceinline__
#define RDC_UNROLL _Pragma("unroll")
#define RDC_ROLLED _Pragma("unroll 1")
#define RDC_GUARD(outside) if (outside) return;
#define RDC_IF(bit, x) ((bit) ? (x) : (real_t)0)
#endif

// A loop whose length is read from memory keeps a CPU from doing threads side by side in its vectors. A kernel with
// such a loop works on RDC_COUNT <= RDC_LANES items from RDC_FIRST on: one in each thread of a GPU, a vector of them on
// a CPU.
#ifdef RDC_CPU
#define RDC_LANES RDC_SLICE
#define RDC_FIRST ((index_t)blockIdx.x * RDC_LANES)
#define RDC_COUNT rdc_count
#define RDC_EACH_LANE(t, count) _Pragma("omp simd") for (int t = 0; t < count; ++t)
#else
#define RDC_LANES 1
#define RDC_FIRST RDC_X
#define RDC_COUNT 1
#define RDC_EACH_LANE(t, count) for (int t = 0; t < count; ++t)
#endif

// The thread's place, handed on by a kernel that calls another one: on a grid, along x alone, or by lanes. A function
// that was a kernel takes it as RDC_DECLARED_THREAD or RDC_DECLARED_LANES (rdcalcium/backends/sources.py).
#ifdef RDC_CPU
#define RDC_DECLARED_THREAD const Index3 blockIdx, const Index3 threadIdx, const Index3 blockDim,
#define RDC_DECLARED_LANES const Index3 blockIdx, const int rdc_count,
#define RDC_THREAD blockIdx, threadIdx, blockDim,
#define RDC_SITE_THREAD RDC_THREAD
#define RDC_LANE_THREAD blockIdx, rdc_count,
#else
#define RDC_DECLARED_THREAD
#define RDC_DECLARED_LANES
#define RDC_THREAD
#define RDC_SITE_THREAD
#define RDC_LANE_THREAD
#endif

#define RDC_X ((index_t)blockIdx.x * (index_t)blockDim.x + (index_t)threadIdx.x)
#define RDC_Y ((index_t)blockIdx.y * (index_t)blockDim.y + (index_t)threadIdx.y)
#define RDC_Z ((index_t)blockIdx.z * (index_t)blockDim.z + (index_t)threadIdx.z)

// The items that thread t of T reduces, in a fixed order: neighbours together on a GPU, one run per thread on a CPU.
// The largest of them may be looked for in any order, side by side in a vector.
#ifdef RDC_CPU
#define RDC_MY_FIRST(n, t, T) ((offset_t)(n) * (t) / (T))
#define RDC_MY_END(n, t, T) RDC_MY_FIRST(n, (t) + 1, T)
#define RDC_MY_NEXT(T) 1
#define RDC_LARGEST(x) _Pragma(RDC_TEXT(omp simd reduction(max : x)))
#define RDC_TEXT(x) #x
#else
#define RDC_MY_FIRST(n, t, T) ((offset_t)(t))
#define RDC_MY_END(n, t, T) (n)
#define RDC_MY_NEXT(T) (T)
#define RDC_LARGEST(x)
#endif
#define RDC_FOR_MY_ITEMS(i, n, t, T) \
    for (offset_t i = RDC_MY_FIRST(n, t, T); i < RDC_MY_END(n, t, T); i += RDC_MY_NEXT(T))

RDC_DEVICE real_t rdc_abs(real_t x) { return x < 0 ? -x : x; }
RDC_DEVICE real_t rdc_max(real_t a, real_t b) { return a > b ? a : b; }

// SPDX-License-Identifier: BSD-3-Clause
// Functions of the C library, in double precision.
#pragma once
#include "common.cuh"

#ifdef RDC_CPU
#define RDC_MATH(name) __builtin_##name
#else
#define RDC_MATH(name) name
#endif

RDC_DEVICE double rdc_exp(const double x) { return RDC_MATH(exp)(x); }

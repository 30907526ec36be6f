// SPDX-License-Identifier: BSD-3-Clause
// What the laws of patches are made of: functions of real numbers in double precision.
//
// RDC_ROWS, site_rates and site_flux, which use them, are written behind it by rdcalcium/backends/patch_code.py.
#pragma once
#include "common.cuh"

#ifdef RDC_CPU
#define RDC_MATH(name) __builtin_##name
#else
#define RDC_MATH(name) name
#endif

RDC_DEVICE double rdc_exp(const double x) { return RDC_MATH(exp)(x); }
RDC_DEVICE double rdc_log(const double x) { return RDC_MATH(log)(x); }
RDC_DEVICE double rdc_sqrt(const double x) { return RDC_MATH(sqrt)(x); }
RDC_DEVICE double rdc_tanh(const double x) { return RDC_MATH(tanh)(x); }

// (exp(x) - 1) / x
RDC_DEVICE double rdc_exprel(const double x) { return x == 0 ? 1.0 : RDC_MATH(expm1)(x) / x; }

// The product of so many factors
template <int exponent>
RDC_DEVICE double rdc_power(const double x) {
    double product = 1;
    RDC_UNROLL
    for (int k = 0; k < exponent; ++k) product *= x;
    return product;
}

// SPDX-License-Identifier: BSD-3-Clause
// What the laws of patches are made of: functions of real numbers in double precision.
//
// RDC_ROWS, site_rates and site_flux, which use them, are written behind it by rdcalcium/backends/patch_code.py.
#pragma once
#include "functions.cuh"

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

// A function of time as a table behind q: the number of its rows, their times, their values, which straight lines join.
// Twin: Course in rdcalcium/patches/base.py.
RDC_DEVICE double rdc_course(const double* q, const double t) {
    const offset_t n = (offset_t)q[0];
    const double *times = q + 1, *values = times + n;
    if (t <= times[0]) return values[0];
    if (t >= times[n - 1]) return values[n - 1];
    offset_t low = 0, high = n - 1;
    while (high - low > 1) {
        const offset_t middle = (low + high) / 2;
        if (t < times[middle]) high = middle;
        else low = middle;
    }
    return values[low] + (values[high] - values[low]) * ((t - times[low]) / (times[high] - times[low]));
}

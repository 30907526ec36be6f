// SPDX-License-Identifier: BSD-3-Clause
// The end of a step to twice the digits, and the error of one number.
#pragma once
#include "common.cuh"

// end + carried_end = y + carried + z to twice the digits; returns the end
RDC_DEVICE real_t kahan(const real_t y, const real_t carried, const real_t z, real_t* end, real_t* carried_end) {
    const real_t increment = z + carried, sum = y + increment;
    *end = sum;
    *carried_end = increment - (sum - y);
    return sum;
}

RDC_DEVICE real_t scaled_error(const real_t error, const real_t y0, const real_t y1, const real_t rtol,
                               const real_t atol) {
    return rdc_abs(error) / (atol + rtol * rdc_max(rdc_abs(y0), rdc_abs(y1)));
}

// The larger error; RDC_HUGE where one is not a number
RDC_DEVICE real_t larger(const real_t a, const real_t b) {
    return b <= a ? a : (b > a ? b : (real_t)RDC_HUGE);
}

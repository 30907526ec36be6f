// SPDX-License-Identifier: BSD-3-Clause
// To the log: every field, and its rate of change without sources, at every watched point after an accepted step.
// Twin: NumpyOperations.gather in rdcalcium/backends/numpy.py.
#include "march.cuh"

extern "C" __global__ void note(const March* __restrict__ m, const offset_t* __restrict__ at,
                                const index_t* __restrict__ corner, const double* __restrict__ portion,
                                double* __restrict__ log, const index_t corners, const index_t fields,
                                const offset_t stride, const index_t width, const index_t points) {
    const index_t q = RDC_X;
    RDC_GUARD(q >= points)
    if (m->fresh != 1) return;
    double* row = log + ((offset_t)m->logged - 1) * width + RDC_LOG_HEAD;
    const real_t *y = RDC_STATE(at, Y), *f = RDC_STATE(at, F0);
    for (index_t field = 0; field < fields; ++field) {
        double value = 0, rate = 0;
        for (index_t k = 0; k < corners; ++k) {
            const offset_t place = field * stride + corner[q * corners + k];
            value += portion[q * corners + k] * (double)y[place];
            rate += portion[q * corners + k] * (double)f[place];
        }
        row[field * points + q] = value;
        row[(fields + field) * points + q] = rate;
    }
}

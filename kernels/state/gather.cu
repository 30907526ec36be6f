// SPDX-License-Identifier: BSD-3-Clause
// out[f, q] = Σ_k weight[q, k] u[f, index[q, k]]: the value of every field at every probe q.
// Twin: NumpyOperations.gather in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void gather(const real_t* __restrict__ u, const index_t* __restrict__ index,
                                  const double* __restrict__ weight, double* __restrict__ out,
                                  const index_t corners, const index_t fields, const offset_t stride,
                                  const index_t points) {
    const index_t q = RDC_X;
    RDC_GUARD(q >= points)
    for (index_t f = 0; f < fields; ++f) {
        double sum = 0;
        for (index_t k = 0; k < corners; ++k)
            sum += weight[q * corners + k] * (double)u[f * stride + index[q * corners + k]];
        out[f * points + q] = sum;
    }
}

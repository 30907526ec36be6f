// SPDX-License-Identifier: BSD-3-Clause
// out_q = inverse_q b_q of every mode q, on the few unknowns of the coarsest level of a multigrid.
// Twin: NumpyOperations.solve_dense in rdcalcium/backends/numpy.py.
#include "common.cuh"

extern "C" __global__ void solve_dense(const real_t* __restrict__ inverse, const real_t* __restrict__ b,
                                       real_t* __restrict__ out, const index_t n, const index_t count) {
    const index_t row = RDC_X;  // of all modes
    RDC_GUARD(row >= count)
    const real_t* own = b + row / n * n;
    real_t sum = 0;
    for (index_t j = 0; j < n; ++j) sum += inverse[(offset_t)row * n + j] * own[j];
    out[row] = sum;
}

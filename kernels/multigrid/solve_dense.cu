// SPDX-License-Identifier: BSD-3-Clause
// out_i = Σ_j inverse_ij b_j in every mode, on the few unknowns of the coarsest level of a multigrid.
// Twin: NumpyOperations.solve_dense in rdcalcium/backends/numpy.py.
#include "multigrid.cuh"

extern "C" __global__ void solve_dense(const float* __restrict__ inverse, const float* __restrict__ b,
                                       float* __restrict__ out, const index_t n) {
    const index_t row = RDC_X;
    RDC_GUARD(row >= n)
    modes_t sum = {};
    for (index_t j = 0; j < n; ++j) sum = sum + modes_at(inverse, (offset_t)row * n + j) * modes_at(b, j);
    *modes_at(out, row) = sum;
}

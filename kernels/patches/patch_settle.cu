// SPDX-License-Identifier: BSD-3-Clause
// x of every site = matrix x of u, with the matrix of its kind, RDC_ROWS wide; added to what it was if `keep`.
// Twin: NumpyOperations.settle in rdcalcium/backends/numpy.py.
#include "sites.cuh"

extern "C" __global__ void patch_settle(
    const real_t* __restrict__ u, RDC_DECLARED_SITES, const double* __restrict__ matrix,
    real_t* __restrict__ out, const index_t keep, const offset_t stride, const index_t n) {
    const index_t i = RDC_X;
    RDC_GUARD(i >= n)
    for (index_t s = site[i]; s < site[i + 1]; ++s) {
        const index_t k = kind[s], rows = count[k];
        const offset_t at = RDC_FIELDS * stride + place[s], step = spread[k];
        const double* of_kind = matrix + k * RDC_ROWS * RDC_ROWS;
        double x[RDC_ROWS];
        load_site(u, at, step, rows, x);
        RDC_EACH_ROW(r, rows) {
            double sum = keep ? (double)out[at + r * step] : 0.0;
            RDC_EACH_ROW(other, rows) sum += of_kind[r * RDC_ROWS + other] * x[other];
            out[at + r * step] = (real_t)sum;
        }
    }
}

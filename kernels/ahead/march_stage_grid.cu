// SPDX-License-Identifier: BSD-3-Clause
// Stage j = done + offset of the step that is under way on a grid.
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "march.cuh"
#include "stage_grid.cu"

extern "C" __global__ void march_stage_grid(
    const March* __restrict__ m, const offset_t* __restrict__ at, const offset_t* __restrict__ first_row,
    const double* __restrict__ rows, RDC_DECLARED_NEIGHBOURS, const real_t* __restrict__ p, const index_t offset,
    const offset_t stride, const index_t nx, const index_t ny, const index_t nz) {
    const index_t j = (index_t)m->done + offset;
    if (m->phase != RDC_GO || j > m->stages) return;
    const double* row = stage_row(m, first_row, rows, j);
    stage_grid(RDC_THREAD RDC_STATE(at, Y), RDC_STATE(at, F0), RDC_INCREMENT(at, j - 1), RDC_NEIGHBOURS, p,
               RDC_INCREMENT(at, j), (real_t)row[RDC_MU], (real_t)row[RDC_NU], (real_t)(row[RDC_MU_T] * m->step),
               (real_t)(row[RDC_GAMMA_T] * m->step), stride, nx, ny, nz);
}

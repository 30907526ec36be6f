// SPDX-License-Identifier: BSD-3-Clause
// Stage j = done + offset of the step that is under way, at all sites.
// Twin: NumpyOperations.stage in rdcalcium/backends/numpy.py.
#include "march.cuh"
#include "patch_stage.cu"

extern "C" __global__ void march_patch_stage(
    const March* __restrict__ m, const offset_t* __restrict__ at, const offset_t* __restrict__ first_row,
    const double* __restrict__ rows, RDC_DECLARED_SITES, const double* __restrict__ total,
    const double* __restrict__ added, const index_t offset, const offset_t stride, const index_t n) {
    const index_t j = (index_t)m->done + offset;
    if (m->phase != RDC_GO || j > m->stages) return;
    const double* row = stage_row(m, first_row, rows, j);
    patch_stage(RDC_SITE_THREAD RDC_STATE(at, Y), RDC_STATE(at, F0), RDC_INCREMENT(at, j - 1), RDC_SITES, total,
                added, RDC_INCREMENT(at, j), (real_t)row[RDC_MU], (real_t)row[RDC_NU],
                (real_t)(row[RDC_MU_T] * m->step), (real_t)(row[RDC_GAMMA_T] * m->step), stride, n);
}

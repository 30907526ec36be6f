// SPDX-License-Identifier: BSD-3-Clause
// The sites of a control volume, one after the other: several patches may touch it. What kernels are told of them is
// RDC_SITES, in the order of SITES in rdcalcium/backends/program.py:
//
// site    (volumes + 1,)  first site of each control volume
// kind    (sites,)        which mechanism
// place   (sites,)        where the first row of the site is, behind the fields of a state
// weight  (sites,)        area over volume, um^-1
// beyond  (sites,)        control volume on the other side of the membrane; -1: there is none
// spread  (kinds,)        from one row of a site to the next
// count   (kinds,)        how many rows there are
// number  (kinds,)        of the first of them, among those of all kinds
// q       parameters of the laws
//
// A patch with a well-mixed store has rates that depend on what lies in it: `total` of a kind is what its sites hold
// together, `added` what an increment adds to that (patch_totals.cu). Where there are control volumes in the store,
// calcium in the one beyond takes its place.
#pragma once
#include "fields.cuh"
#include "mechanisms.cuh"

#define RDC_EACH_ROW(r, rows) \
    RDC_UNROLL \
    for (int r = 0; r < RDC_ROWS; ++r) \
        if (r < (rows))

// What a site knows of the other side in a state, where nothing lies beyond it `total`
RDC_DEVICE double across(const real_t* u, const index_t beyond, const double total) {
    return beyond < 0 ? total : (double)u[beyond];
}

// What one site has in a state: x[r] is its row r
RDC_DEVICE void load_site(const real_t* u, const offset_t at, const offset_t step, const index_t rows, double* x) {
    RDC_EACH_ROW(r, rows) x[r] = u[at + r * step];
}

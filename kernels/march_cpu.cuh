// SPDX-License-Identifier: BSD-3-Clause
// Rounds of a march on the cores of a CPU in one call: for a few thousand control volumes, calls from Python would cost
// more than the work. rdcalcium/backends/cpu_source.py puts it behind the launchers of march/; no GPU sees it.
//
// Twin: KernelMarcher.plan and step in rdcalcium/backends/march.py, whose launches are these, in the same order. But a
// round takes all stages of its step, whose number is known here; and in the place of begin, march_stage and
// march_arrive, whose threads look up how far the step is, stand scale, stage and arrive, which do their work.
//
// Tables is written before it by rdcalcium/backends/program.py. What depends on the model is in other libraries:
// cpu_source.py writes launch_stage and so on, which stand for the launchers in Tables; RDC_NEIGHBOURS, RDC_EXTENTS and
// RDC_SITES_OF_TABLES, the arguments that these have for the neighbours of the control volumes, for their number, and
// for the sites; and RDC_DECLARED_NEIGHBOURS.
#pragma once
#include "march.cuh"

// The extent of a launch, its block, and how many threads share it; few items are not worth sharing
#define RDC_ONE 1, 1, 1, 1, 0
#define RDC_FEW(n) n, 1, 1, RDC_BLOCK, 0
#define RDC_VALUES k->values, 1, 1, RDC_BLOCK, k->parallel
#define RDC_CELLS k->x, k->y, k->z, k->block, k->parallel

// The extent of a launch for control volumes with patches, if the model has any
#define RDC_PATCHED k->patched, 1, 1, RDC_BLOCK, k->patched_parallel

// What lies in the stores of a state goes to `total`, what does in an increment to `added`
#define RDC_ADD_UP(u, sums) \
    if (k->store_threads) { \
        const index_t items = k->patches * k->store_threads; \
        launch_patch_totals(RDC_FEW(items), u, k->area, k->opens, k->held, k->spread, k->partial_total, k->stride, \
                            k->store_threads, items); \
        launch_patch_add_up(RDC_FEW(k->patches), k->partial_total, sums, k->store_threads, k->patches); \
    }

static void march_inject(const Tables* k, const index_t when, const double a, const double b, const index_t more) {
    launch_inject(RDC_FEW(k->cells), k->m, k->at, k->cell, k->share, k->current, when, a, b, more, k->groups, k->cells);
}

// The length of a step and its currents
static void march_plan(const Tables* k) {
    launch_plan(RDC_ONE, k->m, k->r, k->stop, k->stages, k->reach, k->binding, k->cytosolic, k->log, k->stops, k->rungs,
                k->buffers, k->points, k->width, 1);
    if (k->m->status != RDC_GOING) return;
    const index_t count = ((index_t)k->m->stages + 1) * k->groups;
    launch_currents(count, 1, 1, count + 1, 0, k->m, k->first_row, k->rows, k->first, k->knots, k->pieces, k->current,
                    k->groups, count);
    launch_see(RDC_ONE, k->m, k->r, k->first_row, k->rows, k->first, k->knots, k->pieces, k->charge, k->amounts,
               k->current, k->groups, 1);
}

// All its stages
static void march_stages(const Tables* k, RDC_DECLARED_NEIGHBOURS) {
    const double h = k->m->step, *row = stage_row(k->m, k->first_row, k->rows, 1);
    real_t *y = RDC_STATE(k->at, Y), *f0 = RDC_STATE(k->at, F0);
    launch_scale(RDC_VALUES, f0, RDC_INCREMENT(k->at, 1), (real_t)(row[RDC_MU_T] * h), k->values);
    launch_scale(RDC_VALUES, f0, RDC_INCREMENT(k->at, 0), 0, k->values);
    RDC_ADD_UP(y, k->total)
    for (index_t j = 2; j <= k->m->stages; ++j) {
        row = stage_row(k->m, k->first_row, k->rows, j);
        launch_stage(RDC_CELLS, y, f0, RDC_INCREMENT(k->at, j - 1), RDC_NEIGHBOURS, k->p, RDC_INCREMENT(k->at, j),
                  (real_t)row[RDC_MU], (real_t)row[RDC_NU], (real_t)(row[RDC_MU_T] * h), (real_t)(row[RDC_GAMMA_T] * h),
                  RDC_EXTENTS);
        RDC_ADD_UP(RDC_INCREMENT(k->at, j - 1), k->added)
        if (k->patched)
            launch_patch_stage(RDC_PATCHED, y, f0, RDC_INCREMENT(k->at, j - 1), RDC_SITES_OF_TABLES, k->total, k->added,
                               RDC_INCREMENT(k->at, j), (real_t)row[RDC_MU], (real_t)row[RDC_NU],
                               (real_t)(row[RDC_MU_T] * h), (real_t)(row[RDC_GAMMA_T] * h), k->stride, k->patched);
        launch_inject_stage(RDC_FEW(k->cells), k->m, k->at, k->first_row, k->rows, k->cell, k->share, k->current, j - 1,
                            k->groups, k->cells);
    }
}

// Where it leads, whether it is accepted, and what there is to see then; `more` stages are behind it since it began
static void march_end(const Tables* k, const index_t more, RDC_DECLARED_NEIGHBOURS) {
    const index_t s = (index_t)k->m->stages;
    march_inject(k, RDC_ARRIVES, 0, 1, more);
    launch_arrive(RDC_CELLS, RDC_STATE(k->at, Y), RDC_STATE(k->at, CARRIED), RDC_INCREMENT(k->at, s),
                  RDC_STATE(k->at, F0), RDC_NEIGHBOURS, k->p, k->atol, RDC_END(k->at, s),
                  RDC_STATE(k->at, CARRIED_END), RDC_STATE(k->at, F1), k->worst,
                  (real_t)(k->r->slopes * k->m->step), (real_t)k->r->increment, (real_t)k->r->rtol, RDC_EXTENTS);
    RDC_ADD_UP(RDC_INCREMENT(k->at, s), k->added)
    if (k->patched)
        launch_patch_arrive(RDC_PATCHED, RDC_STATE(k->at, Y), RDC_STATE(k->at, CARRIED), RDC_INCREMENT(k->at, s),
                            RDC_STATE(k->at, F0), RDC_SITES_OF_TABLES, k->total, k->added, k->atol,
                            RDC_END(k->at, s), RDC_STATE(k->at, CARRIED_END), RDC_STATE(k->at, F1), k->worst,
                            (real_t)(k->r->slopes * k->m->step), (real_t)k->r->increment, (real_t)k->r->rtol, k->stride,
                            k->patched);
    march_inject(k, RDC_ARRIVES, -1, -1, more);
    launch_largest(k->threads, 1, 1, 1, k->parallel, k->m, k->worst, k->many_errors, more, k->stride, k->threads);
    launch_largest(k->few, 1, 1, 1, 0, k->m, k->many_errors, k->few_errors, more, k->threads, k->few);
    launch_judge(RDC_ONE, k->m, k->r, k->stop, k->few_errors, k->at, k->log, k->few, more, k->stops, k->width, 1);
    launch_note(RDC_FEW(k->points), k->m, k->at, k->corner, k->portion, k->log, k->corners, k->fields, k->stride,
                k->width, k->points);
}

extern "C" void march(const Tables* k, const index_t rounds, RDC_DECLARED_NEIGHBOURS) {
    for (index_t round = 0; round < rounds && k->m->status == RDC_GOING;) {
        march_plan(k);
        if (k->m->status != RDC_GOING) return;
        if (k->m->phase != RDC_GO) continue;  // to be halved, which the next call would not know
        const index_t more = (index_t)(k->m->stages - k->m->done);
        march_inject(k, RDC_BEGINS, 1, 0, more);
        march_stages(k, RDC_NEIGHBOURS);
        march_end(k, more, RDC_NEIGHBOURS);
        ++round;
    }
}

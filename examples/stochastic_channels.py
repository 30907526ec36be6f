"""The calyx active zone of Keller et al. 2015 with channels that open by chance: how much release varies."""

import rdcalcium as rc

# Model: that of the library, whose 14 channels are drawn from their gate, until after the peak of the current.
calyx = rc.load("keller2015")
by_chance = calyx.channels[0].changed(gating="stochastic")
calyx = calyx.changed(channels=[by_chance], run={"duration": "1.5 ms", "tolerance": 0.03, "trials": 6, "seed": 1})

# Mesh: cells four times as wide, for an answer in seconds that is good for a comparison alone.
calyx = calyx.changed(discretization=calyx.discretization.scaled(4))

# Record: all trials at the same times.
calyx = calyx.changed(record={"every": "20 us", "snapshots": None})

# Run
result = rc.run(calyx, out="runs/stochastic-channels", overwrite=True)

# Look: each trial, then their mean and standard deviation.
trials = result.trials
for n in trials.trial.values:
    one = trials.sel(trial=n)
    opened, vesicles = float(one.channels_that_opened.sum()), float(one.release_probability.sum())
    print(f"trial {n}: {opened:2.0f} channels opened, {float(one.ions):4.0f} ions, {vesicles:.3f} vesicles")
released = trials.release_probability.sum("sensor")
print(f"released: {float(released.mean()):.3f} ± {float(released.std(ddof=1)):.3f} vesicles")
calcium = result.probes["sensor 1"].calcium
peak, spread = float(calcium.mean("trial").max()), float(calcium.std("trial").max())
print(f"sensor 1 sees {peak:.3g} uM at the peak of the mean, SD {spread:.2g}")
answer = float(trials.charge.mean())

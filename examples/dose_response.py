"""Peak release rates after steps of calcium, and release by an action potential: sensors without a terminal."""

import numpy as np

import rdcalcium as rc

# Model: sensors of the library. No terminal and no Mesh: their calcium is given.
sensors = ["schneggenburger_neher2000", "felmy2003"]
levels = np.geomspace(1, 100, 9)  # uM
times = np.linspace(0, 20, 4001)  # ms
bell = 0.05 + 20 * np.exp(-(((times - 1) / 0.25) ** 2))  # uM, as an action potential may bring it

# Run, and Record every time
steps = {name: rc.release(name, times, [levels]) for name in sensors}
spikes = {name: rc.release(name, times, bell) for name in sensors}

# Look
for name in sensors:
    peaks = steps[name].release_rate.max("time").values
    power = np.log(peaks[1] / peaks[0]) / np.log(levels[1] / levels[0])
    print(f"{name}: {peaks[4]:.3f} /ms at {levels[4]:.0f} uM, power {power:.1f} at {levels[0]:.0f} uM")
    print(f"  one action potential releases {float(spikes[name].release_probability[-1]):.3f}")
answer = float(spikes["felmy2003"].release_probability[-1])

"""One open channel in an empty cytosol: calcium around it, against the exact solution."""

import numpy as np

import rdcalcium as rc
from rdcalcium.exact import continuous_point

# Model: a channel of 0.2 pA on the corner of a quarter of a large box.
distances = [10, 20, 50, 100]  # nm
model = rc.Model(
    geometry={"kind": "box", "size": ["6 um", "6 um", "3 um"], "symmetry": ["x", "y"]},
    calcium={"rest": 0, "diffusivity": "0.22 um^2/ms"},
    channels=[{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "0.2 pA"}}],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "10 nm", "size_in_bulk": "300 nm"},
    # Record
    probes=[{"name": f"{r} nm", "position": [f"{r} nm", 0, 0]} for r in distances],
    run={"duration": "0.1 ms", "tolerance": 1e-3},
)

# Run
result = rc.run(model, out="runs/nanodomain", overwrite=True)

# Look
found = np.array([result.probes[f"{r} nm"].calcium[-1] for r in distances])
exact = continuous_point(0.2, np.array(distances) / 1000, 0.1, 0.22)
for r, here, there in zip(distances, found, exact, strict=True):
    print(f"{r:4d} nm: {here:6.2f} uM, exact {there:6.2f} uM")
answer = float(found[1])

"""EGTA binds calcium more tightly than BAPTA, but 40 times more slowly: only BAPTA takes it from a sensor at 20 nm."""

import rdcalcium as rc

# Model: a channel that opens for 0.5 ms, alone and with 5 mM of either chelator.
pulse = {"kind": "pulse", "amplitude": "0.2 pA", "duration": "0.5 ms"}
alone = rc.Model(
    geometry={"kind": "box", "size": ["2 um", "2 um", "1 um"], "symmetry": ["x", "y"]},
    channels=[{"name": "Ca", "positions": [[0, 0]], "current": pulse}],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "10 nm", "size_in_bulk": "100 nm"},
    # Record
    probes=[{"name": f"{r} nm", "position": [f"{r} nm", 0, 0]} for r in (20, 200)],
    run={"duration": "0.5 ms"},
)
models = {name: alone.with_buffer(rc.buffer(name, total="5 mM")) for name in ("EGTA", "BAPTA")}

# Run
results = {name: rc.run(m, out=f"runs/{name}", overwrite=True) for name, m in {"none": alone, **models}.items()}

# Look
left = {}  # share of the peak that a chelator leaves
for name in models:
    for point in ("20 nm", "200 nm"):
        peak, before = (float(results[n].probes[point].calcium.max()) for n in (name, "none"))
        left[name, point] = peak / before
        print(f"{name:5} leaves {100 * left[name, point]:4.1f} % of the peak at {point}")
answer = left["EGTA", "20 nm"] / left["BAPTA", "20 nm"]

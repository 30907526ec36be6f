"""Five action potentials at 100 Hz through the three types of channel of a mossy fibre bouton, and what they let in."""

import numpy as np

import rdcalcium as rc

# Model: two channels of each type in a cluster, and the action potential of the bouton at its temperature.
model = rc.Model(
    title="five action potentials at 100 Hz",
    geometry={"kind": "box", "size": ["0.6 um", "0.6 um", "0.6 um"]},
    temperature="34 degC",
    buffers=[rc.buffer("EGTA", total="0.2 mM")],
    stimulus={
        "kind": "action_potential",
        "waveform": "mossy_fibre_geiger_jonas2000",
        "train": {"kind": "regular", "rate": "100 Hz", "count": 5, "start": "1 ms"},
    },
    channels=[
        rc.channels(f"{kind}_type_li2007", name=kind, Q10=2.3, positions=[[f"{x} nm", "-10 nm"], [f"{x} nm", "10 nm"]])
        for kind, x in {"PQ": -20, "N": 0, "R": 20}.items()
    ],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "20 nm", "size_in_bulk": "60 nm"},
    # Record
    probes=[{"name": "sensor", "position": ["80 nm", 0, 0]}],
    run={"duration": "45 ms", "tolerance": 0.03},
)

# Run
result = rc.run(model, out="runs/train", overwrite=True)

# Look: inward current is negative in the table, and R-type channels are the last to shut.
table, calcium = result.stimulus, result.probes["sensor"].calcium
charges = {kind: -np.trapezoid(table[f"{kind}: current (pA)"], table["time (ms)"]) for kind in ("PQ", "N", "R")}
for kind, charge in charges.items():
    print(f"{kind:2} channels let in {charge:.3f} fC, {100 * charge / sum(charges.values()):.0f} % of all")
for t in model.stimulus.starts:
    print(f"before {t:4.0f} ms {1000 * float(calcium.interp(time=t)):5.1f} nM")
answer = charges["R"] / charges["PQ"]

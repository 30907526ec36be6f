"""The two lobes of calmodulin near a channel: the N lobe catches calcium in microseconds, the C lobe keeps it."""

import rdcalcium as rc

# Model: one channel, open for 1 ms, and calmodulin of the library: one name and one total for both of its lobes.
model = rc.Model(
    geometry={"kind": "box", "size": ["0.5 um", "0.5 um", "0.5 um"], "symmetry": ["x", "y"]},
    buffers=[rc.buffer("calmodulin_faas2011", name="CaM", total="100 uM")],
    channels=[
        {
            "name": "Ca",
            "positions": [["0 nm", "0 nm"]],
            "current": {"kind": "pulse", "amplitude": "0.5 pA", "duration": "1 ms"},
        }
    ],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "20 nm", "size_in_bulk": "50 nm"},
    # Record
    probes=[{"name": "near", "position": ["60 nm", "0 nm", "10 nm"]}],
    run={"duration": "20 ms"},
)

# Run
near = rc.run(model, out="runs/calmodulin", overwrite=True).probes["near"]

# Look: each lobe has its own traces, of which the last holds two calcium; of 100 uM one is one per cent.
for lobe in ("N", "C"):
    first, second, last = (float(near[f"CaM.{lobe}2"].interp(time=t)) for t in (0.1, 1, 20))
    print(f"{lobe} lobes full: {first:.2f} % after 0.1 ms, {second:.2f} % after 1 ms, {last:.2f} % after 20 ms")
answer = float((near["CaM.C2"] / near["CaM.N2"])[-1])
print(f"in the end there are {answer:.1f} full C lobes for each N lobe")

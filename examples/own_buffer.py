"""A buffer with a kinetic scheme of its own: two sites, of which the second binds more tightly than the first."""

import rdcalcium as rc

# Model: a lobe of calmodulin, with invented rates, and a channel that opens for 0.5 ms.
lobe = {
    "name": "lobe",
    "total": "100 uM",
    "diffusivity": "0.02 um^2/ms",
    "scheme": ["B + Ca <-> CaB : 2*k_on, k_T", "CaB + Ca <-> Ca2B : k_on, 2*k_R"],
    "parameters": {"k_on": "0.5 /uM/ms", "k_T": "40 /ms", "k_R": "1 /ms"},
}
pulse = {"kind": "pulse", "amplitude": "0.2 pA", "duration": "0.5 ms"}
model = rc.Model(
    geometry={"kind": "box", "size": ["0.4 um", "0.4 um", "0.4 um"]},
    buffers=[lobe],
    channels=[{"name": "Ca", "positions": [[0, 0]], "current": pulse}],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "20 nm"},
    # Record
    probes=[{"name": "far", "position": ["150 nm", "150 nm", "300 nm"]}],
    run={"duration": "3 ms"},
)

# Run
far = rc.run(model, out="runs/own-buffer", overwrite=True).probes["far"]

# Look: each state of the scheme but the free one is a trace of its own.
one, two = float(far["lobe.CaB"][-1]), float(far["lobe.Ca2B"][-1])
print(f"at the end {one:.1f} uM hold one calcium and {two:.1f} uM hold two")
answer = two / one

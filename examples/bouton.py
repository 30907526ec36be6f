"""A bouton on its axon with three active zones: vesicles release as differently as channels around them lie."""

import rdcalcium as rc


def rule(kind: str, **keys: object) -> dict:
    """A rule of placement, followed in each active zone."""
    return {"kind": kind, "zones": "az", **keys}


# Model: three vesicles docked in each zone, a sensor under each, and ten channels no nearer to them than 30 nm.
axon = {"direction": [1, 0, 0], "radius": "100 nm", "length": "0.3 um"}
mitochondrion = {"kind": "ellipsoid", "name": "mitochondrion", "centre": [0, 0, 0], "semi_axes": [0.2, 0.1, 0.1]}
bouton = {"kind": "bouton", "semi_axes": [0.4, 0.35, 0.3], "axons": [axon], "obstacles": [mitochondrion]}
current = {"kind": "gaussian", "amplitude": "0.1 pA", "peak": "0.5 ms", "width": "0.15 ms"}
places = rule("exclusion", around="docked", distance="30 nm", count=10)
docked = {"name": "docked", "radius": "20 nm", "placement": rule("uniform", count=3, spacing="60 nm", height="2 nm")}
model = rc.Model(
    geometry=bouton,
    active_zones=[{"count": 3, "radius": "120 nm", "spacing": "0.4 um", "on": "bouton"}],
    vesicles=[docked],
    channels=[{"name": "PQ", "placement": places, "current": current}],
    buffers=[rc.buffer("EGTA", total="0.1 mM")],
    pumps=[rc.pump("PMCA_matveev2006", surface="membrane")],
    # Mesh
    discretization={"kind": "tetrahedra", "size_at_active_zone": "18 nm", "size_in_bulk": "80 nm"},
    # Record
    sensors=[rc.sensor("schneggenburger_neher2000", placement=rule("under", around="docked", height="2 nm"))],
    record={"snapshots": {"times": ["0.5 ms"]}},
    run={"duration": "1 ms"},
)

# Run
result = rc.run(model, out="runs/bouton", overwrite=True)

# Look: rdcalcium view runs/bouton draws the terminal, a section through a zone, and each zone from above.
released = [float(trace.release_probability[-1]) for trace in result.probes.values()]
print(rc.distances(model).nearest.to_series(), *released, sep="\n")
answer = max(released) / min(released)

"""A model in its own words: TOML as it would stand in a file, with a sensor at three distances."""

import tomllib

import rdcalcium as rc

# Model, Mesh and Record
model = rc.Model(
    **tomllib.loads("""
        title = "Two channels and a row of sensors"
        geometry = { kind = "box", size = ["0.6 um", "0.6 um", "0.4 um"] }
        discretization = { kind = "grid", size_at_active_zone = "10 nm", size_in_bulk = "60 nm" }
        calcium = { rest = "50 nM" }
        run = { duration = "0.8 ms" }

        [[buffers]]
        use = "EGTA"
        total = "200 uM"

        [[channels]]
        name = "Ca"
        positions = [["-20 nm", "0 nm"], ["20 nm", "0 nm"]]
        current = { kind = "gaussian", amplitude = "0.2 pA", peak = "0.4 ms", width = "0.36 ms" }

        [[sensors]]
        name = "vesicle"
        use = "schneggenburger_neher2000"
        positions = [["0 nm", "0 nm", "0 nm"], ["0 nm", "30 nm", "0 nm"], ["0 nm", "60 nm", "0 nm"]]
    """)
)

# Run
result = rc.run(model, out="runs/own-model", overwrite=True)

# Look
for name, seen in result.summary.points.items():
    print(f"{name}: {seen.peak:.1f} uM, released with {seen.release_probability:.3f}")
answer = result.summary.points["vesicle 1"].peak

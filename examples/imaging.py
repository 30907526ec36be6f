"""What a line scan with a dye shows of an active zone: the microscope and the dye smooth a nanodomain away."""

import rdcalcium as rc

# Model: four channels open for 0.3 ms; 200 uM of a fast dye of low affinity.
dye = rc.buffer("OGB5N_eshra2021", name="OGB-5N", total="200 uM")
pulse = {"kind": "pulse", "amplitude": "0.3 pA", "start": "1 ms", "duration": "0.3 ms"}
places = [["-20 nm", "-20 nm"], ["20 nm", "-20 nm"], ["-20 nm", "20 nm"], ["20 nm", "20 nm"]]
model = rc.Model(
    geometry={"kind": "box", "size": ["1.5 um", "1.5 um", "1 um"]},
    buffers=[rc.buffer("fixed_keller2015"), dye],
    channels=[{"name": "Ca", "positions": places, "current": pulse}],
    # Mesh
    discretization={"kind": "grid", "size_at_active_zone": "20 nm", "size_in_bulk": "80 nm"},
    # Record
    probes=[{"name": "between the channels", "position": ["0 nm", "0 nm", "10 nm"]}],
    imaging=[
        {
            "name": "line scan",
            "dye": "OGB-5N",
            "view": {"kind": "line", "start": [-0.7, 0, 0.1], "end": [0.7, 0, 0.1], "points_along": 36},
            "optics": {"kind": "two_photon", "numerical_aperture": 1.0, "wavelength": "810 nm"},
            "every": "0.5 ms",
            "photons": 1000,
        }
    ],
    run={"duration": "5 ms"},
)

# Run
result = rc.run(model, out="runs/imaging", overwrite=True)

# Look: rdcalcium view runs/imaging --screenshot draws the scan
scan, calcium = result.imaging["line scan"], result.probes["between the channels"].calcium
told, noisy = float(scan.apparent_calcium.max()), float(scan.apparent_calcium_measured.max())
print(
    f"calcium reaches {float(calcium.max()):.0f} uM; the dye tells {told:.2f} uM, and with its photons {noisy:.2f} uM"
)
answer = float(scan.dF_over_F.max())

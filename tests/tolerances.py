"""How far two numbers may be apart that should be the same, each with the reason.

Those of one exact solution on one mesh stand in its test, beside that mesh.
"""

# Relative to the largest value compared, unless said otherwise. A test names the entry it uses.
TOLERANCES = {
    # One kernel against its NumPy twin: ~20 operations a value, fused multiply-adds on one side only.
    "kernel, float64": 1e-10,
    "kernel, float32": 2e-5,  # 2^-24 × ~20 operations, × ~10 where neighbours nearly cancel in the Laplacian
    # Calcium found against calcium entered: ~1e4 stages, each rounding to 2^-53, with random signs.
    "balance, float64": 1e-12,
    "balance, float32": 1e-5,  # 2^-24 × 100: increments are added without loss, but each is itself rounded
    # A whole run on two backends. Diffusion damps rounding, so it does not grow with the number of steps.
    "run, float64": 1e-10,
    "run, float32": 2e-4,  # 2^-24 × ~80 stages a step, and as much again where the step size reacts: 2e-5 seen
    # Figures of a paper, or of a solver that owes nothing to this one.
    "occupancies in print": 5e-6,  # five or six digits
    "gate of the calyx": 1e-3,  # its voltage is read by straight lines there, and by a cubic here
    "release sensors": 1e-4,  # a solver that owes nothing to this one, with steps of 2 to 20 us here
    "radial solver": 5e-3,  # two grids of it agree to 3e-4; cells of 5 nm beside the channel make the rest
    # The same number, computed in two ways in double precision, 2^-53 for each operation.
    "conversion": 4e-16,  # one or two factors
    "integral": 1e-13,  # ~100 rows, added in another order
    # The slope of log error over log size: four meshes tell 2 from 1.5, and from 2.5 where errors happen to cancel.
    "order": 0.2,
    # Nodes of a mesh, by an integral over wanted sizes: within 6 % on large ones, less well where most are on surfaces.
    "planned nodes": 0.15,
}

"""From the start of a process to the first step of a run: seconds on the way, as JSON.

python first_step.py MODEL BACKEND TIME     the time when the process was started, as time.time() tells it
"""

import json
import sys
import time


def main() -> None:
    """All that `rdcalcium run` does before its first step is over, but for the run folder."""
    path, backend, started = sys.argv[1], sys.argv[2], float(sys.argv[3])
    times = {"interpreter": time.time() - started}
    from rdcalcium.machine import let_idle_cores_sleep

    let_idle_cores_sleep()
    import rdcalcium as rc
    import rdcalcium.cli
    import rdcalcium.runner

    times["import"] = time.time() - started
    model = rc.load(path)
    times["model file"] = time.time() - started
    system = rc.build_system(model, rc.discretize(model))
    times["cells"] = time.time() - started
    do = rc.open_backend(backend, system, model.run.precision)
    times["kernels"] = time.time() - started
    rc.Simulation(model, do).advance()
    times["first step"] = time.time() - started
    print(json.dumps(times))


if __name__ == "__main__":
    main()

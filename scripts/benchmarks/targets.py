"""What was aimed at, what was measured of it, and whether it was met."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from writing import RESULTS, file_name

Row = dict[str, Any]
PRECISIONS = {"float64": "double", "float32": "single"}

BEYOND = 80e6  # bytes that a stage moves which is beyond the caches: more than twice the last of them, 32 MB

# The machine whose figures the pages tell.
PROCESSOR, THREADS = "AMD EPYC", 2


@dataclass(frozen=True)
class Figures:
    """All that was measured on a machine: the parts of all.py, the box problem and keller2015."""

    parts: dict[str, Any]
    box: dict[str, Any]
    keller2015: list[Row]

    def rows(self, part: str, **wanted: Any) -> list[Row]:
        """Of all tables of a part those with these values."""
        found = [row for table in self.parts[part]["tables"].values() for row in table]
        return [row for row in found if all(row.get(key) == value for key, value in wanted.items())]

    def run(self, name: str) -> Row:
        """One run from its beginning to its end."""
        (row,) = self.rows("runs", run=name)
        return row


def measured() -> Figures:
    """Those of the machine above."""

    def read(*words: str) -> Any:
        return json.loads((RESULTS / f"{file_name(*words)}.json").read_text(encoding="utf-8"))

    parts = read(PROCESSOR, f"{THREADS} threads")["parts"]
    return Figures(parts, read("box", PROCESSOR), read("keller2015", PROCESSOR))


def targets(figures: Figures) -> Iterator[Row]:
    """One row for each target, also where nothing was measured."""
    for of_one in (stages, numpy_stages, proteins, sites, box_problem, trains, memory, start, meshes, on_a_gpu):
        yield from of_one(figures)


def row(target: str, found: str, met: bool | None) -> Row:
    """One line of the table."""
    return {"target": target, "measured": found, "met": {True: "yes", False: "no", None: ""}[met]}


def stages(figures: Figures) -> Iterator[Row]:
    """The fused stage of the compiled backend against the triad of the same cores."""
    for cells, kernel, least in (("a grid", "stage_grid", 85), ("a mesh", "stage_mesh", 60)):
        for precision, word in PRECISIONS.items():
            found = beyond(figures, kernel, "compiled", precision)
            shares = [(key, row["% of triad"]) for key, row in found.items()]
            what = f"a stage on {cells} beyond the caches, {word} precision: ≥ {least} % of the triad"
            yield by_fields(what, shares, least)


def numpy_stages(figures: Figures) -> Iterator[Row]:
    """The same on NumPy against all threads of the compiled backend."""
    for cells, kernel in (("a grid", "stage_grid"), ("a mesh", "stage_mesh")):
        compiled, plain = (beyond(figures, kernel, backend, "float64") for backend in ("compiled", "numpy"))
        both = compiled.keys() & plain.keys()
        shares = [(key, 100 * plain[key]["Mupdates/s"] / compiled[key]["Mupdates/s"]) for key in sorted(both)]
        yield by_fields(f"NumPy, a stage on {cells}: ≥ 8 % of compiled on {THREADS} threads", shares, 8)


def beyond(figures: Figures, kernel: str, backend: str, precision: str) -> dict[tuple[int, int], Row]:
    """Rows of a kernel on all threads and beyond the caches, by fields and control volumes."""
    rows = figures.rows("kernels", kernel=kernel, backend=backend, precision=precision)
    threads = max(row["threads"] for row in rows)
    large = (row for row in rows if row["bytes per update"] * row["control volumes"] >= BEYOND)
    return {(row["fields"], row["control volumes"]): row for row in large if row["threads"] == threads}


def by_fields(target: str, shares: Iterable[tuple[tuple[int, int], float]], least: float) -> Row:
    """A line about shares, per cent, by fields and control volumes: the lowest of all sizes counts."""
    lowest: dict[int, float] = {}
    sizes = set()
    for (fields, size), share in shares:
        lowest[fields] = min(share, lowest.get(fields, share))
        sizes.add(size)
    told = ", ".join(f"{share:.1f} % ({fields} fields)" for fields, share in sorted(lowest.items()))
    of = " and ".join(f"{size:,}" for size in sorted(sizes))
    return row(target, f"{told}; at {of} control volumes", min(lowest.values()) >= least)


def proteins(figures: Figures) -> Iterator[Row]:
    """A protein of many states against a chelator, in bytes and in time for each field."""
    target = "a field of calmodulin costs no more than one of EGTA, on a grid beyond the caches"
    if "proteins" not in figures.parts:
        yield not_measured(target, "proteins")
        return
    rows = {row["buffer"].partition("_")[0]: row for row in figures.rows("proteins", backend="compiled")}
    protein, chelator = rows["calmodulin"], rows["EGTA"]
    found = (
        f"{protein['bytes per field']:.3g} bytes and {protein['ns per field']:.2g} ns ({protein['fields']} fields) "
        f"against {chelator['bytes per field']:.3g} bytes and {chelator['ns per field']:.2g} ns"
    )
    fewer = protein["bytes per field"] <= chelator["bytes per field"]
    yield row(target, found, fewer and protein["ns per field"] <= chelator["ns per field"])


def sites(figures: Figures) -> Iterator[Row]:
    """What many sensors or channels add to a step, on the largest of the grids; the dearest kind counts."""
    for sites_of in ("sensors", "channels"):
        target = f"10,000 {sites_of} on a million cells of a grid: < 5 % of a step"
        if "sites" not in figures.parts:
            yield not_measured(target, "sites")
            continue
        rows = [r for r in figures.rows("sites", backend="compiled") if r["what"].startswith(sites_of)]
        fewest, volumes = (choose(r["control volumes"] for r in rows) for choose in (min, max))
        found = [r for r in rows if r["control volumes"] == volumes]
        there = [r["% of a step"] for r in rows if r["control volumes"] == fewest]
        kinds = (f"{r['what'].removeprefix(sites_of).strip(' :')} {r['% of a step']:.1f} %" for r in found)
        stages = max(r["stages per step"] for r in found)
        told = f"{', '.join(kinds)}; {volumes:,} control volumes, {stages:.0f} stages a step at most"
        told += f"; on {fewest:,} they add {min(there):.2g} to {max(there):.2g} %"
        yield row(target, told, max(r["% of a step"] for r in found) < 5)


def not_measured(target: str, part: str) -> Row:
    """A target of a part of which no figures are there yet."""
    return row(target, f"not measured yet: `python scripts/benchmarks/all.py --only {part}`", None)


def box_problem(figures: Figures) -> Iterator[Row]:
    """Against NEURON on the same cells, and against the continuum."""
    factor, ours, theirs = against_neuron(figures, THREADS)
    yield row(
        f"box problem on {THREADS} cores, cubes of 20 nm, {figures.box['wanted %']['time']} % error of time: "
        "≥ 25 times as fast as NEURON's rxd",
        f"{factor:,.0f} times: {ours['run s']:.2g} s against {theirs['run s']:.0f} s",
        factor >= 25,
    )
    first = figures.box["total error"][0]
    yield row(
        "box problem on one core, total error of at most 1 %: < 0.3 s",
        f"{first['run s']:.2g} s, {first['error %']:.2g} %",
        first["run s"] < 0.3 and first["error %"] <= 1,
    )


def against_neuron(figures: Figures, threads: int) -> tuple[float, Row, Row]:
    """How many times as long NEURON takes on at most so many threads, and both rows."""
    rows = [row for row in figures.box["same cells"]["20 nm"] if row.get("threads", threads + 1) <= threads]
    ours = min((row for row in rows if row["program"] == "rdcalcium compiled"), key=lambda row: row["run s"])
    theirs = min((row for row in rows if row["program"] == "NEURON rxd"), key=lambda row: row["run s"])
    return theirs["run s"] / ours["run s"], ours, theirs


def trains(figures: Figures) -> Iterator[Row]:
    """A second of action potentials."""
    for name, cells in (("grid", "cells of a grid"), ("tetrahedra", "nodes of tetrahedra")):
        run = figures.run(f"20 action potentials, {name}")
        whole = "note" not in run
        yield row(
            f"1 s with 20 action potentials on 50,000 {cells}: < 300 s on {THREADS} cores",
            f"{how_long(run)} on {run['control volumes']:,}",
            whole and run["run s"] < 300,
        )


def how_long(run: Row) -> str:
    """Seconds of a run, or where it was stopped."""
    seconds = f"{run['run s']:.0f} s"
    return f"not done after {seconds} (at {run['model ms']:.0f} ms)" if "note" in run else seconds


def memory(figures: Figures) -> Iterator[Row]:
    """Of whole runs."""
    for name in ("box, cubes of 5 nm", "keller2015", "20 action potentials, tetrahedra"):
        run = figures.run(name)
        found = f"{run['peak in states']:.0f} arrays, {run['peak MiB']:.0f} MiB for {run['control volumes']:,} volumes"
        yield row(f"peak memory of a run, {name}: ≤ 8 arrays of the state", found, run["peak in states"] <= 8)


def start(figures: Figures) -> Iterator[Row]:
    """Of the program."""
    for backend in ("compiled", "numpy"):
        for found in figures.rows("start", backend=backend):
            seconds = found["all of these s"]
            target = f"from the start of the program to its first step, {backend}, kernels in the cache: < 3 s"
            yield row(target, f"{seconds:.2g} s", seconds < 3)


def meshes(figures: Figures) -> Iterator[Row]:
    """Tetrahedra of a whole bouton, and what a run makes of a million nodes."""
    bouton = figures.rows("meshing", **{"active zones": 20})[0]
    tetrahedra, seconds, planned = bouton["tetrahedra"], bouton["mesh s"], bouton["planned nodes"]
    yield row(
        "a bouton of 1.5 µm, 20 active zones in tetrahedra of 5 nm: < 3 million, < 300 s",
        f"{tetrahedra / 1e6:.2g} million, {seconds:.0f} s; {planned:,} nodes foreseen, {bouton['nodes']:,} made",
        tetrahedra < 3e6 and seconds < 300,
    )
    laplacian = max((r for r in figures.rows("meshing") if "volumes and couplings s" in r), key=lambda r: r["nodes"])
    seconds, rest = laplacian["volumes and couplings s"], laplacian["control volumes s"]
    yield row(
        "the Laplacian of 10⁶ nodes of tetrahedra, put together on one core: < 10 s",
        f"{seconds:.2g} s, and {rest:.2g} s for all that a run reads of them; {laplacian['nodes']:,} nodes",
        seconds < 10,
    )


def on_a_gpu(figures: Figures) -> Iterator[Row]:
    """Nothing is known of these: `gpu.sh` measures them where there is one."""
    for target in (
        "a stage on a grid beyond 200 MB: ≥ 80 % of the copy rate of the device",
        "a stage on a mesh beyond 200 MB: ≥ 60 % of the copy rate of the device",
        "a stage below 100,000 control volumes: ≤ 6 µs",
        "2 ms of one channel, open and shut, on 124,000 nodes: < 60 ms",
        f"10⁶ nodes: ≥ 100 times as fast as compiled on {THREADS} cores",
    ):
        yield row(f"GPU, {target}", "not measured: no GPU was at hand", None)

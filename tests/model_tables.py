"""A model file as tables, and one of every part that it can have."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

from rdcalcium import library
from rdcalcium.catalogue import FOLDER
from rdcalcium.model import Model, ModelError
from rdcalcium.model.kinds import kinds_in
from rdcalcium.model.transports import Transport
from tests.shapes import FROM_FILES
from tests.support import ROOT

FIXED = {"name": "fixed", "total": 400, "diffusivity": 0, "k_on": 0.1, "K_d": 10}


def tables(**changes: Any) -> dict[str, Any]:
    """A model file as tables, with some of them replaced."""
    pulse = {"kind": "pulse", "amplitude": "0.1 pA", "start": "1 ms", "duration": "0.5 ms"}
    return {
        "title": "tables",
        "geometry": {"kind": "box", "size": ["1 um", "1 um", "0.5 um"]},
        "discretization": {"kind": "grid", "size_at_active_zone": "20 nm"},
        "buffers": [{"use": "EGTA", "total": "10 mM"}],
        "channels": [{"name": "pore", "positions": [["0 nm", "0 nm"]], "current": pulse}],
        "sensors": [
            {
                "name": "v",
                "use": "felmy2003",
                "positions": [["60 nm", "0 nm", "2 nm"], ["90 nm", "0 nm", "2 nm"]],
            }
        ],
        "probes": [{"name": "deep", "position": [0, 0, 0.4]}],
        "run": {"duration": "5 ms"},
        **changes,
    }


def model_of_tables(**changes: Any) -> Model:
    """Those tables as a model."""
    return library.resolve(tables(**changes))


def channel(**changes: Any) -> dict[str, Any]:
    """Their channel, with some keys replaced."""
    return {**tables()["channels"][0], **changes}


CUBE = str(ROOT / "tests" / "cube.obj")
MITOCHONDRION = {"kind": "ellipsoid", "centre": [0, 0, 0.15], "semi_axes": [0.2, 0.1, 0.1], "axis": [1, 1, 0]}
RETICULUM = {"kind": "tubule", "path": [[1, 0, 0], [0.2, 0, -0.05]]}
BAR = {"pedestal_radius": 0.02, "pedestal_height": 0.05, "table_radius": 0.08, "table_thickness": 0.015}
ROD = {"kind": "cylinder", "base": [0.3, 0, 0.2], "top": [0.3, 0, 0.9], "radius": 0.04}
SHAPES: dict[str, dict[str, Any]] = {
    "box": {"size": [1, 1, 0.5], "periodic": ["x"], "obstacles": [{"kind": "ribbon"}]},
    "bouton": {
        "semi_axes": [0.6, 0.5, 0.4],
        "axons": [{"radius": 0.1, "length": 0.5}],
        "obstacles": [{**MITOCHONDRION, "second_axis": [0, 0, 1]}, RETICULUM],
    },
    "sphere": {"radius": 0.5},
    "ellipsoid": {"semi_axes": [0.5, 0.4, 0.3]},
    "hemisphere": {"radius": 0.8, "overlap": "meant", "obstacles": [{"kind": "t_bar", **BAR}]},
    "cylinder": {"radius": 0.6, "height": 1, "top_radius": 0.5, "obstacles": [ROD]},
    "sector": {"radius": 0.75, "angle": 34},
    "calyx_lobe": {"radius": 10, "thickness": 0.5, "extent": 3},
}
GEOMETRIES = {
    "box": {"kind": "box", "size": [1, 0.7, 0.45]},
    "mirrored box": {"kind": "box", "size": [1, 1, 0.5], "symmetry": ["x", "y"]},
    "vesicles": {
        "kind": "box",
        "size": [1, 1, 0.5],
        "obstacles": [{"centre": ["0.1 um", 0.2, "27.3 nm"], "radius": "25 nm", "name": "docked"}],
    },
    "surface": {
        **{"kind": "surface", "length_unit": "um", "smoothing": "100 nm", "simplification": "1 nm", "file": CUBE},
        "obstacles": [
            {
                **{"kind": "surface", "name": "speck", "length_unit": "nm", "offset": [0.5, 0.5, 0.5], "file": CUBE},
                **{"smoothing": "0.1 nm", "simplification": "1 pm"},
            }
        ],
    },
    "mesh": {"kind": "mesh", "file": "/somewhere/bouton.msh", "length_unit": "nm", "membrane": "active zone"},
}
DISCRETIZATIONS = {
    "uniform grid": {"kind": "grid", "size_at_active_zone": "20 nm"},
    "stretched grid": {
        "kind": "grid",
        "size_at_active_zone": ["5 nm", "5 nm", "2.5 nm"],
        "size_in_bulk": "60 nm",
        "growth": 1.3,
        "margin": "30 nm",
    },
    "tetrahedra": {
        "kind": "tetrahedra",
        "size_at_active_zone": "7 nm",
        "size_in_bulk": "80 nm",
        "size_at": {"docked": "4 nm"},
        "monotone": True,
    },
}
CALYX_CURRENT = str(ROOT / "tests" / "calyx_current.csv")
CURRENTS = {
    "constant": {"kind": "constant", "amplitude": "0.3 pA"},
    "pulse": {"kind": "pulse", "amplitude": "0.1 pA", "start": "0.1 ms", "duration": "1 ms"},
    "gaussian": {"kind": "gaussian", "amplitude": "0.1 pA", "peak": "1 ms", "width": "0.36 ms"},
    "table": {"kind": "table", "times": [0, "0.5 ms", 1], "values": ["0 pA", 0.1, "30 fA"]},
    "alpha": {"kind": "alpha", "amplitude": "0.1 pA", "start": "0.5 ms", "time_to_peak": "0.2 ms"},
    "recording": {"kind": "recording", "file": CALYX_CURRENT, "scale": -0.01},
    "train of pulses": {
        "kind": "pulse",
        "amplitude": "0.1 pA",
        "duration": "0.2 ms",
        "train": {"kind": "regular", "rate": "1 kHz", "count": 3, "start": "0.5 ms"},
    },
}
OHMIC = {
    "current": {"kind": "ohmic", "conductance": "2.07 pS", "reversal": "61.8 mV"},
    "gate": ["C <-> O : a*exp(V/s), 0.1"],
    "parameters": {"a": "1780 /s", "s": "23.3 mV"},
    "open_states": ["O"],
}
CALYX = str(FOLDER / "waveforms" / "calyx_keller2015.csv")
GATED_CURRENTS = {
    "ohmic that saturates": {**OHMIC["current"], "measured_in": "2 mM", "K_M": "2.7 mM"},
    "GHK": {"kind": "GHK", "permeability": "1e-20 m^3/s"},
    "GHK that says all": {
        "kind": "GHK",
        "permeability": 1e-5,
        "outside": "1.2 mM",
        "inside": "70 nM",
        "temperature": "37 degC",
    },
    "current_voltage": {"kind": "current_voltage", "voltages": ["-80 mV", 0, 60], "values": ["0.3 pA", 0.15, 0]},
    "nadkarni": {"kind": "nadkarni", "conductance": "3.72 pS"},
}
STIMULI: dict[str, dict[str, Any]] = {
    "waveform": {"kind": "action_potential", "waveform": "calyx_keller2015", "times": ["1 ms", 11.0]},
    "broad waveform": {
        "kind": "action_potential",
        "waveform": "mossy_fibre_geiger_jonas2000",
        "broaden": 1.5,
        "amplitude_scale": "90 %",
        "train": {"kind": "regular", "rate": "100 Hz", "count": 3, "start": "1 ms"},
        "recorded_at": "34 degC",
    },
    "template": {
        "kind": "action_potential",
        "template": {"shape": "gaussian", "half_width": "0.4 ms", "peak": "26 mV", "rest": -80},
        "train": {
            "kind": "poisson",
            "rate": "50 Hz",
            "count": 4,
            "end": "1 s",
            "start": "1 ms",
            "refractory": "2 ms",
            "seed": 3,
        },
    },
    "listed": {
        "kind": "action_potential",
        "template": {"half_width": "0.4 ms", "peak": "26 mV", "rest": -80},
        "train": {"kind": "list", "times": [1, "2.5 ms"]},
    },
    "steps": {
        "kind": "voltage_step",
        "holding": "-80 mV",
        "steps": [{"level": 0, "start": "1 ms", "duration": "2 ms"}, {"level": "20 mV", "start": 3, "duration": 1}],
    },
    "table": {"kind": "table", "file": CALYX, "source": ["keller2015"]},
}
ALONE: dict[str, Any] = {"channels": [], "sensors": [], "probes": []}  # a terminal with nothing at places
PARTS: dict[str, dict[str, Any]] = {
    **{f"geometry {k}": {"geometry": v} for k, v in GEOMETRIES.items() if k not in FROM_FILES},
    "geometry surface": {**ALONE, "geometry": GEOMETRIES["surface"]},
    "geometry mesh": {
        "geometry": GEOMETRIES["mesh"],
        "discretization": {"kind": "tetrahedra", "monotone": True},
        "buffers": [{"use": "fixed_keller2015", "where": {"kind": "region", "name": "axon"}}],
    },
    **{f"shape {kind}": {**ALONE, "geometry": {"kind": kind, **shape}} for kind, shape in SHAPES.items()},
    **{f"discretization {k}": {"discretization": v} for k, v in DISCRETIZATIONS.items()},
    **{f"current {k}": {"channels": [channel(current=v)]} for k, v in CURRENTS.items()},
    "current ohmic": {
        "channels": [channel(**OHMIC)],
        "stimulus": STIMULI["waveform"],
    },
    **{
        f"current {k}": {
            "channels": [channel(**{**OHMIC, "measured_at": "24 degC", "Q10": 2.3, "speed": "90 %", "current": v})],
            "stimulus": STIMULI["waveform"],
            "extracellular": {"calcium": "1.2 mM"},
            "temperature": "34 degC",
        }
        for k, v in GATED_CURRENTS.items()
    },
    **{f"stimulus {k}": {"channels": [channel(**OHMIC)], "stimulus": v} for k, v in STIMULI.items()},
    "buffer with a scheme": {
        "magnesium": {"free": "0.3 mM"},
        "buffers": [{"use": "ATP_keller2015"}, {"use": "parvalbumin_keller2015", "total": "33.3 uM"}],
    },
    "molecules of two parts": {
        "buffers": [
            {
                "name": "two lobes",
                "total": "20 uM",
                "diffusivity": 0.02,
                "scheme": ["N[n] + Ca <-> N[n+1] : (2-n)*k, (n+1)*k_-1 for n = 0..1", "C0 + Ca <-> C1 : 3*k, k_-1"],
                "parameters": {"k": "0.1 /uM/ms", "k_-1": "0.3 /ms"},
                "per_molecule": {"N0": 1, "C0": 2},
            }
        ]
    },
    "buffers in parts of the terminal": {
        "buffers": [
            {"use": "fixed_keller2015", "name": name, "where": where}
            for name, where in (
                ("near", {"kind": "layer", "within": "30 nm", "of": "membrane"}),
                ("box", {"kind": "box", "low": [0, 0, 0], "high": [0.1, 0.1, 0.1]}),
                ("ball", {"kind": "sphere", "centre": [0, 0, 0.2], "radius": "50 nm"}),
                ("egg", {"kind": "ellipsoid", "centre": [0, 0, 0.2], "semi_axes": [0.1, 0.1, 0.05]}),
            )
        ],
        "tortuosity": [{"factor": 1.6, "where": {"kind": "layer", "within": "200 nm", "of": "membrane"}}],
    },
    "cages and flashes": {
        "magnesium": {"free": "0.5 mM", "diffusivity": "200 um^2/s"},
        "buffers": [{"use": "DM_nitrophen_faas2005", "name": "DMn", "total": "5 mM"}],
        "flashes": [
            {"time": "1 ms", "cage": "DMn", "efficiency": 0.5, "spot": {"centre": [0, 0, 0], "width": "500 nm"}}
        ],
    },
    "pumps and stores": {
        "geometry": GEOMETRIES["vesicles"],
        "pumps": [
            {
                "name": "with a law",
                "surface": "z_max",
                "law": "density*k*Ca**2/(K**2 + Ca**2)",
                "density": "250 /um^2",
                "parameters": {"k": "100 /s", "K": "0.2 uM"},
            },
            {
                "name": "with states",
                "surface": "x_max",
                "scheme": ["P + Ca <-> PCa : k_on, k_off", "PCa -> P : k_out"],
                "density": "180 /um^2",
                "parameters": {"k_on": "150 /mM/ms", "k_off": "15 /s", "k_out": "60 /s"},
            },
        ],
        "stores": [
            {
                "name": "ER",
                "surface": "vesicles",
                "volume": "5e-4 um^3",
                "rest": "150 uM",
                "binding_ratio": 20,
                "transports": [
                    {"use": "SERCA_li_rinzel1994", "parameters": {"V_max": "2e-3 uM*um/ms"}},
                    {"use": "IP3R_li_rinzel1994", "parameters": {"P": "1e-4 um/ms", "IP3": "0.4 uM"}},
                ],
            }
        ],
    },
    "a store with a lumen": {
        "geometry": GEOMETRIES["vesicles"],
        "stores": [
            {
                "name": "ER",
                "lumen": {"region": "docked", "diffusivity": "0.1 um^2/ms"},
                "rest": "150 uM",
                "transports": [
                    {"use": "SERCA_li_rinzel1994", "over_time": {"V_max": [[0, "2e-3 uM*um/ms"], [1, "1e-3 uM*um/ms"]]}}
                ],
            }
        ],
        "buffers": [{"use": "fixed_keller2015", "where": {"kind": "lumen", "of": "ER"}}],
    },
    "openings by hand": {"channels": [channel(openings=[["0.3 ms", "0.5 ms"], ["0.8 ms", "0.85 ms"]])]},
    "rules of placement": {
        "active_zones": [
            {"name": "az", "count": 3, "area": 0.02, "cv": 0.2, "spacing": "0.3 um", "seed": 2},
            {"name": "big", "positions": [[0, 0]], "radius": "0.1 um"},
            {"name": "own", "positions": [[0.3, 0.3, 0]], "radii": ["50 nm"]},
        ],
        "vesicles": [
            {
                "name": "docked",
                "radius": "20 nm",
                "placement": {"kind": "uniform", "zones": "az", "count": 3, "height": "2 nm", "spacing": "45 nm"},
            },
            {
                "name": "at the edge",
                "radius": "20 nm",
                "placement": {"kind": "perimeter", "zones": "big", "count": 2, "around": "PQ", "distance": "9 nm"},
            },
            {
                "name": "pool",
                "radius": "20 nm",
                "placement": {
                    **{"kind": "pool", "zones": "az", "height": "50 nm", "thickness": "90 nm"},
                    **{"radius": "60 nm", "fraction": 0.05, "spacing": "45 nm", "seed": 4},
                },
            },
            {
                "name": "few",
                "radius": "20 nm",
                "placement": {"kind": "pool", "zones": "az1", "height": "0.2 um", "thickness": "0.1 um", "count": 2},
            },
        ],
        "channels": [
            channel(name=name, positions=None, placement={"zones": "az", **rule})
            for name, rule in {
                "N": {"kind": "exclusion", "count": {"poisson": 4}, "around": "docked", "distance": "30 nm"},
                "PQ": {"kind": "hexagonal", "zones": "big", "spacing": "20 nm", "count": 7, "angle": 15},
                "R": {"kind": "ring", "radius": "30 nm", "count": 4, "angle": 15},
                "L": {"kind": "beside", "count": 2, "around": "docked", "distance": "40 nm", "spacing": "5 nm"},
                "T": {"kind": "each", "count": 1, "around": "docked", "distance": "40 nm"},
                "as listed": {"kind": "listed", "positions": [["5 nm", "6 nm"]]},
                "in clusters": {
                    **{"kind": "clusters", "clusters": 2, "radius": "20 nm", "count": 3},
                    **{"spacing": "5 nm", "cluster_spacing": "30 nm"},
                },
            }.items()
        ],
        "sensors": [
            {
                "use": "felmy2003",
                "placement": {"kind": "under", "zones": "az", "around": "docked", "height": "2 nm"},
            }
        ],
    },
    "pools": {
        "sensors": [
            {
                "name": "pools",
                "positions": [[0.05, 0, 0]],
                "scheme": ["reserve <-> R : k, u", "R -> reserve : f*Ca"],
                "parameters": {"k": "3 /s", "u": "9 /s", "f": "0.1 /uM/ms"},
                "reserve": "reserve",
                "released": ["reserve"],
            }
        ]
    },
    "dyes and microscopes": {
        "buffers": [
            {
                "name": "dye",
                "k_on": "0.3 /uM/ms",
                "k_off": "0.1 /ms",
                "total": "50 uM",
                "diffusivity": 0.1,
                "brightness": {"340 nm": {"free": 1, "bound": 3}, "380 nm": {"free": 1.3, "bound": "9 %"}},
            }
        ],
        "imaging": [
            {
                "name": "spot",
                "dye": "dye",
                "ratio": ["340 nm", "380 nm"],
                "every": "0.1 ms",
                "photons": 100,
                "view": {"kind": "spot", "position": ["10 nm", 0, 0.1]},
                "optics": {"kind": "two_photon", "numerical_aperture": 0.9, "wavelength": "810 nm"},
            },
            {
                "name": "line",
                "dye": "dye",
                "light": "380 nm",
                "every": "1 ms",
                "reference": "3 uM",
                "view": {"kind": "line", "start": [0, 0, 0], "end": [0.2, 0, 0.1], "points_along": 3},
                "optics": {"kind": "gaussian", "lateral": "0.3 um", "axial": "1 um"},
            },
            {
                "name": "frame",
                "dye": "dye",
                "light": "340 nm",
                "every": "1 ms",
                "exposure": "0.5 ms",
                "background": 0.5,
                "autofluorescence": 0.1,
                "view": {"kind": "frame", "centre": [0, 0, 0.1], "pixels": [3, 2], "pixel_size": 0.1, "plane": "xz"},
                "optics": {
                    "kind": "wide_field",
                    "numerical_aperture": 1.2,
                    "wavelength": "510 nm",
                    "refractive_index": 1.4,
                },
            },
            {
                "name": "ball",
                "dye": "dye",
                "light": "340 nm",
                "every": "1 ms",
                "view": {"kind": "region", "where": {"kind": "sphere", "centre": [0, 0, 0.1], "radius": "80 nm"}},
            },
            {"name": "all", "dye": "dye", "light": "340 nm", "every": "1 ms", "view": {"kind": "terminal"}},
            {
                "name": "point",
                "dye": "dye",
                "light": "340 nm",
                "every": "1 ms",
                "view": {"kind": "spot", "position": [0, 0, 0.1]},
                "optics": {"kind": "confocal", "numerical_aperture": 1.2, "wavelength": "488 nm"},
            },
        ],
    },
    "sensor with bare numbers and units": {
        "sensors": [
            {
                "name": "v",
                "positions": [[0.06, 0, 0]],
                "scheme": ["A + Ca <-> B : k, q*r*k*K", "B -> fused : 1/tau"],
                "parameters": {"k": "1e8 /M/s", "q": 1 / 3, "r": "25 %", "K": "10.1 uM", "tau": "0.3 ms"},
            }
        ]
    },
    "everything in run and record": {
        "run": {
            "duration": "5 ms",
            "tolerance": 0.003,
            "absolute_tolerance": "1 nM",
            "precision": "float32",
            "max_step": "10 us",
            "seed": 7,
        },
        "record": {"snapshots": {"every": "0.1 ms", "fields": "all"}},
        "notes": 'two\nlines and "quotes"',
        "references": ["10.1371/journal.pcbi.1004253"],
    },
}


def kinds_of_table(table: type[BaseModel]) -> set[type[BaseModel]]:
    """A kind of table, and all that may stand in it."""
    inside = (kind for field in table.model_fields.values() for kind in kinds_in(field.annotation))
    return {table}.union(*map(kinds_of_table, inside))


def kinds_used(value: Any) -> set[type[BaseModel]]:
    """Kinds of the tables that a value is made of."""
    if isinstance(value, BaseModel):
        return {type(value)}.union(*(kinds_used(getattr(value, key)) for key in type(value).model_fields))
    if isinstance(value, dict | tuple | list):
        return set().union(*map(kinds_used, value.values() if isinstance(value, dict) else value))
    return set()


_TO_BE_SAID = re.compile(r'to be said: (density) = "… (/um\^2)"|to be said: parameters = \{ (\w+) = "… ([^"]*)" \}')


def completed(part: type[Transport], name: str) -> dict[str, Any]:
    """A pump or transport of the library as a table, with 100 molecules, or 1e-4 of what else it says is to be said."""
    said: dict[str, Any] = {"use": name, "parameters": {}}
    while True:
        try:
            part(**said)
        except ModelError as error:
            wanted = _TO_BE_SAID.search(str(error))
            if wanted is None:
                raise
            density, per_area, key, unit = wanted.groups()
            if density:
                said["density"] = f"100 {per_area}"
            else:
                said["parameters"][key] = f"1e-4 {unit}"
        else:
            return said

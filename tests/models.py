"""Small models on which tests try what holds for any: a vesicle over a channel, and one channel in a large box."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from rdcalcium.discretization.build import discretize
from rdcalcium.library import resolve
from rdcalcium.model import Box, Buffer, Channels, Grid, Magnesium, Model, Probe, PulseCurrent, Run, Sphere, Tetrahedra
from rdcalcium.model.expression import Expression
from rdcalcium.patches import Mechanism, Patch, Patches, Row
from rdcalcium.system import System, build_system

NM = 1e-3  # µm

FIXED = Buffer(name="fixed", total=400, diffusivity=0, k_on=0.1, K_d=10)
ATP = Buffer(  # binds Ca or Mg, not both
    name="ATP",
    total=2000,
    diffusivity=0.22,
    scheme=("ATP + Ca <-> CaATP : k_on_Ca, k_off_Ca", "ATP + Mg <-> MgATP : k_on_Mg, k_off_Mg"),
    parameters={"k_on_Ca": 0.5, "k_off_Ca": 100.0, "k_on_Mg": 0.01, "k_off_Mg": 1.0},
)
TWO_SITE = Buffer(  # binds two ions, one after the other
    name="calretinin",
    total=100,
    diffusivity=0.02,
    scheme=("B + Ca <-> CaB : 2*k_on, k_off", "CaB + Ca <-> Ca2B : k_on, 2*k_off"),
    parameters={"k_on": 0.2, "k_off": 0.3},
)
SLOW_WHEN_BOUND = Buffer(  # so that its free form is a field too
    name="indicator", total=100, diffusivity={"free": 0.2, "bound": 0.05}, k_on=0.3, K_d=0.8
)
# Every kind of rate code: none, one site, competition, six fields with all of it, and reactants that are all fields.
CHEMISTRIES = {
    "no buffer": (),
    "fixed": (FIXED,),
    "competitive": (ATP,),
    "six fields": (FIXED, ATP, TWO_SITE),
    "moving magnesium": (ATP, SLOW_WHEN_BOUND),
}


def magnesium(chemistry: str) -> Magnesium:
    """That of a key of CHEMISTRIES: clamped, unless it says otherwise."""
    return Magnesium(free=300, diffusivity=0.2 if chemistry == "moving magnesium" else None)


def small_model(kind: str = "grid", chemistry: str = "six fields", **changes: object) -> Model:
    """A box of 0.3 × 0.3 × 0.2 µm³ with a vesicle over one channel that opens for 0.1 ms, and two probes.

    kind       "grid" or "tetrahedra", about 2000 control volumes
    chemistry  a key of CHEMISTRIES
    changes    parts of the Model to replace
    """
    fine_to_coarse = {"size_at_active_zone": 0.015, "size_in_bulk": 0.05}
    model = Model(
        title="small",
        geometry=Box(size=(0.3, 0.3, 0.2), obstacles=(Sphere(centre=(0.04, 0.03, 0.05), radius=0.03),)),
        discretization=Grid(**fine_to_coarse) if kind == "grid" else Tetrahedra(**fine_to_coarse),
        magnesium=magnesium(chemistry),
        buffers=CHEMISTRIES[chemistry],
        channels=(
            Channels(
                name="Ca",
                positions=((0.0, 0.0),),
                current=PulseCurrent(amplitude=0.1, start=0.05, duration=0.1),
            ),
        ),
        probes=(
            Probe(name="near", position=(0.02, 0.0, 0.01)),
            Probe(name="far", position=(-0.1, 0.1, 0.15)),
        ),
        run=Run(duration=0.3),
    )
    return model.changed(**changes) if changes else model


@lru_cache(maxsize=32)
def small_system(kind: str = "grid", chemistry: str = "six fields") -> System:
    """Arrays of a small_model; the same object for the same words."""
    model = small_model(kind, chemistry)
    return build_system(model, discretize(model))


# Laws for patches: of one row, and of several with all kinds of arithmetic.
PUMP = Mechanism("pump", (Row("pumped", Expression("V*Ca**2/(K**2 + Ca**2) - leak"), calcium=1.0),),
                 {"V": 0.7, "K": 0.3, "leak": 0.1, "not used": 5.0})  # fmt: skip
GATED = Mechanism(
    "gated",
    (
        Row("stored", Expression("exprel(Ca)*h - log(2 + bound) + 0.5*Ca_store"), start=2.0, calcium=-0.5),
        Row("h", Expression("a*(1 - h)*exp(-Ca) - tanh(Ca)*h*b"), start=0.5, scale=0.2),
        Row("bound", Expression("b*Ca*(1 - bound)*sqrt(h + 1)"), calcium=2.5, scale=0.1),
    ),
    {"a": 0.4, "b": 1.5},
    store=0.01,
)
# States that follow calcium: with such rates they are in a nanosecond where it brings them.
FOLLOWING = Mechanism(
    "following",
    (
        Row("stored", Expression("0.5*x*(Ca_store - Ca)"), start=2.0, calcium=-0.5),
        Row("x", Expression("a*Ca**4*(1 - x - y) - (b + Ca_store)*x + 2*y"), start=0.1, scale=1.0, follows=True),
        Row("y", Expression("b*x - 2*y"), start=0.2, scale=1.0, follows=True),
    ),
    {"a": 1e6, "b": 3.0},
    store=0.01,
)


@lru_cache(maxsize=4)
def patched_system(kind: str = "grid", chemistry: str = "six fields") -> System:
    """The same with both of these on its membrane."""
    system = small_system(kind, chemistry)
    at = system.discretization.surfaces["membrane"]
    weights = at.areas / system.discretization.volumes[at.indices]
    return replace(system, patches=Patches(tuple(Patch(m, at.indices, at.areas, weights) for m in (PUMP, GATED))))


BAPTA = (0.4, 0.22, 1000, 0.2)  # k_on, K_d, total, diffusivity
STRONG_BAPTA = (0.4, 0.22, 10000, 0.2)  # captures calcium within 8 nm


def mobile(buffer: tuple[float, float, float, float]) -> dict[str, object]:
    """A one-site buffer as a model file has it."""
    k_on, K_d, total, diffusivity = buffer
    return {"name": "mobile", "k_on": k_on, "K_d": K_d, "total": total, "diffusivity": diffusivity}


def channel_model(size: float | list[float], duration: float, along_x: list[int], **changes: object) -> Model:
    """One channel of 0.1 pA on the corner of a quarter of a large box, with probes along x (nm)."""
    parts = {
        "geometry": {"kind": "box", "size": [6, 6, 3], "symmetry": ["x", "y"]},
        "discretization": {
            "kind": "grid",
            "size_at_active_zone": size,
            "size_in_bulk": 0.3,
            "growth": 1.15,
        },
        "calcium": {"rest": 0.05},
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": 0.1}}],
        "probes": [{"name": f"{x}", "position": [NM * x, 0, 0]} for x in along_x],
        "run": {"duration": duration, "tolerance": 1e-3, "absolute_tolerance": 1e-3},
    }
    return resolve(parts | changes)

"""What binds calcium: buffers as kinetic schemes in every control volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.base import Part
from rdcalcium.model.brightness import Brightness, require_bright
from rdcalcium.model.cage import driven_by_light, mention_light, require_one_photon
from rdcalcium.model.filling import ONE_SITE, kept_rates
from rdcalcium.model.names import CALCIUM, LIGANDS, LIGHT
from rdcalcium.model.quantity import BindingRate, Concentration, Diffusivity, DiffusivityOrEach, Rate
from rdcalcium.model.region import Region
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.scheme_part import SchemePart

DIFFUSIVITY_FROM = "allbritton1992"  # that of calcium, if the model does not say it


class Calcium(Part):
    """Free calcium."""

    diffusivity: Diffusivity = 0.22
    """In cytosol; Allbritton, Meyer & Stryer 1992, Science 258:1812."""
    rest: Concentration = 0.05
    """Resting concentration, with which all buffers start in equilibrium."""
    clearance: Rate = 0.0
    """Rate at which free calcium above rest leaves from everywhere, d[Ca]/dt = -clearance ([Ca] - rest), as single
    compartments have it; pumps on a surface are in [[pumps]]."""
    source: tuple[str, ...] = ()
    """References of the values; left out, that of the diffusivity if that is left out too."""

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Not the reference of a diffusivity that changes."""
        return {k: v for k, v in super().kept(changes).items() if k != "source" or "diffusivity" not in changes}

    @model_validator(mode="before")
    @classmethod
    def _cited(cls, data: Any) -> Any:
        if isinstance(data, dict) and "diffusivity" not in data:
            return {"source": (DIFFUSIVITY_FROM,), **data}
        return data


@dataclass(frozen=True)
class Pool:
    """Independent parts of one kind of a buffer's molecules, such as one lobe: a scheme, and how many there are.

    total  µM
    """

    scheme: KineticScheme
    total: float


class Buffer(SchemePart):
    """One calcium buffer.

    Either a one-site buffer, given by two of k_on, k_off and K_d, or any kinetic scheme of binding steps.
    """

    shelf = "buffers"
    own = ("total", "where")

    total: Concentration
    """How much there is, free and bound together: of molecules, where per_molecule says what they are made of; of a
    buffer that is not everywhere, where it is."""
    where: Region | None = None
    """The part of the cytosol in which it is before the stimulus, and stays if it is fixed; none: it is everywhere."""
    diffusivity: DiffusivityOrEach
    """Of all forms, 0 for a fixed buffer; or of each, such as { free = "0.2 um^2/ms", bound = 0 }, where `bound` means
    all states but the first of each part, unless the scheme has a state of that name."""
    k_on: BindingRate | None = None
    """Rate of binding, for a buffer with one site."""
    k_off: Rate | None = None
    """Rate of unbinding; left out it is k_on K_d."""
    K_d: Concentration | None = None
    """Dissociation constant, k_off / k_on."""
    scheme: tuple[str, ...] = ()
    """Transitions such as "ATP + Mg <-> MgATP : k_on_Mg, k_off_Mg", for any other buffer; the first state is the free
    one. Those of a cage that a flash makes have rates in proportion to `light`, which is 0 in the dark:
    "CaDMn -> CaDMn_f : 0.67*light"."""
    per_molecule: dict[str, Annotated[int, Field(ge=1, strict=True)]] = Field(default_factory=dict)
    """Where the sites of a molecule bind independently, how many there are of each part of it, by the free form of the
    part: { HA = 2, MA = 2 }, { N0 = 1, C0 = 1 }; none: the scheme is that of the molecule."""
    brightness: Brightness = Field(default_factory=dict)
    """Of a dye, in the light of each excitation: how bright a molecule is in each state, relative to the free form in
    one of these lights, { "488 nm" = { free = 1, bound = 100 } }; none: it is no dye."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Free forms of what binds independently."""
        return tuple(self.per_molecule)

    @property
    def lines(self) -> tuple[str, ...]:
        """The scheme."""
        return self.scheme

    @model_validator(mode="after")
    def _complete(self) -> Self:
        one_site = (self.k_on, self.k_off, self.K_d)
        if self.scheme:
            if any(v is not None for v in one_site):
                raise ValueError(f"buffer {self.name!r} has a scheme: put its rates under parameters")
        elif sum(v is not None for v in one_site) < 2:
            raise ValueError(f"buffer {self.name!r} needs two of k_on, k_off and K_d, or a scheme")
        elif self.k_on == 0 or (self.k_on is None and self.K_d == 0):
            raise ValueError(f"buffer {self.name!r} never binds: k_on and K_d must be above 0")
        elif self.k_on and self.k_off is not None and self.K_d is not None:
            ratio = self.k_off / self.k_on
            if abs(ratio - self.K_d) > 0.05 * self.K_d:
                raise ValueError(
                    f"buffer {self.name!r}: k_off / k_on is {ratio:.4g} uM but K_d is {self.K_d:.4g} uM; "
                    "give two of the three"
                )
        _ = self.diffusivities
        if self.per_molecule and not self.scheme:
            raise ValueError(f"buffer {self.name!r} has one site: per_molecule needs a scheme that says its parts")
        require_bright(self.name, self.kinetics().states, self.brightness)
        return self

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Of k_on, k_off and K_d only those that fit beside one that changes."""
        kept = super().kept(changes)
        if not self.scheme and ONE_SITE & changes.keys():
            ((forward, backward),) = self.kinetics().rates()
            kept |= {"k_on": float(forward), "k_off": float(backward), "K_d": float(backward / forward)}
            for rate in ONE_SITE - kept_rates(changes):
                del kept[rate]
        return kept

    @property
    def diffusivities(self) -> dict[str, float]:
        """Of each state, µm² ms⁻¹."""
        scheme = self.kinetics()
        states, free = scheme.states, [part.states[0] for part in scheme.parts]
        if not isinstance(self.diffusivity, dict):
            return dict.fromkeys(states, self.diffusivity)
        groups = {"free": free, "bound": [state for state in states if state not in free]}
        found: dict[str, float] = {}
        for name, value in self.diffusivity.items():
            if name not in states and name not in groups:
                known = suggest(name, [*states, *(group for group in groups if group not in states)])
                raise ValueError(f"buffer {self.name!r} has no state {name!r}; {known}")
            named = {state: value for state in ([name] if name in states else groups[name])}
            found = {**found, **named} if name in states else {**named, **found}
        for state in states:
            if state not in found:
                raise ValueError(f"the diffusivity of buffer {self.name!r} does not say that of {state!r}")
        return {state: found[state] for state in states}

    def pools(self) -> tuple[Pool, ...]:
        """The parts of its molecules that bind independently, with the total of each; one for most buffers."""
        return tuple(
            Pool(part, self.total * self.per_molecule.get(part.states[0], 1)) for part in self.kinetics().parts
        )

    def read_scheme(self) -> KineticScheme:
        """The transitions with the parameters, in the dark."""
        if LIGHT in self.parameters:
            raise ValueError(f"{LIGHT!r} is that of a flash; give the parameter of buffer {self.name!r} another name")
        known = {**self.parameters, LIGHT: 0.0} if mention_light(self.lines) else self.parameters
        return KineticScheme.parse(self.lines, known, self.parts)

    def photolysis(self) -> dict[tuple[str, str], float]:
        """Steps that light drives, from a state to a state: their rates for a light of 1."""
        return driven_by_light(self.kinetics())

    def kinetics(self) -> KineticScheme:
        """Binding steps; the first state, of each part, is the free one."""
        if self.scheme:
            scheme = self.read_scheme()
            if scheme.depends_on_voltage:
                raise ValueError(f"buffer {self.name!r}: the rates of a buffer cannot depend on the voltage V")
            if scheme.depends_on_calcium:
                raise ValueError(
                    f"buffer {self.name!r}: the rates of a buffer cannot depend on Ca; a step that binds it is written "
                    "'B + Ca <-> CaB : k_on, k_off'"
                )
            scheme.require_kept(scheme.transitions)
            require_one_photon(self.name, scheme)
            if not any(scheme.binds(ligand) for ligand in LIGANDS):
                raise ValueError(
                    f"buffer {self.name!r}: no step of its scheme binds calcium or magnesium; one that does is written "
                    "'B + Ca <-> CaB : k_on, k_off'"
                )
            if min(scheme.bound(CALCIUM).values()) < 0:
                raise ValueError(f"buffer {self.name!r}: the first state of the scheme must be the one without calcium")
            return scheme
        k_on = self.k_off / self.K_d if self.k_on is None else self.k_on  # type: ignore[operator]
        k_off = k_on * self.K_d if self.k_off is None else self.k_off  # type: ignore[operator]
        return KineticScheme.parse(["free + Ca <-> bound : k_on, k_off"], {"k_on": k_on, "k_off": k_off})

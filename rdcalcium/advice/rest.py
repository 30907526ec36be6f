"""Whether calcium stays where it is while nothing happens, and where a run would begin if it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.model import Model, Store
from rdcalcium.patches import Mechanism
from rdcalcium.patches.build import pump_mechanism
from rdcalcium.patches.pores import voltage_course
from rdcalcium.patches.stores import exchanged, membrane_mechanisms, store_mechanism
from rdcalcium.resting import (
    Compartment,
    Drift,
    Level,
    NoRestError,
    resting_currents,
    resting_sources,
    typed_drift,
)
from rdcalcium.results.about import drift_in_words
from rdcalcium.system import build_system
from rdcalcium.units import NANOMOLAR, figures, level

BALANCED = 1e-12  # µM µm ms⁻¹, a flux that is rounding
FAR = 3.0  # times the concentration typed of a store, or a part of it: its transports were hardly meant so
USUAL = (0.01, 0.5)  # µM, calcium at rest in the cytosol of terminals that are well


@dataclass(frozen=True)
class Beginning:
    """Where a run begins, and the sentences on it; warnings that a run has too come first, and begin so."""

    level: Level
    sentences: tuple[str, ...] = ()


def beginning(model: Model, make: Callable[[], Discretization]) -> Beginning:
    """How fast calcium drifts before the stimulus, and the level that a run would begin with; no word where it rests.

    make  makes its control volumes
    """
    as_typed = Level(model.calcium.rest, {store.name: store.rest for store in model.stores})
    if not (_unbalanced(model) or _open_groups(model)):
        return Beginning(as_typed)
    compartment = Compartment(model, build_system(model, make()))
    drift = typed_drift(compartment, *resting_sources(model, compartment.system.discretization))
    if not drift.matters(model.calcium.rest):
        return Beginning(as_typed)
    drifts = f"rest: before the stimulus calcium would drift from {level(model.calcium.rest)} {_in_words(drift)}"
    if model.run.rest == "as typed":
        return Beginning(as_typed, (f"{drifts}; a run begins there nevertheless, as the model says",))
    try:
        found = compartment.rest()
    except NoRestError as error:
        warnings = (f"warning: {sentence}" for sentence in without_rest(model, f"{error}", drift))
        return Beginning(as_typed, (*warnings, f"{drifts}; a run begins there nevertheless: {error}"))
    warnings = (f"warning: {sentence}" for sentence in elsewhere(model, compartment.typed, found))
    levels = [level(found.calcium), *(f"{level(lumen)} in {name}" for name, lumen in found.lumens.items())]
    return Beginning(found, (*warnings, f"{drifts}; a run begins in balance, at about {' and '.join(levels)}"))


def without_rest(model: Model, why: str, drift: Drift) -> Iterator[str]:
    """A warning, where no rest was found and the drift of the state that the model says may show in the run.

    why  there is none
    """
    typed = model.calcium.rest
    if drift.shows(model.run.duration, model.run.tolerance, typed):
        yield (
            f"{why}: there is no rest to begin from, and calcium drifts from {level(typed)} {_in_words(drift)}"
            f'{_because(model)}; balance it{_by_leaks(model)}, or say [run] rest = "as typed"'
        )


def elsewhere(model: Model, typed: Level, found: Level) -> Iterator[str]:
    """Warnings, where calcium rests at another level than typed, and where a store does at a far one."""
    if abs(found.calcium - typed.calcium) > model.run.tolerance * typed.calcium:
        unusual = _unusual(found.calcium)
        or_type_it = "" if unusual else "type the level at which it rests, "
        yield (
            f"calcium rests at about {level(found.calcium)}, where a run begins, and not at {level(typed.calcium)} as "
            f"typed{unusual}{_because(model)}; balance it{_by_leaks(model)}, {or_type_it}or say [run] "
            'rest = "as typed"'
        )
    for store in model.stores:
        there, here = typed.lumens[store.name], found.lumens[store.name]
        if not there / FAR <= here <= there * FAR:
            far = f"{figures(here / there)} times the" if there else "and not at the"
            yield f"store {store.name!r} rests at about {level(here)}, {far} {level(there)} typed: " + _why_far(
                model, store, found
            )


def _unusual(calcium: float) -> str:
    """That hardly any terminal rests at such calcium, µM; nothing where many do."""
    low, high = USUAL
    if low <= calcium <= high:
        return ""
    return f", far {'below' if calcium < low else 'above'} the {level(low)} to {level(high)} at which terminals rest"


def _why_far(model: Model, store: Store, found: Level) -> str:
    """The likely cause of a store that rests far from where it is said to, and what to change."""
    rest = model.calcium.rest
    if store.leak == "balances":
        return f"its leak balances it with {level(rest)} in the cytosol, and that rests at {level(found.calcium)}"
    taken, let_out = exchanged(store, rest, model.free_magnesium)
    return (
        f"at the concentrations typed its transports take up {taken:.3g} uM um/ms and let out {let_out:.3g}; make one "
        f'of them stronger or weaker until both are the same, say leak = "balances", or type that level'
    )


def _in_words(drift: Drift) -> str:
    return drift_in_words(NANOMOLAR * drift.mean, NANOMOLAR * drift.largest, drift.at, drift.current)


def _because(model: Model) -> str:
    """What is not balanced at the level that the model says."""
    causes = [
        f"{name!r} {'takes calcium out' if flux > 0 else 'lets calcium in'} at rest, {abs(flux):.3g} uM um/ms"
        for name, flux in _unbalanced(model).items()
    ]
    causes += [f"channels {name!r} are open before the stimulus" for name in _open_groups(model)]
    return f": {', '.join(causes)}" if causes else ""


def _by_leaks(model: Model) -> str:
    """The leak that would, where it was left out."""
    return ', as leak = "balances" does' if _unbalanced(model) else ""


def _open_groups(model: Model) -> list[str]:
    """Channels that may let calcium in before the stimulus."""
    currents = zip(model.channels, resting_currents(model), strict=True)
    return [group.name for group, current in currents if current or group.follows_calcium]


def _unbalanced(model: Model) -> dict[str, float]:
    """What each pump and each store that is not balanced takes out of the cytosol at rest, µM µm ms⁻¹."""
    return {name: flux for name, flux in _fluxes(model).items() if abs(flux) > BALANCED}


def _fluxes(model: Model) -> dict[str, float]:
    """What each pump and each store takes out of the cytosol at rest, µM µm ms⁻¹."""
    rest, magnesium = model.calcium.rest, model.free_magnesium
    voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
    mechanisms = [pump_mechanism(pump, rest, voltage, magnesium) for pump in model.pumps_within]
    mechanisms += [store_mechanism(store, rest, 1.0, 1, magnesium) for store in model.stores if not store.lumen]
    fluxes = {mechanism.name: _at_rest(mechanism, rest, float(mechanism.start[0])) for mechanism in mechanisms}
    for store in model.stores:
        if store.lumen:
            seen_from_cytosol = membrane_mechanisms(store, rest, magnesium)[0]
            fluxes[store.name] = _at_rest(seen_from_cytosol, rest, store.rest)
    return fluxes


def _at_rest(mechanism: Mechanism, rest: float, stored: float) -> float:
    """Its flux out of the cytosol, µM µm ms⁻¹; `stored` is what it sees of a store."""
    return float(mechanism.flux(np.array([rest]), mechanism.start[:, None], np.array([stored]))[0])

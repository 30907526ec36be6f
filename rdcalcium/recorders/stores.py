"""What is in the stores of a model, what crosses their membranes, and how far their gates are open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import PointWeights
from rdcalcium.model import Model
from rdcalcium.model.stores import Store
from rdcalcium.patches import Patch


class Stores:
    """Asks a state for the control volumes on both sides of all membranes and in the lumens, and for their sites."""

    def __init__(self, model: Model, operations: Operations):
        self.do, self.copies, self.stores = operations, model.copies, model.stores
        system = operations.system
        membranes = {p.mechanism.name: i for i, p in enumerate(system.patches.patches) if p.mechanism.fluxes}
        self._patches = [membranes[store.name] for store in model.stores]
        parts = {name: number for number, name in enumerate(system.stored, start=1)}
        self._lumens = {name: system.discretization.part_volumes(number) for name, number in parts.items()}
        self._cells = np.unique(np.concatenate([*self._seen()]))
        self._places = operations.points(PointWeights(self._cells[:, None], np.ones((len(self._cells), 1))))
        self._inside = {name: np.flatnonzero(volumes) for name, volumes in self._lumens.items()}
        patches = {store.name: system.patches.patches[i] for store, i in zip(model.stores, self._patches, strict=True)}
        self._near = {name: self._place(patch.volumes) for name, patch in patches.items()}
        self._beyond = {name: self._place(p.beyond) for name, p in patches.items() if p.beyond is not None}
        self._within = {name: self._place(inside) for name, inside in self._inside.items()}

    def _seen(self) -> Iterator[np.ndarray]:
        """Control volumes whose calcium is asked for."""
        for number in self._patches:
            patch = self.do.system.patches.patches[number]
            yield patch.volumes
            if patch.beyond is not None:
                yield patch.beyond
        for volumes in self._lumens.values():
            yield np.flatnonzero(volumes)

    def look(self, y: Array) -> np.ndarray:
        """What `values` are made of, linear in the state."""
        return np.concatenate([self.do.sites(y), self.do.gather(y, self._places).ravel()])

    def values(self, seen: np.ndarray) -> np.ndarray:
        """Of all stores, in the order of `results.columns.store`, from what a look has seen."""
        patches = self.do.system.patches
        fields = seen[patches.size :].reshape(-1, len(self._cells))
        parts = [*patches.split(seen[: patches.size])]
        found = (self._of(s, *parts[i], fields) for s, i in zip(self.stores, self._patches, strict=True))
        return np.concatenate([*found])

    def _of(self, store: Store, patch: Patch, rows: np.ndarray, fields: np.ndarray) -> np.ndarray:
        """Of one of them; rows (rows, sites) of its membrane, fields (fields, cells) µM."""
        calcium, mechanism = fields[CALCIUM], patch.mechanism
        levels = self._in_lumen(store.name, fields) if store.lumen else _mixed(store, patch, rows)
        within = float(patch.extents @ rows[0]) if patch.beyond is None else calcium[self._beyond[store.name]]
        near = calcium[self._near[store.name]]
        fluxes = mechanism.values(mechanism.fluxes.values(), near, rows, within) @ patch.extents
        states = mechanism.values(mechanism.states.values(), near, rows, within)
        shares = states.reshape(-1, len(near)) @ patch.extents / patch.extents.sum()
        return np.concatenate([levels, self.copies * fluxes, shares])

    def _place(self, volumes: np.ndarray) -> np.ndarray:
        """Of control volumes among those that are asked for."""
        return np.searchsorted(self._cells, volumes)

    def _in_lumen(self, name: str, fields: np.ndarray) -> np.ndarray:
        """Free calcium on average, where it is lowest and highest, and free and bound on average, (4,) µM."""
        here, volumes = fields[:, self._within[name]], self._lumens[name][self._inside[name]]
        mean = here @ volumes / volumes.sum()
        return np.array([mean[CALCIUM], *_range(here[CALCIUM]), self.do.system.chemistry.calcium_content @ mean])


def _range(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _mixed(store: Store, patch: Patch, rows: np.ndarray) -> np.ndarray:
    """Free calcium in a well-mixed lumen, and free and bound, (2,) µM."""
    assert patch.mechanism.store is not None  # that of a lumen without control volumes
    free = patch.mechanism.store * float(patch.extents @ rows[0])
    return np.array([free, free * (1 + store.binding_ratio)])

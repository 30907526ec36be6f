"""The sites of patches as their kernels read them: control volume by control volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends.program import SITES
from rdcalcium.patches import Patch, Patches


@dataclass(frozen=True)
class SiteTables:
    """What kernels/sites.cuh tells of the sites, ordered by their control volumes, then by their patches.

    volume  (volumes,)      control volumes that have sites, ascending
    site    (volumes + 1,)  first site of each
    kind    (sites,)        number of the patch
    place   (sites,)        of the first row of each, behind the fields of a state
    weight  (sites,)        µm⁻¹
    beyond  (sites,)        control volume on the other side; -1 without any
    spread  (patches,)      from one row of a site to the next
    count   (patches,)      rows
    number  (patches,)      of the first of these among the rows of all patches
    opens   (patches,)      first of its areas
    held    (patches,)      where its first row begins, behind the fields of a state; -1 without a store
    area    (…,)            µm², of all sites of the first patch, then of the next
    """

    volume: np.ndarray
    site: np.ndarray
    kind: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    beyond: np.ndarray
    spread: np.ndarray
    count: np.ndarray
    number: np.ndarray
    opens: np.ndarray
    held: np.ndarray
    area: np.ndarray

    def totals(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """What kernels/patches/patch_totals.cu takes, likewise."""
        offset = types["offset_t"]
        return self.area, *(table.astype(offset) for table in (self.opens, self.held, self.spread))

    def arrays(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """Those of `SITES` that are no parameters of laws, in its order; `types` says what index_t and offset_t are."""
        return tuple(getattr(self, name).astype(types[kind]) for name, kind in SITES.items() if name != "q")


def site_tables(patches: Patches) -> SiteTables:
    """Those of all patches."""
    sizes = [len(patch.volumes) for patch in patches.patches]
    rows = [len(patch.mechanism.rows) for patch in patches.patches]
    begins = np.cumsum([0, *(size * count for size, count in zip(sizes, rows, strict=True))])[:-1]
    volumes = _joined([patch.volumes for patch in patches.patches])
    order = np.argsort(volumes, kind="stable")
    volume, first = np.unique(volumes[order], return_index=True)
    return SiteTables(
        volume=volume,
        site=np.append(first, len(volumes)),
        kind=np.repeat(np.arange(len(sizes)), sizes)[order],
        place=_joined([begin + np.arange(size) for begin, size in zip(begins, sizes, strict=True)])[order],
        weight=_joined([patch.weights for patch in patches.patches])[order],
        beyond=_joined([_beyond(patch) for patch in patches.patches])[order],
        spread=np.array(sizes, dtype=np.int64),
        count=np.array(rows, dtype=np.int64),
        number=np.cumsum([0, *rows])[:-1],
        opens=np.cumsum([0, *sizes])[:-1],
        held=np.where([patch.holds_a_store for patch in patches.patches], begins, -1),
        area=np.concatenate([np.zeros(0), *(patch.extents for patch in patches.patches)]),
    )


def _beyond(patch: Patch) -> np.ndarray:
    return np.full(len(patch.volumes), -1) if patch.beyond is None else patch.beyond


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=parts[0].dtype if parts else np.int64), *parts])

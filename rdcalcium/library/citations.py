"""The papers that the values of a model come from."""

from __future__ import annotations

from collections.abc import Iterable

from rdcalcium.catalogue import references
from rdcalcium.model import Model


def used_references(model: Model) -> list[dict[str, str]]:
    """The papers whose values a model uses: key (or the DOI said in the model), citation, doi."""
    keys = list(model.references)
    for part in (
        *model.buffers,
        *model.channels,
        *model.pumps,
        *(t for store in model.stores for t in store.transports),
        *model.sensors,
    ):
        keys += part.source
    for group in model.channels:
        keys += group.current.sources(model.surroundings)
    for obstacle in model.geometry.solids:
        keys += obstacle.sources
    for entry in model.imaging:
        keys += entry.optics.source if entry.optics else ()
    keys += model.stimulus.source if model.stimulus else ()
    keys += model.calcium.source
    return papers(keys)


def papers(keys: Iterable[str]) -> list[dict[str, str]]:
    """Each paper once, by its key in the library or its DOI: key, citation, doi."""
    by_doi = {paper["doi"]: key for key, paper in references().items()}
    unique = dict.fromkeys(by_doi.get(key, key) for key in keys)
    return [{"key": key, **references().get(key, {"citation": key, "doi": key})} for key in unique]

"""What is told of speed is what was measured: the pages agree with the results, and a verdict with its figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from tests.support import benchmark


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    """The script that writes them, as a module."""
    with benchmark("pages") as module:
        yield module


@pytest.fixture(scope="module")
def figures(pages: ModuleType) -> Any:
    return pages.measured()


def test_the_page_tells_what_was_measured(pages: ModuleType, figures: Any) -> None:
    assert pages.PERFORMANCE.read_text(encoding="utf-8") == pages.performance(figures)


def test_every_block_of_a_page_tells_what_was_measured(pages: ModuleType, figures: Any) -> None:
    found = pages.blocks(figures)
    assert {page.name for page, _ in found} == {"README.md", "precision.md"}
    for (page, begin), text in found.items():
        assert f"{begin}\n{text}{pages.END}" in page.read_text(encoding="utf-8"), page.name


def test_the_tables_of_the_results_are_those_of_their_figures(pages: ModuleType, figures: Any) -> None:
    import all as parts
    from box import table as box

    title = f"{pages.PROCESSOR}, {pages.THREADS} threads"
    for name, page in (
        (title, parts.page(title, figures.parts, quick=False)),
        (f"box {pages.PROCESSOR}", box.page(figures.box)),
        (f"keller2015 {pages.PROCESSOR}", pages.keller2015.page(figures.keller2015)),
    ):
        assert (pages.RESULTS / f"{pages.file_name(name)}.md").read_text(encoding="utf-8") == page, name


def test_every_target_is_met_or_missed_or_was_not_measured(pages: ModuleType, figures: Any) -> None:
    told = list(pages.targets(figures))
    for row in told:
        gpu, unknown = row["target"].startswith("GPU"), row["measured"].startswith("not measured")
        assert row["met"] == "" if unknown else row["met"] in ("yes", "no"), row
        assert unknown or not gpu, row
        assert not (gpu and re.search(r"\d", row["measured"])), "no figure of a GPU"
    assert len({row["target"] for row in told}) == len(told)


def test_the_readme_has_both_trains(pages: ModuleType, figures: Any) -> None:
    text = " ".join(pages.speed(figures).split())
    for kind in ("grid", "tetrahedra"):
        run = figures.run(f"20 action potentials, {kind}")
        assert f"{pages.how_long(run)} on {run['control volumes']:,}" in text


def test_a_run_that_was_stopped_meets_nothing(pages: ModuleType, figures: Any) -> None:
    """However few seconds it took until then."""
    short = {
        "run s": 1.0,
        "model ms": 10.0,
        "note": "stopped",
        "control volumes": 1,
        "run": "20 action potentials, grid",
    }
    other = {**short, "run": "20 action potentials, tetrahedra", "model ms": 1000.0}
    del other["note"]
    only = replace(figures, parts={"runs": {"tables": {"": [short, other]}}})
    from targets import trains

    assert [row["met"] for row in trains(only)] == ["no", "yes"]


def test_the_lowest_of_all_sizes_beyond_the_caches_counts(pages: ModuleType) -> None:
    from targets import by_fields

    shares = [((2, 10), 90.0), ((2, 20), 70.0), ((4, 20), 86.0)]
    assert by_fields("a", shares, 85)["met"] == "no"
    assert (
        by_fields("a", shares, 85)["measured"] == "70.0 % (2 fields), 86.0 % (4 fields); at 10 and 20 control volumes"
    )
    assert by_fields("a", shares, 70)["met"] == "yes"


def test_the_dearest_kind_of_sites_counts(figures: Any) -> None:
    from targets import sites

    def measured(what: str, volumes: int, share: float) -> dict[str, Any]:
        place = {"backend": "compiled", "control volumes": volumes, "stages per step": 12.0}
        return {"what": what, "% of a step": share, **place}

    rows = [
        measured("sensors: five sites", 10, 80.0),
        measured("sensors: five sites", 20, 3.0),
        measured("sensors: allosteric", 20, 6.0),
        measured("channels one by one", 20, 1.0),
    ]
    sensors, channels = sites(replace(figures, parts={"sites": {"tables": {"": rows}}}))
    assert (sensors["met"], channels["met"]) == ("no", "yes")
    assert sensors["measured"] == (
        "five sites 3.0 %, allosteric 6.0 %; 20 control volumes, 12 stages a step at most; on 10 they add 80 to 80 %"
    )
    assert [row["met"] for row in sites(replace(figures, parts={}))] == ["", ""]


def test_a_field_of_a_protein_is_compared_with_one_of_a_chelator(figures: Any) -> None:
    from targets import proteins

    def measured(buffer: str, nanoseconds: float) -> dict[str, Any]:
        return {
            "buffer": buffer,
            "backend": "compiled",
            "fields": 5,
            "bytes per field": 40,
            "ns per field": nanoseconds,
        }

    for time, met in ((2.0, "yes"), (2.3, "no")):
        rows = [measured("EGTA", 2.1), measured("calmodulin_faas2011", time)]
        (row,) = proteins(replace(figures, parts={"proteins": {"tables": {"": rows}}}))
        assert row["met"] == met

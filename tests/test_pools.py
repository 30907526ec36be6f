"""Buffers whose molecules have parts that bind independently: one name and one total for all of them."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

from rdcalcium import library
from rdcalcium.chemistry import build_chemistry
from rdcalcium.model import Buffer, ModelError, write_toml
from rdcalcium.model.toml import validate

CALBINDIN: dict[str, Any] = {
    "scheme": ["HA + Ca <-> CaHA : k_1, k_-1", "MA + Ca <-> CaMA : k_2, k_-2"],
    "parameters": {"k_1": "0.011 /uM/ms", "k_-1": "0.0026 /ms", "k_2": "0.087 /uM/ms", "k_-2": "0.0358 /ms"},
    "diffusivity": 0.02,
    "per_molecule": {"HA": 2, "MA": 2},
}
BOX = {
    "geometry": {"kind": "box", "size": [0.3, 0.3, 0.2]},
    "discretization": {"kind": "grid", "size_at_active_zone": 0.05},
    "channels": [{"name": "pore", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": 0.2}}],
    "run": {"duration": 0.1},
}


def calbindin(**values: Any) -> Buffer:
    return Buffer(**{"name": "calbindin", "total": 40, **CALBINDIN, **values})


def by_sites() -> list[dict[str, Any]]:
    """The same sites as buffers of their own."""
    return [
        {"name": name, "total": 80, "diffusivity": 0.02, "k_on": k_on, "k_off": k_off}
        for name, k_on, k_off in (("HA", 0.011, 0.0026), ("MA", 0.087, 0.0358))
    ]


def test_independent_sites_of_a_molecule_are_as_good_as_buffers_of_their_own() -> None:
    one = build_chemistry(validate({**BOX, "buffers": [{"name": "calbindin", "total": 40, **CALBINDIN}]}))
    two = build_chemistry(validate({**BOX, "buffers": by_sites()}))
    assert [field.name for field in one.fields] == ["Ca", "calbindin.CaHA", "calbindin.CaMA"]
    np.testing.assert_array_equal(one.rest, two.rest)
    state = np.array([3.0, 40.0, 5.0])
    np.testing.assert_array_equal(one.jacobian(state), two.jacobian(state))
    assert one.capture == two.capture
    assert one.capture_rate("calbindin") == pytest.approx(two.capture_rate("HA") + two.capture_rate("MA"), rel=1e-15)
    assert one.stiffness(50.0, 1e4) >= two.stiffness(50.0, 1e4)


def test_every_part_has_its_own_total_and_its_own_rest() -> None:
    buffer = calbindin(per_molecule={"HA": 3, "MA": 1})
    assert [(pool.scheme.states, pool.total) for pool in buffer.pools()] == [
        (("HA", "CaHA"), 120.0),
        (("MA", "CaMA"), 40.0),
    ]
    rest = buffer.kinetics().equilibrium(calcium=0.05)
    np.testing.assert_allclose(rest.reshape(2, 2).sum(axis=1), 1.0, rtol=1e-15)


def test_a_molecule_in_one_piece_may_have_it_several_times() -> None:
    """The two sites of parvalbumin."""
    buffer = calbindin(scheme=CALBINDIN["scheme"][:1], parameters={"k_1": 1, "k_-1": 1}, per_molecule={"HA": 2})
    ((total,),) = [[pool.total for pool in buffer.pools()]]
    assert total == 80


def test_what_a_molecule_is_made_of_survives_a_model_file() -> None:
    model = library.load("keller2015").with_buffer(calbindin())
    assert "per_molecule = { HA = 2, MA = 2 }" in write_toml(model) or "[buffers.per_molecule]" in write_toml(model)
    assert library.resolve(tomllib.loads(write_toml(model))) == model


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"per_molecule": {}}, "state 'MA' is not connected to 'HA'"),
        ({"per_molecule": {"HA": 2}}, "state 'MA' is not connected to 'HA'"),
        ({"per_molecule": {"HA": 2, "M": 2}}, "state 'MA' is not connected to 'HA'"),
        ({"per_molecule": {"HA": 2, "MA": 2, "MB": 1}}, "'MB' is not the first state of a part; known: HA, MA"),
        ({"per_molecule": {"HA": 2, "MA": 0}}, "per_molecule"),
        ({"per_molecule": {"HA": 2, "MA": 1.5}}, "per_molecule"),
        (
            {"scheme": (), "parameters": {}, "k_on": 1, "k_off": 1, "per_molecule": {"HA": 2}},
            "has one site: per_molecule needs a scheme that says its parts",
        ),
    ],
)
def test_parts_that_a_scheme_does_not_have_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        calbindin(**values)

"""Buffers whose molecules have parts that bind independently: one name and one total for all of them."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rdcalcium import library
from rdcalcium.chemistry import build_chemistry
from rdcalcium.model import Buffer, ModelError, write_toml
from rdcalcium.model.toml import validate
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.support import fresh, need_backend

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
    lou = library.sensor("lou2005", positions=[[0.1, 0.1, 0.02]])  # has the parameter l_+
    model = library.load("keller2015").with_buffer(calbindin()).changed(sensors=(lou,))
    assert "per_molecule = { HA = 2, MA = 2 }" in write_toml(model) or "[buffers.per_molecule]" in write_toml(model)
    assert library.resolve(tomllib.loads(write_toml(model))) == model


def proteins(t: float, y: np.ndarray, influx: float, magnesium: float) -> np.ndarray:
    """Calcium, and the states of calmodulin, calretinin and parvalbumin in one well-mixed volume, µM ms⁻¹.

    Written out from the papers' schemes: each lobe 2 k_T, k_R up and k_T K_T, 2 k_R K_R down.
    """
    c, n0, n1, n2, c0, c1, c2, r0, r1, r2, i0, i1, p, pc, pm = y
    fluxes = [
        2 * 0.77 * c * n0 - 0.77 * 193 * n1,
        32 * c * n1 - 2 * 32 * 0.788 * n2,
        2 * 0.084 * c * c0 - 0.084 * 27.8 * c1,
        0.025 * c * c1 - 2 * 0.025 * 0.264 * c2,
        2 * 0.0018 * c * r0 - 0.0018 * 28 * r1,
        0.31 * c * r1 - 2 * 0.31 * 0.068 * r2,
        0.0073 * c * i0 - 0.0073 * 36 * i1,
        0.107 * c * p - 0.00095 * pc,
    ]
    a, b, d, e, f, g, h, j = fluxes
    mg = 0.0008 * magnesium * p - 0.025 * pm
    return np.array([influx - sum(fluxes), -a, a - b, b, -d, d - e, e, -f, f - g, g, -h, h, -j - mg, j, mg])


@pytest.mark.parametrize("backend", ["numpy", "compiled"])
def test_a_volume_full_of_proteins_follows_their_equations(backend: str) -> None:
    """Calcium enters for 1 ms, and after 2 ms is where the equations lead to."""
    need_backend(backend)
    totals = {"calmodulin_faas2011": 100.0, "calretinin_faas2007": 50.0, "parvalbumin_schmidt2003": 30.0}
    amplitude = 0.05  # pA
    influx = {"kind": "table", "times": [0, 1], "values": [amplitude, amplitude]}
    model = library.resolve(
        {
            "geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]},
            "discretization": {"kind": "grid", "size_at_active_zone": 0.1},  # one cell
            "calcium": {"rest": 0.1},
            "magnesium": {"free": 500},
            "buffers": [{"use": name, "total": total} for name, total in totals.items()],
            "channels": [{"name": "influx", "positions": [[0, 0]], "current": influx}],
            "probes": [{"name": "middle", "position": [0, 0, 0.05]}],
            "run": {"duration": 2, "tolerance": 1e-5},
        }
    )
    simulation = fresh(model, backend)
    named = {field.name.partition(".")[2] or "Ca": i for i, field in enumerate(simulation.system.fields)}
    at_rest = simulation.system.chemistry.rest
    held = {name: float(at_rest[i]) for name, i in named.items()}
    start = [held["Ca"]]
    for total, states in ((100, ("N1", "N2")), (100, ("C1", "C2")), (100, ("T1", "T2")), (50, ("CaI",))):
        start += [total - sum(held[state] for state in states), *(held[state] for state in states)]
    start += [60 - held["CaPV"] - held["MgPV"], held["CaPV"], held["MgPV"]]
    rate = amplitude * AMOUNT_PER_CHARGE / 0.1**3
    way = {"method": "BDF", "rtol": 1e-10, "atol": 1e-12}
    open_ = solve_ivp(proteins, (0, 1), start, args=(rate, 500.0), **way).y[:, -1]
    shut = solve_ivp(proteins, (1, 2), open_, args=(0.0, 500.0), **way).y[:, -1]
    order = ("Ca", "N0", "N1", "N2", "C0", "C1", "C2", "T0", "T1", "T2", "I", "CaI", "PV", "CaPV", "MgPV")
    expected = dict(zip(order, shut, strict=True))
    simulation.run()
    found = {name: float(simulation.values[i, 0]) for name, i in named.items()}
    assert found["Ca"] > 3  # µM
    assert found == {name: pytest.approx(expected[name], rel=1e-4) for name in found}


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

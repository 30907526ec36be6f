"""What cells leave of error is estimated before a run, and lies near what it is."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import fsolve

import rdcalcium as rc
from rdcalcium.cli.commands import cli
from rdcalcium.fineness import Estimate, NoEstimateError, estimate_error, sentences
from rdcalcium.steady_state.brief import brief
from tests.models import small_model
from tests.support import simulate
from tests.test_cli import QUICK
from tests.test_compare import CURRENT, DEPTHS, FLUX, REST, D, box, calcium_alone, column, in_the_box, pumped

SERCA = {"use": "SERCA_li_rinzel1994", "parameters": {"V_max": "2e-3 uM*um/ms"}}
CORNERS = [[0.4995, 0.4995, 0.0], [-0.4995, 0.3, 0.4995], [0.3, 0.0, 0.0], [0.2, -0.4995, 0.25]]


def test_one_implicit_step_in_one_dimension_is_the_exact_one() -> None:
    """u / T = D u'' with a flux J at z = 0 and none at L: u = J l cosh((L - z) / l) / (D sinh(L / l)), l² = D T."""
    reach, errors = np.sqrt(D * 0.2), []
    expected = REST + FLUX / 0.02**2 * reach / D * np.cosh((0.45 - DEPTHS) / reach) / np.sinh(0.45 / reach)
    for size in (0.045, 0.015, 0.005):
        found = brief(column(size))
        assert found.length == pytest.approx(0.2)
        errors.append(np.abs(found.calcium / expected - 1).max())
    assert errors[2] < 2e-4
    np.testing.assert_allclose(np.log(np.divide(errors[:2], errors[1:])) / np.log(3), 2, atol=0.1)


def test_one_implicit_step_of_a_compartment_with_a_buffer_solves_its_two_equations() -> None:
    k_on, K_d, total, time, side = 0.1, 2.0, 100.0, 0.3, 0.1
    model = calcium_alone(
        geometry={"kind": "box", "size": [side] * 3},
        discretization={"kind": "grid", "size_at_active_zone": side},
        buffers=[{"name": "B", "k_on": k_on, "K_d": K_d, "total": total, "diffusivity": 0.05}],
        probes=[{"name": "p", "position": [0, 0, 0.05]}],
        run={"duration": time},
    )
    bound = total * REST / (REST + K_d)

    def left(u: np.ndarray) -> list[float]:
        binding = k_on * (REST + u[0]) * (total - bound - u[1]) - k_on * K_d * (bound + u[1])
        return [FLUX / side**3 - binding - u[0] / time, binding - u[1] / time]

    expected = fsolve(left, [1.0, 10.0], xtol=1e-13)
    assert expected.sum() == pytest.approx(FLUX * time / side**3)
    assert brief(model).calcium[0] - REST == pytest.approx(expected[0], rel=1e-5)


def test_a_pulse_brings_its_charge_at_its_peak_and_is_near_the_peak_of_the_run() -> None:
    pulse = {"kind": "pulse", "amplitude": CURRENT, "start": 0.1, "duration": 0.1}
    model = box("grid").changed(channels=[{"name": "Ca", "positions": [[0, 0]], "current": pulse}])
    model = model.changed(probes=[{"name": "p", "position": [0.06, 0, 0]}])
    found = brief(model)
    assert found.time == pytest.approx(0.1)
    assert found.length == pytest.approx(0.1)
    peak = simulate(model.changed(run={"duration": 0.2})).values[0, 0]
    assert found.calcium[0] == pytest.approx(peak, rel=0.2)


@lru_cache
def estimated(kind: str) -> Estimate:
    return estimate_error(box(kind))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_the_estimate_is_within_a_factor_of_two_of_the_true_error_of_a_run(kind: str) -> None:
    """On the mean of the points: that of one depends on where in its cell it lies, which is what the ranges say."""
    found, truth = estimated(kind), in_the_box()
    true = np.abs(simulate(box(kind)).values[0] / truth - 1)
    told, really = (float(np.sqrt((errors[found.known] ** 2).mean())) for errors in (found.error, true))
    assert found.known.sum() > 20
    assert really / 2 < told < 2 * really
    assert np.mean((true <= found.high)[found.known]) > 0.8
    assert np.all((found.low <= found.error) & (found.error <= found.high))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_points_beside_walls_and_in_corners_have_an_estimate_like_others(kind: str) -> None:
    model = box(kind).changed(probes=[{"name": f"{i}", "position": p} for i, p in enumerate(CORNERS)])
    found = estimate_error(model)
    assert found.known.all()
    assert np.all(np.isfinite(found.error))
    assert np.all(found.high < 0.5)


def test_cells_as_advised_reach_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdcalcium.fineness.levels.MOST", 1e5)  # finer ones would take longer
    found = estimated("grid")
    factor = found.factor(0.01)
    assert 0.3 < factor < 0.8
    again = estimate_error(box("grid").refined(1 / factor))
    assert 0.005 < again.error.max() < 0.02
    (said,) = [line for line in sentences(found, 0.01) if line.startswith("for 1 %")]
    assert "narrower cells are needed: size_at_active_zone = " in said
    (refine,) = re.findall(r"\(--refine ([\d.]+)\)", said)
    assert 1 / factor <= float(refine) < 1.05 / factor
    assert "control volumes × 1 field; memory about" in said


@pytest.mark.parametrize("slope", [0.2, 1.0, 4.0])
def test_cells_as_advised_do_so_too_with_pumps_where_calcium_enters(slope: float) -> None:
    """u / T = D u'' with a flux J − P u at z = 0 and none at L."""
    reach = np.sqrt(D * 0.2)
    taken = D / reach * np.sinh(0.45 / reach) + slope * np.cosh(0.45 / reach)
    expected = REST + FLUX / 0.02**2 * np.cosh((0.45 - DEPTHS) / reach) / taken
    size, found = 0.045, estimate_error(pumped(0.045, slope))
    assert found.beside == pytest.approx(slope * size / 2 / D, rel=1e-6)
    advised = pumped(size * found.factor(0.02), slope)
    assert np.abs(brief(advised).calcium / expected - 1).max() < 0.02
    assert "order 1 for up to" in next(iter(sentences(found)))


def test_wider_cells_are_advised_where_they_would_do_and_the_impossible_is_said() -> None:
    assert any("wider cells would do: size_at" in line for line in sentences(estimated("grid"), 0.3))
    assert any("would take cells less than an eighth as wide" in line for line in sentences(estimated("grid"), 1e-5))
    with pytest.raises(rc.RdcalciumError, match="an accuracy of 70 % cannot be aimed at"):
        list(sentences(estimated("grid"), 0.7))


def test_a_point_that_is_nearer_to_a_channel_than_all_cells_tell_has_no_estimate() -> None:
    near, far = [{"name": "near", "position": [0.012, 0, 0]}, {"name": "far", "position": [0.3, 0.2, 0.1]}]
    found = estimate_error(box("tetrahedra").changed(probes=[near, far]))
    assert found.told == ("far",)
    assert np.isnan(found.dataset.error.sel(point="near"))
    assert any(
        "1 sensor or probe is too near to a channel for these cells: no estimate for it" in line
        for line in sentences(found)
    )
    rule = [line for line in rc.check(found.model, told=found.told) if "several per cent off" in line]
    assert len(rule) == 1
    assert "probe 'near'" in rule[0]


def test_tetrahedra_are_not_made_where_none_of_them_tell_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rdcalcium.fineness.levels.brief", lambda model: pytest.fail("this takes long"))
    near = [{"name": f"{i}", "position": [0.01 * i, 0, 0]} for i in (1, 2)]
    with pytest.raises(
        NoEstimateError, match=r"all 2 sensors and probes are nearer .* than 3 edges of 40 nm.* 6\.7 nm"
    ):
        estimate_error(box("tetrahedra").changed(probes=near))


def test_an_estimate_says_how_long_it_takes_and_does_not_ask_for_more_widths_than_it_needs() -> None:
    told: list[tuple[float, str]] = []
    found = estimate_error(box("grid"), progress=lambda share, words: told.append((share, words)))
    assert len(told) == len(found.levels) == 4
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    first = r"error of cells: on cells \S+ times as wide, about [\d,]+ control volumes; about [\d.]+ s on one core"
    assert re.fullmatch(first, told[0][1])
    assert told[1][1].endswith(" s more")


def test_of_many_points_those_at_both_ends_are_told() -> None:
    found = estimated("grid")
    (said,) = [line for line in sentences(found, 0.3) if line.startswith("of all 24 probes")]
    most, least = (f"probe '{found.points[int(k)]}'" for k in (found.error.argmax(), found.error.argmin()))
    assert re.search(f"the most off: calcium at {most}.*the least off: calcium at {least}", said)


def test_where_an_error_is_estimated_rules_of_thumb_are_silent() -> None:
    model = small_model(discretization={"size_at_active_zone": 0.02})
    model = model.changed(probes=[{"name": "p", "position": [0.008, 0, 0.002]}])
    assert any("several per cent off" in line for line in rc.check(model))
    assert any("% off" in line for line in rc.check(model))
    assert not any("% off" in line or "per cent" in line for line in rc.check(model, told=["p"]))


def test_terminals_with_pumps_stores_and_channels_that_open_by_chance_have_an_estimate() -> None:
    store = {"name": "ER", "volume": 1e-4, "rest": 100, "transports": [SERCA]}
    pump = {"use": "PMCA_matveev2006", "surface": "z_max"}
    channels = [rc.channels("calyx_borst_sakmann1998", positions=[[0, 0]], gating="stochastic")]
    stimulus = {"kind": "action_potential", "waveform": "calyx_keller2015"}
    model = small_model(stores=[store], pumps=[pump], stimulus=stimulus, channels=channels, run={"duration": 2})
    assert np.all(estimate_error(model).error < 0.5)


def test_a_model_that_places_its_channels_and_sensors_by_rules_has_an_estimate() -> None:
    rule = {"kind": "uniform", "zones": "az", "count": 2}
    model = box("grid").changed(
        active_zones=[{"name": "az", "positions": [[0, 0]], "radius": 0.05}],
        channels=[{"name": "Ca", "placement": rule, "current": {"kind": "constant", "amplitude": CURRENT}}],
    )
    found = estimate_error(model)
    assert len(found.levels[0].model.channels[0].points) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"probes": []}, "there is no sensor or probe"),
        ({"channels": []}, "no calcium enters through channels"),
        ({"discretization": {"size_at_active_zone": [5, 5, 5]}}, "cells are as wide as the terminal|3 are needed"),
    ],
)
def test_a_model_without_an_estimate_says_why(changes: dict, why: str) -> None:
    with pytest.raises(NoEstimateError, match=why):
        estimate_error(column(0.045).changed(**changes))


def checked(model: Path, *options: str) -> str:
    return CliRunner().invoke(cli, ["check", str(model), *options], catch_exceptions=False).output


def test_check_tells_the_estimate_and_what_would_do(tmp_path: Path) -> None:
    (tmp_path / "quick.toml").write_text(QUICK)
    said = checked(tmp_path / "quick.toml", "--accuracy", "0.5 %")
    assert "# warning: calcium at sensor 'vesicle', 4.93 uM then, is about 1" in said
    assert "that is more than 0.5 %" in said
    assert 'narrower cells are needed: size_at_active_zone = "1' in said
    without = checked(tmp_path / "quick.toml")
    assert "error of cells" not in without
    assert f"by how much cells are off at each sensor: rdcalcium check {tmp_path / 'quick.toml'} --error" in without


def test_check_says_why_there_is_no_estimate_and_what_is_no_accuracy(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(QUICK.partition("[[sensors]]")[0] + "[run]\nduration = 1")
    why = "# warning: by how much cells are off is not estimated: there is no sensor or probe"
    assert why in checked(tmp_path / "dark.toml", "--error")
    assert "an accuracy of 0 % cannot be aimed at; give one above 0 and up to 50 %" in checked(
        tmp_path / "dark.toml", "--accuracy", "0"
    )
    assert "'fine' is not a quantity" in checked(tmp_path / "dark.toml", "--accuracy", "fine")

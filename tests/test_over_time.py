"""Numbers of a law that change with time, such as IP3: the equations of two compartments beside LSODA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rdcalcium.model import ModelError, StoreTransport
from tests.support import fresh, simulate
from tests.test_lumens import store, with_lumen
from tests.test_stores import AREA_OVER_VOLUME, LUMEN, SERCA, SIDE, STORE_REST, cell, serca
from tests.tolerances import TOLERANCES

ROWS = [["10 ms", "0.2 uM"], ["10 ms", "2 uM"], ["30 ms", "1 uM"], ["45 ms", "0.2 uM"]]
IP3R = {"use": "IP3R_li_rinzel1994", "name": "IP3R", "parameters": {"P": "2e-4 um/ms"}, "over_time": {"IP3": ROWS}}


def ip3(t: float) -> float:
    return float(np.interp(t, [10, 10 + 1e-9, 30, 45], [0.2, 2, 1, 0.2]))


def released(c: float, s: float, h: float, p: float) -> float:
    return 2e-4 * (p / (p + 0.13) * c / (c + 0.08234) * h) ** 3 * (s - c)


def test_a_pulse_of_ip3_releases_what_its_equations_say(backend: str) -> None:
    run = simulate(cell(SERCA, IP3R, channels=[]), backend)
    q = 1.049 * (0.2 + 0.13) / (0.2 + 0.9434)
    h = q / (q + 0.05)
    leak = (serca(0.05) - released(0.05, STORE_REST, h, 0.2)) / (STORE_REST - 0.05)

    def rates(t: float, y: np.ndarray) -> list[float]:
        c, s, h = y
        inwards = serca(c) - released(c, s, h, ip3(t)) - leak * (s - c)
        q = 1.049 * (ip3(t) + 0.13) / (ip3(t) + 0.9434)
        return [-inwards * AREA_OVER_VOLUME, inwards * SIDE**2 / LUMEN, 0.2e-3 * (q - (q + c) * h)]

    y = np.array([0.05, STORE_REST, h])
    for span in ((0, 10), (10 + 1e-9, 30), (30, 45), (45, 60)):
        y = solve_ivp(rates, span, y, method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(y[0], rel=1e-3)
    assert run.balance().stored["ER"] / LUMEN == pytest.approx(y[1], rel=1e-4)
    assert STORE_REST - y[1] > 0.1


def test_nothing_happens_before_the_first_row_and_a_step_ends_at_each() -> None:
    run = fresh(cell(SERCA, IP3R, channels=[]), "numpy")
    seen = []
    while run.t < 46:
        seen.append(run.advance().t)
    assert {10.0, 30.0, 45.0} <= set(seen)
    run = fresh(cell(SERCA, IP3R, channels=[], run={"duration": 9.9, "tolerance": 1e-5}), "numpy")
    run.run()
    assert np.abs(run.do.to_host(run.stepper.y) - run.system.rest).max() < 1e-9


def test_a_lumen_of_control_volumes_feels_ip3_on_both_sides_of_its_membrane() -> None:
    pulse = {"IP3": [[0.1, "0.2 uM"], [0.2, "2 uM"]]}
    run = simulate(with_lumen(stores=[store(SERCA, {**IP3R, "over_time": pulse})], channels=[], buffers=[]), "numpy")
    balance, volume = run.balance(), run.system.discretization.part_volumes(1).sum()
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * balance.initial
    assert balance.stored["ER"] < volume * STORE_REST * 2 * (1 - 1e-6)
    assert run.values[0, 1] > 0.051


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"over_time": {"IP3": [[5, 1], [4, 2]]}}, r"its times are 5, 4 ms; they ascend"),
        ({"over_time": {"IP3": [[-1, 1], [4, 2]]}}, r"it begins at -1 ms; a run begins at 0 ms"),
        ({"over_time": {"IP3": [[5, "1 uM"], [6, "-1 uM"]]}}, r"it falls to -1 uM, and no concentration is below 0"),
        ({"over_time": {"IP3": [[5, 1], [5, 2], [5, 3]]}}, r"where it jumps one occurs twice"),
        ({"over_time": {"IP3": [[5, "1 uM"], [6, "1 /ms"]]}}, r"its values are of several kinds"),
        ({"over_time": {"IP3": ROWS}, "parameters": {"P": 1e-3, "IP3": 1}}, r"'IP3' of 'IP3R' is a parameter, and one"),
        ({"over_time": {"IP3": ROWS, "IP": ROWS}}, r"does not use 'IP'; .*Did you mean 'IP3'"),
    ],
)
def test_a_course_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        StoreTransport(**{**IP3R, "parameters": {"P": "1e-3 um/ms"}, **changes})


def test_a_model_keeps_its_courses_when_it_is_written() -> None:
    transport = StoreTransport(**IP3R)
    assert StoreTransport(**transport.model_dump()).over_time == transport.over_time

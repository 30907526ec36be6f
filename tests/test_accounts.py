"""The lines of the ledger: every part that holds or takes calcium has one of its own, and sits where a wall is."""

from __future__ import annotations

from typing import Any

import pytest

from rdcalcium.model import ModelError
from rdcalcium.model.accounts import accounts
from tests.model_tables import model_of_tables

BINDS = {
    "scheme": ["P + Ca <-> PCa : k_on, k_off", "PCa -> P : k_out"],
    "density": "180 /um^2",
    "parameters": {"k_on": "0.15 /uM/ms", "k_off": "15 /s", "k_out": "60 /s"},
}
LINEAR = {"law": "P*Ca", "parameters": {"P": "0.1 um/ms"}}
STORE = {"surface": "z_max", "volume": 1e-3, "rest": 100}
VESICLE = {"name": "v", "use": "felmy2003", "positions": [[0.06, 0, 0]], "binds": True}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pumps": [{"name": "EGTA", **BINDS}]},
            r"buffer 'EGTA' and pump 'EGTA' would both be 'bound to EGTA' in the ledger; rename one of them",
        ),
        (
            {"calcium": {"clearance": 0.4}, "pumps": [{"name": "clearance", **LINEAR}]},
            r"pump 'clearance' and calcium\.clearance would both be 'pumped by clearance'",
        ),
        (
            {"pumps": [{"name": "sensor v", **BINDS}], "sensors": [VESICLE]},
            r"pump 'sensor v' and sensor 'v' would both be 'bound to sensor v'",
        ),
        (
            {"stores": [{**STORE, "name": "EGTA", "transports": [{"name": "SERCA", **BINDS}]}]},
            r"buffer 'EGTA' and a transport of store 'EGTA' would both be 'bound to EGTA'",
        ),
    ],
)
def test_two_parts_with_one_line_in_the_ledger_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_of_tables(**changes)


def test_what_holds_calcium_may_be_called_as_what_takes_it_out() -> None:
    model = model_of_tables(
        pumps=[{"name": "EGTA", **LINEAR}],
        stores=[{**STORE, "name": "linear", "transports": [{"name": "T", **LINEAR}]}],
    )
    lines = {account[:2] for account in accounts(model.buffers, model.pumps, model.stores, model.sensors, 0.0)}
    assert {("bound to", "EGTA"), ("pumped by", "EGTA"), ("stored in", "linear")} <= lines


@pytest.mark.parametrize("kind", ["pump", "store"])
def test_nothing_sits_on_a_mirror_plane(kind: str) -> None:
    """Behind it the terminal goes on: what left there would leave from its middle."""
    parts = {
        "pump": {"pumps": [{"name": "leaky", "surface": "x_min", **LINEAR}]},
        "store": {"stores": [{**STORE, "name": "leaky", "surface": "x_min", "transports": [{"name": "T", **LINEAR}]}]},
    }
    box = {"kind": "box", "size": [1, 1, 0.5]}
    sensors = [{**VESICLE, "binds": False}]
    model_of_tables(geometry=box, sensors=sensors, **parts[kind])
    with pytest.raises(ModelError, match=rf"{kind} 'leaky' is on x_min, a mirror plane, .* put it on a wall"):
        model_of_tables(geometry={**box, "symmetry": ["x"]}, sensors=sensors, **parts[kind])

"""Units are converted once, at the door, and exactly."""

from __future__ import annotations

import math
import random

import pytest

from rdcalcium import units
from rdcalcium.units import UnitError, parse, parse_any, show
from tests.tolerances import TOLERANCES


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("70 nM", "concentration", 0.07),
        ("70nM", "concentration", 0.07),
        ("10 mM", "concentration", 1e4),
        ("-49.6 nm", "length", -0.0496),
        ("0.5 ms", "time", 0.5),
        ("250 us", "time", 0.25),
        ("2 s", "time", 2000.0),
        ("0.1 pA", "current", 0.1),
        ("-61.8 mV", "voltage", -61.8),
        ("0.02 V", "voltage", 20.0),
        ("2.07 pS", "conductance", 2.07),
        ("220 um^2/s", "diffusivity", 0.22),
        ("2.2e-6 cm^2/s", "diffusivity", 0.22),
        ("200 /s", "rate", 0.2),
        ("5 kHz", "rate", 5.0),
        ("1e8 1/(M s)", "binding rate", 0.1),
        ("1e8 /M/s", "binding rate", 0.1),
        ("1e8 M^-1 s^-1", "binding rate", 0.1),
        ("0.1 /uM/ms", "binding rate", 0.1),
        ("0.1 uM^-1 ms^-1", "binding rate", 0.1),
        ("0.1 uM-1 ms-1", "binding rate", 0.1),
        ("1e8 M-1s-1", "binding rate", 0.1),
        ("1e8 M-1 s-1", "binding rate", 0.1),
        ("220 um2/s", "diffusivity", 0.22),
        ("2.2e-6 cm2 s-1", "diffusivity", 0.22),
        ("25 %", "number", 0.25),
    ],
)
def test_a_quantity_is_read_in_any_unit_of_its_dimension(text: str, kind: str, value: float) -> None:
    assert parse(text, kind) == pytest.approx(value, rel=TOLERANCES["conversion"], abs=0)


@pytest.mark.parametrize("mu", ["u", "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("7 {}m", "length"),
        ("7 {}M", "concentration"),
        ("7 {}m^2/ms", "diffusivity"),
        ("7 /{}M/ms", "binding rate"),
    ],
)
def test_every_way_to_type_micro_means_the_same(mu: str, text: str, kind: str) -> None:
    assert parse(text.format(mu), kind) == 7.0


@pytest.mark.parametrize("kind", units.UNITS)
def test_a_bare_number_is_in_the_unit_of_its_kind(kind: str) -> None:
    assert parse(0.22, kind) == parse("0.22", kind) == 0.22
    assert parse(3, kind) == 3.0


@pytest.mark.parametrize("kind", units.UNITS)
def test_what_is_shown_reads_back_as_the_same_float(kind: str) -> None:
    draw = random.Random(kind)
    values = [math.ldexp(draw.random() - 0.5, draw.randint(-300, 300)) for _ in range(100)]
    for value in [*values, 0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3]:
        back = parse(show(value, kind), kind)
        assert back == value
        assert math.copysign(1, back) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("-49.6 nm", "length", "-49.6 nm"),  # -0.049600000000000005 um
        ("44.7 nm", "length", "44.7 nm"),
        ("0.02 um", "length", "20 nm"),
        ("0.8 um", "length", "0.8 um"),
        ("1 um", "length", "1 um"),
        ("10 mM", "concentration", "10 mM"),
        ("400 uM", "concentration", "400 uM"),
        ("0.7 /s", "rate", "0.0007 1/ms"),
        ("9.5 /ms", "rate", "9.5 1/ms"),
        ("0.1 uM", "concentration", "0.1 uM"),
        ("1e8 /M/s", "binding rate", "0.1 1/(uM*ms)"),
        ("0.1 /uM/ms", "binding rate", "0.1 1/(uM*ms)"),
        (1 / 3, "length", "0.3333333333333333 um"),
        (1e300, "length", "1e+300 um"),
    ],
)
def test_a_value_is_shown_as_shortly_as_it_can_be_read_back(text: str | float, kind: str, shown: str) -> None:
    value = parse(text, kind)
    assert show(value, kind) == shown
    assert parse(shown, kind) == value


@pytest.mark.parametrize("kind", units.UNITS)
def test_the_example_of_each_kind_is_of_that_kind(kind: str) -> None:
    assert parse(units.example(kind), kind) == 0.1


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "nan nM", "inf uM", "1e400", math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(value: object) -> None:
    with pytest.raises(UnitError, match="not a finite concentration"):
        parse(value, "concentration")


@pytest.mark.parametrize("kind", [k for k in units.UNITS if k != "number"])
def test_a_wrong_dimension_is_refused_and_says_what_is_expected(kind: str) -> None:
    wrong = "3 uM" if kind != "concentration" else "3 ms"
    with pytest.raises(UnitError, match=rf"is not a {kind}: its unit is .*, expected one like ") as error:
        parse(wrong, kind)
    assert repr(wrong) in str(error.value)
    assert units.UNITS[kind] in str(error.value)


@pytest.mark.parametrize("value", ["", "abc", "70 NM", "3 foo", None, True, [1], 1j, "__import__('os')"])
def test_what_is_no_quantity_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(UnitError, match=r"write for example '0\.1 uM'"):
        parse(value, "concentration")


def test_a_quantity_of_several_possible_kinds_has_the_kind_of_its_unit() -> None:
    kinds = ("rate", "binding rate", "voltage")
    assert parse_any("1e8 /M/s", kinds) == (pytest.approx(0.1, rel=TOLERANCES["conversion"]), "binding rate")
    assert parse_any("6000 /s", kinds) == (pytest.approx(6.0, rel=TOLERANCES["conversion"]), "rate")
    assert parse_any("-20 mV", kinds) == (-20.0, "voltage")
    assert parse_any(0.25, kinds) == parse_any(" 0.25 ", kinds) == (0.25, None)
    assert parse_any("25 %", ("rate", "number")) == (0.25, None)
    with pytest.raises(UnitError, match="'5 kg' is none of: rate, binding rate, voltage; write for example"):
        parse_any("5 kg", kinds)
    with pytest.raises(UnitError, match="'k_g' in '5 k_g' is not a unit"):
        parse_any("5 k_g", kinds)
    with pytest.raises(UnitError, match="True is not a number"):
        parse_any(True, kinds)


def test_one_amount_is_602_ions() -> None:
    # 1 µM µm³ = 1e-6 mol/L × 1e-15 L = 1e-21 mol
    assert pytest.approx(602.214076, rel=1e-15) == units.IONS_PER_AMOUNT


def test_one_picoampere_carries_the_amount_that_faraday_says() -> None:
    assert pytest.approx(5.1821348, rel=1e-8) == units.AMOUNT_PER_CHARGE  # µM µm³ per pA ms
    assert pytest.approx(3120.7545, rel=2e-8) == units.AMOUNT_PER_CHARGE * units.IONS_PER_AMOUNT  # ions
    elementary_charge = 1.602176634e-19  # C, exact
    assert pytest.approx(1e-15 / (2 * elementary_charge), rel=1e-9) == (units.AMOUNT_PER_CHARGE * units.IONS_PER_AMOUNT)


def test_one_picosiemens_times_one_millivolt_is_a_femtoampere() -> None:
    assert pytest.approx(1e-3, rel=1e-15) == units.CURRENT_PER_CONDUCTANCE_VOLTAGE


def test_a_reader_is_told_nanometres() -> None:
    assert units.nanometres(0.0125) == "12.5 nm"
    assert units.nanometres(0.0496, digits=2) == "50 nm"
    assert units.nanometres((0.0, -0.04, 0.002)) == "(0, -40, 2) nm"
    assert units.nanometres((0.1 + 0.2 - 0.3, -1e-17, 0.05)) == "(0, 0, 50) nm"
    assert units.nanometres(1.0, digits=3) == "1000 nm"
    assert units.nanometres_to(-0.05, 0.05) == "-50 to 50 nm"
    assert units.nanometres_to(0.05, 0.05) == "50 nm"
    assert units.nanometres_to(-1e-17, 0.1 + 0.2) == "0 to 300 nm"
    assert units.nanometres_to(0.1 + 0.2 - 0.3, 0.05) == "0 to 50 nm"


def test_a_reader_is_told_numbers_without_powers_of_ten_up_to_a_million() -> None:
    assert [units.figures(x) for x in (4863.2, 123456, 2e6, 0.25, 0)] == ["4860", "123000", "2e+06", "0.25", "0"]
    assert [units.level(x) for x in (0.05, 150, 3089.4, 0)] == ["50 nM", "150 uM", "3.089 mM", "0 nM"]
    assert [units.counted(n, "cell") for n in (1, 2, 1.0, 0.4, 12000)] == [
        "1 cell",
        "2 cells",
        "1 cell",
        "0.4 cells",
        "12,000 cells",
    ]


def test_a_reader_is_told_moments_in_ms_and_spans_in_the_unit_that_fits() -> None:
    assert units.milliseconds(1.25) == "1.25 ms"
    assert units.milliseconds(1 / 3, digits=2) == "0.33 ms"
    spans = {2e-6: "2 ns", 3.14159e-3: "3.14 us", 0.9999: "1 ms", 12.0: "12 ms", 1500.0: "1.5 s", 1e-9: "0.001 ns"}
    assert {time: units.time_span(time) for time in (*spans, 0.0)} == {**spans, 0.0: "0 ns"}


def test_units_are_understood_once_however_many_numbers_have_them() -> None:
    """As in a model of ten thousand places; another scale of temperature, which begins elsewhere, too."""
    units._factor.cache_clear()
    places = [parse(f"{nm / 7!r} nm", "length") for nm in range(1000)]
    assert [parse(show(x, "length"), "length") for x in places] == places
    assert units._factor.cache_info().misses <= 2
    assert [parse(text, "temperature") for text in ("297.15 K", "24 degC", "75.2 degF")] == pytest.approx([24.0] * 3)


def test_a_flux_of_calcium_may_be_a_current_on_an_area() -> None:
    """1 pA is 1e-12 / (2 F) mol of calcium in a second."""
    mol_per_um2_ms = 1e-6 / (2 * 96485.33212) / 1e8 / 1e3  # 1 uA/cm^2
    assert units.parse("1 uA/cm^2", "surface flux") == pytest.approx(mol_per_um2_ms / 1e-21, rel=1e-9)

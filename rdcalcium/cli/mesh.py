"""The command that makes the mesh of a shape or of a model, and says what it is like."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rdcalcium.cli.progress import working
from rdcalcium.geometry.formats import WRITERS

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from rdcalcium.geometry.mesh import TetrahedralMesh
    from rdcalcium.model import Model, Shape


@click.command()
@click.argument("name", required=False)
@click.argument("keys", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--fine", help='Edge length near channels, sensors and probes, such as "5 nm" [default: the model\'s].')
@click.option("--bulk", help="Typical edge length far from channels [default: the model's].")
@click.option("--out", type=click.Path(path_type=Path), help=f"Mesh file: {', '.join(WRITERS)} [default: NAME.msh].")
def mesh(name: str | None, keys: Sequence[str], fine: str | None, bulk: str | None, out: Path | None) -> None:
    """Mesh the shape or model called NAME; say its volume, surfaces and quality, and write it to a file.

    A shape is told by its keys, as in a model file: rdcalcium mesh box size="[1, 1, 0.5]" --bulk "50 nm". Without
    NAME the shapes and their keys are listed.
    """
    if name is None:
        click.echo("\n".join(_shapes()))
        return
    from rdcalcium.geometry.files import require_place, write_mesh

    out = out or Path(f"{Path(name).stem}.msh")
    require_place(out)
    with working():
        model = _model(name, _keys(keys), _sizes(fine, bulk))
    from rdcalcium.geometry.builders import tetrahedra_of
    from rdcalcium.geometry.named_parts import with_parts

    with working():
        made = tetrahedra_of(model)
    found = with_parts(made, model)
    told = *model.geometry.remarks, *found.remarks, *_told(model, found), *_judged(model, made)
    for line in (*told, _read_back(model.geometry, out)):
        click.echo(line)
    write_mesh(found, out)
    click.echo(out)


def _read_back(geometry: Shape, out: Path) -> str:
    """What a model file says of the mesh, its unit above all; and what of a terminal it is, if it is not all of one."""
    what, keys = "", [f'file = "{out.name}"', 'length_unit = "um"']
    if planes := ["xyz"[axis] for axis in geometry.mirrors]:
        part = {2: "half", 4: "quarter"}[geometry.copies]
        what = f"this is a {part} of the terminal, at {' and '.join(f'{letter} >= 0' for letter in planes)}; "
        keys.append(f"symmetry = {json.dumps(planes)}")
    if geometry.periods and not geometry.brings_cells:
        lengths = ", ".join(f'{"xyz"[axis]} = "{length:.9g} um"' for axis, length in geometry.periods.items())
        what += "this is one tile of many; "
        keys.append(f"periodic = {{ {lengths} }}")
    return f'{what}a model file reads it by geometry = {{ kind = "mesh", {", ".join(keys)} }}'


def _shapes() -> Iterator[str]:
    """Every kind of shape with what it is, and its keys with what they mean."""
    from rdcalcium.model.docstrings import key_meaning
    from rdcalcium.model.kinds import kind_name
    from rdcalcium.model.shapes import KINDS

    for shape in KINDS:
        yield f"{kind_name(shape)}: {' '.join((shape.__doc__ or '').split())}"
        for key, field in sorted(shape.model_fields.items(), key=lambda item: not item[1].is_required()):
            if key != "kind":
                meaning, none = key_meaning(shape, key)
                yield f"  {key}: {meaning.rstrip('.')}{_left_out(field, none)}"


def _left_out(field: FieldInfo, none: str) -> str:
    """What a key is where it is left out; nothing of one that has to be there."""
    if field.is_required():
        return ""
    return f"; none: {none}" if none else f'; unless it is said: "{field.default}"'


def _keys(texts: Sequence[str]) -> dict[str, Any]:
    """All that is said of a shape; each key once."""
    found: dict[str, Any] = {}
    for key, value in map(_key, texts):
        if key in found:
            raise click.UsageError(f"{key} is said twice, {found[key]!r} and {value!r}; say it once")
        found[key] = value
    return found


def _key(text: str) -> tuple[str, Any]:
    """A key and its value: a number or a list as in a model file, or a text, quotes or none."""
    key, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f'{text!r} is no KEY=VALUE, such as radius="500 nm"')
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        if value.strip().startswith(("[", "{")):
            what = "list" if value.strip().startswith("[") else "table"
            raise click.UsageError(f"{text} is no {what} of a model file{_quoted(key, value)}") from None
        read = value
    return key.strip(), read


def _quoted(key: str, value: str) -> str:
    """What to write where the shell has taken the quotes of a plain list away; of others where it would keep them."""
    inside = value.strip()[1:-1]
    why = "; a shell takes quotes away, unless there are others around them: "
    if set(inside) & set("[]{}="):
        return f"{why}'{key}=…'"
    words = ", ".join(word if _is_number(word) else f'"{word}"' for word in map(str.strip, inside.split(",")))
    return f"{why}{key}='[{words}]'"


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        return math.isfinite(float(text))
    return False


def _sizes(fine: str | None, bulk: str | None) -> dict[str, str]:
    """What is said of the edges; the longest one is not shorter than those near channels."""
    from rdcalcium.units import parse

    if fine is not None and bulk is not None and parse(fine, "length") > parse(bulk, "length"):
        raise click.UsageError(
            f"--fine {fine!r} is longer than --bulk {bulk!r}, the longest that are asked for; say a shorter one"
        )
    said = {"size_at_active_zone": fine, "size_in_bulk": bulk}
    return {key: value for key, value in said.items() if value is not None}


def _model(name: str, keys: Mapping[str, Any], sizes: Mapping[str, str]) -> Model:
    """A shape by its kind and keys, or a model, to be solved on tetrahedra."""
    from rdcalcium.errors import InputError, suggest
    from rdcalcium.library import load, resolve
    from rdcalcium.model.kinds import kind_name
    from rdcalcium.model.shapes import KINDS
    from rdcalcium.placement import placed

    shapes = [str(kind_name(kind)) for kind in KINDS]
    if name in shapes:
        cells = {"kind": "tetrahedra", **sizes}
        return resolve(
            {
                "title": name,
                "geometry": {"kind": name, **keys},
                "discretization": cells,
                "run": {"duration": "1 ms"},
            }
        )
    if keys:
        raise InputError(f"{name!r} is no shape, and a model says its keys itself; {suggest(name, shapes, 'shapes')}")
    try:
        model = load(name)
    except InputError as error:
        raise InputError(f"{error}; {suggest(name, shapes, 'shapes')}") from None
    model = model.on_tetrahedra()
    return placed(model.changed(discretization=model.discretization.changed(**sizes)) if sizes else model)


def _told(model: Model, found: TetrahedralMesh) -> Iterator[str]:
    """Size, volume and areas; of bodies that share a name those of all together, and the span of each by itself."""
    from rdcalcium.model.obstacles.numbered import numbered
    from rdcalcium.units import figures

    yield f"{len(found.points):,} nodes, {len(found.tetrahedra):,} tetrahedra"
    yield f"volume {found.volumes().sum():.6g} um^3"
    for region, members in found.regions.items():
        yield f"  region {region}: {found.volumes()[members].sum():.6g} um^3"
    single, areas = numbered(model.geometry.solids), found.areas()
    for surface in areas:
        if surface not in single:
            yield f"  surface {surface}: {areas[surface]:.6g} um^2"
            if own := [name for name in single if name in areas and single[name].name == surface]:
                least, most = (figures(end(areas[name] for name in own)) for end in (min, max))
                each = f"{least} um^2 each" if least == most else f"{least} to {most} um^2 each"
                yield f"  surfaces {own[0]} to {own[-1]}: {each}"


def _judged(model: Model, made: TetrahedralMesh) -> Iterator[str]:
    """What the control volumes on it are like, and where the worst of them are."""
    from rdcalcium.advice.quality import judge_mesh
    from rdcalcium.discretization import MeshQuality
    from rdcalcium.discretization.build import discretized
    from rdcalcium.units import nanometres_to

    cells = discretized(model, made)
    if isinstance(cells.quality, MeshQuality):
        yield f"edges {nanometres_to(cells.quality.smallest, cells.quality.largest, 3)}"
    yield from (line for line in judge_mesh(model, cells) if line not in made.remarks)

"""What the keywords of an Abaqus file say: instances of parts at their places, and the sets and surfaces of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from rdcalcium.errors import InputError, suggest
from rdcalcium.geometry.formats.abaqus_keywords import Keyword

# Corners of the faces S1 to S4 of a C3D4 element (Abaqus, "Three-dimensional solid elements").
_FACES = {"S1": [0, 1, 2], "S2": [0, 3, 1], "S3": [1, 3, 2], "S4": [2, 3, 0]}
_TRIANGLES = ("S3", "STRI3", "CPS3", "CPE3", "CAX3", "R3D3", "M3D3", "SFM3D3", "DS3")


@dataclass
class Scope:
    """What labels stand for in one instance of a part, or outside of these.

    name      of the instance; "" outside
    nodes     label -> number of a point
    elements  label -> number of an element
    """

    name: str = ""
    nodes: dict[int, int] = field(default_factory=dict)
    elements: dict[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f" of instance {self.name!r}" if self.name else ""


class Key(NamedTuple):
    """How a set or surface is known: case does not count.

    instance  "" for one of the whole assembly
    """

    instance: str
    name: str


Members = list[tuple[Scope, list[int]]]  # labels, each in its scope


@dataclass
class Named:
    """A set, by its labels.

    internal  whether Abaqus/CAE made it to describe a surface
    """

    internal: bool
    members: Members = field(default_factory=list)


class AbaqusModel:
    """Points and elements of all instances, and their names.

    points    coordinates
    elements  numbers of the corners of each: four of a tetrahedron, three of a triangle
    others    how many elements there are of each other type
    """

    def __init__(self, keywords: Iterable[Keyword]) -> None:
        self.points: list[list[float]] = []
        self.elements: list[list[int]] = []
        self.others: dict[str, int] = {}
        self._scopes = {"": Scope()}
        self._sets: dict[str, dict[Key, Named]] = {"NSET": {}, "ELSET": {}}
        self._surfaces: dict[Key, list[tuple[Scope, list[str]]]] = {}  # their lines
        self._spelt: dict[Key, str] = {}  # as first written
        self._actions = {
            "NODE": self._read_nodes,
            "ELEMENT": self._read_elements,
            "NSET": self._read_set,
            "ELSET": self._read_set,
            "SURFACE": self._read_surface,
        }
        self._read(keywords)

    def _read(self, keywords: Iterable[Keyword]) -> None:
        """What parts say counts in each of their instances, at its place."""
        scope = outside = self._scopes[""]
        parts: dict[str, list[Keyword]] = {}
        part: list[Keyword] | None = None
        placed: tuple[Keyword, int] | None = None
        for keyword in keywords:
            if keyword.name == "PART":
                part = parts.setdefault(keyword.said("NAME").upper(), [])
            elif keyword.name == "END PART":
                part = None
            elif part is not None:
                part.append(keyword)
            elif keyword.name == "INSTANCE":
                scope, placed = self._scope_of(keyword), (keyword, len(self.points))
                self._follow(scope, _part_of(keyword, parts))
            elif keyword.name == "END INSTANCE" and placed:
                self._move(*placed)
                scope, placed = outside, None
            else:
                self._follow(scope, [keyword])
        if part is not None or placed:
            raise InputError(f"it ends before *END {'INSTANCE' if placed else 'PART'}; write it again")
        if parts and len(self._scopes) == 1:
            self._follow(outside, _only(parts))

    def _follow(self, scope: Scope, keywords: Iterable[Keyword]) -> None:
        for keyword in keywords:
            if keyword.name in self._actions and keyword.lines:
                self._actions[keyword.name](scope, keyword)

    def _scope_of(self, keyword: Keyword) -> Scope:
        """That of a new instance."""
        name = keyword.said("NAME")
        if name.upper() in self._scopes:
            raise InputError(f"two instances are called {name!r}; their names have to differ")
        return self._scopes.setdefault(name.upper(), Scope(name))

    def _move(self, keyword: Keyword, first: int) -> None:
        """Points from a number on to where their instance is: first along the axes, then around a line."""
        if not keyword.lines or first == len(self.points):
            return
        points = np.array(self.points[first:]) + _coordinates(keyword.lines[0], 3)
        if len(keyword.lines) > 1:
            *ends, angle = _coordinates(keyword.lines[1], 7)
            start, end = np.array(ends).reshape(2, 3)
            length = float(np.linalg.norm(end - start))
            if not length:
                raise InputError(f"instance {keyword.said('NAME')!r} is turned around an axis from a point to itself")
            turn = Rotation.from_rotvec(np.radians(angle) * (end - start) / length)
            points = start + turn.apply(points - start)
        self.points[first:] = points.tolist()

    def _read_nodes(self, scope: Scope, keyword: Keyword) -> None:
        labels = []
        for label, *words in keyword.lines:
            place = _coordinates(words, 3)
            known = scope.nodes.setdefault(int(label), len(self.points))
            if known == len(self.points):
                self.points.append(place)
            elif self.points[known] != place:
                raise InputError(
                    f"node {label}{scope} is at {self.points[known]} and at {place}; a label has to stand for one node"
                )
            labels.append(int(label))
        self._add("NSET", scope, keyword, [(scope, labels)])

    def _read_elements(self, scope: Scope, keyword: Keyword) -> None:
        kind = keyword.said("TYPE").upper()
        count = 4 if kind.startswith("C3D4") else 3
        if count == 3 and not kind.startswith(_TRIANGLES):
            self.others[kind] = self.others.get(kind, 0) + len(keyword.lines)
            return
        labels = []
        for label, *words in keyword.words():
            try:
                corners = [scope.nodes[int(word)] for word in words[:count]]
            except KeyError as missing:
                raise InputError(
                    f"element {label}{scope} has the node {missing}, which is not there before it"
                ) from None
            known = scope.elements.setdefault(int(label), len(self.elements))
            if known == len(self.elements):
                self.elements.append(corners)
            elif self.elements[known] != corners:
                raise InputError(
                    f"element {label}{scope} is there twice, with other nodes; a label has to stand for one"
                )
            labels.append(int(label))
        self._add("ELSET", scope, keyword, [(scope, labels)])

    def _read_set(self, scope: Scope, keyword: Keyword) -> None:
        keyword.said(keyword.name)
        within = self._instance(keyword.parameters["INSTANCE"]) if "INSTANCE" in keyword.parameters else scope
        if "GENERATE" in keyword.parameters:
            ranges = [(int(first), int(last), *map(int, step)) for first, last, *step in keyword.words()]
            members = [(within, [*range(first, last + 1, *step)]) for first, last, *step in ranges]
        else:
            members = self._members(keyword.name, within, [word for line in keyword.words() for word in line])
        self._add(keyword.name, scope, keyword, members)

    def _read_surface(self, scope: Scope, keyword: Keyword) -> None:
        """Kept until all sets and elements are known; those that are formulae are no part of a mesh."""
        kind, name = keyword.parameters.get("TYPE", "ELEMENT").upper(), keyword.said("NAME")
        if kind == "NODE":
            members = self._members("NSET", scope, [line[0] for line in keyword.words()])
            self._add("NSET", scope, Keyword("NSET", {"NSET": name}, []), members)
        elif kind == "ELEMENT":
            self._surfaces.setdefault(self._key(scope, name), []).extend((scope, line) for line in keyword.words())

    def _instance(self, name: str) -> Scope:
        if name.upper() not in self._scopes:
            names = [scope.name for scope in self._scopes.values() if scope.name]
            raise InputError(f"there is no instance {name!r}; {suggest(name, names, intro='it has')}")
        return self._scopes[name.upper()]

    def _add(self, kind: str, scope: Scope, keyword: Keyword, members: Members) -> None:
        """Labels to the set that a keyword names, if it does."""
        if name := keyword.parameters.get(kind):
            new = Named("INTERNAL" in keyword.parameters)
            self._sets[kind].setdefault(self._key(scope, name), new).members += members

    def _key(self, scope: Scope, name: str) -> Key:
        key = Key(scope.name.upper(), name.upper())
        self._spelt.setdefault(key, name)
        return key

    def _members(self, kind: str, scope: Scope, words: list[str]) -> Members:
        """Of labels and of sets, which may be those of an instance: INSTANCE.7, INSTANCE.SET."""
        found: Members = [(scope, [int(word) for word in words if word.isdigit()])]
        for word in (word for word in words if not word.isdigit()):
            name = word.strip('"').upper()
            instance, _, rest = name.partition(".")
            if known := self._sets[kind].get(Key(scope.name.upper(), name)):
                found += known.members
            elif instance in self._scopes and rest.isdigit():
                found.append((self._scopes[instance], [int(rest)]))
            elif known := self._sets[kind].get(Key(instance, rest)):
                found += known.members
            else:
                raise InputError(f"{word!r} is neither a label nor a set that is known where it stands")
        return found

    def names(self) -> Iterator[tuple[str, str, list[int]]]:
        """Kind (NSET, ELSET) of each set, its name, and its points or elements by their numbers."""
        for kind, sets in self._sets.items():
            for key, named in sets.items():
                if not named.internal:
                    yield kind, self._called(key), self._numbers(kind, named.members)

    def _numbers(self, kind: str, members: Members) -> list[int]:
        """Of members; elements that are no tetrahedra or triangles have none."""
        numbers: list[int] = []
        for scope, labels in members:
            if kind == "NSET":
                numbers += [_found(scope.nodes, label, f"a set{scope} has the node") for label in labels]
            else:
                numbers += [scope.elements[label] for label in labels if label in scope.elements]
        return numbers

    def surfaces(self) -> Iterator[tuple[str, list[list[int]]]]:
        """Name of each, and the corners of its triangles."""
        for key, lines in self._surfaces.items():
            faces: list[list[int]] = []
            for scope, (of, *face) in lines:
                for number in self._numbers("ELSET", self._members("ELSET", scope, [of])):
                    corners = self.elements[number]
                    faces.append([corners[k] for k in _face(self._spelt[key], face)] if len(corners) == 4 else corners)
            yield self._called(key), faces

    def _called(self, key: Key) -> str:
        """The name of a set or surface; INSTANCE.NAME where there are several, or the assembly has that name too."""
        if not key.instance or (len(self._scopes) == 2 and Key("", key.name) not in self._spelt):
            return self._spelt[key]
        return f"{self._scopes[key.instance].name}.{self._spelt[key]}"


def _coordinates(words: list[str], count: int) -> list[float]:
    """So many numbers of a line; those that are left out are 0."""
    return [float(word or 0) for word in [*words, *count * [""]][:count]]


def _only(parts: dict[str, list[Keyword]]) -> list[Keyword]:
    """What the part of a file without instances says."""
    if len(parts) > 1:
        raise InputError(
            f"it has {len(parts)} parts and no *INSTANCE that says where they are; write the assembly too, or one part "
            "alone"
        )
    return next(iter(parts.values()))


def _part_of(keyword: Keyword, parts: dict[str, list[Keyword]]) -> list[Keyword]:
    """What the part of an instance says."""
    name = keyword.said("PART")
    if name.upper() not in parts:
        raise InputError(f"instance {keyword.said('NAME')!r} is one of a part {name!r}, which is not there before it")
    return parts[name.upper()]


def _found(known: dict[int, int], label: str | int, what: str) -> int:
    """The number for which a label stands."""
    if int(label) not in known:
        raise InputError(f"{what} {label}, which is not there before it")
    return known[int(label)]


def _face(surface: str, words: list[str]) -> list[int]:
    """Which corners of a tetrahedron a face has."""
    if not words or words[0].upper() not in _FACES:
        raise InputError(f"surface {surface!r} is of tetrahedra, but says for some no face S1 to S4")
    return _FACES[words[0].upper()]

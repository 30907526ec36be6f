"""What all parts of a model share: frozen, checked, and changed only into another part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from rdcalcium.catalogue import entry
from rdcalcium.errors import ModelError
from rdcalcium.model.checked import validate_as
from rdcalcium.model.filling import SCHEMES, filled

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


class _Checked(ModelMetaclass):
    """Parts that say the mistakes in them in our words, also where Python makes them: Buffer(total="1 mM", …)."""

    def __call__(self, /, **values: Any) -> Any:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.__name__).lower()
        name = values.get("name", values.get("use"))
        return validate_as(cast("type[BaseModel]", self), values, words if name is None else f"{words} {name!r}")


class Part(BaseModel, metaclass=_Checked):
    """A frozen piece of a model; two pieces are equal when all their values are."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    of_files: ClassVar[Mapping[str, str]] = {}
    """Keys of its table in a file that are none of its values, and what to say where one is taken to be."""

    def __setattr__(self, name: str, value: object) -> None:
        raise ModelError(f"a {type(self).__name__} stays as it is; make another one: changed({name}=…)")

    def __copy__(self) -> Self:
        """With its values alone: the copy is given others, and what was derived from these would not be theirs."""
        made = super().__copy__()
        for name in made.__dict__.keys() - type(self).model_fields.keys():
            del made.__dict__[name]
        return made

    def changed(self, **values: Any) -> Self:
        """A copy with some values replaced, checked again as a whole.

        A table such as run={"duration": "1 ms"} changes only what it says of the part that is there, unless its kind
        is another; a list replaces all of its old self.
        """
        return type(self)(**self.merged(values))

    def merged(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of `changed`, not checked as a whole yet."""
        kept = self.kept(values)
        return {**kept, **{key: _merged(kept.get(key), value) for key, value in values.items()}}

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What stays beside these changes; a part whose values hang together leaves some out."""
        return dict(self)


def _merged(old: object, new: object) -> object:
    if isinstance(old, Part) and isinstance(new, dict) and new.get("kind") in (None, getattr(old, "kind", None)):
        return old.changed(**new)
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new


def _speakable(name: str) -> str:
    # Not printable are all that break a line or hide, and NUL, which HDF5 cannot write.
    if not name.strip() or set(name) & set(':,"/\\') or not name.isprintable():
        raise ValueError(
            f"the name {name!r} must not be empty, nor hold a colon, comma, quote, slash, line break "
            "or control character"
        )
    return name.strip()


# Names become headings of tables: "sensor 1: Ca (uM)".
Name = Annotated[str, AfterValidator(_speakable)]


class LibraryPart(Part):
    """A named piece of a model whose values may come from the library."""

    shelf: ClassVar[str]
    """Kind of the library's entries for it."""
    own: ClassVar[tuple[str, ...]]
    """What stays when another entry is used, and does not say it."""

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each; with `use` that
    of the entry, unless it is said."""
    use: str | None = None
    """Library entry that fills in what is not said; none: everything is said here."""
    source: tuple[str, ...] = ()
    """References of the values: DOIs, or keys of the library's references."""

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, data: Any) -> Any:
        return filled(cls.shelf, data) if isinstance(data, dict) else data

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """All but what another library entry, or other transitions, would say anew."""
        kept = super().kept(changes)
        if isinstance(changes.get("use"), str):
            said = entry(self.shelf, changes["use"])
            kept = {key: kept[key] for key in (*self.own, "name") if key not in said}
            if self.name == self.use:
                del kept["name"]
        elif SCHEMES & changes.keys() and "parameters" in changes:
            kept.pop("parameters", None)
        return kept

"""A class whose methods work on its own device, while the caller's stays the current one of the thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import getmembers, isfunction
from typing import Any, Protocol, TypeVar


class OnADevice(Protocol):
    """What has a device of its own."""

    def on_device(self) -> AbstractContextManager[Any]:
        """While it is entered, its device is the current one of this thread; afterwards the one before is again."""


Kind = TypeVar("Kind", bound=type[OnADevice])


def on_its_device(kind: Kind) -> Kind:
    """A class, whose public methods enter `on_device` first, those that it inherits too.

    Some of them do arithmetic on arrays of the device, which happens on the current one; to mark each of them where it
    is written would be forgotten in the next one.
    """
    for name, method in getmembers(kind, isfunction):
        if not name.startswith("_") and name != "on_device":
            setattr(kind, name, _entered(method))
    return kind


def _entered(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def entered(self: OnADevice, *args: Any, **options: Any) -> Any:
        with self.on_device():
            return method(self, *args, **options)

    return entered

"""How each rule of `model/placement/` is followed: one file each, found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from rdcalcium.placement.rules.base import follow

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["follow"]

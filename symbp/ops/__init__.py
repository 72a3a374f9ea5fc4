"""One file per operation family; every file here is imported, so that its rules and meanings are known."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

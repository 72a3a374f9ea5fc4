"""Every file of operations, imported: a test that goes over all rules sees all of them."""

from importlib import import_module
from pkgutil import iter_modules

import symbp.ops

FILES = [import_module(f"symbp.ops.{each.name}") for each in iter_modules(symbp.ops.__path__)]

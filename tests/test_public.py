"""The public names: one table, importable, documented."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import symbp


def names_for_type_checkers():
    tree = ast.parse(Path(symbp.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.asname: node.module for node in block.body for alias in node.names}


def test_the_two_lists_of_names_are_one():
    assert names_for_type_checkers() == symbp._HOME


@pytest.mark.parametrize("name", [name for name in symbp.__all__ if name != "__version__"])
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(symbp, name))


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = symbp.nothing


@pytest.mark.parametrize("command", ["check", "derive", "render", "write"])
def test_a_function_is_not_shadowed_by_a_module(command):
    import_module(symbp._HOME[command])
    assert callable(getattr(symbp, command))


def test_the_version_is_the_package_s():
    text = (Path(symbp.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{symbp.__version__}"' in text

"""One line for data that do not fit the schema of network files: the place, what was found there, what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from symbp.domain import described
from symbp.errors import SpecError, nearest
from symbp.networks.spec import COMMON, LINEAR, ROWS, ImageTable, Table
from symbp.ops.activations import ACTIVATIONS, ALIASES
from symbp.symbols import MAX_NAME

TYPES = f"the types are {', '.join([*ROWS][:12])} … ({len(ROWS)} of them: symbp schema)"
"""Some of the types of layers."""

MAX_SHOWN = 40


def key_text(key: object) -> str:
    """Return a key as a path shows it."""
    said = str(key)
    plain = said if said.isascii() and said.isprintable() else ascii(said)[1:-1]
    return plain if len(plain) <= MAX_SHOWN else f"{plain[: MAX_SHOWN - 1]}…"


def shown(value: object) -> str:
    """Return a value as a message can show it, tables and lists by their kind."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return described(value)
    said = "null" if value is None else ascii(value) if isinstance(value, str) else str(value)
    return said if len(said) <= MAX_SHOWN else f"{said[: MAX_SHOWN - 1]}…"


def validate(model: type[Table], data: dict[str, Any]) -> Any:
    """Return the data as a model.

    Raises:
        SpecError: the place in the file, what was found there and what was expected.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # An unknown key says more than the one it was meant to be, which is missing then.
        first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
        raise SpecError(_problem(first, model, data)) from None


EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_short": "text",
    "string_unicode": "text of whole characters",
    "string_too_long": f"at most {MAX_NAME} characters",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""What was expected, by pydantic's word for the error."""


NEEDED = {
    "layers": 'give layers, such as [[layers]] with type = "dense", or equations',
    "shapes": "give the shape of every matrix, such as W = [5, 3]",
}
"""What to write for a key that is missing."""


def _problem(error: Any, model: type[Table], data: dict[str, Any]) -> str:
    """Return one line for an error of the schema: the place, what was found, what was expected."""
    steps, owner = _steps(error["loc"], data)
    place = _place(steps)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys(owner, steps, model)
        hint = nearest(str(steps[-1])[:MAX_SHOWN], known)
        return f"{place}: no such key{hint}; the keys are {', '.join(known)}"
    if kind == "missing":
        return f"{place} is missing: {NEEDED.get(place, 'it has no default')}"
    if kind == "union_tag_invalid":
        tag = owner.get("type")
        hint = nearest(str(tag)[:MAX_SHOWN], ROWS) or f"; {TYPES}"
        if str(tag).lower() in (*ACTIVATIONS, *ALIASES):
            hint = f': write type = "activation", function = "{tag}"'
        return f"{place}.type is {shown(tag)}: no such type of layer{hint}"
    if kind == "union_tag_not_found":
        return f'{place}.type is missing: give one, such as type = "dense"; {TYPES}'
    is_shape = kind == "list_type" and steps[0] == "shapes"
    expected = "rows and columns, such as [5, 3]" if is_shape else EXPECTED.get(kind)
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = context.get("ge", 1), context.get("le")
        expected = f"at most {most:,}" if most is not None else f"at least {least:,}"
    if kind == "value_error":
        expected = str(context["error"])
    return f"{place} is {shown(error['input'])}, expected {expected or error['msg'].splitlines()[0]}"


def _steps(loc: Sequence[str | int], data: Any) -> tuple[list[str | int], Any]:
    """Return a place without the tags pydantic puts into it, and the table it stands in."""
    steps: list[str | int] = []
    here = owner = data
    for step in loc:
        inside = isinstance(here, list) and isinstance(step, int) and step < len(here)
        if inside or (isinstance(here, dict) and (step in here or step == loc[-1]) and step not in _tags(here)):
            steps.append(step)
            owner = here
            here = here.get(step) if isinstance(here, dict) else here[int(step)]
    return steps, here if isinstance(here, dict) and steps and isinstance(steps[-1], int) else owner


def _tags(here: Mapping[str, Any]) -> set[str]:
    """Return the tag of a layer, which pydantic names before its keys."""
    tag = here.get("type")
    return {tag} if isinstance(tag, str) and tag in ROWS and tag not in here else set()


def _place(steps: Sequence[str | int]) -> str:
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{key_text(step)}" for step in steps)
    return said.removeprefix(".") or "the file"


def _keys(owner: Any, steps: Sequence[str | int], model: type[Table]) -> list[str]:
    """Return the keys that may stand where an unknown one does."""
    if len(steps) == 1:
        return [*model.model_fields, *(["layers"] if "equations" in model.model_fields else ["equations"])]
    inner = {"projection": list(LINEAR), "inputs": list(ImageTable.model_fields)}.get(str(steps[-2]))
    if inner is not None:
        return inner
    kind = owner.get("type") if isinstance(owner, dict) else None
    return ["type", *ROWS[kind].keys, *COMMON] if kind in ROWS else []

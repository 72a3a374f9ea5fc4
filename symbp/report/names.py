"""How the symbols of a composed network are spelled: from stem, layer, number and path, each symbol unlike all others.

A plain stack needs none of this: a role and a layer say it all. Here a name may have a suffix (``gamma1_2``), a
path (``block1.attention.WQ``) or be a user's own (``hidden_1``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from symbp.report.notation import Letter, Notation, plain
from symbp.symbols import Role, Variable

STEMS: dict[Role, str] = {
    Role.INPUT: "X", Role.TARGET: "Y", Role.WEIGHT: "W", Role.BIAS: "b", Role.PREACTIVATION: "Z",
    Role.ACTIVATION: "A", Role.SCALE: "gamma", Role.SHIFT: "beta", Role.NORMALISED: "N", Role.SHIFTED: "B",
    Role.BLOCK: "S",
}  # fmt: skip
"""The stem that stands for a role's letter; a matrix with another stem is spelled by its stem."""

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip

REPEATED = {"RG": Letter(r"\bar{\gamma}", "γ̄", "gamma_all"), "RB": Letter(r"\bar{\beta}", "β̄", "beta_all")}
"""What is written with a bar: one number a channel, repeated at every place."""

PARAMETERS = (Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)
"""What has no columns: its letter is the same for one example and for a batch."""

_LETTER_AND_INDEX = re.compile(r"([A-Za-z])([A-Z][A-Za-z]{0,3}|(?<=[A-Z])[a-z]{1,3}|(?<=[bZU])[a-z]|(?<=b)h[a-z])\Z")
_MADE = re.compile(r"(\w+?)__(\d+)\Z")
"""A name made for a part of a user's equation."""

_NUMBERED = re.compile(r"(\d*)_?(\w*)\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """One symbol's spelling: its letters (small, large), what stands below, its layer, the path that tells it apart."""

    small: Letter
    large: Letter
    stem_index: str = ""
    number: str = ""
    layer: int | None = None
    path: str = ""
    is_error: bool = False
    shared: bool = False

    def letter(self, one_example: bool) -> Letter:
        """Return the letter for one example or a batch."""
        return self.small if one_example else self.large

    @property
    def key(self) -> tuple[str, str, str, int | None]:
        """What is printed apart from the path; equal keys need a path."""
        return (self.small.latex, self.stem_index, self.number, self.layer)


def marks(variables: Iterable[Variable], notation: Notation, layered: bool) -> dict[Variable, Mark]:
    """Return how each variable is spelled; ``layered`` False keeps a user's own letters and numbers."""
    found = {variable: _mark(variable, notation, layered) for variable in variables}
    alike: dict[tuple[str, str, str, int | None], list[Variable]] = {}
    for variable, mark in found.items():
        alike.setdefault(mark.key, []).append(variable)
    for twins in alike.values():
        if len(twins) > 1:
            found.update(_told_apart(twins, found))
    return found


def _mark(variable: Variable, notation: Notation, layered: bool) -> Mark:
    own = variable.name.removeprefix(f"{variable.path}.") if variable.path else variable.name
    made = _MADE.match(own)
    if made:
        return Mark(*_both(_letter(variable, made[1])[0]), _letter(variable, made[1])[1], f"({made[2]})")
    stem = variable.stem if own.startswith(variable.stem) else own
    letter, stem_index = _letter(variable, stem.rstrip("_") or stem)
    small = large = letter
    if layered and STEMS.get(variable.role) == stem:
        small, large = notation.letters[variable.role]
    elif layered and len(letter.ascii) == 1 and variable.role not in PARAMETERS:
        small = plain(letter.ascii.lower())
    layer, number = _indices(variable, own.removeprefix(stem), layered)
    return Mark(small, large, stem_index, number, layer, is_error=layered and _is_z(variable, stem))


def _both(letter: Letter) -> tuple[Letter, Letter]:
    return letter, letter


def with_shared(spelled: Mapping[Variable, Mark], outputs: Iterable[tuple[Variable, str]]) -> dict[Variable, Mark]:
    """Mark outputs of one kind of operation whose indices are alike: a letter that belongs to one needs its letter."""
    found = dict(spelled)
    alike: dict[tuple[object, ...], list[Variable]] = {}
    for variable, kind in outputs:
        mark = found[variable]
        alike.setdefault((kind, mark.stem_index, mark.number, mark.layer, mark.path), []).append(variable)
    for twins in alike.values():
        if len(twins) > 1:
            found.update({v: replace(found[v], shared=True) for v in twins})
    return found


def _is_z(variable: Variable, stem: str) -> bool:
    return variable.role is Role.PREACTIVATION and stem.startswith("Z") and len(stem) <= 2


def _indices(variable: Variable, rest: str, layered: bool) -> tuple[int | None, str]:
    """Read what follows the stem: the layer, and a number that tells twins or steps apart."""
    step = getattr(variable, "step", None)
    if not layered or (step is not None and rest == str(step)):
        return None, rest.strip("_")
    match = _NUMBERED.match(rest)
    first, second = match.groups() if match else ("", rest)
    if first == str(variable.layer) and variable.layer:
        return variable.layer, second
    return None, ",".join(filter(None, (first, second)))


def _letter(variable: Variable, stem: str) -> tuple[Letter, str]:
    """Return a stem as a letter and what stands below it: WQ is W with Q, a word stays a word."""
    if stem in REPEATED:
        return REPEATED[stem], ""
    if stem in GREEK:
        return Letter(f"\\{stem}", GREEK[stem], stem), ""
    match = _LETTER_AND_INDEX.match(stem)
    if match:
        return plain(match[1]), match[2]
    return (plain(stem) if len(stem) == 1 else word(stem)), ""


def word(name: str) -> Letter:
    """Return a name as a word of mathematics, none of it a command."""
    return Letter(rf"\mathrm{{{escaped(name)}}}", name, name)


def escaped(name: str) -> str:
    """Return a name, which holds letters, digits, dots and underscores only, for LaTeX."""
    return name.replace("_", r"\_")


def _told_apart(twins: list[Variable], found: Mapping[Variable, Mark]) -> dict[Variable, Mark]:
    """Give variables that would print alike the parts of their paths that differ, else their whole names."""
    paths = [tuple(v.path.split(".")) if v.path else () for v in twins]
    if len(set(paths)) < len(paths):
        return {v: Mark(word(v.name), word(v.name), is_error=False) for v in twins}
    paths = _cut_common(paths)
    paths = [path[::-1] for path in _cut_common([path[::-1] for path in paths])]
    return {v: replace(found[v], path=".".join(path)) for v, path in zip(twins, paths, strict=True)}


def _cut_common(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    common = len(list(takewhile(lambda column: len(set(column)) == 1, zip(*paths, strict=False))))
    return [path[common:] for path in paths]

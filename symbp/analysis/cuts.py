"""Where a forward list is cut, read from its layer tree: into stages, a stage into brackets, a branch into segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symbp.analysis.repetitions import Unit
from symbp.derivation import Derivation
from symbp.equations import System, symbols_in
from symbp.networks.blocks import Block, Kind
from symbp.networks.recognition import recognised
from symbp.ops.elementwise import Elementwise
from symbp.symbols import Role

AFFINE = frozenset({Kind.DENSE, Kind.LINEAR, Kind.CONVOLUTION})
"""What a layer begins with."""

ADDED = frozenset({Kind.ACTIVATION, Kind.NORM, Kind.DROPOUT})
"""What belongs to the layer that it stands behind."""

SUMS = frozenset({Kind.RESIDUAL, Kind.CONCATENATION})
"""Two ways that meet again: what goes in, and what a branch makes of it."""

REPEATED = SUMS | {Kind.TRANSFORMER}
"""What counts as a repetition."""

_SEQUENCES = frozenset({Kind.ENCODER, Kind.DENSE_BLOCK, Kind.LAYER})
"""Blocks that are nothing but what stands in them, one behind the other."""


@dataclass(frozen=True)
class Cut:
    """The equations [first, stop) and the block that they are; ``number`` counts what repeats, 0 for the rest."""

    block: Block
    first: int
    stop: int
    number: int = 0

    @property
    def kind(self) -> Kind:
        """What its block is."""
        return self.block.kind

    @property
    def name(self) -> str:
        """The name of its block."""
        return self.block.name


def layer_tree(derivation: Derivation) -> Block:
    """Return the layer tree of a derivation; lists without a network have one from their structure."""
    return derivation.blocks if derivation.network is not None else recognised(derivation.forward)


def unit(derivation: Derivation) -> Unit:
    """Return what a network is cut into."""
    tree = layer_tree(derivation)
    if any(each.kind is Kind.STEP for each in tree):
        return Unit.STEP
    found = stages(tree)
    if any(each.number for each in found):
        return Unit.BLOCK
    return Unit.LAYER if _is_stack(derivation, found) else Unit.PART


def _is_stack(derivation: Derivation, found: Sequence[Cut]) -> bool:
    """Tell whether layers follow one another, every one with its own weight."""
    dense = [each for each in found if each.kind in (Kind.DENSE, Kind.LINEAR)]
    layers = [each.layer for each in derivation.wrt if each.role is Role.WEIGHT]
    is_chain = all(each in dense or each.kind in ADDED for each in found)
    return is_chain and bool(layers) and len(dense) == len(layers) == len(set(layers))


def stages(tree: Block) -> list[Cut]:
    """Return what stands between the input and the loss, one behind the other; together they are the whole list."""
    stop = next((each.first for each in tree.children if each.kind is Kind.LOSS), tree.stop - 1)
    flat = [each for each in _flat(tree) if each.kind is not Kind.LOSS] or [replace(tree, stop=stop, children=())]
    found, number = [], 0
    for each in covering(_layers(flat), 0, stop):
        number += each.kind in REPEATED
        found.append(replace(each, number=number if each.kind in REPEATED else 0))
    return found


def _layers(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks with each affine map and what stands behind it, a norm or an activation, as one."""
    found: list[Block] = []
    for each in blocks:
        before = found[-1] if found else None
        if before is None or before.kind not in AFFINE or each.kind not in ADDED:
            found.append(each)
            continue
        inside = (before, each) if not _is_layer(before) else (*before.children, each)
        found[-1] = replace(before, stop=each.stop, children=inside)
    return found


def _is_layer(block: Block) -> bool:
    """Tell whether a block is an affine map with what stands behind it."""
    return block.kind in AFFINE and bool(block.children)


def _flat(block: Block) -> Iterator[Block]:
    for child in block.children:
        if child.kind in _SEQUENCES and child.children:
            yield from _flat(child)
        else:
            yield child


def covering(blocks: Sequence[Block], first: int, stop: int) -> list[Cut]:
    """Return blocks as ranges without gaps: what stands between two belongs to the one before."""
    borders = [first, *(each.first for each in blocks[1:]), stop]
    return [Cut(block, *border) for block, border in zip(blocks, pairwise(borders), strict=True)]


def brackets(stage: Cut) -> list[Cut]:
    """Return the parts of a stage that follow one another: those of a transformer block, else itself."""
    if stage.kind is Kind.TRANSFORMER and stage.block.children:
        return covering(stage.block.children, stage.first, stage.stop)
    return [stage]


def branch(bracket: Cut) -> tuple[int, int] | None:
    """Return where the branch of a sum stands; None where a bracket is no sum."""
    if bracket.kind not in SUMS:
        return None
    inside = bracket.block.children
    last = inside[0] if bracket.kind is Kind.RESIDUAL else inside[-1]
    return inside[0].first, last.stop


def parts(bracket: Cut) -> list[Cut]:
    """Return what the branch of a bracket consists of, or the bracket itself, one behind the other."""
    found = branch(bracket)
    if found is None:
        return [bracket]
    children = bracket.block.children
    inside = children[0].children if bracket.kind is Kind.RESIDUAL else children
    return covering(inside, *found) if inside else []


def segments(bracket: Cut, forward: System) -> list[Cut]:
    """Return the factors of the branch of a bracket, or of the bracket itself, one behind the other."""
    return [each for piece in parts(bracket) for each in _pieces(piece, forward)]


def _pieces(piece: Cut, forward: System) -> Iterator[Cut]:
    """Yield a range in pieces: affine maps and activations apart, all heads together."""
    block, inside = piece.block, piece.block.children
    heads = [each for each in inside if each.kind is Kind.HEAD]
    if heads:
        borders = (piece.first, heads[0].first, heads[-1].stop, piece.stop)
        kinds = (Kind.LINEAR, Kind.HEAD, Kind.LINEAR)
        for kind, (first, stop) in zip(kinds, pairwise(borders), strict=True):
            if first < stop:
                yield Cut(replace(block, kind=kind), first, stop)
    elif block.kind in (Kind.DENSE, Kind.CONVOLUTION) and not inside and _acts(forward, piece):
        kind = Kind.LINEAR if block.kind is Kind.DENSE else block.kind
        yield Cut(replace(block, kind=kind), piece.first, piece.stop - 1)
        yield Cut(replace(block, kind=Kind.ACTIVATION), piece.stop - 1, piece.stop)
    elif (block.kind in (Kind.FEED_FORWARD, Kind.BRANCH, *_SEQUENCES) or _is_layer(block)) and inside:
        for each in covering(inside, piece.first, piece.stop):
            yield from _pieces(each, forward)
    else:
        yield piece


def _acts(forward: System, piece: Cut) -> bool:
    """Tell whether a range ends in an activation of more than one equation."""
    return piece.stop - piece.first > 1 and isinstance(forward[piece.stop - 1].rhs, Elementwise)


def weights(derivation: Derivation, first: int, stop: int) -> tuple[str, ...]:
    """Return the names of the weights that the equations [first, stop) read, in their order."""
    wanted = {each for each in derivation.wrt if each.role is Role.WEIGHT}
    read = (each for equation in derivation.forward[first:stop] for each in symbols_in(equation.rhs))
    return tuple(dict.fromkeys(each.name for each in read if each in wanted))


def function(forward: System, first: int, stop: int) -> str:
    """Return the name of the last activation in [first, stop); nothing without one."""
    found = [each.rhs.function.name for each in forward[first:stop] if isinstance(each.rhs, Elementwise)]
    return found[-1] if found else ""

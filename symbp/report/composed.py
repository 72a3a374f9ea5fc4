"""Composed networks: what a report says where the sentences about plain stacks would not be true.

Blocks, normalisations, shared weights, names of one's own: here every equation is shown as it stands in its list,
and a sentence appears only where the factors it speaks of do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from sympy import MatrixExpr

from symbp.calculus.factor import Acts, Factor, Product, additive_terms, is_ones
from symbp.derivation import Gradient
from symbp.equations import Equation
from symbp.op import FactorRole, Op
from symbp.ops.convolution import ChannelSums
from symbp.report.composed_factors import all_factors, is_flat, is_nested
from symbp.report.desk import Desk
from symbp.report.layout import displays, line, product_lines
from symbp.report.passes import BATCH as BATCH_REASONS
from symbp.report.passes import ONE_EXAMPLE, Block, Part, untold
from symbp.report.products import Piece
from symbp.report.recurrent import is_summed, summed
from symbp.report.recurrent_parts import blocks as recurrent_blocks
from symbp.report.recurrent_parts import forward_parts, side_by_side
from symbp.report.rich import Rich, math, rich
from symbp.report.written import Level
from symbp.symbols import Adjoint, Role, Variable

MOST = 40
"""Most equations of one layer that are written out; of more the first and last are."""

USES = 3
"""Most uses of one parameter that are written out."""

Lines = list[list[str]]


def clipped(items: Sequence[Equation], most: int = MOST) -> list[Equation | None]:
    """Return equations with the middle of a long list left out; None stands for what is missing."""
    if len(items) <= most:
        return list(items)
    return [*items[: most // 2], None, *items[-most // 2 :]]


def layers_of(desk: Desk, equations: Iterable[Equation]) -> Iterator[tuple[int, list[Equation | None]]]:
    """Yield the equations of each run of one layer, clipped; layers that are not shown are left out."""
    for layer, found in groupby(equations, lambda equation: int(equation.lhs.layer)):
        if not layer or desk.shows(layer):
            yield layer, clipped(list(found))


def forward(desk: Desk) -> tuple[str, ...]:
    """Return the forward pass, an equation a line."""
    lines: Lines = []
    before = 0
    repeated = desk.steps
    for layer, equations in layers_of(desk, desk.derivation.forward):
        lines += [_DOTS] * (layer > before + 1)
        if layer in repeated:
            for said in forward_parts(desk, repeated[layer]):
                lines += [_words_line(said.words), *(line(*each) for each in said.equations)]
        else:
            lines += [_line(desk, equation) for equation in equations]
        before = layer
    return displays(lines)


def _words_line(words: Rich) -> list[str]:
    """Return a few words of our own as a row among equations."""
    texts = (span.value if span.kind == "math" else rf"\text{{{span.value}}}" for span in words)
    return [f"&{''.join(texts)}"]


_DOTS = [r"&\ \, \vdots"]


def _line(desk: Desk, equation: Equation | None) -> list[str]:
    return _DOTS if equation is None else line(*desk.printer.equation(equation))


def backward(desk: Desk) -> tuple[Block, ...]:
    """Return the backward list layer by layer; a reason is given once."""
    told: set[str] = set()
    blocks: list[Block] = []
    seen: set[int] = set()
    repeated = desk.steps
    for layer, equations in layers_of(desk, desk.derivation.backward):
        if layer in repeated:
            blocks += [] if layer in seen else recurrent_blocks(desk, repeated[layer])
            seen.add(layer)
            continue
        again = ", continued" if layer in seen else ""
        seen.add(layer)
        title = rich("Layer {layer}{again}.", layer=str(layer), again=again) if layer else rich("Inputs.")
        blocks.append(Block(title, tuple(_parts(desk, equations, told))))
    return tuple(blocks)


def _parts(desk: Desk, equations: Sequence[Equation | None], told: set[str]) -> Iterator[Part]:
    """Yield equations with the reason in front of the first that needs it."""
    reason: Rich = ()
    lines: Lines = []
    for equation in equations:
        new = () if equation is None else _reason(desk, equation, told)
        if new and lines:
            yield Part(reason or rich("The same steps:"), displays(lines))
            reason, lines = (), []
        reason = reason or new
        lines.append(_backward_line(desk, equation))
    yield Part(reason or rich("The same steps:"), displays(lines))


SEVERAL = "What is used in several places gets the sum of what comes back from each of them."


def _reason(desk: Desk, equation: Equation, told: set[str]) -> Rich:
    own = BATCH_REASONS if desk.batch else ONE_EXAMPLE
    reasons = {step.rule: own.get(step.rule, step.why) for step in equation.steps}
    if len(equation.steps) > 1:
        reasons["several"] = SEVERAL
    if not equation.steps:
        reasons["unused"] = "The loss does not depend on it, so its gradient is zero."
    return untold(reasons, told)


def _backward_line(desk: Desk, equation: Equation | None) -> list[str]:
    if equation is None or equation.lhs.of != desk.derivation.network.output or desk.printer.is_error(equation.lhs.of):
        return _line(desk, equation)
    p = desk.printer
    right = p.matrix(equation.rhs)
    known = "" if right == p.loss_gradient() else f" = {right}"
    return line(p.loss_gradient(), p.partial(equation.lhs.of) + known)


def trained(desk: Desk) -> list[Gradient]:
    """Return the gradients that the result shows: of everything but biases and shifts."""
    found = desk.gradients
    return [g for g in found if g.variable.role not in (Role.BIAS, Role.SHIFT)] or found


def result(desk: Desk, roles: bool) -> tuple[str, ...]:
    """Return the factored gradients, the deepest with the role of each factor."""
    found = trained(desk)
    single = (g for g in reversed(found) if not is_summed(desk, g) and uses(g) == 1)
    labelled = next((g for g in single if g.variable.role is Role.WEIGHT), None)
    alone = [each for each in found if not is_summed(desk, each)]
    shared = side_by_side([summed(desk, each) for each in found if is_summed(desk, each)])
    return displays([*(_gradient_lines(desk, each, labelled=roles and each is labelled) for each in alone), *shared])


def _gradient_lines(desk: Desk, gradient: Gradient, *, labelled: bool = False) -> list[str]:
    return _term_lines(desk, gradient, desk.printer.symbol(Adjoint(gradient.variable)), labelled=labelled)


def _term_lines(desk: Desk, gradient: Gradient, left: str, *, labelled: bool = False) -> list[str]:
    """Return one product a use of the variable, added up."""
    if not gradient.products:
        return [f"{left} &= {desk.printer.dialect.zero}"]
    if is_summed(desk, gradient):
        return line(left, summed(desk, gradient)[1])
    lines: list[str] = []
    for at, term in enumerate(shown_terms(gradient)):
        if term is None:
            lines.append(rf"&\quad + {desk.printer.dialect.dots}")
            continue
        pieces = desk.term(term, nested=is_nested(desk, term))
        found = product_lines(left, pieces, desk.products, labelled=labelled, macro=desk.factor_macro)
        lines += found if at == 0 else [found[0].replace(f"{left} &= ", r"&\quad + ", 1), *found[1:]]
    return [*lines, *_zero(desk, gradient)]


def _zero(desk: Desk, gradient: Gradient) -> list[str]:
    return [f" &= {desk.printer.dialect.zero}"] if must_vanish(gradient) else []


def shown_terms(gradient: Gradient) -> list[tuple[Factor, ...] | None]:
    """Return the products of a gradient, of many the first two and the last; None stands for the others."""
    products = sorted(gradient.products, key=_is_penalty)
    shown = products if len(products) <= USES else (*products[:2], None, products[-1])
    return [product if product is None else tuple(product) for product in shown]


def uses(gradient: Gradient) -> int:
    """Return how often the network uses a parameter: its products but for that of a penalty."""
    return sum(not _is_penalty(product) for product in gradient.products)


def _is_penalty(product: Product) -> bool:
    return any(factor.role is FactorRole.PENALTY for factor in product.last(2))


def clipped_terms(gradient: Gradient) -> list[MatrixExpr | None]:
    """Return the terms of a sum over steps, of many the first two and the last."""
    terms = list(additive_terms(gradient.equation))
    return [*terms] if len(terms) <= USES else [*terms[:2], None, terms[-1]]


def must_vanish(gradient: Gradient) -> bool:
    """Say whether a gradient is zero as it must be: it adds up what sums to zero, rows or whole channels."""
    ends = [product.last(3) for product in gradient.products]
    return bool(ends) and all(map(_adds_to_zero, ends))


def _adds_to_zero(end: Sequence[Factor]) -> bool:
    *before, last = end
    places = int(last.expr.args[1]) if isinstance(last.expr, ChannelSums) else 0
    if places and before:
        *before, last = before
    node = before[-1].expr if before and is_ones(last) else None
    if not isinstance(node, Op):
        return False
    return node.places_sum_to_zero == places if places else node.rows_sum_to_zero


def form_lines(desk: Desk, gradient: Gradient) -> tuple[str, ...]:
    """Return a gradient as the backward list has it, unfolded down to the loss, and as one product where it is one."""
    if is_summed(desk, gradient):
        left, right = summed(desk, gradient)
        terms = clipped_terms(gradient)
        return (
            *line(left, right),
            *line(
                "",
                " + ".join(desk.printer.dialect.dots if term is None else desk.printer.matrix(term) for term in terms),
            ),
        )
    lines = line(desk.printer.symbol(Adjoint(gradient.variable)), desk.printer.matrix(gradient.recursive))
    if not gradient.products:
        return tuple(lines)
    lines += _term_lines(desk, gradient, "")
    if len(gradient.products) == 1 and desk.batch and not desk.derivation.entire:
        (term,) = gradient.terms
        lines += _over_examples(desk, term) if is_flat(term) else []
    return tuple(lines)


def _over_examples(desk: Desk, term: tuple[Factor, ...]) -> list[str]:
    if not any(factor.acts is Acts.RIGHT for factor in term):
        return []
    pieces = desk.term(term, desk.columns, nested=False)
    return product_lines("", [Piece(r"\sum_{i=1}^{m}", FactorRole.CONSTANT, 0, joint=" "), *pieces], desk.columns)


def common_source(desk: Desk) -> str:
    """Return the loss gradient where all products start from the same one; else nothing."""
    factors = [factor for factor in all_factors(desk) if factor.role is FactorRole.LOSS]
    texts = {desk.products.source(factor, Level.SUM) for factor in factors}
    return texts.pop() if len(texts) == 1 else ""


def reading(desk: Desk) -> tuple[Rich, ...]:
    """Return how to read the result: one sentence for each kind of factor that stands in it."""
    factors = all_factors(desk)
    sums = [factor for factor in factors if factor.branches]
    identity, nested = (
        desk.printer.dialect.identity,
        any(is_nested(desk, t) for g in trained(desk) if not is_summed(desk, g) for t in shown_terms(g) if t),
    )
    skips = any(() in factor.branches for factor in sums)
    operators = {factor.expr.about: factor.expr for factor in factors
                 if factor.acts is Acts.OPERATOR and isinstance(factor.expr, Op) and factor.expr.about}  # fmt: skip
    start = "Start at the loss gradient{inner} and read {way}: every step the error takes back adds its factor{own}."
    found = [
        rich(start, inner=", innermost," if nested else "", way="outwards" if nested else "to the left",
             own="" if not any(f.role is FactorRole.WEIGHT for f in factors) else ", a weight its transpose"),
        *(rich("{label} is {about}.", label=math((node.sign or node.label)[0]), about=about)
          for about, node in operators.items()),
    ]  # fmt: skip
    if skips:
        found.append(rich(
            "In a bracket {bracket} the {I} is the skip connection: it passes the error on unchanged. Multiplied out, "
            "a product of such brackets has a term without any factor of the blocks, so it cannot vanish only because "
            "those factors are small.", bracket=math(rf"({identity} + \ldots)"), I=math(identity),
        ))  # fmt: skip
    elif sums:
        found.append(rich("A bracket with a plus adds up the ways on which the error comes back."))
    if nested and any(_has_dot(factor) for factor in sums):
        found.append(rich("The dot in a bracket is the place of what stands right of the bracket."))
    if any(factor.role is FactorRole.BLOCK or r"\mathcal{B}" in desk.products.map_text(factor) for factor in factors):
        found.append(rich(
            "{B} stands for a whole block: the equations of the backward pass that lead to the matrix it names.",
            B=math(r"\mathcal{B}"),
        ))  # fmt: skip
    summed_up = [gradient for gradient in desk.gradients if is_summed(desk, gradient)]
    if summed_up:
        found.append(
            rich(
                "What all steps share has a sum over the steps; the error in each term has come back through the "
                "product over time, below."
            )
        )
    if any(uses(gradient) > 1 for gradient in desk.gradients if gradient not in summed_up):
        found.append(rich("A parameter that is used several times has one product a use, added up."))
    if any(factor.role is FactorRole.PENALTY for factor in factors):
        found.append(rich("The last term of a sum is the penalty's: it pulls every weight towards zero, weight decay."))
    return tuple(found)


def _has_dot(factor: Factor) -> bool:
    return any(not all(each.acts in (Acts.LEFT, Acts.SUM) for each in branch) for branch in factor.branches)


def zeros(desk: Desk, check: object = None) -> tuple[Rich, ...]:
    """Return what is to be said of gradients that are zero as they must be."""
    found: list[Rich] = []
    unused = {v.name for v in desk.derivation.unused}
    gone = [g.variable for g in desk.gradients if g.variable.name not in unused and must_vanish(g)]
    if unused:
        symbols = listed_symbols(desk, [v for v in desk.derivation.wrt if v.name in unused])
        found.append(rich("The loss does not depend on {which}: the gradient is exactly zero.", which=symbols))
    if gone:
        found.append(rich(
            "The gradient of {which} is zero whatever the data are: adding the same number to a {what} in every "
            "example changes nothing behind the normalisation, which takes the mean away.",
            which=listed_symbols(desk, gone), what="channel" if desk.derivation.network.images else "feature",
        ))  # fmt: skip
    known = unused | {v.name for v in gone}
    rows = [
        row for row in getattr(check, "rows", ()) if str(row.verdict) == "zero to rounding" and row.name not in known
    ]
    if rows:
        variables = [desk.derivation.network.by_name[row.name] for row in rows]
        found.append(
            rich("In the check the gradient of {which} is zero up to rounding.", which=listed_symbols(desk, variables))
        )
    return tuple(found)


def listed_symbols(desk: Desk, variables: Sequence[Variable]) -> Rich:
    """Return symbols with commas between them, of many the first and last."""
    texts = [desk.printer.symbol(variable) for variable in variables]
    return (math(r",\ ".join(texts if len(texts) <= 6 else [*texts[:5], r"\ldots", texts[-1]])),)


def coupling(desk: Desk) -> Rich:
    """Say why columns are shown together: tokens of one sequence, or examples that meet; nothing where neither is."""
    if desk.derivation.tokens:
        return rich(
            "One sequence is shown, its {tokens} tokens as columns. Over a batch of sequences the loss is the mean of "
            "theirs, and so is every gradient.", tokens=str(desk.derivation.tokens),
        )  # fmt: skip
    if not desk.derivation.coupled:
        return ()
    symbol = math(desk.printer.symbol(desk.derivation.coupled[0].lhs))
    return rich(
        "In {symbol} the columns of the batch enter each other's results, so the gradient is no sum over single "
        "columns: everything is shown for the whole batch.", symbol=symbol,
    )  # fmt: skip

"""Mistakes as somebody may write them into symbp: another text in one place, and where the tests look first.

``old`` stands exactly once in its file. A mistake whose place has changed is planted nowhere: give it its new text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KINDS = (
    "sign", "transpose", "index", "scale", "slope", "dropped line", "tolerance", "verdict", "brackets", "label",
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """One wrong text, or several of which a seed picks one, in the place of a right one."""

    kind: str
    file: str
    old: str
    new: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """Where it is, and of which kind."""
        return f"{self.kind} in {self.file}"

    def planted(self, root: Path, wrong: str) -> tuple[Path, str]:
        """Return the file of a checkout and its text with the mistake in it.

        Raises:
            ValueError: the right text is not there, or there more than once.
        """
        place = root / "symbp" / self.file
        text = place.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands there {text.count(self.old)} times, not once")
        return place, text.replace(self.old, wrong)


def _mistake(kind: str, file: str, old: str, new: str | tuple[str, ...], tests: str) -> Mistake:
    return Mistake(kind, file, old, (new,) if isinstance(new, str) else new, tuple(tests.split()))


RULES = "checking/test_rules.py"
SHAPES = "ops/test_functions.py"
NUMBERS = "pages/test_worked.py"
PAGES = "pages/test_pages.py"
NOTATIONS = "pages/test_notations.py"
PRINTED = "pages/test_printed.py"

READER = "networks/importing/test_reader.py"

MISTAKES = (
    # -- models of PyTorch, and networks as lines of equations
    _mistake("index", "networks/importing/recurrent.py", "hadamard(f, c), hadamard(i, g)",
             "hadamard(i, c), hadamard(f, g)", READER),
    _mistake("index", "networks/importing/layout.py", "self._rows(symbol, at * rows, rows)",
             "self._rows(symbol, (axis.size - 1 - at) * rows, rows)", READER),
    _mistake("scale", "networks/importing/losses.py", "return y, 1 / count(numbers.axes), True",
             "return y, 2 / count(numbers.axes), True", READER),
    _mistake("sign", "networks/importing/exact.py", "return -exact(-value)", "return exact(-value)",
             "networks/importing/test_exact.py"),
    _mistake("transpose", "networks/equation_text.py", '".T" if isinstance(expr, Gram) else ""',
             '"" if isinstance(expr, Gram) else ".T"', "networks/test_equation_text.py"),
    # -- notations
    _mistake("index", "maths/names.py", "index + shift if index.is_Integer else index", "index", NOTATIONS),
    # -- programs, notebooks, data
    _mistake("index", "numeric/dialect.py", '"torch.sum(a, dim=k, keepdim=True)"',
             '"torch.sum(a, dim=0, keepdim=True)"', "numeric/test_differentiable.py"),
    _mistake("dropped line", "numeric/differentiable.py", "for line in (*back, *columns) for name",
             "for line in (*back[:1], *columns) for name", "numeric/test_differentiable.py"),
    _mistake("label", "writing/identifiers.py", "(of.name in given or not notation.named_error)", "of.name in given",
             "writing/test_identifiers.py"),
    _mistake("index", "writing/identifiers.py", "(node.base, node.sub, node.sup)", "(node.base, node.sup)",
             "writing/test_identifiers.py"),
    _mistake("sign", "numeric/differentiable.py", "(ahead - behind) / (2 * step)", "(behind - ahead) / (2 * step)",
             "writing/test_page_notebook.py"),
    # -- formulas, notes, grades
    _mistake("tolerance", "judging/sides.py", "return self.error(side, tree) <= TOLERANCE",
             "return self.error(side, tree) <= 1e9 * TOLERANCE", "judging/test_formula.py"),
    _mistake("transpose", "judging/latex.py", '"ᵀ" if script["turn"] else ""', '""', "cli/test_formulas.py"),
    _mistake("index", "judging/layers.py", "return str(base - moved if", "return str(base + moved if",
             "judging/test_notes.py"),
    _mistake("verdict", "cli/notes.py", 'return 1 if counts["wrong"] else 3', "return 3", "judging/test_notes.py"),
    _mistake("verdict", "grading/marks.py", 'return f"\'{text}" if text.startswith(FORMULAS) else text', "return text",
             "grading/test_grade.py"),
    # -- numbers on the page
    _mistake("sign", "maths/arithmetic.py", "return term._replace(negative=term.negative != negative)",
             "return term._replace(negative=term.negative)", NUMBERS),
    _mistake("index", "maths/arithmetic.py", "product([self.cell(weight, i, k), number])",
             "product([self.cell(weight, k, i), number])", NUMBERS),
    _mistake("scale", "maths/figures.py", "rounding=ROUND_HALF_UP", 'rounding="ROUND_DOWN"', NUMBERS),
    _mistake("brackets", "maths/arithmetic.py", "return Fence(node) if isinstance(node, Row) else node",
             "return node", NUMBERS),
    _mistake("transpose", "pages/tell/numeric.py", "return self.cell(expr.arg, j, i)",
             "return self.cell(expr.arg, i, j)", NUMBERS),
    # -- analyses on the page
    _mistake("index", "analysis/stacks.py", "flow.gain(FactorRole.WEIGHT, row.layer + 1)",
             "flow.gain(FactorRole.WEIGHT, row.layer)", "pages/test_flow.py"),
    _mistake("tolerance", "analysis/stacks.py", "max(middles) - min(middles) <= max(", "0.0 <= max(",
             "pages/test_flow.py"),
    _mistake("dropped line", "pages/tell/flow_parts.py", "for role, log in roles.items()",
             "for role, log in list(roles.items())[1:]", "pages/test_flow.py"),
    _mistake("verdict", "analysis/compare.py", "return Group.STABLE if self.holds else Group.MASKED",
             "return Group.STABLE", "pages/test_compare.py"),
    # -- sign
    _mistake("sign", "ops/normalisation.py", "return (g - error_mean - along)",
             "return (g - error_mean + along)", RULES),
    _mistake("sign", "ops/softmax.py", "return p * (g - xp.sum(p * g", "return p * (g + xp.sum(p * g", RULES),
    _mistake("sign", "ops/loss_table.py", "(1 - s.y) / (1 - s.a) - s.y / s.a", "(1 - s.y) / (1 - s.a) + s.y / s.a",
             "ops/test_functions.py checking/test_rules.py"),
    _mistake("sign", "numeric/matrices.py", "return Code(sign + text,", "return Code(text,",
             "analysis/test_architectures.py"),
    _mistake("sign", "analysis/flow.py", "return _slope([(row.layer, row.log10) for row in self._alive])",
             "return _slope([(row.layer, -row.log10) for row in self._alive])", "analysis/test_budget.py"),
    _mistake("sign", "analysis/stages.py", "return below.log - above.log if", "return above.log - below.log if",
             "analysis/test_repetitions.py"),
    # -- transpose
    _mistake("transpose", "ops/native.py", "    return transpose(expr)\n", "    return expr\n", RULES),
    _mistake("transpose", "numeric/matrices.py", '.within(ATOM)}.T")', '.within(ATOM)}")', RULES),
    _mistake("transpose", "judging/layouts.py", "return array.T if self.turns(variable) else array",
             "return array", "judging/test_functions.py"),
    _mistake("sign", "judging/proofs.py", "return signs == {ast.Add}", "return True", "judging/test_functions.py"),
    _mistake("verdict", "judging/judging.py", "(exact and (not batches or (scaled and not self._counts_examples)))",
             "exact", "judging/test_functions.py"),
    _mistake("transpose", "analysis/walk.py", "Scaled.of(direction.array.T, direction.exponent)",
             "Scaled.of(direction.array, direction.exponent)", "analysis/test_architectures.py"),
    # -- index
    _mistake("index", "numeric/matrices.py", "[{writer.size(first)}:{writer.size(first + count)}]",
             ("[{writer.size(first - first)}:{writer.size(count)}]", "[-{writer.size(count)}:]"), RULES),
    _mistake("index", "pages/tell/flow_steps.py", "parts[len(parts) - step] for", "parts[step - 1] for",
             "pages/test_flow_repetitions.py"),
    _mistake("index", "ops/elementwise.py", "Slope(node.function, at, output",
             "Slope(node.function, 0, output", RULES),
    _mistake("index", "ops/rearrange.py", "self.axes[at].taken, -self.axes[at].first",
             "self.axes[at].taken, self.axes[at].first", f"ops/test_rearrange.py {RULES}"),
    _mistake("index", "ops/pooling.py", "(1 + xp.sum(xp.abs(x)))", "(0 * xp.sum(xp.abs(x)))",
             "networks/test_convolution.py"),
    _mistake("transpose", "ops/convolution.py", "*window[2:4]).swapaxes(1, 2)", "*window[2:4])", RULES),
    _mistake("index", "ops/windows.py", "(i * dh, j * dw) for j in range(kw)", "(i, j * dw) for j in range(kw)",
             "pages/test_entry_forms.py"),
    _mistake("index", "ops/attention.py", "reshape(keys, 1, 1) <= xp", "reshape(keys, 1, 1) < xp", RULES),
    _mistake("index", "ops/pooling.py", "-1), []\n    for entry in range(windows.shape[1])",
             "-1), []\n    for entry in reversed(range(windows.shape[1]))", "networks/test_convolution.py"),
    _mistake("index", "networks/recurrent.py", "Rows(state, rows, rows)", "Rows(state, S.Zero, rows)",
             "networks/test_recurrent.py"),
    _mistake("index", "networks/blocks.py", "stop=places[self.stop]", "stop=places[self.stop - 1]",
             "networks/test_layer_tree.py"),
    _mistake("index", "networks/sizes.py", "self.join(right, left)", "self.join(right, right)",
             "networks/test_sizes.py"),
    _mistake("index", "calculus/reverse.py", "adjoint, (name,), needed", "adjoint, (forward[-1].name,), needed",
             "calculus/test_reverse.py"),
    # -- scale
    _mistake("scale", "ops/losses.py", "weight = scale(adjoint) / node.examples",
             ("weight = 2 * scale(adjoint) / node.examples", "weight = scale(adjoint) / a.shape[0]"), RULES),
    _mistake("scale", "ops/losses.py", "scale(adjoint) / p.shape[1]", ("scale(adjoint)", "scale(adjoint) / p.shape[0]"),
             RULES),
    _mistake("scale", "ops/pooling.py", "xp.sum(over, axis=1) / over.shape[1]", "xp.sum(over, axis=1)", RULES),
    _mistake("scale", "ops/penalty.py", "factor * scale(adjoint)", "2 * factor * scale(adjoint)",
             "networks/test_regularisation.py"),
    _mistake("scale", "analysis/initialisations.py", '"he": _normal("N(0, 2/n_in)", lambda n_in, _: 2 / n_in)',
             '"he": _normal("N(0, 2/n_in)", lambda n_in, _: 1 / n_in)', "analysis/test_initialisations.py"),
    # -- slope
    _mistake("slope", "ops/activations.py", "s.tanh(s.x), 1 - s.tanh(s.x) ** 2",
             ("s.tanh(s.x), 1 - s.tanh(s.x)", "s.tanh(s.x), 1 + s.tanh(s.x) ** 2"), SHAPES),
    _mistake("slope", "ops/activations.py", "s.a * (1 - s.a)", ("s.a * (1 + s.a)", "(1 - s.a)"), SHAPES),
    _mistake("slope", "ops/activations.py", "s.cases(s.x, 1, s.alpha),", "s.cases(s.x, s.alpha, 1),", SHAPES),
    _mistake("slope", "ops/activations.py", "+ s.x * s.exp(-(s.x**2) / 2)", "- s.x * s.exp(-(s.x**2) / 2)", SHAPES),
    _mistake("slope", "ops/loss_table.py", "s.softplus(2 * s.e) - s.e - s.log(2), s.tanh(s.e)",
             "s.softplus(2 * s.e) - s.e - s.log(2), s.tanh(2 * s.e)", RULES),
    # -- dropped line
    _mistake("dropped line", "calculus/factor.py",
             "        factors.extend(factor_of(arg, Acts.RIGHT) for arg in expr.args[inside + 1 :])\n", "",
             "calculus/test_factor.py"),
    _mistake("dropped line", "analysis/account.py",
             "            found[FactorRole.SUM] = found.get(FactorRole.SUM, 0.0) + rest\n", "",
             "analysis/test_budget.py analysis/test_architectures.py"),
    _mistake("dropped line", "ops/structure.py", "return xp.concatenate((above, a, below), axis=0)",
             "return xp.concatenate((above, a), axis=0)", RULES),
    _mistake("dropped line", "checking/report.py",
             '            raise CheckFailedError(f"the check proves nothing: {self.why}")\n', "            return\n",
             "checking/test_check.py checking/test_kinks.py"),
    # -- tolerance, ten times as large
    _mistake("tolerance", "checking/tolerance.py", "TOLERANCE = 1e-9\n", "TOLERANCE = 1e-8\n",
             "checking/test_tolerance.py"),
    _mistake("tolerance", "checking/tolerance.py", "DIGITS_TOLERANCE = 1e-20", "DIGITS_TOLERANCE = 1e-19",
             "checking/test_tolerance.py"),
    _mistake("tolerance", "checking/tolerance.py", "ROUNDINGS = 64", "ROUNDINGS = 640", "checking/test_tolerance.py"),
    _mistake("tolerance", "analysis/flow.py", "AGREEMENT = 1e-12", "AGREEMENT = 1e-11", "analysis/test_budget.py"),
    # -- verdict ignored
    # -- models
    _mistake("tolerance", "numeric/agreement.py", "error <= TOLERANCE * norm + NOISE * largest",
             ("not error > TOLERANCE * norm + NOISE * largest", "error <= TOLERANCE * norm * 1e3 + NOISE * largest"),
             "test_sample.py"),
    _mistake("verdict", "derivation.py", "and not derived.agreement.right:", "and not derived.agreement.rows:",
             "test_sample.py"),
    _mistake("transpose", "sample.py", "turned.transpose([int(at) for at in np.argsort(self.order)])",
             "turned.transpose(self.order)", "test_sample.py"),
    _mistake("dropped line", "networks/importing/process.py", 'for each in found["refused"][:MOST_REFUSED]',
             'for each in found["refused"][:1]', "networks/importing/test_process.py"),
    _mistake("verdict", "checking/report.py", "FAILED = (Verdict.NOT_FINITE, Verdict.WRONG)",
             ("FAILED = (Verdict.NOT_FINITE,)", "FAILED = (Verdict.WRONG,)"), "checking/test_merging.py"),
    _mistake("verdict", "checking/report.py", "if any(row.failed for row in self.rows):",
             "if all(row.failed for row in self.rows):", "checking/test_check.py"),
    _mistake("verdict", "checking/merging.py", "return min(failed, key=ORDER.index) if failed else max",
             "return max", "checking/test_merging.py"),
    _mistake("verdict", "checking/check.py", "verdicts.append(digits[name].verdict(DIGITS_TOLERANCE))", "pass",
             "checking/test_check.py checking/test_methods.py"),
    _mistake("verdict", "cli/check.py", "return exit_code(report)", "return 0", "cli/test_check.py"),
    _mistake("verdict", "testing.py", "if not judged.right:", "if judged.diagnosis.scale is not None:",
             "cli/test_theirs.py"),
    # -- brackets
    _mistake("brackets", "maths/build.py", "if sign else each).within(Level.PRODUCT)",
             "if sign else each).within(Level.SUM)", "maths/test_build.py"),
    _mistake("brackets", "maths/scalars.py", "Level.HADAMARD: lambda level: level is Level.HADAMARD or",
             "Level.HADAMARD: lambda level: level >= Level.HADAMARD or", "maths/test_build.py"),
    _mistake("brackets", "numeric/matrices.py", "{text} / {self.size(under).within(ATOM)}",
             "{text} / {self.size(under).within(PRODUCT)}", "numeric/test_source.py checking/test_rules.py"),
    # -- label
    _mistake("label", "ops/pooling.py", 'label: ClassVar[str] = "maxpool"',
             'label: ClassVar[str] = "avgpool"', "test_gallery.py"),
    _mistake("label", "maths/notation.py", 'error: str = "δ"', 'error: str = "ε"', "maths/test_build.py"),
    _mistake("label", "errors.py", "n=1, cutoff=0.6", "n=1, cutoff=0.99", "cli/test_refusals.py"),
    _mistake("verdict", "cli/console.py", '"inconclusive": 3', '"inconclusive": 0', "cli/test_check.py"),
    _mistake("label", "ops/within.py", '"a key meets its queries", "a query meets its keys"',
             '"a query meets its keys", "a key meets its queries"', "test_op.py"),
    _mistake("label", "calculus/factor.py", "Role.GATE: FactorRole.GATE", "Role.GATE: FactorRole.MASK",
             "networks/test_recurrent.py"),
    _mistake("label", "pages/tell/verdict.py", "scale=scale.text, why=scale.why", "scale=scale.why, why=scale.text",
             "cli/test_theirs.py"),
    _mistake("label", "pages/tell/check.py", "precision=report.precision, name=name)\n\n\ndef _in",
             "precision=\"50\", name=name)\n\n\ndef _in", "cli/test_check.py"),
    # -- views of notations, read back as they are printed
    _mistake("transpose", "views/diagonal.py", "matmul(*matrices, error) if expr.shape[1] == 1",
             "matmul(*reversed(matrices), error) if expr.shape[0] == 1", PRINTED),
    _mistake("slope", "views/diagonal.py", "    slopes = [each for each in expr.args if _slope(each) is not None]\n",
             "    slopes = [each for each in expr.args if _slope(each) is not None][:0]\n",
             "views/test_small_views.py"),
    _mistake("transpose", "views/units.py", "        return unit(expr.arg)\n", "        return expr\n",
             "views/test_small_views.py"),
    _mistake("verdict", "views/units.py", "if not is_stack or any(", "if not is_stack and any(",
             "views/test_small_views.py"),
    _mistake("sign", "views/updates.py", "-RATE if each.lhs.of.name in wanted else LESS",
             "RATE if each.lhs.of.name in wanted else LESS", PRINTED),
    _mistake("sign", "views/updates.py", "scaled(LESS, equation.rhs)) if lhs.of.role is Role.BIAS",
             "equation.rhs) if lhs.of.role is Role.BIAS", PRINTED),
    _mistake("scale", "views/scale.py", "own = factor if has(equation.lhs) else S.One",
             "own = S.One", f"views/test_scale.py {PRINTED}"),
    _mistake("scale", "views/index.py", "    return number * read.product(factors, place)\n",
             "    return read.product(factors, place)\n", PRINTED),
    _mistake("dropped line", "views/in_place.py", "        before = frozenset({error.lhs})\n",
             "        before |= frozenset({error.lhs})\n", f"views/test_in_place.py {PRINTED}"),
    _mistake("transpose", "views/layout.py", "if layout.holds(symbol) == turned or own.shape == (1, 1)",
             "if layout.holds(symbol) or own.shape == (1, 1)", "views/test_turned.py"),
    # -- the pages: folding, names, trees, products, sentences, writers
    _mistake("index", "views/fold.py", "(tuple(map(int.__add__, values, firsts)), found.parsed[item + offset])",
             "(values, found.parsed[item + offset])", "views/test_fold.py"),
    _mistake("dropped line", "views/inline.py", "            errors.append(shown)\n",
             "            errors[:] = [shown]\n", PAGES),
    _mistake("index", "views/blocks.py", "    acts_on = 6\n", "    acts_on = 5\n",
             "views/test_blocks.py pages/test_levels.py"),
    _mistake("dropped line", "views/product.py",
             "        return [term for each in expr.args for term in _terms(each)]\n",
             "        return _terms(expr.args[0])\n", PAGES),
    _mistake("transpose", "maths/names.py", "row(*upper * bool(above), TRANSPOSE))", "row(*upper * bool(above)))",
             PAGES),
    _mistake("sign", "maths/build.py", "items += [MINUS if part.negative else PLUS] if at",
             "items += [PLUS] if at", PAGES),
    _mistake("scale", "maths/build.py", "_mean(weight / (2 * examples)",
             ("_mean(weight / examples", "_mean(weight / 2"), "pages/test_faults.py"),
    _mistake("slope", "maths/build.py", "    return Script(name, None, PRIME)\n", "    return name\n", PAGES),
    _mistake("transpose", "maths/factors.py", "order = (inside, TIMES, side) if factor.acts is Acts.RIGHT else",
             "order = (inside, TIMES, side) if factor.acts is Acts.LEFT else", PAGES),
    _mistake("brackets", "maths/scalars.py", "Level.PRODUCT: lambda level: level >= Level.PRODUCT",
             "Level.PRODUCT: lambda level: True", PAGES),
    _mistake("index", "pages/tell/context.py", "letter - (index.last - value)", "letter + (index.last - value)", PAGES),
    _mistake("label", "pages/tell/remarks.py", "each.verdict is Verdict.ZERO", "each.verdict is Verdict.AGREES",
             "pages/test_remarks.py"),
    _mistake("dropped line", "writing/breaking.py",
             "            start = place\n    yield tuple(items[start:])\n\n\ndef _only",
             "            start = place\n\n\ndef _only", "writing/test_breaking.py"),
    _mistake("label", "writing/page_markdown.py", "while anchor in found.values():", "while not anchor:",
             "writing/test_page_markdown.py"),
    _mistake("brackets", "writing/latex.py", "if size == _LARGE and not hooks.has_large:", "if size > _LARGE:",
             "writing/test_page_markdown.py"),
    _mistake("index", "writing/macros.py", 'command.call(spell(found.sub) if found.sub else "", marks)',
             'command.call("", marks)', "writing/test_macros.py"),
    _mistake("scale", "cli/measure.py", "points / size", "points / LETTERS", "cli/test_setting.py"),
    _mistake("index", "writing/spacing.py", "return Script(base.base, base.sub, above[0]",
             "return Script(base.base, None, above[0]", "writing/test_latex.py writing/test_page_html.py"),
    _mistake("dropped line", "writing/page_html.py", "        yield from self._broken(row(*before))\n", "",
             "writing/test_page_html.py"),
    _mistake("index", "pages/tell/tour.py", "steps, here = range(start, len(back))",
             "steps, here = range(start + 1, len(back))", "writing/test_steps.py"),
    _mistake("dropped line", "pages/tell/step_graph.py", "            lit.append(node.key)\n            self.loss",
             "            self.loss", "writing/test_steps.py"),
    _mistake("index", "writing/mathml.py", "_written(each, True) for each in (sub, sup)",
             "_written(each, True) for each in (sup, sub)", "writing/test_page_html.py"),
    _mistake("brackets", "writing/typst.py", "found = _joined((start, _written(node.body, tight), end))",
             "found = _written(node.body, tight)", "writing/test_page_typst.py"),
    _mistake("index", "writing/aliases.py", "known[each] == min(known.values())", "known[each] == max(known.values())",
             "writing/test_aliases.py"),
    _mistake("verdict", "writing/render.py", "            raise SpecError(f\"{name}: {why}; leave out {name}\")\n",
             "            break\n", "writing/test_templates.py"),
    # -- the language of equations
    _mistake("index", "networks/repeat.py", 'values, line) * (1 if sign == "+" else -1)', "values, line)",
             "networks/test_repeat.py"),
    _mistake("sign", "ops/square.py", "matmul(S.NegativeOne, transpose(output), adjoint, transpose(output))",
             "matmul(transpose(output), adjoint, transpose(output))", RULES),
    _mistake("transpose", "ops/square.py", "return (_scaled(adjoint, transpose(Inv(node.args[0]))),)",
             "return (_scaled(adjoint, Inv(node.args[0])),)", RULES),
    _mistake("slope", "ops/columns.py", "adjoint), Softmax(z))", "adjoint), Argmax(z))", RULES),
    _mistake("scale", "networks/inner.py", "[tidy(diff(expr, each)) for", "[2 * tidy(diff(expr, each)) for",
             "networks/test_inner.py"),
    _mistake("dropped line", "calculus/reverse.py", ' and not getattr(equation.rhs, "flat", False)', "",
             "pages/test_reader.py"),
    _mistake("scale", "ops/loss_table.py", "relu(margin + A - S)) / m", ("relu(margin + A - S))", "relu(A - S)) / m"),
             "networks/test_named_losses.py"),
    _mistake("index", "ops/pooling.py", "xp.where(found, left, 0) * values[:, entry]",
             "xp.where(found, left, 0) * values[:, 0]", RULES),
    _mistake("dropped line", "networks/hessian.py", "hadamard(gradient, direction)", "hadamard(gradient, gradient)",
             "networks/test_hessian.py"),
    _mistake("index", "ops/literal.py", "key <= query", ("key >= query", "key < query"), "networks/test_constants.py"),
    _mistake("scale", "ops/losses.py", "self.args[1].shape[0 if examples_are_rows(self.args[1]) else 1]",
             "self.args[1].shape[1]", "networks/test_rows.py"),
    _mistake("sign", "maths/build.py", "negative ^= sum(signs) % 2 == 1", "negative ^= False", "maths/test_build.py"),
    # -- any depth
    _mistake("index", "views/reading.py", "return symbol - (end - value) if", "return symbol - (end - value) - 1 if",
             "pages/test_general.py"),
    _mistake("index", "pages/tell/context.py", "end, bound = (LESS, last + 1)", "end, bound = (LESS, last)",
             "pages/test_general.py"),
    # -- the door
    _mistake("verdict", "checking/operation.py", "if row.verdict is not Verdict.AGREES:",
             "if row.verdict is Verdict.OVERFLOW:", "test_extend.py"),
    _mistake("tolerance", "checking/operation.py", "CLOSE = 1e-9", "CLOSE = 1e9", "test_extend.py"),
    _mistake("dropped line", "checking/operation.py",
             "    networks += [(each, _around(each)) for each in _with_one_symbol_twice(node)]\n", "",
             "test_extend.py"),
    _mistake("scale", "checking/operation.py", "factor = float(found @ right / (right @ right))",
             "factor = float(found @ right / (found @ found))", "test_extend.py"),
    _mistake("verdict", "networks/matrix_functions.py", "if known is not None or name in TAKEN:", "if name in TAKEN:",
             "test_extend.py"),
)  # fmt: skip
"""The list, by kind."""

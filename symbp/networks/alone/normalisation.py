"""BatchNorm, LayerNorm and RMSNorm alone: X in, Y = γ ⊙ X̂ + β out, features as rows and examples as columns.

Each exists twice, as one node with its projection and as a list of elementary equations; a test holds that their
gradients are the same, symbolically and in numbers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType

from sympy import MatrixExpr, Rational, S, Symbol

from symbp.equations import Equation
from symbp.networks.alone.lone import Lone, Page, Section
from symbp.nodes import hadamard, matadd, matmul, ones
from symbp.op import ShownStep
from symbp.ops.elementwise import OUTPUT, Elementwise, Formula
from symbp.ops.normalisation import EPSILON, Normalise, Over, mean, spread
from symbp.symbols import BATCH, Role, Variable

N = Symbol("n", integer=True, positive=True)
"""The number of features."""

X = Variable("X", N, BATCH, Role.INPUT, "X")
X_HAT = Variable("Xhat", N, BATCH, Role.NORMALISED, "Xhat")
Y = Variable("Y", N, BATCH, Role.SHIFTED, "Y")
GAMMA = Variable("gamma", N, 1, Role.SCALE, "gamma")
BETA = Variable("beta", N, 1, Role.SHIFT, "beta")
ONES = ones(1, BATCH)


def _inverse_root() -> Formula:
    x, epsilon = Symbol("b", real=True), Symbol("epsilon", positive=True)
    root = (x + epsilon) ** Rational(-1, 2)
    return Formula("inverse_root", (x,), root, (root.diff(x),), -(OUTPUT**3) / 2, "r", "r", ((epsilon, EPSILON),))


INVERSE_ROOT = _inverse_root()
"""1/√(x + ε), its slope through its own value: −r³/2."""


def _affine(centred: bool) -> MatrixExpr:
    scaled = hadamard(matmul(GAMMA, ONES), X_HAT)
    return matadd(scaled, matmul(BETA, ONES)) if centred else scaled


def _network(name: str, over: Over, centred: bool, page: Page) -> Lone:
    equations = [Equation(X_HAT, Normalise(X, over, centred, EPSILON)), Equation(Y, _affine(centred))]
    return Lone(name, equations, [X], [Y], [GAMMA, BETA] if centred else [GAMMA], page=page)


def _elementary(name: str, over: Over, centred: bool, page: Page) -> Lone:
    """Return the same from products, sums and ⊙, with one function of every entry: 1/√(variance + ε)."""
    rows, columns = (N, S.One) if over is Over.EXAMPLES else (S.One, BATCH)
    mu, variance, r = (Variable(each, rows, columns, Role.STATE, each) for each in ("mu", "var", "r"))
    c = Variable("C", N, BATCH, Role.STATE, "C") if centred else X
    centring = [Equation(mu, mean(X, over)), Equation(c, matadd(X, matmul(S.NegativeOne, *spread(mu, over, X).args)))]
    equations = [
        *(centring if centred else []),
        Equation(variance, mean(hadamard(c, c), over)),
        Equation(r, Elementwise(INVERSE_ROOT, variance)),
        Equation(X_HAT, hadamard(c, spread(r, over, X))),
        Equation(Y, _affine(centred)),
    ]
    return Lone(name, equations, [X], [Y], [GAMMA, BETA] if centred else [GAMMA], page=page)


_LETTERS = MappingProxyType(
    {
        "Xhat": (r"\hat{X}", "X̂", "Xhat"), "gamma": (r"\gamma", "γ", "gamma"), "beta": (r"\beta", "β", "beta"),
        "mu": (r"\mu", "μ", "mu"), "var": (r"\sigma^{2}", "σ²", "var"), "c": ("c", "c", "c"), "g": ("g", "g", "g"),
    }
)  # fmt: skip

_STEPS_WHY = {
    "beta": "Every {each} adds the same {beta}, so its gradient is the sum over the {each}s.",
    "gamma": "{gamma} multiplies {Xhat} in every {each}: its gradient is the error times {Xhat}, added up over the "
    "{each}s.",
    "Xhat": "On the way back the error is multiplied by the same {gamma}.",
    "r": "One {r} multiplies {all}, so its gradient is a sum over them.",
    "var": "The slope of the inverse root is minus one half of its cube.",
    "C": "{C} is used twice: in {Xhat} directly, and squared in the variance. Both ways are added.",
    "mu": "The mean is subtracted from {all}, so it gets minus the sum of their errors.",
    "X": "{X} is used twice as well: directly, and in the mean. The mean and the variance are never constants.",
}
"""Why each elementary step is so; ``each`` and ``all`` are words of the axis, the rest are symbols."""

_RMS_WHY = {
    "var": "The slope of the inverse root is minus one half of its cube.",
    "X": "{X} is used twice: in {Xhat} directly, and squared in the mean square. Both ways are added.",
}

_SHORT_WHY = {
    "X": "Remove from the error its mean {g}, remove its component {c} along the normalised input {Xhat}, and "
    "divide by the deviation: multiply by {r}.",
}
_SHORT_RMS_WHY = {
    "X": "Remove from the error its component {c} along the normalised input {Xhat}, and divide by the root mean "
    "square: multiply by {r}.",
}

_OVER = {
    Over.EXAMPLES: {"each": "example", "all": "all examples of a feature"},
    Over.FEATURES: {"each": "token", "all": "all features of a token"},
}


def _spoken(why: dict[str, str], over: Over) -> dict[str, str]:
    """Return sentences with the words of an axis in them; the symbols are left for the page."""
    found = why
    for key, word in _OVER[over].items():
        found = {name: sentence.replace(f"{{{key}}}", word) for name, sentence in found.items()}
    return found


_MEANINGS = {
    "X": "input, {columns}", "Xhat": "normalised input", "Y": "output", "gamma": "scale, one a feature",
    "beta": "shift, one a feature", "mu": "mean of each {one}", "C": "input without its mean",
    "var": "variance of each {one}", "r": "1 over the deviation of each {one}",
}  # fmt: skip


def _meanings(one: str, columns: str, *left_out: str) -> dict[str, str]:
    texts = {name: text.replace("{one}", one).replace("{columns}", columns) for name, text in _MEANINGS.items()}
    return {name: text for name, text in texts.items() if name not in left_out}


ORDER = ("beta", "gamma", "Xhat", "r", "var", "C", "mu", "X")
"""The order of the backward pass: the parameters first, as the papers have it."""

BATCHNORM = Page(
    "Batch normalisation",
    "Every feature is normalised over the examples of the batch (a row of {X}), then scaled by {gamma} and shifted "
    "by {beta}.",
    "Rows are features, columns are examples; {eps} is a small positive number.",
    _LETTERS,
    short=True,
    meanings=_meanings("feature", "features by examples"),
    order=ORDER,
    opening=(ShownStep("Lines (4) to (8) together are one projection of {dXhat} (exactly one where {eps} is 0):", ()),),
    why=_SHORT_WHY,
    remarks=(
        ShownStep(
            "Every row of {dX} sums to zero, so a bias in front of the normalisation has gradient zero, whatever the "
            "data are: the mean takes it away again.",
            (),
        ),
    ),
    sections=(
        Section(
            "Closed form",
            (
                ShownStep(
                    r"The sums in $g$ and $c$ are those of $\mathrm{d}\beta$ and $\mathrm{d}\gamma$, so that one line "
                    "holds it all, with products entry by entry in each row:",
                    (
                        r"\mathrm{d}X &= \frac{1}{m} \, (\gamma \odot r) \mathbf{1}^{\top} \odot \bigl("
                        r"m \, \mathrm{d}Y - \mathrm{d}\beta \, \mathbf{1}^{\top}"
                        r" - \hat{X} \odot (\mathrm{d}\gamma \, \mathbf{1}^{\top}) \bigr)",
                    ),
                ),
            ),
        ),
        Section(
            "In index form",
            (
                ShownStep(
                    "As the paper writes it, for one feature with the values $x_1, \\ldots, x_m$ in the batch:",
                    (
                        r"\frac{\partial \mathcal{L}}{\partial \hat{x}_i} &="
                        r" \frac{\partial \mathcal{L}}{\partial y_i} \, \gamma",
                        r"\frac{\partial \mathcal{L}}{\partial \sigma^2} &="
                        r" -\frac{1}{2} (\sigma^2 + \varepsilon)^{-3/2}"
                        r" \sum_{i=1}^{m} \frac{\partial \mathcal{L}}{\partial \hat{x}_i} \, (x_i - \mu)",
                        r"\frac{\partial \mathcal{L}}{\partial \mu} &= -\frac{1}{\sqrt{\sigma^2 + \varepsilon}}"
                        r" \sum_{i=1}^{m} \frac{\partial \mathcal{L}}{\partial \hat{x}_i}",
                        r"\frac{\partial \mathcal{L}}{\partial x_i} &= \frac{1}{\sqrt{\sigma^2 + \varepsilon}}"
                        r" \frac{\partial \mathcal{L}}{\partial \hat{x}_i}"
                        r" + \frac{2 (x_i - \mu)}{m} \frac{\partial \mathcal{L}}{\partial \sigma^2}"
                        r" + \frac{1}{m} \frac{\partial \mathcal{L}}{\partial \mu}",
                        r"\frac{\partial \mathcal{L}}{\partial \gamma} &="
                        r" \sum_{i=1}^{m} \frac{\partial \mathcal{L}}{\partial y_i} \, \hat{x}_i, \qquad"
                        r" \frac{\partial \mathcal{L}}{\partial \beta} ="
                        r" \sum_{i=1}^{m} \frac{\partial \mathcal{L}}{\partial y_i}",
                    ),
                ),
                ShownStep(
                    r"The mean moves the variance too; that part is zero because $\sum_i (x_i - \mu) = 0$.",
                    (),
                ),
            ),
        ),
    ),
)


def _one_example(centred: bool) -> Section:
    """Return the gradient of one example in index form."""
    mean_part = r" - \frac{1}{n} \sum_{k=1}^{n} g_k" if centred else ""
    what = "the deviation" if centred else "the root mean square"
    return Section(
        "In index form",
        (
            ShownStep(
                rf"For one example, with $g_i = \gamma_i \, \partial \mathcal{{L}} / \partial y_i$ and "
                rf"$r$ the inverse of {what}:",
                (
                    r"\frac{\partial \mathcal{L}}{\partial x_i} &= r \, \Bigl( g_i" + mean_part + r" - \hat{x}_i \,"
                    r" \frac{1}{n} \sum_{k=1}^{n} g_k \hat{x}_k \Bigr)",
                ),
            ),
        ),
    )


LAYERNORM = replace(
    BATCHNORM,
    title="Layer normalisation",
    subject="Every token (a row of {X}) is normalised over its own features, then scaled by {gamma} and shifted by "
    "{beta}. No token depends on another one.",
    layout="Rows are tokens, columns are features; {gamma} and {beta} are column vectors, one number a feature; "
    "{eps} is a small positive number.",
    rows=True,
    meanings=_meanings("token", "tokens by features"),
    remarks=(ShownStep("Every row of {dX} sums to zero: adding a number to all features of a token changes nothing.",
                       ()),),
    sections=(_one_example(True),),
)  # fmt: skip

RMSNORM = replace(
    LAYERNORM,
    title="RMS normalisation",
    subject="Every token (a row of {X}) is divided by the root mean square of its features, then scaled by {gamma}. "
    "Nothing is subtracted.",
    layout="Rows are tokens, columns are features; {gamma} is a column vector, one number a feature; "
    "{eps} is a small positive number.",
    meanings=_meanings("token", "tokens by features", "beta", "mu", "C")
    | {"var": "mean square of each token", "r": "1 over the root mean square of each token"},
    letters=MappingProxyType({**_LETTERS, "var": ("q", "q", "q")}),
    opening=(ShownStep("Lines (3) to (5) together are one projection of {dXhat} (exactly one where {eps} is 0):", ()),),
    why=_SHORT_RMS_WHY,
    remarks=(ShownStep("For $\\varepsilon = 0$ every row of $\\mathrm{d}X$ is orthogonal to the same row of $X$: "
                       "a longer token has the same normalised input.", ()),),
    sections=(_one_example(False),),
)  # fmt: skip


def _steps_page(page: Page, over: Over, why: dict[str, str]) -> Page:
    opening = ShownStep(
        "Each line is one step of the chain rule through one equation above, read from the last up:", ()
    )
    return replace(page, why=_spoken(why, over), opening=(opening,))


_BUILDERS = {
    "batchnorm": (Over.EXAMPLES, True, BATCHNORM, _STEPS_WHY),
    "layernorm": (Over.FEATURES, True, LAYERNORM, _STEPS_WHY),
    "rmsnorm": (Over.FEATURES, False, RMSNORM, {**_STEPS_WHY, **_RMS_WHY}),
}


def _lone(name: str) -> Lone:
    over, centred, page, why = _BUILDERS[name]
    steps = partial(_elementary, name, over, centred, _steps_page(page, over, why))
    return _network(name, over, centred, replace(page, elementary=steps))


def batchnorm() -> Lone:
    """Every feature over the examples of the batch."""
    return _lone("batchnorm")


def layernorm() -> Lone:
    """Every example over its features."""
    return _lone("layernorm")


def rmsnorm() -> Lone:
    """Every example by its root mean square."""
    return _lone("rmsnorm")

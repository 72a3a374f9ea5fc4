"""The door: operations from elsewhere are whole or refused in one line, and words of equations are taken once."""

from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from reader import closed
from sympy import Basic, Integer, Rational, Symbol, sqrt

import symbp
from symbp.errors import CheckFailedError, RuleNotFoundError, SpecError, SymbpError
from symbp.extend import (
    BATCH,
    COLUMN,
    OTHER,
    ROW,
    Builder,
    Op,
    Role,
    Total,
    Variable,
    base,
    by_columns,
    hadamard,
    matadd,
    matmul,
    meaning,
    rule,
    times,
    transpose,
    word,
)
from symbp.networks.matrix_functions import FUNCTIONS
from symbp.op import steps
from symbp.ops.columns import CumulativeSum, LogSumExp
from symbp.ops.convolution import Convolve
from symbp.ops.square import Det
from symbp.ops.stop import Stop
from symbp.ops.windows import Window
from symbp.ops.within import Gram
from symbp.pages.tell.derivation import derivation_page
from symbp.testing import check_operation

N, K = (Symbol(letter, integer=True, positive=True) for letter in "nk")
WHY, SHORT = "A matrix times another one and its own square has two ways back.", "two ways back for each"


def variable(name, rows, columns, role=Role.PREACTIVATION):
    return Variable(name, rows, columns, role, name)


A, Z, U = variable("A", N, N), variable("Z", N, BATCH), variable("U", N, BATCH)


class Node(Op):
    """A·Z + Z ⊙ Z; every test plants its mistake in a class of its own."""

    label = "mixed"

    def __new__(cls, *args):
        return Basic.__new__(cls, *args)

    shape = property(lambda self: self.args[-1].shape)

    def entry(self):
        a, z = base("a"), base("z")
        value = Total(a[ROW, OTHER] * z[OTHER, COLUMN], OTHER) + z[ROW, COLUMN] ** 2
        return by_columns({a: self.args[0], z: self.args[1]}, self.shape, value, {OTHER: self.shape[0]})


def right_meaning(xp, a, z):
    return a @ z + z * z


def right(node, output, adjoint):
    a, z = node.args
    own = times(Integer(2), hadamard(adjoint, z))
    return matmul(adjoint, transpose(z)), matadd(matmul(transpose(a), adjoint), own)


NUMBER = count(1)


@pytest.fixture(autouse=True)
def own_words():
    """What a test registers keeps its words to itself: two rules with the same few words are refused."""
    kept = dict(steps)
    yield
    steps.clear()
    steps.update(kept)


def operation(of=right_meaning, back=right, why=WHY, short=SHORT, parent=Node, **own):
    """Return a new type of operation with this meaning and rule."""
    kind = type(f"Mixed{next(NUMBER)}", (parent,), {"label": parent.label, **own})
    meaning(kind)(of)
    rule(kind, why, short=short)(lambda node, output, adjoint: back(node, output, adjoint))
    return kind


def refused(kind, *operands):
    with pytest.raises(CheckFailedError) as caught:
        check_operation(kind(*(operands or (A, Z))))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_operation_passes():
    assert check_operation(operation()(A, Z)) is None


def changed(change):
    """A rule whose error of the second operand is changed."""
    return lambda node, output, adjoint: (right(node, output, adjoint)[0], change(*node.args, adjoint))


def correct(a, z, g):
    return right(Node(a, z), None, g)[1]


WRONG_RULES = {
    "sign": (lambda a, z, g: matmul(Integer(-1), correct(a, z, g)), "gradient by Z, n×m: it is -1 times what"),
    "scale": (lambda a, z, g: matmul(Integer(2), correct(a, z, g)), "gradient by Z, n×m: it is 2 times what"),
    "transpose": (lambda a, z, g: matadd(matmul(a, g), times(Integer(2), hadamard(g, z))), "by Z, n×m: it is .* away"),
    "dropped term": (lambda a, z, g: matmul(transpose(a), g), "by Z, n×m: it is .* away from differences"),
    "another slope": (lambda a, z, g: matadd(matmul(transpose(a), g), hadamard(g, z)), "by Z, n×m: it is .* away"),
    "no error": (lambda a, z, g: None, "by Z, n×m: it is 0 times what"),
    "shape": (lambda a, z, g: matmul(g, transpose(z)), "what the rule of Mixed\\d+ returns does not fit: dZ2 is n×m"),
    "number": (lambda a, z, g: 1 / 0, "returns does not fit: division by zero"),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_wrong_rule_is_seen(name):
    change, message = WRONG_RULES[name]
    with pytest.raises(CheckFailedError, match=message):
        check_operation(operation(back=changed(change))(A, Z))


def test_a_rule_that_confuses_equal_operands_is_seen():
    class Cube(Node):
        label = "cube"

        def entry(self):
            z, u = base("z"), base("u")
            value = z[ROW, COLUMN] ** 2 * u[ROW, COLUMN]
            return by_columns({z: self.args[0], u: self.args[1]}, self.shape, value)

    def by_name(node, output, adjoint):
        z, u = node.args
        found = {z: times(Integer(2), hadamard(adjoint, z, u)), u: hadamard(adjoint, z, z)}
        return tuple(found[each] for each in node.args)

    def cube(xp, z, u):
        return z * z * u

    kind = operation(cube, by_name, parent=Cube)
    assert "in the gradient by Z, n×m given twice" in refused(kind, Z, U)


WRONG_WORDS = {
    "no few words": ({"short": ""}, "says in one to 8 words what it does"),
    "many words": ({"short": "one two three four five six seven eight nine"}, "one to 8 words"),
    "a stop": ({"short": "two ways back."}, "no stop behind them"),
    "no sentence": ({"why": "two ways"}, "begins with a capital and ends with a stop"),
    "jargon": ({"why": "The adjoint of a sum."}, "is for a student, and says 'adjoint'"),
    "another's words": ({"why": "Some other sentence.", "short": "each entry gets its softmax share"}, "of its own"),
}


@pytest.mark.parametrize("name", WRONG_WORDS)
def test_wrong_words_are_seen(name):
    words, message = WRONG_WORDS[name]
    assert message in refused(operation(**words))


def into_a_part(xp, a, z):
    found = a @ z + z * z
    found[0] = 0
    return found


def into_an_operand(xp, a, z):
    z += 0
    return a @ z + z * z


def behind_a_method(xp, a, z):
    z.sort()
    return a @ z + z * z


def without_copies(xp, a, z):
    return a @ z + z * z + z.mean() * 0


def of_numpy_alone(xp, a, z):
    return a @ z + z * z + 0 * xp.var(z)


def nothing(self):
    return None


def without_square(xp, a, z):
    return a @ z


def of_another_shape(xp, a, z):
    return (a @ z + z * z)[:1]


def of_nothing(xp, a, z):
    pass


WRONG_MEANINGS = {
    of_nothing: "makes NoneType of what has the shape (2, 6)",
    into_a_part: "into_a_part assigns in place, found[0] = 0",
    into_an_operand: "into_an_operand assigns in place, z += 0",
    behind_a_method: "does not run on arrays that nothing may write to",
    without_copies: "does not run with 50 digits",
    of_numpy_alone: "does not run with 50 digits",
    of_another_shape: "makes (1, 6) of what has the shape (2, 6)",
}


@pytest.mark.parametrize("function", WRONG_MEANINGS, ids=lambda function: function.__name__)
def test_a_meaning_that_runs_on_plain_numbers_alone_is_seen(function):
    assert WRONG_MEANINGS[function] in refused(operation(function))


def test_a_meaning_without_a_source_is_refused():
    names = {}
    exec("def typed(xp, a, z):\n    return a @ z + z * z", names)
    assert "define it in a file" in refused(operation(names["typed"]))
    assert "the meaning is a lambda" in refused(operation(lambda xp, a, z: a @ z + z * z))


def test_a_page_that_does_not_say_what_the_operation_is_is_seen():
    assert "does not say what mixed is" in refused(operation(entry=nothing))
    assert "is not what its meaning computes" in refused(operation(without_square))
    assert "is a word, not ''" in refused(operation(label=""))
    assert "is a word" in refused(operation(label=(r"\mathrm{mixed}", "mixed", "mixed")))


def test_what_a_rule_makes_has_a_rule():
    class Bare(Node):
        pass

    @meaning(Bare)
    def product(xp, g, z):
        return 2 * g * z

    back = changed(lambda a, z, g: matadd(matmul(transpose(a), g), Bare(g, z)))
    assert "Bare, which the rule of Mixed" in refused(operation(back=back))


def test_what_would_hide_a_mistake_is_refused():
    kind = operation()
    with pytest.raises(SpecError, match="have the size 3, which hides a missing transpose: give letters"):
        check_operation(kind(variable("A", 3, 3), variable("Z", 3, BATCH)))
    with pytest.raises(SpecError, match="give an operation on symbols"):
        check_operation(kind(A, matmul(A, Z)))
    with pytest.raises(SpecError, match="give an operation on symbols"):
        check_operation(Z)
    with pytest.raises(RuleNotFoundError, match="no backward rule for Node"):
        check_operation(Node(A, Z))


OURS = {
    "columns": LogSumExp(Z),
    "running sums": CumulativeSum(Z),
    "square": Det(A),
    "within an example": Gram(variable("Q", N, 3 * BATCH), variable("K", N, 4 * BATCH), 3, 4),
    "windows": Convolve(variable("K", 3, 8), variable("X", 24, BATCH), *Window(3, 4, 2, 2).args),
    "flat": Stop(Z),
}


@pytest.mark.parametrize("name", OURS)
def test_operations_of_symbp_pass(name):
    check_operation(OURS[name])


class Root(Node):
    """√z, entry by entry: no real number of a negative one."""

    label = "root"

    def entry(self):
        z = base("z")
        return by_columns({z: self.args[0]}, self.shape, sqrt(z[ROW, COLUMN]))


def root(xp, z):
    return xp.sqrt(z)


class Reciprocal(Root):
    """1/z, entry by entry."""

    label = "reciprocal"

    def entry(self):
        z = base("z")
        return by_columns({z: self.args[0]}, self.shape, 1 / z[ROW, COLUMN])


@meaning(Reciprocal)
def reciprocal(xp, z):
    return 1 / z


@rule(Reciprocal, "The slope of 1/z is −1/z².", short="the slope of one over z")
def reciprocal_vjp(node, output, adjoint):
    return (times(Integer(-1), hadamard(adjoint, output, output)),)


def test_what_has_no_value_everywhere_is_tested_where_it_has():
    def slope(number):
        return lambda node, output, adjoint: (times(number, hadamard(adjoint, Reciprocal(output))),)

    check_operation(operation(root, slope(Rational(1, 2)), parent=Root)(Z))
    wrong = operation(root, slope(Integer(1)), parent=Root)
    assert "in the gradient by Z, n×m: it is 2 times what" in refused(wrong, Z)


def test_an_operand_without_influence_proves_nothing():
    def of_one(xp, a, z):
        return z * z + 0 * a[:1, :1]

    kind = operation(of_one, changed(lambda a, z, g: times(Integer(2), hadamard(g, z))), entry=nothing)
    assert "is wrong in the gradient by A, n×n: it is not zero" in refused(kind)
    back = lambda node, output, g: (None, times(Integer(2), hadamard(g, node.args[1])))  # noqa: E731
    assert "cannot be judged in the gradient by A, n×n: no influence" in refused(operation(of_one, back, entry=nothing))


def test_a_given_operand_gets_no_error():
    kind = operation(back=changed(lambda a, z, g: None))
    check_operation(kind(A, variable("Z", N, BATCH, Role.CONSTANT)))


@dataclass(frozen=True)
class Layer:
    """A layer of an operation from elsewhere."""

    kind: type

    def build(self, builder: Builder, incoming: Variable) -> Variable:
        builder.next_layer()
        a = builder.parameter("A", Role.WEIGHT, incoming.shape[0], incoming.shape[0])
        return builder.define("H", Role.ACTIVATION, self.kind(a, incoming), incoming.shape[0])


def test_a_layer_and_a_word_make_the_same_network():
    kind = operation()
    word(name := f"mixed{next(NUMBER)}", kind, f"H = {name}(A, X)", matrices=2)
    layers = symbp.derive(symbp.Network([Layer(kind), symbp.Linear(2, bias=False)], 3, "mse"))
    lines = [f"H = {name}(A, X)", "loss = mse(W @ H, Y)"]
    typed = symbp.derive(symbp.Network.equations(lines, {"A": (3, 3), "X": (3, "m"), "W": (2, 3), "Y": (2, "m")}))
    rng = np.random.default_rng(0)
    a, w, x, y = (rng.normal(size=shape) for shape in ((3, 3), (2, 3), (3, 5), (2, 5)))
    loss, gradients = layers.compile()({"A1": a, "W2": w}, x, y)
    same, others = typed.compile()({"A": a, "W": w}, x, y)
    assert np.isclose(loss, same)
    assert np.allclose(gradients["A1"], others["A"])
    for derived in (layers, typed):
        assert symbp.check(derived, thorough=False).passed
        assert closed(derivation_page(derived), derived.forward.given) == []
    FUNCTIONS.pop(name)


@pytest.mark.parametrize("name", ["softmax", "tanh", "mse", "exp", "grad"])
def test_a_word_is_taken_once(name):
    with pytest.raises(SymbpError, match=f"{name} is a word of equations already"):
        word(name, LogSumExp, f"s = {name}(Z)")
    with pytest.raises(SymbpError, match="is no word of equations"):
        word("Two Words", LogSumExp, "s = two(Z)")


def test_a_word_says_how_it_is_called():
    word("joined", lambda a, b: LogSumExp(a), "s = joined(A, B)", matrices=2)
    with pytest.raises(SpecError, match=r"joined takes 2 matrices, as in s = joined\(A, B\)"):
        symbp.Network.equations(["loss = joined(W)"], {"W": (1, 1)})
    FUNCTIONS.pop("joined")


def test_the_door_is_a_public_name():
    assert symbp.extend.Op is Op
    assert {"extend", "testing"} <= set(dir(symbp))

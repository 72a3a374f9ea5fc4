"""Pages made by hand, as a builder makes them: an MLP of four layers and a transformer block."""

from symbp.maths.tree import (
    APPLY,
    COMMA,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    TIMES,
    TRANSPOSE,
    Accent,
    Fence,
    Frac,
    Id,
    Node,
    Num,
    Root,
    Row,
    Script,
    Sign,
    Tag,
    Words,
    row,
)
from symbp.pages.page import (
    Aside,
    Box,
    Branch,
    Equations,
    Figure,
    Heading,
    Line,
    Page,
    Para,
    Picture,
    Ref,
    Steps,
    Table,
    Verdict,
)

LOSS, ONES, IDENTITY = Id("L", "script"), Id("1", "bold"), Id("I")
PARTIAL, SUM = Sign("∂", "prefix"), Sign("∑", "big")
NOTHING = Row(())


def tree(thing: object) -> Node:
    """A node, a number, a letter or a word."""
    if isinstance(thing, Node):
        return thing
    text = str(thing)
    return Num(text) if text[0].isdigit() else Id(text, "italic" if len(text) == 1 else "upright")


def sub(base: object, index: object, *above: Node) -> Node:
    return Script(tree(base), tree(index), row(*above) if above else None)


def layer(base: object, index: object, *above: Node) -> Node:
    return Script(tree(base), None, row(Fence(tree(index)), *above))


def transposed(base: object) -> Node:
    return Script(tree(base), None, TRANSPOSE)


def times(*factors: object) -> Node:
    return row(*[part for factor in factors for part in (TIMES, tree(factor))][1:])


def plus(left: object, right: object) -> Node:
    return row(tree(left), PLUS, tree(right))


def minus(left: object, right: object) -> Node:
    return row(tree(left), MINUS, tree(right))


def entries(*parts: object) -> Node:
    return row(*[part for each in parts for part in (HADAMARD, tree(each))][1:])


def of(function: object, argument: object) -> Node:
    return row(tree(function), APPLY, Fence(tree(argument)))


def to(function: object, argument: object) -> Node:
    return row(tree(function), APPLY, tree(argument))


def equal(left: object, right: object) -> Node:
    return row(tree(left), EQUALS, tree(right))


def gradient(of_what: object) -> Node:
    return Frac(row(PARTIAL, LOSS), row(PARTIAL, tree(of_what)))


def error(of_what: object) -> Node:
    return sub("δ", of_what)


def commas(*parts: object) -> Node:
    return row(*[part for each in parts for part in (COMMA, tree(each))][1:])


def named(body: Node, *words: str) -> Node:
    return Tag(body, label=words)


def value(thing: object) -> Box:
    return Box(tree(thing))


def operation(thing: object) -> Box:
    return Box(tree(thing), "op")


BLANK = Box(NOTHING)

# The MLP: one example, layers above


def mlp_product(k: int) -> Line:
    factors = [layer("D", k)]
    for j in range(k + 1, 5):
        factors += [layer("W", j, TRANSPOSE), layer("D", j)]
    before = transposed("x") if k == 1 else layer("a", k - 1, TRANSPOSE)
    right = times(
        named(times(*factors), "activation derivatives", "and weights"),
        named(Id("g"), "loss", "gradient"),
        named(before, "previous", "activation"),
    )
    shape = row(sub("n", k), Sign("×"), sub("n", k - 1))
    return Line((equal(gradient(layer("W", k)), right), named(shape, "shape")))


def mlp_picture(depth: int = 4) -> Picture:
    forward, backward = [value("x")], [BLANK]
    for k in range(1, depth + 1):
        forward += [operation(layer("W", k)), value(layer("z", k)), operation(sub("f", k)), value(layer("a", k))]
        backward += [operation(layer("W", k, TRANSPOSE) if k > 1 else NOTHING), value(layer("δ", k))]
        backward += [operation(layer("D", k)), value("g") if k == depth else BLANK]
    return Picture((*forward, value(LOSS)), (*backward, BLANK))


def mlp(references: bool = False) -> Page:
    ll, up, down = Id("l"), plus("l", 1), minus("l", 1)
    z, a, delta = layer("z", ll), layer("a", ll), layer("δ", ll)
    f = sub("f", ll)
    slope = of(sub("f", ll, PRIME), z)
    range_ = equal("l", commas(1, Sign("…", "ord"), 4))
    network = Line(
        (
            equal(z, plus(times(layer("W", ll), layer("a", down)), layer("b", ll))),
            equal(a, of(f, z)),
            equal(layer("a", 0), "x"),
        ),
        "network",
        range_,
    )
    start = equal(layer("δ", 4), entries("g", of(sub("f", 4, PRIME), layer("z", 4))))
    back = equal(delta, entries(Fence(times(layer("W", up, TRANSPOSE), layer("δ", up))), slope))
    reasons = [("by ", Ref("network")), (Ref("network"), ": a transpose, then a slope")] if references else [(), ()]
    result = (
        Line((start, equal("g", gradient(layer("a", 4)))), "start", None, reasons[0]),
        Line((back, equal(delta, gradient(z))), "back", None, reasons[1]),
        Line((equal(gradient(layer("W", ll)), times(delta, layer("a", down, TRANSPOSE))),), "weight"),
        Line((equal(gradient(layer("b", ll)), delta),), "bias"),
    )
    notation = Table((("symbol",), ("meaning",)), (((layer("W", ll),), ("weights of layer ", ll)),), detail=3)
    return Page(
        ("Backpropagation through a four-layer network",),
        ("any activations ", Id("f"), ", any loss ", LOSS, ", one example"),
        (
            Equations((network,), group=("network",)),
            Aside((Equations(result),), title=("Result",)),
            Figure(mlp_picture(), ("Values to the right, errors to the left.",)),
            Equations(tuple(map(mlp_product, (4, 3, 2, 1)))),
            Para(
                (
                    *(gradient(layer("b", ll)), ": the same without the last factor; "),
                    *(equal(layer("D", ll), to("diag", slope)), ""),
                )
            ),
            Heading(("Notation",)),
            notation,
            Verdict(
                True,
                (
                    "all 8 gradients agree with complex-step differences of the loss; largest relative error 1.5e-15 "
                    "(widths 3, 5, 4, 2, 3; seed 0) with ",
                    *(Id("f"), " = tanh, sigmoid, softplus, sin and squared error"),
                ),
            ),
        ),
        "backprop-4",
    )


# The transformer block


def norm(j: int) -> Node:
    return Script(Id("norm", "upright"), Num(str(j)))


def back_map(letter: str, index: object = None) -> Node:
    head = Id(letter, "script")
    return head if index is None else Script(head, tree(index))


def cls(base: str) -> Node:
    return sub(base, "cls")


Y_HAT, Z_HAT = Accent(Id("Y"), "hat"), Accent(Id("z"), "hat")
START = Frac(minus(Y_HAT, "Y"), Id("T"))
SKIP_FFN = Fence(plus(IDENTITY, times(back_map("N", 2), back_map("F"))))
SKIP_ATT = Fence(plus(IDENTITY, times(back_map("N", 1), back_map("A"))))
WIDTH = Root(sub("d", "h"))


def head(letter: str) -> Node:
    return sub(letter, "h")


def stream(j: int) -> Node:
    return sub("X", j)


def transformer_picture() -> Picture:
    def branch(j: int, *boxes: Box) -> Branch:
        return Branch((operation(norm(j)), value(sub("U", j)), *boxes))

    weights = operation(row(sub("W", "Q"), Words(" "), sub("W", "K"), Words(" "), sub("W", "V")))
    up = operation(
        row(sub("W", "Q", TRANSPOSE), Words(" "), sub("W", "K", TRANSPOSE), Words(" "), sub("W", "V", TRANSPOSE))
    )
    heads = operation("heads")
    attention = branch(1, weights, heads, value("A"), operation(sub("W", "O")))
    feed = branch(
        2, operation(sub("W", "in")), value(sub("Z", "in")), operation("φ"), value("G"), operation(sub("W", "out"))
    )
    attention_back = Branch(
        (
            operation(back_map("N", 1)),
            value(error(sub("U", 1))),
            up,
            heads,
            value(error("A")),
            operation(sub("W", "O", TRANSPOSE)),
        )
    )
    slope = row(HADAMARD, Script(Id("φ"), None, PRIME))
    feed_back = Branch(
        (
            operation(back_map("N", 2)),
            value(error(sub("U", 2))),
            operation(sub("W", "in", TRANSPOSE)),
            value(error("in")),
            operation(slope),
            operation(sub("W", "out", TRANSPOSE)),
        )
    )
    return Picture(
        (value(stream(0)), attention, value(stream(1)), feed, value(stream(2)), operation(cls("W")), value(LOSS)),
        (
            value(error(stream(0))),
            attention_back,
            value(error(stream(1))),
            feed_back,
            value(error(stream(2))),
            operation(sub("W", "cls", TRANSPOSE)),
            value(LOSS),
        ),
    )


def transformer() -> Page:
    d_cls, d_in = error("cls"), error("in")
    network = (
        Line(
            (
                equal(stream(1), plus(stream(0), of("att", to(norm(1), stream(0))))),
                equal(stream(2), plus(stream(1), of("ffn", to(norm(2), stream(1))))),
            ),
            "stream",
        ),
        Line(
            (
                equal(Y_HAT, of("softmax", cls("Z"))),
                equal(cls("Z"), plus(times(cls("W"), stream(2)), times(cls("b"), transposed(ONES)))),
            )
        ),
        Line(
            (equal(LOSS, row(NEGATIVE, Frac(Num("1"), Id("T")), TIMES, SUM, Id("Y"), TIMES, to("log", Y_HAT))),), "loss"
        ),
    )
    result = (
        Line((equal(error(stream(2)), times(sub("W", "cls", TRANSPOSE), d_cls)), equal(d_cls, START))),
        Line(
            (equal(error(stream(1)), times(SKIP_FFN, error(stream(2)))), row(IDENTITY, Words(": the skip connection")))
        ),
        Line(
            (
                equal(error(stream(0)), times(SKIP_ATT, error(stream(1)))),
                row(transposed("f"), Words(": an error back through "), Id("f")),
            )
        ),
    )
    product = equal(
        gradient(sub("W", "Q")),
        times(
            named(back_map("A", "Q"), "attention"),
            named(sub("W", "O", TRANSPOSE), "weight"),
            named(SKIP_FFN, "skip, feed-forward"),
            named(sub("W", "cls", TRANSPOSE), "weight"),
            named(START, "loss"),
            named(sub("U", 1, TRANSPOSE), "input"),
        ),
    )
    forward = (
        Steps(
            (
                Line(
                    (equal(Z_HAT, Frac(minus("x", times("μ", ONES)), Id("s"))),),
                    reason=("each token ", Id("x"), ", a column of ", commas(stream(0), stream(1))),
                ),
                Line(
                    (equal(Script(Id("s"), None, Num("2")), plus(of("var", "x"), "ε")),),
                    reason=(Id("μ"), ": mean of ", Id("x")),
                ),
                Line(
                    (equal("u", plus(entries("γ", Z_HAT), "β")),),
                    reason=(
                        "columns of ",
                        commas(Script(Accent(Id("Z"), "hat"), Num("1")), sub("U", 1)),
                        " and of ",
                        commas(Script(Accent(Id("Z"), "hat"), Num("2")), sub("U", 2)),
                    ),
                ),
            ),
            ("norm",),
        ),
        Steps(
            (
                Line(
                    (
                        equal("Q", times(sub("W", "Q"), sub("U", 1))),
                        equal("K", times(sub("W", "K"), sub("U", 1))),
                        equal("V", times(sub("W", "V"), sub("U", 1))),
                    )
                ),
                Line(
                    (equal(head("S"), plus(Frac(times(sub("K", "h", TRANSPOSE), head("Q")), WIDTH), "M")),),
                    reason=(Id("h"), ": one block of rows of ", commas("Q", "K", "V", "A")),
                ),
                Line(
                    (equal(head("P"), of("softmax", head("S"))),),
                    reason=(Id("M"), ": ", row(NEGATIVE, Sign("∞", "ord")), " where the key is later, or 0"),
                ),
                Line(
                    (
                        equal(head("A"), times(head("V"), head("P"))),
                        equal(of("att", sub("U", 1)), times(sub("W", "O"), "A")),
                    )
                ),
            ),
            ("attention",),
        ),
        Steps(
            (
                Line(
                    (
                        equal(
                            sub("Z", "in"),
                            plus(times(sub("W", "in"), sub("U", 2)), times(sub("b", "in"), transposed(ONES))),
                        ),
                        equal("G", of("φ", sub("Z", "in"))),
                    )
                ),
                Line(
                    (
                        equal(
                            of("ffn", sub("U", 2)),
                            plus(times(sub("W", "out"), "G"), times(sub("b", "out"), transposed(ONES))),
                        ),
                    )
                ),
            ),
            ("ffn",),
        ),
    )
    centred = row(
        IDENTITY,
        MINUS,
        Frac(times(ONES, transposed(ONES)), Id("d")),
        MINUS,
        Frac(times(Z_HAT, transposed(Z_HAT)), Id("d")),
    )
    backward = (
        Steps(
            (
                Line(
                    (
                        equal(
                            d_in,
                            entries(
                                Fence(times(sub("W", "out", TRANSPOSE), error(stream(2)))),
                                of(Script(Id("φ"), None, PRIME), sub("Z", "in")),
                            ),
                        ),
                    ),
                    reason=("a transpose, then a slope",),
                ),
                Line((equal(error(sub("U", 2)), times(sub("W", "in", TRANSPOSE), d_in)),)),
            ),
            (back_map("F"),),
        ),
        Steps(
            (Line((equal(error("x"), Frac(times(Fence(centred), Fence(entries("γ", error("u")))), Id("s"))),)),),
            (transposed("norm"),),
        ),
        Steps(
            (
                Line((equal(error("A"), times(sub("W", "O", TRANSPOSE), error(stream(1)))),)),
                Line((equal(error(head("V")), times(error(head("A")), sub("P", "h", TRANSPOSE))),)),
                Line((equal(error(head("P")), times(sub("V", "h", TRANSPOSE), error(head("A")))),)),
                Line(
                    (
                        equal(
                            error(head("S")),
                            entries(Fence(minus(error(head("P")), times(ONES, sub("r", "h", TRANSPOSE)))), head("P")),
                        ),
                        equal(head("r"), times(transposed(Fence(entries(error(head("P")), head("P")))), ONES)),
                    )
                ),
                Line(
                    (
                        equal(error(head("Q")), Frac(times(head("K"), error(head("S"))), WIDTH)),
                        row(back_map("A", "Q"), Words(": from "), error("A"), Words(" to here")),
                    )
                ),
                Line((equal(error(head("K")), Frac(times(head("Q"), transposed(error(head("S")))), WIDTH)),)),
                Line(
                    (
                        equal(
                            error(sub("U", 1)),
                            row(*[part for k in "QKV" for part in (PLUS, times(sub("W", k, TRANSPOSE), error(k)))][1:]),
                        ),
                    )
                ),
            ),
            (back_map("A"),),
        ),
    )
    ones = ONES

    def shape(n: int, m: int) -> tuple[Node, ...]:
        return (row(Num(str(n)), Sign("×"), Num(str(m))),)

    def weight(w: Node, e: Node, x: Node, n: int, m: int, *bias: Node) -> tuple[tuple[Node, ...], ...]:
        line = ((w,), (times(e, transposed(x)),), shape(n, m))
        return (*line, *((each,) for each in bias)) if bias else (*line, (), ())

    def scale(j: int) -> tuple[tuple[Node, ...], ...]:
        e = error(sub("U", j))
        return (
            (sub("γ", j),),
            (times(Fence(entries(e, Script(Accent(Id("Z"), "hat"), Num(str(j))))), ones),),
            shape(4, 1),
            (sub("β", j),),
            (times(e, ones),),
        )

    table = Table(
        ((), (), (), (), ()),
        (
            weight(cls("W"), d_cls, stream(2), 3, 4, cls("b"), times(d_cls, ones)),
            weight(sub("W", "out"), error(stream(2)), Id("G"), 4, 5, sub("b", "out"), times(error(stream(2)), ones)),
            weight(sub("W", "in"), d_in, sub("U", 2), 5, 4, sub("b", "in"), times(d_in, ones)),
            scale(2),
            weight(sub("W", "O"), error(stream(1)), Id("A"), 4, 4),
            *(weight(sub("W", k), error(k), sub("U", 1), 4, 4) for k in "QKV"),
            scale(1),
        ),
    )
    return Page(
        ("Backpropagation through a transformer block",),
        (
            "pre-norm, causal, GELU, softmax on each token; one sequence, tokens as columns; ",
            equal("d", 4),
            " wide, ",
            equal("T", 3),
            " tokens, ",
            equal("H", 2),
            " heads of ",
            equal(sub("d", "h"), 2),
            ", ",
            equal("k", 5),
            " hidden, ",
            equal("C", 3),
            " classes",
        ),
        (
            Equations(network, group=("network",)),
            Aside((Equations((*result, Line((product,), "product"))),), title=("Result",)),
            Figure(transformer_picture()),
            Heading(("Forward pass inside the block",), short=("forward",)),
            *forward,
            Heading(("Backward pass",), short=("backward",)),
            *backward,
            Heading(("All gradients",), short=("gradients",)),
            table,
            Verdict(
                True,
                (
                    "all 14 gradients agree with complex-step differences of the loss; "
                    "largest relative error 9.2e-16 (sizes as above, seed 0)",
                ),
            ),
        ),
        "transformer-block",
    )

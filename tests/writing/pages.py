"""Pages made by hand, as a writer gets them: a network of four layers, and a transformer block."""

# ruff: noqa: E501, RUF005
from __future__ import annotations

from symbp.maths.tree import (
    APPLY,
    COMMA,
    DOTS,
    EQUALS,
    HADAMARD,
    MINUS,
    NEGATIVE,
    PLUS,
    PRIME,
    QUAD,
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
    joined,
    row,
)  # fmt: skip
from symbp.pages.page import (
    Aside,
    Block,
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
    Text,
    Verdict,
)  # fmt: skip

LOSS, ONE, ONES_T = Id("L", "script"), Id("1", "bold"), Script(Id("1", "bold"), None, TRANSPOSE)
PARTIAL, SLASH, LDOTS = Sign("∂", "prefix"), Sign("/", "slash"), Sign("…", "ord")
TO, LESS, GREATER = Sign("×", "bin"), Sign("<", "rel"), Sign(">", "rel")


def atom(name: str | Node) -> Node:
    if isinstance(name, Node):
        return name
    if name.replace(".", "").isdigit():
        return Num(name)
    return Id(name) if len(name) == 1 else Id(name, "upright")


def sub(base: str | Node, index: str | Node, *above: Node) -> Script:
    return Script(atom(base), atom(index), row(*above) if above else None)


def sup(base: str | Node, *above: Node) -> Script:
    return Script(atom(base), None, row(*above))


def t(node: str | Node) -> Script:
    base = atom(node)
    if isinstance(base, Script):
        return Script(base.base, base.sub, TRANSPOSE if base.sup is None else row(base.sup, TRANSPOSE))
    return Script(base, None, TRANSPOSE)


def times(*factors: str | Node) -> Node:
    return joined([atom(each) for each in factors], TIMES)


def equal(left: str | Node, *right: str | Node) -> Node:
    return row(atom(left), EQUALS, *map(atom, right))


def call(function: str | Node, *inside: str | Node) -> Node:
    return row(atom(function), APPLY, Fence(row(*map(atom, inside))))


def apply(function: str | Node, argument: str | Node) -> Node:
    return row(atom(function), APPLY, atom(argument))


def listed(*items: str | Node) -> Node:
    return joined([atom(each) for each in items], COMMA)


def spread(*items: str | Node) -> Node:
    return joined([atom(each) for each in items], row(COMMA, QUAD))


def frac(over: str | Node, under: str | Node) -> Frac:
    return Frac(atom(over), atom(under))


def gradient(of: str | Node) -> Frac:
    return Frac(row(PARTIAL, LOSS), row(PARTIAL, atom(of)))


def lying(of: str | Node) -> Node:
    return row(PARTIAL, LOSS, SLASH, PARTIAL, atom(of))


def fence(*inside: str | Node) -> Fence:
    return Fence(row(*map(atom, inside)))


def role(body: Node, role: str, *label: str) -> Tag:
    return Tag(body, None, role, label)


def para(*text: str | Node | Ref, title: Text = ()) -> Para:
    return Para(text, title)


# A network of four layers.

BEFORE, AFTER = row(Id("l"), MINUS, Num("1")), row(Id("l"), PLUS, Num("1"))


def at(letter: str, layer: str | Node, *more: Node) -> Script:
    return sup(letter, Fence(atom(layer)), *more)


def weight(layer: str | Node) -> Node:
    return at("W", layer, TRANSPOSE)


def slope(layer: str, of: str = "z") -> Node:
    return call(Script(Id("f"), Id(layer), PRIME), at(of, layer))


WEIGHT = "weight"
SLOPES = ("activation", "derivative")

FACTORS = (
    role(at("D", "1"), "activation derivative", *SLOPES),
    *(
        each
        for layer in "234"
        for each in (
            role(weight(layer), "weight", WEIGHT),
            role(at("D", layer), "activation derivative", *SLOPES),
        )
    ),
    role(Id("g"), "loss gradient", "loss", "gradient"),
    role(t("x"), "input", "input"),
)
PRODUCT = row(
    Fence(row(Script(Sign("∏", "big"), equal("k", "l"), row(Id("L"), MINUS, Num("1"))), at("D", "k"), TIMES,
              at("W", row(Id("k"), PLUS, Num("1")), TRANSPOSE))),
    TIMES, at("D", "L"), TIMES, Id("g"), TIMES, at("a", BEFORE, TRANSPOSE),
)  # fmt: skip


def staircase(layer: int) -> tuple[Text, ...]:
    chain = [at("D", str(layer))]
    for each in range(layer + 1, 5):
        chain += [weight(str(each)), at("D", str(each))]
    entry = t("x") if layer == 1 else at("a", str(layer - 1), TRANSPOSE)
    shape = row(sub("n", str(layer)), TO, sub("n", str(layer - 1)))
    return (lying(at("W", str(layer))),), (times(*chain),), (Id("g"),), (entry,), (shape,)


MLP_PICTURE = Picture(
    tuple(
        Box(value, kind)
        for layer in "1234"
        for value, kind in (
            (Id("x") if layer == "1" else at("a", str(int(layer) - 1)), "value"),
            (at("W", layer), "op"),
            (at("z", layer), "value"),
            (sub("f", layer), "op"),
        )
    )
    + (Box(at("a", "4")), Box(LOSS, "op")),
    tuple(
        Box(value, kind)
        for layer in "1234"
        for value, kind in (
            (Row(()) if layer == "1" else Sign("·", "ord"), "value"),
            (Row(()) if layer == "1" else weight(layer), "op"),
            (at("δ", layer), "value"),
            (at("D", layer), "op"),
        )
    )
    + (Box(Id("g")), Box(LOSS, "op")),
)

NOTATION_HEAD: tuple[Text, ...] = (("symbol",), ("meaning",), ("shape",))
MLP_NOTATION: tuple[tuple[Text, ...], ...] = (
    ((listed("l", "L", sub("n", "l")),), ("layer, number of layers (", Num("4"), "), units of layer ", Id("l")), ()),
    ((row(Id("x"), EQUALS, at("a", "0"), COMMA, Id("y")),), ("input, target",),
     (listed(row(sub("n", "0"), TO, Num("1")), row(sub("n", "L"), TO, Num("1"))),)),
    ((listed(at("W", "l"), at("b", "l")),), ("weights and bias of layer ", Id("l")),
     (listed(row(sub("n", "l"), TO, sub("n", BEFORE)), row(sub("n", "l"), TO, Num("1"))),)),
    ((listed(at("z", "l"), at("a", "l")),), ("before and after the activation ", sub("f", "l")),
     (row(sub("n", "l"), TO, Num("1")),)),
    ((row(LOSS, COMMA, Id("g"), EQUALS, gradient(at("a", "L"))),), ("loss, loss gradient",),
     (listed(row(Num("1"), TO, Num("1")), row(sub("n", "L"), TO, Num("1"))),)),
    ((equal(at("δ", "l"), gradient(at("z", "l"))),), ("error of layer ", Id("l")), (row(sub("n", "l"), TO, Num("1")),)),
    ((equal(at("D", "l"), apply("diag", slope("l"))),), ("activation derivatives",),
     (row(sub("n", "l"), TO, sub("n", "l")),)),
    ((listed("X", at("Z", "l"), at("A", "l"), at("Δ", "l"), "G"),),
     ("batch of ", Id("m"), ": ", listed("x", at("z", "l"), at("a", "l"), at("δ", "l"), "g"), " as columns"),
     (Id("m"), " columns")),
    ((listed(HADAMARD, ONE),), ("product entry by entry, column of ones",), (row(Id("m"), TO, Num("1")),)),
)  # fmt: skip

MLP = Page(
    ("Backpropagation through a four-layer network",),
    ("Fully connected, any activations, any loss, one example: all 8 gradients",),
    (
        para("From the input ", equal(at("a", "0"), "x"), ", layer ", equal("l", Num("1"), COMMA, LDOTS, COMMA, "L"),
             " (here ", equal("L", "4"), ") computes"),
        Equations((Line((equal(at("z", "l"), times(at("W", "l"), at("a", BEFORE)), PLUS, at("b", "l")),
                         equal(at("a", "l"), call(sub("f", "l"), at("z", "l")))), "layer"),)),
        para(sub("f", "l"), " entry by entry; the loss ", LOSS, " compares ", at("a", "L"), " with the target ",
             Id("y"), ". Let ", equal("g", gradient(at("a", "L"))), " be the loss gradient, ",
             equal(at("δ", "l"), gradient(at("z", "l"))), " the error of layer ", Id("l"), ", ",
             equal(at("D", "l"), apply("diag", slope("l"))), "."),
        Aside((
            para("Backpropagation is four equations:"),
            Equations((
                Line((equal(at("δ", "L"), "g", HADAMARD, slope("L")),), "start", reason=("the error starts at the loss",)),
                Line((equal(at("δ", "l"), fence(times(weight(AFTER), at("δ", AFTER))), HADAMARD, slope("l")),), "back",
                     reason=("and goes back, to all ", row(Id("l"), LESS, Id("L")))),
                Line((equal(gradient(at("W", "l")), times(at("δ", "l"), at("a", BEFORE, TRANSPOSE))),), "weights",
                     reason=("a weight: error times input",)),
                Line((equal(gradient(at("b", "l")), at("δ", "l")),), "biases", reason=("a bias: the error",)),
            )),
            para("Without the recursion, a product over the layers between the weight and the loss:"),
            Equations((Line((equal(gradient(at("W", "l")), PRODUCT),), "product"),
                       Line((equal(gradient(at("W", "1")), times(*FACTORS)),)))),
        ), ("Result.",)),
        Figure(MLP_PICTURE, ("Solid: values. Dashed: the error going back; its labels make the product ", Ref("product"), ".")),
        Heading(("Proof",)),
        para("By ", Ref("layer"), " ", sub("a", "i"), " depends on ", sub("z", "i"), " alone, with slope ",
             call(Script(Id("f"), Id("l"), PRIME), sub("z", "i")), ". So each entry of the error is multiplied by its own "
             "slope; written as a matrix, that is ", at("D", "l"), " from the left.",
             title=(Ref("start"), ", and ", row(HADAMARD, sup("f", PRIME)), " in ", Ref("back"), ".")),
        para(sub("a", "j"), " reaches every ", sub("z", "i"), " of the next layer through ", sub("W", row(Id("i"), Id("j"))),
             ". The chain rule adds up the ways, ",
             row(Script(Sign("∑", "big"), Id("i")), sub("W", row(Id("i"), Id("j"))), TIMES, sub("δ", "i")),
             ": the sum runs over the first index, so it is the product with the transpose.",
             title=(t("W"), " in ", Ref("back"), ".")),
        para(sub("W", row(Id("i"), Id("j"))), " meets only ", sub("a", "j"), " and feeds only ", sub("z", "i"),
             ", so its gradient is ", times(sub("δ", "i"), sub("a", "j")), ": a column times a row.",
             title=(Ref("weights"), ".")),
        para(sub("b", "i"), " is added to ", sub("z", "i"), ": slope 1.", title=(Ref("biases"), ".")),
        para("For ", equal("l", "L"), " the product is empty, and ", Ref("start"), " is ",
             equal(at("δ", "L"), times(at("D", "L"), "g")), ". Then ", Ref("back"), ", ",
             equal(at("δ", "l"), times(at("D", "l"), weight(AFTER), at("δ", AFTER))),
             ", puts the factor for ", equal("k", "l"), " in front, and ", Ref("weights"), " closes it with the input.",
             title=(Ref("product"), ", by induction from ", equal("l", "L"), " down.")),
        Heading(("All gradients",)),
        para("Every layer further from the loss has one more weight and one more derivative, on the left:"),
        Table((("gradient",), ("derivatives and weights",), ("loss",), ("input",), ("shape",)),
              tuple(staircase(layer) for layer in (4, 3, 2, 1))),
        para("The bias ", at("b", "l"), " has the same line without its input ", Ref("biases"),
             ". Small factors make the lower lines vanish, large ones make them explode."),
        para("Examples become columns: ", listed("X", at("Z", "l"), at("A", "l"), at("Δ", "l")), " are ",
             row(sub("n", "l"), TO, Id("m")), ", the loss is the mean over the ", Id("m"), " examples, and ",
             equal(at("Δ", "L"), times(frac("1", "m"), "G"), HADAMARD, call(Script(Id("f"), Id("L"), PRIME), at("Z", "L"))),
             " with their loss gradients as the columns of ", Id("G"), ". Then ", Ref("back"), " and ", Ref("weights"),
             " hold as they stand, and ", Ref("biases"), " adds up the columns: ",
             equal(gradient(at("b", "l")), times(at("Δ", "l"), ONE)), ".", title=("A batch.",)),
        Heading(("Notation",)),
        Table(NOTATION_HEAD, MLP_NOTATION, wraps=1),
        para("A gradient has the shape of what it belongs to."),
        Verdict(True, ("All 8 gradients, as ", Ref("start", "biases"), " and as products ", Ref("product"),
                ", for one example and a batch of 6, agree with complex-step differences of the loss; largest relative "
                "error ", times("2", sup("10", NEGATIVE, Num("15"))), " (widths 3, 5, 4, 2, 3; ", Id("f"),
                " = tanh, sigmoid, softplus, sin; squared error; seed 0)."), title=("Checked.",)),
    ),
    "mlp", "symbp derive --layers 4",
)  # fmt: skip


# A transformer block.


def word(base: str, index: str, *above: Node) -> Script:
    return sub(base, Id(index, "upright") if len(index) > 1 else atom(index), *above)


W_CLS, W_OUT, W_IN = word("W", "cls"), word("W", "out"), word("W", "in")
D_CLS, D_IN = word("δ", "cls"), word("δ", "in")
X0, X1, X2, U1, U2 = sub("X", "0"), sub("X", "1"), sub("X", "2"), sub("U", "1"), sub("U", "2")
YH, ZH = Accent(Id("Y"), "hat"), Accent(Id("z"), "hat")
ZH_J = Script(Accent(Id("Z"), "hat"), Id("j"))
N2F = row(Id("I"), PLUS, sub(Id("N", "script"), "2"), TIMES, Id("F", "script"))
N1A = row(Id("I"), PLUS, sub(Id("N", "script"), "1"), TIMES, Id("A", "script"))
PHI = Id("φ")
SQRT_H = Root(sub("d", "h"))


def err(of: str | Node) -> Script:
    return sub("δ", atom(of))


def total(index: str | Node) -> Node:
    return Script(Sign("∑", "big"), atom(index))


def heads(letter: str) -> Script:
    return sub(letter, "h")


START = times(frac("1", "T"), fence(YH, MINUS, "Y"))
QKV = times(sub("W", "Q"), sub("W", "K"), sub("W", "V"))
QKV_T = times(t(sub("W", "Q")), t(sub("W", "K")), t(sub("W", "V")))
NORM_T = fence("I", MINUS, times(frac("1", "d"), ONE, ONES_T), MINUS, times(frac("1", "d"), ZH, t(ZH)))
Z_IN, Z_CLS = word("Z", "in"), word("Z", "cls")

TRANSFORMER_PICTURE = Picture(
    (
        Box(X0),
        Branch((Box(word("norm", "1"), "op"), Box(U1), Box(QKV, "op"), Box(Id("heads", "upright"), "op"), Box(Id("A")),
                Box(sub("W", "O"), "op"))),
        Box(X1),
        Branch((Box(word("norm", "2"), "op"), Box(U2), Box(W_IN, "op"), Box(Z_IN), Box(PHI, "op"), Box(Id("G")),
                Box(W_OUT, "op"))),
        Box(X2), Box(W_CLS, "op"), Box(LOSS, "op"),
    ),
    (
        Box(err(X0)),
        Branch((Box(t(sub("W", "O")), "op"), Box(err("A")), Box(sub(Id("A", "script"), listed("Q", "K", "V")), "op"),
                Box(QKV_T, "op"), Box(err(U1)), Box(sub(Id("N", "script"), "1"), "op"))),
        Box(err(X1)),
        Branch((Box(t(W_OUT), "op"), Box(row(HADAMARD, sup(PHI, PRIME)), "op"), Box(D_IN), Box(t(W_IN), "op"),
                Box(err(U2)), Box(sub(Id("N", "script"), "2"), "op"))),
        Box(err(X2)), Box(t(W_CLS), "op"), Box(LOSS, "op"),
    ),
)  # fmt: skip


def grad_row(who: str, weight: Node, gradient: Node, shape: tuple[str, str], ref: str,
             shift: tuple[Node, Node] | None = None) -> tuple[Text, ...]:  # fmt: skip
    more: tuple[Text, Text] = ((shift[0],), (shift[1],)) if shift else ((), ())
    return (who,), (weight,), (gradient,), (row(Id(shape[0]), TO, atom(shape[1])),), *more, (Ref(ref),)


GRADIENTS = (
    grad_row("classifier", W_CLS, times(D_CLS, t(X2)), ("C", "d"), "start", (word("b", "cls"), times(D_CLS, ONE))),
    grad_row("feed-forward, out", W_OUT, times(err(X2), t("G")), ("d", "k"), "start",
             (word("b", "out"), times(err(X2), ONE))),
    grad_row("feed-forward, in", W_IN, times(D_IN, t(U2)), ("k", "d"), "din", (word("b", "in"), times(D_IN, ONE))),
    grad_row("norm 2", sub("γ", "2"), times(fence(err(U2), HADAMARD, Script(Accent(Id("Z"), "hat"), Num("2"))), ONE),
             ("d", "1"), "dU2", (sub("β", "2"), times(err(U2), ONE))),
    grad_row("attention, out", sub("W", "O"), times(err(X1), t("A")), ("d", "d"), "factors"),
    grad_row("queries", sub("W", "Q"), times(err("Q"), t(U1)), ("d", "d"), "dQ"),
    grad_row("keys", sub("W", "K"), times(err("K"), t(U1)), ("d", "d"), "dK"),
    grad_row("values", sub("W", "V"), times(err("V"), t(U1)), ("d", "d"), "dV"),
    grad_row("norm 1", sub("γ", "1"), times(fence(err(U1), HADAMARD, Script(Accent(Id("Z"), "hat"), Num("1"))), ONE),
             ("d", "1"), "dU1", (sub("β", "1"), times(err(U1), ONE))),
)  # fmt: skip


def size(rows: str, columns: str) -> Node:
    return row(heads(rows[0]) if rows.endswith("_h") else atom(rows), TO, atom(columns))


TRANSFORMER_NOTATION: tuple[tuple[Text, ...], ...] = (
    ((listed("d", "T"),), ("width of a token, tokens in a sequence; here ", listed("4", "3")), ()),
    ((listed("H", sub("d", "h")),), ("heads, width of a head ", row(Id("d"), SLASH, Id("H")), "; here ",
     listed("2", "2")), ()),
    ((listed("k", "C"),), ("hidden units, classes; here ", listed("5", "3")), ()),
    ((listed(X0, X1, X2),), ("stream: input, after attention, after ffn",), (size("d", "T"),)),
    ((listed("Y", YH, Z_CLS),), ("targets (columns sum to 1), predictions, logits",), (size("C", "T"),)),
    ((listed(W_CLS, word("b", "cls")),), ("classifier",), (listed(size("C", "d"), size("C", "1")),)),
    ((listed(ZH_J, sub("U", "j")),), ("normalised; scaled and shifted (", equal("j", listed("1", "2")), ")"),
     (size("d", "T"),)),
    ((listed("x", ZH, "u"),), ("one token: a column of ", sub("X", row(Id("j"), MINUS, Num("1"))), ", ", ZH_J, ", ",
     sub("U", "j")), (size("d", "1"),)),
    ((listed("μ", "s", "ε"),), ("mean, deviation of ", Id("x"), "; ", sup("10", NEGATIVE, Num("5")), " keeps ",
     row(Id("s"), GREATER, Num("0"))), (size("1", "1"),)),
    ((listed(sub("γ", "j"), sub("β", "j")),), ("scale and shift of ", word("norm", "j")), (size("d", "1"),)),
    ((listed(sub("W", "Q"), sub("W", "K"), sub("W", "V"), sub("W", "O")),), ("weights of attention",),
     (size("d", "d"),)),
    ((listed("Q", "K", "V", "A"),), ("queries, keys, values, mixed values",), (size("d", "T"),)),
    ((listed(*map(heads, "QKVA")),), ("their rows in head ", Id("h")), (size("d_h", "T"),)),
    ((listed("M", heads("S"), heads("P")),), ("mask, scores, attention weights",), (size("T", "T"),)),
    ((heads("r"),), ("weighted mean error of each query",), (size("T", "1"),)),
    ((listed(W_IN, word("b", "in")),), ("into the hidden units",), (listed(size("k", "d"), size("k", "1")),)),
    ((listed(Z_IN, "G"),), ("hidden units before and after ", PHI), (size("k", "T"),)),
    ((listed(PHI, "q"),), ("GELU, entry by entry; its inner argument",), (size("1", "1"),)),
    ((listed(W_OUT, word("b", "out")),), ("out of the hidden units",), (listed(size("d", "k"), size("d", "1")),)),
    ((listed(err("Q"), err(X1), LDOTS),), ("errors: ", gradient("Q"), ", ", gradient(X1), ", …"),
     ("as ", listed("Q", X1), ", …")),
    ((listed(Id("F", "script"), Id("A", "script"), sub(Id("N", "script"), "1"), sub(Id("N", "script"), "2")),),
     ("linear maps of errors; the right one acts first",), ("keep ", size("d", "T"))),
    ((listed(*(sub(Id("A", "script"), each) for each in "QKV")),),
     ("parts of ", Id("A", "script"), ": from ", err("A"), " to ", listed(*map(err, "QKV"))), ("keep ", size("d", "T"))),
    ((listed(LOSS, ONE, "I", HADAMARD),), ("loss; column of ones, identity, entrywise product",), ()),
)  # fmt: skip

NORM = Line(
    (
        equal("μ", times(frac("1", "d"), row(total("i"), sub("x", "i")))),
        equal(sup("s", Num("2")), times(frac("1", "d"), row(total("i"), sup(fence(sub("x", "i"), MINUS, "μ"), Num("2")))),
              PLUS, "ε"),
        equal(ZH, times(frac("1", "s"), fence("x", MINUS, times("μ", ONE)))),
        equal("u", sub("γ", "j"), HADAMARD, ZH, PLUS, sub("β", "j")),
    ),
    "norm",
)  # fmt: skip

TANH_Q = apply("tanh", "q")
GELU_SLOPE = equal(
    call(sup(PHI, PRIME), "z"), times(frac("1", "2"), fence(Num("1"), PLUS, TANH_Q)), PLUS,
    times(frac("z", "2"), fence(Num("1"), MINUS, apply(sup("tanh", Num("2")), "q")), sup("q", PRIME)),
)  # fmt: skip
ROOT_2_PI = Root(row(Num("2"), SLASH, Id("π")))


def inner(*more: Node) -> Node:
    return times(ROOT_2_PI, fence(*more))


TRANSFORMER_RESULT = Aside((
    para("The error returns along the stream, one factor for each of the two parts of the block:"),
    Equations((
        Line((equal(D_CLS, START), equal(err(X2), times(t(W_CLS), D_CLS))), "start"),
        Line((equal(err(X1), times(Fence(N2F), err(X2))), equal(err(X0), times(Fence(N1A), err(X1)))), "factors"),
    )),
    para(Id("F", "script"), ", ", Id("A", "script"), " and ", sub(Id("N", "script"), "j"),
         " carry an error back through ", Id("ffn", "upright"), " ", Ref("dU2"), ", ", Id("att", "upright"), " ",
         Ref("dU1"), " and ", word("norm", "j"), " ", Ref("dnorm"), "; ", Id("I"), " is the skip connection. A weight's "
         "gradient is the error of its output times its input transposed. For a weight far from the loss:"),
    Equations((Line((equal(gradient(sub("W", "Q")), times(
        role(sub(Id("A", "script"), "Q"), "map", "softmax", "and keys"), role(t(sub("W", "O")), "weight", "weight"),
        role(Fence(N2F), "skip", "skip and", "feed-forward"), role(t(W_CLS), "weight", "weight"),
        role(START, "loss gradient", "loss gradient"), role(t(U1), "input", "input"))),), "product"),)),
), ("Result.",))  # fmt: skip

TRANSFORMER_FORWARD: tuple[Block, ...] = (
    Heading(("Forward pass inside the block",)),
    para("Each token, a column ", Id("x"), " of ", sub("X", row(Id("j"), MINUS, Num("1"))), ", is normalised by itself; ",
         ZH_J, " and ", sub("U", "j"), " have the columns ", ZH, " and ", Id("u"), ":"),
    Equations((NORM,)),
    para("Attention reads ", U1, ". Head ", equal("h", listed("1", LDOTS, "H")), " has the ", Id("h"), "-th block of ",
         sub("d", "h"), " rows of ", Id("Q"), ", ", Id("K"), ", ", Id("V"), " and ", Id("A"), ":"),
    Steps((
        Line((equal("Q", times(sub("W", "Q"), U1)), equal("K", times(sub("W", "K"), U1)),
              equal("V", times(sub("W", "V"), U1))), "qkv"),
        Line((equal(heads("S"), row(times(t(heads("K")), heads("Q")), SLASH, SQRT_H), PLUS, "M"),), "scores",
             reason=("rows: keys, columns: queries; ",
                     equal(sub("M", row(Id("i"), Id("t"))), NEGATIVE, Sign("∞", "ord")), " for ",
                     row(Id("i"), GREATER, Id("t")), ", else ", Num("0"))),
        Line((equal(heads("P"), call("softmax", heads("S"))),), "weights", reason=("each column sums to one",)),
        Line((equal(heads("A"), times(heads("V"), heads("P"))),), "mix", reason=("a mean of values per query",)),
        Line((equal(call("att", U1), times(sub("W", "O"), "A")),), "attout"),
    )),
    para("The feed-forward layer reads ", U2, ":"),
    Steps((
        Line((equal(Z_IN, times(W_IN, U2), PLUS, times(word("b", "in"), ONES_T)),), "ffnin"),
        Line((equal(call("ffn", U2), times(W_OUT, "G"), PLUS, times(word("b", "out"), ONES_T)),
              equal("G", call(PHI, Z_IN))), "ffnout", reason=(PHI, " entry by entry, GELU ", Ref("gelu"))),
        Line((equal(call(PHI, "z"), times(frac("z", "2"), fence(Num("1"), PLUS, TANH_Q))),), "gelu",
             reason=(equal("q", inner(Id("z"), PLUS, times("0.044715", sup("z", Num("3"))))),)),
        Line((GELU_SLOPE,), "slope",
             reason=(equal(sup("q", PRIME), inner(Num("1"), PLUS, times("0.134145", sup("z", Num("2"))))),)),
    )),
)  # fmt: skip

TRANSFORMER_BACKWARD: tuple[Block, ...] = (
    Heading(("Backward pass",)),
    para("Read from the loss to the input; every line undoes the line of the forward pass that it names."),
    para("As ", equal(row(total("i"), sub("y", "i")), "1"), ", the loss ", Ref("loss"), " of a token with logits ", Id("z"),
         " is ", row(apply("log", row(total("i"), sup("e", sub("z", "i")))), MINUS,
                     total("i"), times(sub("y", "i"), sub("z", "i"))),
         "; its derivative with respect to ", sub("z", "k"), " is ",
         row(Script(Accent(Id("y"), "hat"), Id("k")), MINUS, sub("y", "k")), ".", title=("Start ", Ref("start"), ".")),
    para("A sum ", Ref("stream"), " hands its error to each summand, so ", call("ffn", U2), " has the error ", err(X2), ".",
         title=("Feed-forward.",)),
    Steps((
        Line((equal(D_IN, fence(times(t(W_OUT), err(X2))), HADAMARD, call(sup(PHI, PRIME), Z_IN)),), "din",
             reason=(Ref("ffnout"), ": a weight sends errors back by its transpose, ", PHI, " by its slope ", Ref("slope"))),
        Line((equal(err(U2), times(t(W_IN), D_IN)),), "dU2", reason=(Ref("ffnin"),)),
    )),
    para(sub(Id("N", "script"), "j"), " takes the error ", err("u"), " of each column of ", sub("U", "j"), " to the error ",
         err("x"), " of its token. The norm ", Ref("norm"), " ignores a shift and a scaling of ", Id("x"),
         ", so the error loses its mean and its part along ", ZH, ":", title=("Norms.",)),
    Steps((Line((equal(err("x"), times(frac("1", "s"), NORM_T, fence(sub("γ", "j"), HADAMARD, err("u")))),), "dnorm"),)),
    para(call("att", U1), " has the error ", err(X1), "; then each head goes by itself:", title=("Attention.",)),
    Steps((
        Line((equal(err("A"), times(t(sub("W", "O")), err(X1))),), "dA",
             reason=(Ref("attout"), "; head ", Id("h"), " has the rows ", err(heads("A")))),
        Line((equal(err(heads("V")), times(err(heads("A")), t(heads("P")))),), "dV", reason=(Ref("mix"), ", left factor")),
        Line((equal(err(heads("P")), times(t(heads("V")), err(heads("A")))),), "dP", reason=(Ref("mix"), ", right factor")),
        Line((equal(err(heads("S")), fence(err(heads("P")), MINUS, times(ONE, t(heads("r")))), HADAMARD, heads("P")),),
             "dS", reason=(Ref("weights"), ": a column of ", heads("P"), " sums to one; ",
                           equal(heads("r"), times(t(fence(err(heads("P")), HADAMARD, heads("P"))), ONE)))),
        Line((equal(err(heads("Q")), row(times(heads("K"), err(heads("S"))), SLASH, SQRT_H)),), "dQ",
             reason=(Ref("scores"), ": a query meets its keys")),
        Line((equal(err(heads("K")), row(times(heads("Q"), t(err(heads("S")))), SLASH, SQRT_H)),), "dK",
             reason=(Ref("scores"), ": a key meets its queries")),
        Line((equal(err(U1), times(t(sub("W", "Q")), err("Q")), PLUS, times(t(sub("W", "K")), err("K")), PLUS,
                    times(t(sub("W", "V")), err("V"))),), "dU1", reason=(Ref("qkv"), ": the three uses of ", U1)),
    )),
    para("So ", Id("F", "script"), " is ", Ref("din"), ", ", Ref("dU2"), ": from ", err(X2), " to ", err(U2), "; ",
         Id("A", "script"), " is ", Ref("dA", "dU1"), ": from ", err(X1), " to ", err(U1), "; ",
         sub(Id("A", "script"), "V"), " ", Ref("dV"), ", ", sub(Id("A", "script"), "Q"), " and ",
         sub(Id("A", "script"), "K"), " (from ", Ref("dP"), ") are its parts from ", err("A"), " to ", err("V"), ", ",
         err("Q"), ", ", err("K"), ". The mask needs no line: where ", heads("P"), " is zero, so is ", err(heads("S")), " ",
         Ref("dS"), "."),
)  # fmt: skip

MULTIPLIED = times(
    fence("I", PLUS, times(sub(Id("N", "script"), "1"), Id("A", "script")), PLUS,
          times(sub(Id("N", "script"), "2"), Id("F", "script")), PLUS,
          times(sub(Id("N", "script"), "1"), Id("A", "script"), sub(Id("N", "script"), "2"), Id("F", "script"))),
    err(X2),
)  # fmt: skip

TRANSFORMER = Page(
    ("Backpropagation through a transformer block",),
    ("Pre-norm, two causal heads, GELU, a softmax on each token: all 14 gradients",),
    (
        para("A sequence of ", Id("T"), " tokens is a matrix ", X0, ", one token a column. The block adds to it what "
             "attention makes of it, then what a feed-forward layer makes of the sum; the softmax classifies each token:"),
        Equations((
            Line((equal(X1, X0, PLUS, call("att", apply(word("norm", "1"), X0))),
                  equal(X2, X1, PLUS, call("ffn", apply(word("norm", "2"), X1)))), "stream"),
            Line((equal(Z_CLS, times(W_CLS, X2), PLUS, times(word("b", "cls"), ONES_T)),
                  equal(YH, call("softmax", Z_CLS)),
                  equal(LOSS, NEGATIVE, times(frac("1", "T"), row(total(listed("i", "t")), times(
                      sub("Y", row(Id("i"), Id("t"))), apply("log", Script(YH, row(Id("i"), Id("t"))))))))), "loss"),
        )),
        para("The error of a matrix is the gradient of the loss with respect to it, and has its shape: ",
             equal(err("Q"), gradient("Q")), "; ", D_IN, " and ", D_CLS, " are short for the errors of ", Z_IN, " and ",
             Z_CLS, "."),
        TRANSFORMER_RESULT,
        para("Multiplied out, ", equal(err(X0), MULTIPLIED), ": four ways back. The first has no factor of the block, so "
             "small factors inside do not make the error vanish."),
        Figure(TRANSFORMER_PICTURE,
               ("Solid: values, to the right. Dashed: errors, to the left, through the same boxes transposed.",)),
        *TRANSFORMER_FORWARD,
        *TRANSFORMER_BACKWARD,
        Heading(("All gradients",)),
        para("A weight's gradient is its error times its input transposed ", Ref("product"),
             "; what all tokens share is added up over them by ", ONE, "."),
        Table(((), ("weight",), ("gradient",), ("shape",), ("shift",), ("gradient",), ("error from",)), GRADIENTS),
        para("A batch of ", Id("m"), " sequences: its loss is the mean of their losses, and each gradient the mean of their "
             "gradients. Nothing here couples two sequences."),
        Heading(("Notation",)),
        Table(NOTATION_HEAD, TRANSFORMER_NOTATION, (3, 6, 10, 15, 19), 1),
        Verdict(True, ("All 14 gradients, ", err(X0), " and the product ", Ref("product"),
                " agree with complex-step differences of the loss; largest relative error ",
                times("9", sup("10", NEGATIVE, Num("16"))), " (sizes as above, seed 0)."), title=("Checked.",)),
    ),
    "transformer-block", "symbp derive transformer-block",
)  # fmt: skip

PAGES = {"mlp": MLP, "transformer-block": TRANSFORMER}
UNUSED = (DOTS, Words)

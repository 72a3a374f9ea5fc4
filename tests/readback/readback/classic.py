"""The reader of the pages of symbp 0.1: delta is the true gradient, every statement is compared with it.

Independent of the product: knows LaTeX and NumPy, nothing else. The case says what the network is (leaves with their
shapes and a forward pass in plain NumPy); everything else is taken from the page. READBACK.md says how it judges.
"""

from __future__ import annotations

import itertools
import math
import re

import numpy as np

STEP, TOL = 1e-30, 1e-9


class Bad(Exception):
    "The text is no mathematics this parser knows."


class Missing(Exception):
    def __init__(self, key, tex, loose=False):
        super().__init__(key)
        self.key, self.tex, self.loose = key, tex, loose


class Range(Exception):
    "An index past the end."


class Shape(Exception):
    "Shapes that do not fit."


class Unsure(Exception):
    "Parsed, but nothing this evaluator can give a value."


# ---------------------------------------------------------------- reading the page
class Item:
    def __init__(self, tex, shown, where, prose, section):
        self.tex, self.shown, self.where, self.prose, self.section = tex, shown, where, prose, section


def group(s, i):
    "The balanced {...} that opens at s[i], and what follows it."
    if i >= len(s) or s[i] != "{":
        raise Bad("no group")
    depth = 0
    for j in range(i, len(s)):
        if s[j] == "\\":
            continue
        if s[j] == "{" and s[j - 1] != "\\":
            depth += 1
        elif s[j] == "}" and s[j - 1] != "\\":
            depth -= 1
            if not depth:
                return s[i + 1 : j], j + 1
    raise Bad("unbalanced braces")


def macros(s):
    "Expand the page's own \\newcommand, \\providecommand, \\renewcommand, \\def-free."
    table = {}
    pat = re.compile(
        r"\\(?:new|renew|provide)command\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))\s*(?:\[(\d)\])?\s*(?=\{)"
    )
    while m := pat.search(s):
        body, end = group(s, m.end())
        table.setdefault(m[1] or m[2], (int(m[3] or 0), body))
        s = s[: m.start()] + s[end:]
    pat = re.compile(r"\\DeclareMathOperator\*?\s*\{\s*(\\[A-Za-z]+)\s*\}\s*(?=\{)")
    while m := pat.search(s):
        body, end = group(s, m.end())
        table.setdefault(m[1], (0, r"\operatorname{%s}" % body))
        s = s[: m.start()] + s[end:]
    for _ in range(6):
        changed = False
        for name, (n, body) in table.items():
            at = 0
            while m := re.compile(re.escape(name) + r"(?![A-Za-z])").search(s, at):
                end, args = m.end(), []
                try:
                    for _k in range(n):
                        while end < len(s) and s[end].isspace():
                            end += 1
                        arg, end = group(s, end)
                        args.append(arg)
                except Bad:
                    at = m.end()
                    continue
                text = body
                for k, arg in enumerate(args):
                    text = text.replace("#%d" % (k + 1), arg)
                if not n and end < len(s) and s[end].isalpha():
                    text += " "
                s = s[: m.start()] + text + s[end:]
                at = m.start() + len(text)
                changed = True
        if not changed:
            break
    return s


def items(text):
    latex = (
        bool(re.search(r"\\begin\{(equation|align|document|gather|tabular)|\\\[|\\section", text))
        and "$$" not in text
        and "```" not in text
    )
    if latex:
        text = re.sub(r"(?<!\\)%[^\n]*", "", text)
        text = macros(text)
        env = r"\\begin\{(equation\*?|align\*?|gather\*?|multline\*?|displaymath|flalign\*?)\}(.*?)\\end\{\1\}"
        pat = re.compile(env + r"|\\\[(.*?)\\\]|(?<!\\)\$\$(.*?)\$\$|(?<!\\)\$((?:[^$\\]|\\.)+?)\$|\\\((.*?)\\\)", re.S)
        heads = [m.start() for m in re.finditer(r"\\(?:sub)*section|\\paragraph|\\chapter", text)]
        out = []
        for m in pat.finditer(text):
            shown = m[2] or m[3] or m[4]
            out.append((shown or m[5] or m[6], bool(shown), m.start(), m.end()))
    else:
        text = re.sub(r"<!--.*?-->", lambda m: " " * len(m[0]), text, flags=re.S)
        pat = re.compile(
            r"```\s*math\n(.*?)```|```.*?```|(?<!\\)\$\$(.*?)\$\$|\$`(.+?)`\$|`[^`\n]*`|(?<![\\$])\$(?!\s)((?:[^$\\]|\\.)+?)(?<!\s)\$|\\\[(.*?)\\\]|\\\((.*?)\\\)",
            re.S,
        )
        heads = [m.start() for m in re.finditer(r"^#{1,6} |^\*\*[^*\n]+\*\*\s*$", text, re.M)]
        out = []
        for m in pat.finditer(text):
            shown = m[1] or m[2] or m[5]
            inner = shown or m[3] or m[4] or m[6]
            if inner:
                out.append((inner, bool(shown), m.start(), m.end()))
    res = []
    for tex, shown, a, b in out:
        line = text[text.rfind("\n", 0, a) + 1 : (text.find("\n", b) + 1 or len(text) + 1) - 1]
        before = text[max(0, a - 400) : a]
        res.append(
            Item(
                tex,
                shown,
                text.count("\n", 0, a) + 1,
                line if not shown else before.split("\n\n")[-1] if before.strip() else "",
                sum(h <= a for h in heads),
            )
        )
    return res, text


# ---------------------------------------------------------------- tokens
DROP = {
    r"\,",
    r"\;",
    r"\:",
    r"\!",
    r"\ ",
    "~",
    r"\left",
    r"\right",
    r"\bigl",
    r"\bigr",
    r"\Bigl",
    r"\Bigr",
    r"\biggl",
    r"\biggr",
    r"\Biggl",
    r"\Biggr",
    r"\big",
    r"\Big",
    r"\bigg",
    r"\Bigg",
    r"\displaystyle",
    r"\textstyle",
    r"\nonumber",
    r"\notag",
    r"\limits",
    r"\middle",
    r"\bigm",
    r"\Bigm",
    r"\mathstrut",
    r"\hfill",
    r"\/",
    r"\null",
    r"\small",
    r"\normalsize",
    r"\allowbreak",
    r"\scriptstyle",
    r"\mathopen",
    r"\mathclose",
    r"\mathrel",
    r"\mathbin",
}
WITH_ARG_DROP = {
    r"\label",
    r"\tag",
    r"\phantom",
    r"\hphantom",
    r"\vphantom",
    r"\color",
    r"\textcolor",
    r"\vspace",
    r"\hspace",
    r"\mspace",
}
WRAP = {r"\boxed", r"\mathord", r"\ensuremath", r"\mbox"}
TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\d+(?:\.\d+)?|\.\d+|[^\s]", re.S)


def lex(s):
    s = (
        s.replace("−", "-")
        .replace("⊙", r"\odot ")
        .replace("ᵀ", r"^{\top}")
        .replace("′", "'")
        .replace("·", r"\cdot ")
        .replace("ℒ", r"\mathcal{L}")
        .replace("∂", r"\partial ")
    )
    s = re.sub(r"\\\\\s*\[-?[\d.]+\s*(?:pt|em|ex|mm|cm)\]", r"\\\\", s)
    s = re.sub(
        r"\\(text|mathrm|textrm|operatorname\*?|mathit|mathsf|texttt|textit|textbf|mathtt|mbox)\s*\{([^{}$]*)\}",
        lambda m: r"\%s{%s}" % (m[1], m[2].replace(" ", "\x01")),
        s,
    )
    s = re.sub(r"(?<![A-Za-z])\{([,;:!.=])\}", r"\1", s)
    s = s.replace(r"{\cdot}", r"\cdot ").replace(r"{\mathord{\cdot}}", r"\cdot ")
    toks = TOKEN.findall(s)
    out, i = [], 0
    while i < len(toks):
        t = toks[i]
        if t in DROP:
            i += 1
            if t in (r"\left", r"\right", r"\bigl", r"\bigr") and i < len(toks) and toks[i] == ".":
                i += 1
            continue
        if t in WITH_ARG_DROP:
            i = skip(toks, i + 1)
            continue
        if t in (r"\underbrace", r"\overbrace"):
            j = skip(toks, i + 1)
            inner = toks[i + 1 : j]
            k = j
            while k < len(toks) and toks[k] in ("_", "^"):
                k = skip(toks, k + 1)
            toks[i:k] = inner
            continue
        if t in WRAP:
            i += 1
            continue
        out.append(t)
        i += 1
    return out


def skip(toks, i):
    if i < len(toks) and toks[i] == "{":
        d = 0
        while i < len(toks):
            d += (toks[i] == "{") - (toks[i] == "}")
            i += 1
            if not d:
                return i
    elif i < len(toks):
        return skip(toks, i + 1) if toks[i] in (r"\substack", r"\text", r"\mathrm") else i + 1
    return i


OPEN = {
    "(": ")",
    "[": "]",
    r"\{": r"\}",
    r"\lvert": r"\rvert",
    r"\lVert": r"\rVert",
    r"\|": r"\|",
    r"\langle": r"\rangle",
}
GREEK = set(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "varrho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
        "ell",
    ]
)
FONTS = {
    r"\mathbf": "",
    r"\boldsymbol": "",
    r"\bm": "",
    r"\mathcal": "cal",
    r"\mathscr": "cal",
    r"\mathrm": "",
    r"\operatorname": "",
    r"\operatorname*": "",
    r"\text": "",
    r"\mathit": "",
    r"\mathsf": "",
    r"\mathbb": "bb",
    r"\textrm": "",
    r"\mathfrak": "frak",
    r"\texttt": "",
    r"\mathtt": "",
    r"\textit": "",
    r"\textbf": "",
    r"\vec": "",
}
ACCENTS = {
    r"\hat": "hat",
    r"\widehat": "hat",
    r"\tilde": "tilde",
    r"\widetilde": "tilde",
    r"\bar": "bar",
    r"\overline": "bar",
    r"\dot": "dot",
    r"\check": "check",
}
FUNCS = {
    "tanh",
    "log",
    "ln",
    "exp",
    "sin",
    "cos",
    "max",
    "min",
    "diag",
    "softmax",
    "relu",
    "ReLU",
    "sigmoid",
    "sign",
    "sgn",
    "tr",
    "vec",
    "erf",
    "sinh",
    "cosh",
    "sech",
    "arctan",
    "softplus",
    "SELU",
    "ELU",
    "GELU",
    "SiLU",
    "Mish",
    "rowsum",
    "colsum",
    "logsumexp",
    "clip",
    "Diag",
    "trace",
    "softsign",
    "silu",
    "gelu",
    "norm",
    "id",
}
COMMANDS = {
    r"\tanh",
    r"\log",
    r"\ln",
    r"\exp",
    r"\sin",
    r"\cos",
    r"\max",
    r"\min",
    r"\sinh",
    r"\cosh",
    r"\arctan",
    r"\det",
}
REL = {"=": "=", r"\approx": "~", r"\equiv": "=", r"\coloneqq": "=", r"\triangleq": "=", r"\doteq": "=", ":=": "="}
CMP = {
    "<": "<",
    ">": ">",
    r"\le": "<=",
    r"\leq": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    r"\ne": "!=",
    r"\neq": "!=",
    r"\lt": "<",
    r"\gt": ">",
    r"\leqslant": "<=",
    r"\geqslant": ">=",
}
TRANSPOSE = {r"\top", r"\intercal", r"\mathsf{T}", "ᵀ"}


FLAWS = []


class P:
    "Recursive descent over tokens; trees are tuples."

    def __init__(self, toks):
        self.t, self.i = toks, 0

    def peek(self, k=0):
        return self.t[self.i + k] if self.i + k < len(self.t) else None

    def take(self, want=None):
        t = self.peek()
        if t is None or (want and t != want):
            raise Bad(f"expected {want or 'more'}, found {t or 'the end'}")
        self.i += 1
        return t

    def arg(self):
        "The tokens of one TeX argument."
        if self.peek() == "{":
            j = skip(self.t, self.i)
            inner = self.t[self.i + 1 : j - 1]
            self.i = j
            return inner
        t = self.take()
        if t in FONTS or t in ACCENTS:
            j = skip(self.t, self.i)
            inner = [t] + self.t[self.i : j]
            self.i = j
            return inner
        if re.fullmatch(r"\d{2,}", t):
            self.t[self.i - 1 : self.i] = list(t)
            return [t[0]]
        return [t]

    # expr := [+-] product (+- product)*
    def expr(self):
        terms, sign = [], 1
        while self.peek() in ("+", "-"):
            sign *= -1 if self.take() == "-" else 1
        terms.append((sign, self.product()))
        while self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
            while self.peek() in ("+", "-"):
                sign *= -1 if self.take() == "-" else 1
            terms.append((sign, self.product()))
        return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else ("add", terms)

    def product(self):
        left = self.juxt()
        while self.peek() in (r"\odot", r"\circ", r"\star", r"\ast", "*", r"\oslash"):
            op = self.take()
            left = ("bin", op.strip("\\"), left, self.juxt())
        return left

    def starts(self):
        t = self.peek()
        if t is None or t in (
            "+",
            "-",
            ")",
            "]",
            "}",
            "&",
            ",",
            "=",
            "/",
            "^",
            "_",
            r"\\",
            r"\}",
            r"\rvert",
            r"\rVert",
            ";",
            ":",
            r"\quad",
            r"\qquad",
            r"\odot",
            r"\circ",
            r"\star",
            r"\ast",
            "*",
            r"\oslash",
            r"\rangle",
            r"\end",
            r"\ldots",
            r"\dots",
            r"\cdots",
            ".",
            r"\text",
            r"\colon",
            r"\mid",
            r"\in",
            r"\oslash",
            r"\rfloor",
            "|",
            r"\|",
            r"\to",
            r"\mapsto",
            "'",
        ):
            return (
                t == r"\text"
                and self.peek(1) == "{"
                and re.fullmatch(r"[A-Za-z]\w*", "".join(self.t[self.i + 2 : skip(self.t, self.i + 1) - 1]) or " ")
                is not None
                and not WORDS.fullmatch("".join(self.t[self.i + 2 : skip(self.t, self.i + 1) - 1]))
            )
        return t not in REL and t not in CMP

    def juxt(self):
        out = [("*", self.factor())]
        while True:
            t = self.peek()
            if t == "/":
                self.take()
                out.append(("/", self.factor()))
                continue
            if t in (r"\cdot", r"\times"):
                nxt = self.peek(1)
                if nxt in (None, ")", "]", "}", "+", "-", ",", "&", r"\}"):
                    self.take()
                    out.append(("*", ("hole",)))
                    continue
                self.take()
                out.append(("*", self.factor()))
                continue
            if self.starts():
                out.append(("*", self.factor()))
                continue
            break
        return out[0][1] if len(out) == 1 else ("prod", out)

    def factor(self):
        t = self.peek()
        if t is None:
            raise Bad("ends too early")
        if t in ("-", "+"):
            self.take()
            n = self.factor()
            return ("add", [(-1, n)]) if t == "-" else n
        if t in (r"\sum", r"\prod") or (t in (r"\max", r"\min") and self.peek(1) == "_"):
            return self.big()
        return self.postfix(self.primary())

    def big(self):
        op = self.take()[1:]
        lo = hi = None
        while self.peek() in ("_", "^"):
            if self.take() == "_":
                lo = self.arg()
            else:
                hi = self.arg()
        variables, start, cond = [], None, None
        if lo:
            lo = [x for x in lo if x not in (r"\substack",)]
            if "=" in lo:
                k = lo.index("=")
                variables, start = lo[:k], P(lo[k + 1 :]).whole()
            elif any(x in CMP for x in lo):
                k = next(i for i, x in enumerate(lo) if x in CMP)
                variables, cond = [lo[0]], ("cmp", CMP[lo[k]], P(lo[:k]).whole(), P(lo[k + 1 :]).whole())
            else:
                variables = [x for x in lo if x != ","]
        if any(not re.fullmatch(r"[a-zA-Z]", v) for v in variables) or not variables:
            raise Bad("limits of a sum: " + " ".join(lo or ["none"]))
        stop = P(hi).whole() if hi else None
        return ("sum", op, variables, start, stop, cond, self.product())

    def whole(self):
        n = self.expr()
        if self.peek() is not None:
            raise Bad("left over: " + " ".join(self.t[self.i :])[:60])
        return n

    def inside(self, close):
        args = [self.expr()]
        if self.peek() in CMP or (self.peek() == "=" and close == "]"):
            op = CMP.get(self.take(), "=")
            args = [("cmp", op, args[0], self.expr())]
        while self.peek() == ",":
            self.take()
            args.append(self.expr())
        self.take(close)
        return args

    def primary(self):
        t = self.take()
        if re.fullmatch(r"\d+(\.\d+)?|\.\d+", t):
            if self.peek() == "." and self.peek(1) and re.fullmatch(r"\d+", self.peek(1)):
                self.take()
                t += "." + self.take()
            return ("num", float(t), t)
        if t == "{":
            self.i -= 1
            inner = self.arg()
            if not inner:
                return ("num", 1.0, "1")
            return P(inner).whole()
        if t in (r"\cdot", r"\bullet", r"\ldotp"):
            return ("hole",)
        if t in ("(", "[", r"\{"):
            if self.peek() == r"\cdot" and self.peek(1) == OPEN[t]:
                self.take()
                self.take()
                return ("paren", [("hole",)])
            return ("paren", self.inside(OPEN[t]))
        if t in (r"\lvert", "|"):
            close = r"\rvert" if t != "|" else "|"
            n = self.expr()
            self.take(close)
            return ("call", sym("abs"), [n], ())
        if t in (r"\lVert", r"\|"):
            n = self.expr()
            self.take(r"\rVert" if t != r"\|" else r"\|")
            kind = "norm2"
            if self.peek() == "_":
                self.take()
                kind = "norm1" if self.arg() == ["1"] else "norm2"
            return ("call", sym(kind), [n], ())
        if t in (r"\frac", r"\tfrac", r"\dfrac", r"\cfrac"):
            a, b = self.arg(), self.arg()
            da, db = diff(a), diff(b)
            if da is not None and db is not None and db:
                den = P(db).factor_all()
                if da:
                    return ("deriv", P(da).factor_all(), den, None)
                return ("deriv", self.factor(), den, None)
            return ("prod", [("*", P(a).whole()), ("/", P(b).whole())])
        if t == r"\sqrt":
            root = None
            if self.peek() == "[":
                self.take()
                root = P([self.take()]).whole()
                self.take("]")
            inner = P(self.arg()).whole()
            return (
                ("call", sym("sqrt"), [inner], ())
                if root is None
                else ("pow", inner, ("prod", [("*", ("num", 1.0, "1")), ("/", root)]))
            )
        if t == r"\partial":
            num = self.factor()
            self.take("/")
            self.take(r"\partial")
            return ("deriv", num, self.factor(), None)
        if t == r"\nabla":
            self.take("_")
            den = P(self.arg()).factor_all()
            return ("deriv", self.factor(), den, None)
        if t == r"\begin":
            return self.environment()
        if (
            t in (r"\mathbf", r"\mathbb", r"\boldsymbol", r"\bm")
            and self.peek() == "{"
            and self.peek(1) in ("1", "0")
            and self.peek(2) == "}"
        ):
            n = self.arg()[0]
            return ("ones",) if n == "1" else ("zeros",)
        if t in (r"\mathbbm", r"\mathds") and self.peek() == "{":
            self.arg()
            return ("ones",)
        if (
            t in (r"\mathrm", r"\text", r"\operatorname", r"\mathit")
            and self.peek() == "{"
            and self.peek(1) == "d"
            and self.peek(2) == "}"
        ):
            self.arg()
            return self.d_of(self.symbol_only())
        if (
            t == "d"
            and self.peek()
            and (
                re.fullmatch(r"[A-Z]", self.peek())
                or self.peek() in ACCENTS
                or (self.peek()[1:] in GREEK and self.peek()[0] == "\\")
            )
        ):
            return self.d_of(self.symbol_only())
        if t == r"\infty":
            return ("num", math.inf, "inf")
        if t in (r"\max", r"\min") and self.peek() == "_":
            raise Bad("max over an index")
        base = self.base(t)
        return self.symbol(base)

    def factor_all(self):
        n = self.factor()
        if self.peek() is not None:
            raise Bad("left over in a derivative: " + " ".join(self.t[self.i :])[:60])
        return n

    def d_of(self, n):
        return ("T", self.d_of(n[1])) if n[0] == "T" else ("deriv", sym("calL"), n, None)

    def symbol_only(self):
        "What follows a d: one symbol, its powers part of the name."
        t = self.take()
        if t in ("(",):
            args = self.inside(")")
            return args[0]
        return self.symbol(self.base(t), name_only=True)

    def base(self, t):
        if t in COMMANDS:
            return t[1:]
        if t in FONTS:
            inner = self.arg()
            text = "".join(inner).replace("\x01", " ").replace("\\", "").replace("{", "").replace("}", "")
            if not re.fullmatch(r"[\w.\-' ]+", text) or len(text) > 30:
                raise Bad("text: " + text[:40])
            if t in (r"\text", r"\textrm", r"\mathrm") and WORDS.fullmatch(text.strip()):
                raise Bad("words: " + text)
            return FONTS[t] + text.strip()
        if t in ACCENTS:
            inner = self.arg()
            p = P(inner)
            n = p.base(p.take())
            rest = inner[p.i :]
            if rest:
                self.t[self.i : self.i] = rest
            return ACCENTS[t] + n
        if t[0] == "\\" and t[1:] in GREEK:
            return t[1:]
        if re.fullmatch(r"[A-Za-z]", t):
            return t
        if len(t) == 1 and t.isalpha():
            return t
        raise Bad("unknown: " + t)

    def symbol(self, base, name_only=False):
        sups, subs, primes, post = [], [], 0, []
        while True:
            t = self.peek()
            if t == "'":
                self.take()
                primes += 1
                continue
            if t == "_":
                if subs:
                    FLAWS.append("double subscript")
                self.take()
                subs = subs + indices(self.arg())
                continue
            if t == "^":
                self.take()
                inner = self.arg()
                if (
                    (inner and inner[-1] in TRANSPOSE)
                    or inner == ["T"]
                    or inner[-3:] in ([r"\mathsf", "{", "T"],)
                    or "".join(inner[-4:]) in (r"\mathsf{T}", r"\mathrm{T}")
                ):
                    cut = -1 if inner[-1] in TRANSPOSE or inner == ["T"] else -4
                    inner = inner[:cut]
                    post.append(("T",))
                if not inner:
                    continue
                if all(x == r"\prime" or x == "'" for x in inner):
                    primes += len(inner)
                    continue
                if inner[0] in ("(", "[") and inner[-1] in (")", "]"):
                    if sups:
                        raise Bad("double superscript")
                    sups = indices(inner[1:-1])
                    continue
                if inner[0] in (r"\text", r"\mathrm", r"\textrm", r"\textit"):
                    if sups:
                        raise Bad("double superscript")
                    sups = indices(inner)
                    continue
                if inner[0] == r"\odot":
                    post.insert(0, ("^", P(inner[1:]).whole()))
                    continue
                if inner[0] == "*" and len(inner) == 1:
                    sups = [("name", "*")]
                    continue
                post.insert(0, ("^", P(inner).whole()))
                continue
            if t == "{" and self.peek(1) == "}":
                self.i += 2
                continue
            break
        node = ("sym", base, tuple(sups + subs), primes)
        if name_only:
            for p in post:
                node = ("T", node) if p[0] == "T" else ("pow", node, p[1])
            return node
        args = None
        if self.peek() in ("(",):
            save = self.i
            self.take()
            if self.peek() == r"\cdot" and self.peek(1) == ")":
                self.take()
                self.take()
                args = [("hole",)]
            else:
                args = self.inside(")")
        elif self.peek() == "[" and base in ("bb1", "1"):
            self.take()
            args = self.inside("]")
        elif (base in FUNCS and self.starts()) or (base in FUNCS and self.peek() == r"\cdot"):
            args = [self.factor()]
            return wrap(("call", node, args, ()), post)
        if args is not None:
            tail = []
            while self.peek() in ("^", "_", "'"):
                if self.take() == "^":
                    inner = self.arg()
                    tail.append(("T",) if inner == [r"\top"] or inner == ["T"] else ("^", P(inner).whole()))
                else:
                    raise Bad("index on a bracket")
            return ("app", node, tuple(post), args, tuple(tail))
        return wrap(node, post)

    def postfix(self, n):
        while True:
            t = self.peek()
            if t == "^":
                self.take()
                inner = self.arg()
                if (inner and inner[-1] == r"\top") or inner == ["T"]:
                    n = ("T", n)
                    if len(inner) > 1:
                        raise Bad("superscript on a bracket")
                elif inner and inner[0] == r"\odot":
                    n = ("pow", n, P(inner[1:]).whole())
                else:
                    n = ("pow", n, P(inner).whole())
                continue
            if t == "_" and n[0] in ("paren", "T", "deriv", "ones"):
                self.take()
                inner = self.arg()
                n = n if n[0] == "ones" else ("at", n, tuple(indices(inner)))
                continue
            if t in ("|", r"\vert", r"\rvert") and self.peek(1) == "_" and n[0] == "deriv":
                self.take()
                self.take()
                n = (
                    "deriv",
                    n[1],
                    n[2],
                    re.sub(r"[^\w]", "", "".join(self.arg()).replace("mathrm", "").replace("text", "")),
                )
                continue
            return n

    def environment(self):
        name = "".join(self.arg())
        if name == "cases":
            rows = self.rows(name)
            out = []
            for row in rows:
                cells = split(row, {"&"})
                expr = cells[0][:-1] if cells[0] and cells[0][-1] == "," else cells[0]
                cond = condition(sum(cells[1:], []))
                out.append((P(expr).whole(), cond))
            return ("cases", out)
        if name.strip("*") in ("bmatrix", "pmatrix", "matrix", "vmatrix", "array", "smallmatrix"):
            if name == "array":
                self.arg()
            rows = [[P(c).whole() for c in split(r, {"&"})] for r in self.rows(name)]
            return ("block", rows)
        raise Bad("environment " + name)

    def rows(self, name):
        d, start, rows = 1, self.i, []
        cur = []
        while True:
            t = self.take()
            if t == r"\begin":
                d += 1
            if t == r"\end":
                d -= 1
                if not d:
                    self.arg()
                    break
            if t == r"\\" and d == 1:
                rows.append(cur)
                cur = []
                continue
            cur.append(t)
        if cur:
            rows.append(cur)
        return [r for r in rows if r]


WORDS = re.compile(
    r"(?:\s|\x01)*(if|otherwise|for|because|where|with|and|so|or|is|of|the|when|all|else|likewise|in|to|at|as|by|from|each|every|given|For|Start|over|then|hence|such|that|step|layer|example|until)\b.*",
    re.S,
)


def sym(base):
    return ("sym", base, (), 0)


def wrap(n, post):
    for p in post:
        n = ("T", n) if p[0] == "T" else ("pow", n, p[1])
    return n


def diff(toks):
    if toks and toks[0] == r"\partial":
        if len(toks) > 1 and toks[1] == "^":
            raise Bad("second derivative")
        return toks[1:]
    if len(toks) >= 4 and toks[0] in (r"\mathrm", r"\text") and toks[1:4] == ["{", "d", "}"]:
        return toks[4:]
    if toks and toks[0] == "d" and len(toks) > 1:
        return toks[1:]
    return None


def indices(toks):
    out = []
    for part in split(toks, {","}):
        if not part:
            continue
        if part[0] in FONTS:
            p = P(list(part))
            t = p.take()
            name = "".join(p.arg()).replace("\x01", " ").replace("\\", "")
            out.append(("name", name))
            if p.peek() is not None:
                out += indices(part[p.i :])
            continue
        if ":" in part or r"\times" in part:
            out.append(("name", re.sub(r"[{}]", "", "".join(part)).replace(r"\times", "x")))
            continue
        if len(part) == 1 and re.fullmatch(r"\d+", part[0]):
            out.append(("int", int(part[0])))
            continue
        if all(re.fullmatch(r"[A-Za-z]", x) for x in part):
            out.append(("letters", "".join(part)))
            continue
        if len(part) == 1 and part[0].startswith("\\"):
            if part[0][1:] in GREEK or part[0] in COMMANDS:
                out.append(("name", part[0][1:]))
                continue
        if (part[0].startswith("\\") and (part[0][1:] in GREEK or part[0] in ACCENTS)) or (
            len(part) > 1 and part[1] in ("_", "^")
        ):
            out.append(("name", re.sub(r"[\\{}_^()]|text|mathrm", "", "".join(part))))
            continue
        if re.fullmatch(r"\d+[A-Za-z]+", "".join(part)):
            m = re.match(r"(\d+)([A-Za-z]+)", "".join(part))
            out += [("int", int(m[1])), ("letters", m[2])]
            continue
        if re.fullmatch(r"[A-Za-z]+\d+", "".join(part)):
            out.append(("name", "".join(part)))
            continue
        out.append(("expr", P(list(part)).whole(), "".join(part)))
    return out


def split(toks, seps, brackets=True):
    out, d, cur = [], 0, []
    up, down = (
        (("{", "(", "[", r"\{", r"\begin"), ("}", ")", "]", r"\}", r"\end"))
        if brackets
        else (("{", r"\begin"), ("}", r"\end"))
    )
    for t in toks:
        d += (t in up) - (t in down)
        if t in seps and d == 0:
            out.append(cur)
            cur = []
        else:
            cur.append(t)
    return out + [cur]


def condition(toks):
    t, i, out = toks, 0, []
    while i < len(t):
        if t[i] in (r"\text", r"\mathrm", r"\textrm") and i + 1 < len(t) and t[i + 1] == "{":
            j = skip(t, i + 1)
            word = "".join(t[i + 2 : j - 1]).replace("\x01", " ").strip()
            if re.match(r"otherwise|else", word):
                return ("else",)
            i = j
            continue
        out.append(t[i])
        i += 1
    out = [x for x in out if x not in (r"\quad", r"\qquad")]
    while out and out[-1] in (",", "."):
        out.pop()
    k = next((i for i, x in enumerate(out) if x in CMP or x == "="), None)
    if k is None:
        raise Bad("condition")
    parts, ops, cur = [], [], []
    for x in out:
        if x in CMP or x == "=":
            parts.append(P(cur).whole())
            ops.append(CMP.get(x, "="))
            cur = []
        else:
            cur.append(x)
    parts.append(P(cur).whole())
    c = [("cmp", o, a, b) for o, a, b in zip(ops, parts, parts[1:])]
    return c[0] if len(c) == 1 else ("and", c)


# ---------------------------------------------------------------- equations of a page
class Eq:
    def __init__(self, sides, item, text):
        self.sides, self.item, self.text = sides, item, text
        self.where, self.ranges, self.cond = [], {}, None
        self.status = None


def display_rows(toks):
    "Rows of a display: strips the outer environments, joins what was broken over lines."
    t = list(toks)
    for _ in range(4):
        if (
            len(t) > 3
            and t[0] == r"\begin"
            and "".join(t[2 : skip(t, 1) - 1]).strip("*")
            in (
                "aligned",
                "align",
                "split",
                "gathered",
                "gather",
                "alignedat",
                "multlined",
                "equation",
                "array",
                "flalign",
                "eqnarray",
            )
        ):
            j = skip(t, 1)
            name = "".join(t[2 : j - 1])
            if name in ("array", "alignedat"):
                j = skip(t, j)
            d, k = 1, j
            while k < len(t):
                d += (t[k] == r"\begin") - (t[k] == r"\end")
                if d == 0:
                    break
                k += 1
            e = skip(t, k + 1)
            t = t[j:k] + t[e:]
        else:
            break
    rows = [r for r in split(t, {r"\\"}, brackets=False) if [x for x in r if x not in ("&", r"\quad", r"\qquad")]]
    out = []
    for r in rows:
        lead, k = 0, 0
        while k < len(r) and r[k] in ("&", r"\quad", r"\qquad"):
            k += 1
        body = r[k:]
        depth = lambda x: sum((y in ("(", "[", r"\{")) - (y in (")", "]", r"\}")) for y in x)
        if out:
            prev = [x for x in out[-1] if x not in ("&", r"\quad", r"\qquad")]
            open_ = depth(prev) > 0 or (
                prev and prev[-1] in ("+", "-", r"\odot", r"\cdot", "=", r"\star", r"\ast", "/", r"\times")
            )
            cont = body[0] in ("+", "-", r"\odot", r"\cdot", r"\times", "/") or (
                k
                and body[0] not in REL
                and not any(x in REL for x in top(body))
                and body[0] not in (r"\text", r"\textrm", r"\mathrm")
            )
            if open_ or cont:
                out[-1] = out[-1] + [x for x in body]
                continue
        out.append(body if body[0] in REL or k == 0 else body)
    return out


def top(toks):
    d, out = 0, []
    for t in toks:
        d += (t in ("{", "(", "[", r"\{")) - (t in ("}", ")", "]", r"\}"))
        if d == 0:
            out.append(t)
    return out


def chunks(row):
    "One row cut at its separators into (words before, tokens)."
    out, cur, words, d, i = [], [], "", 0, 0
    flush = lambda: out.append((words, cur)) if cur else None
    while i < len(row):
        t = row[i]
        if d == 0 and t in (r"\quad", r"\qquad", ";"):
            flush()
            cur, words = [], words if not cur else ""
            i += 1
            continue
        if d == 0 and t == ",":
            j = i + 1
            if j >= len(row) or row[j] in ("&", r"\quad", r"\qquad", r"\text"):
                flush()
                cur, words = [], ""
                i += 1
                continue
        if d == 0 and t == "&":
            i += 1
            continue
        if d == 0 and t in (r"\text", r"\textrm", r"\mbox") and i + 1 < len(row) and row[i + 1] == "{":
            j = skip(row, i + 1)
            word = "".join(row[i + 2 : j - 1]).replace("\x01", " ")
            if not re.fullmatch(r"[A-Za-z]\w*", word) or WORDS.fullmatch(word):
                flush()
                cur, words = [], word.strip()
                i = j
                continue
        if d == 0 and t == "." and i == len(row) - 1:
            i += 1
            continue
        d += (t in ("{", "(", "[", r"\{", r"\begin")) - (t in ("}", ")", "]", r"\}", r"\end"))
        cur.append(t)
        i += 1
    flush()
    return [(w, c) for w, c in out]


def range_of(toks, sizes):
    "l = 3, 2, 1   l = L-1, \\ldots, 1   t = 1, \\dots, T: a variable and its values, or None."
    if len(toks) < 3 or not re.fullmatch(r"[a-zA-Z]", toks[0]) or toks[1] not in ("=", r"\in"):
        return None
    body = [x for x in toks[2:] if x not in (r"\{", r"\}")]
    parts = split(body, {","})
    parts = [p for p in parts if p]
    dots = [i for i, p in enumerate(parts) if p[0] in (r"\ldots", r"\dots", r"\cdots", r"\dotsc")]
    for d in (r"\ldots", r"\dots", r"\cdots"):
        if d in body and not dots and len(parts) == 1:
            k = body.index(d)
            parts = [body[:k], [d], body[k + 1 :]]
            dots = [1]
    if len(parts) < 2 and toks[0] not in ("l", "t"):
        return None
    try:
        vals = [None if i in dots else int(round(integer(P(list(p)).whole(), sizes))) for i, p in enumerate(parts)]
    except (Bad, KeyError, TypeError):
        return None
    if not dots:
        return toks[0], vals
    a, b = vals[0], vals[-1]
    return toks[0], list(range(a, b + 1)) if a <= b else list(range(a, b - 1, -1))


def integer(n, sizes):
    if n[0] == "num":
        return n[1]
    if n[0] == "sym":
        return sizes[name_of(n)]
    if n[0] == "add":
        return sum(s * integer(x, sizes) for s, x in n[1])
    if n[0] == "prod":
        r = 1
        for op, x in n[1]:
            r = r * integer(x, sizes) if op == "*" else r / integer(x, sizes)
        return r
    if n[0] == "paren":
        return integer(n[1][0], sizes)
    raise KeyError


def name_of(n):
    return n[1] + "".join(str(x[1]) if x[0] != "expr" else x[2] for x in n[2])


def plain(toks):
    out = ""
    for t in toks:
        out += (
            (" " if out and ((re.search(r"\\[A-Za-z]+$", out) and t[:1].isalpha()) or t in ("=", "+", "-")) else "")
            + t
            + (" " if t in ("=", "+", "-") else "")
        )
    return re.sub(
        r"\s+",
        " ",
        out.replace("\x01", " ")
        .replace("\\mathcal{L}", "ℒ")
        .replace("\\partial ", "∂")
        .replace("\\partial", "∂")
        .replace("\\top", "ᵀ")
        .replace("^{ᵀ}", "ᵀ")
        .replace("\\odot", " ⊙ ")
        .replace("\\mathbf{1}", "𝟏"),
    ).strip()


def equations(its, sizes):
    eqs, bad, shown = [], [], 0
    for it in its:
        try:
            toks = lex(it.tex)
        except Bad as e:
            if it.shown:
                shown += 1
                bad.append((it, it.tex.strip()[:120], str(e)))
            continue
        if not it.shown and not any(x in REL for x in toks):
            continue
        last, pending = None, {}
        for row in display_rows(toks):
            parts = chunks(row)
            row_eqs = []
            for w, c in parts:
                r = range_of(c, sizes)
                if r:
                    if row_eqs:
                        for e in row_eqs:
                            e.ranges[r[0]] = r[1]
                    else:
                        pending[r[0]] = r[1]
                    continue
                rel = [i for i, x in enumerate(c) if x in REL and depth_at(c, i) == 0]
                if re.match(r"(if|when)\b", w) and row_eqs:
                    try:
                        row_eqs[-1].cond = condition(c)
                    except Bad:
                        row_eqs[-1].cond = ("unknown",)
                    continue
                if re.match(r"because|since", w) and row_eqs:
                    continue
                if not rel:
                    if row_eqs and row_eqs[-1].cond:
                        try:
                            e = Eq([row_eqs[-1].sides[0], P(list(c)).whole()], it, plain(c))
                            e.cond = ("not", row_eqs[-1].cond)
                            eqs.append(e)
                        except Bad:
                            pass
                    elif it.shown and re.search(r"\\(?:le|ge|leq|geq|approx|sim|propto|lesssim)\b|<|>", " ".join(c)):
                        pass
                    elif it.shown and not w and len(c) > 2:
                        shown += 1
                        bad.append((it, plain(c)[:120], "no relation"))
                    continue
                sides, err = [], None
                if it.shown:
                    shown += 1
                cuts = [-1] + rel + [len(c)]
                for a, b in zip(cuts, cuts[1:]):
                    s = [x for x in c[a + 1 : b]]
                    while s and s[-1] in (",", "."):
                        s.pop()
                    if not s:
                        continue
                    try:
                        FLAWS.clear()
                        sides.append(P(s).whole())
                        if FLAWS and it.shown:
                            bad.append((it, plain(c)[:120], FLAWS[0] + ": TeX refuses it"))
                    except Bad as e:
                        err = str(e)
                    except RecursionError:
                        err = "too deep"
                if any(c[i] == r"\approx" for i in rel):
                    continue
                if err:
                    if it.shown:
                        bad.append((it, plain(c)[:120], err))
                    continue
                if c[0] in REL:
                    if last is None:
                        if it.shown:
                            bad.append((it, plain(c)[:120], "starts with ="))
                        continue
                    e = Eq([last.sides[0]] + sides, it, plain(c))
                    e.ranges = dict(last.ranges)
                    e.more = True
                else:
                    e = Eq(sides, it, plain(c))
                if len(e.sides) < 2:
                    continue
                e.ranges = {**pending, **e.ranges}
                if row_eqs and (
                    re.match(r"where|with", w)
                    or (
                        len(parts) > 1
                        and w == ""
                        and e.sides[0][0] == "sym"
                        and c[0] not in REL
                        and uses(row_eqs[0].sides[1:], e.sides[0])
                        and not e.sides[0][2]
                    )
                ):
                    row_eqs[0].where.append(e)
                    continue
                eqs.append(e)
                row_eqs.append(e)
            if row_eqs:
                last = row_eqs[0] if not getattr(row_eqs[0], "more", False) or last is None else last
    return eqs, bad, shown


def depth_at(toks, i):
    d = 0
    for t in toks[:i]:
        d += (t in ("{", "(", "[", r"\{", r"\begin")) - (t in ("}", ")", "]", r"\}", r"\end"))
    return d


def uses(nodes, s):
    return any(x[0] == "sym" and x[1:3] == s[1:3] for n in nodes for x in walk(n))


def walk(n):
    if isinstance(n, tuple):
        if n and isinstance(n[0], str):
            yield n
        for x in n:
            if isinstance(x, (tuple, list)):
                yield from walk(x)
    elif isinstance(n, list):
        for x in n:
            if isinstance(x, (tuple, list)):
                yield from walk(x)


# ---------------------------------------------------------------- values
class V:
    "An array; f marks the axes along which it may be spread (made by a bare column of ones); id marks the identity."

    __slots__ = ("a", "f", "id", "zero")

    def __init__(self, a, f=(False, False), id=False, zero=False):
        self.a, self.f, self.id, self.zero = np.asarray(a), f, id, zero

    @property
    def scalar(self):
        return self.a.ndim == 0


def fit(x, y):
    if x.scalar or y.scalar:
        return
    if x.a.ndim != y.a.ndim:
        raise Shape(f"{x.a.shape} with {y.a.shape}")
    for k in range(x.a.ndim):
        p, q = x.a.shape[k], y.a.shape[k]
        if p != q and not (k < 2 and ((x.f[k] and p == 1) or (y.f[k] and q == 1))):
            raise Shape(f"{'×'.join(map(str, x.a.shape))} with {'×'.join(map(str, y.a.shape))}")


LOOSE = set()


def spread(v, o):
    "A bare column of ones set beside a matrix: taken as ones everywhere, and noted."
    if v.a.shape == (1, 1) and v.f == (True, False) and o.a.ndim == 2 and o.a.shape[1] != 1 and not o.f[1]:
        LOOSE.add("a column of ones is added to a matrix")
        return V(v.a[0, 0])
    return v


def entrywise(op, x, y):
    x, y = spread(x, y), spread(y, x)
    if x.scalar:
        return V(op(x.a, y.a), y.f)
    if y.scalar:
        return V(op(x.a, y.a), x.f)
    fit(x, y)
    return V(op(x.a, y.a), (x.f[0] and y.f[0], x.f[1] and y.f[1]))


def plus(x, y):
    if x.id != y.id:
        i, o = (x, y) if x.id else (y, x)
        if not o.scalar and o.a.shape[0] == o.a.shape[1]:
            return V(i.a * np.eye(o.a.shape[0]) + o.a)
    r = entrywise(np.add, x, y)
    r.id = x.id and y.id
    return r


def times(x, y, entry=False):
    if x.scalar or y.scalar or entry:
        r = entrywise(np.multiply, x, y)
        r.id = (x.id and y.scalar) or (y.id and x.scalar)
        return r
    if x.a.shape == (1, 1) and x.f == (False, False) and y.a.shape == (1, 1) and y.f[0]:
        return V(x.a[0, 0] * y.a, y.f)
    if x.a.shape == (1, 1) and y.a.shape[0] != 1 and not y.f[0] and not x.f[1]:
        return V(x.a[0, 0] * y.a, y.f)
    if y.a.shape == (1, 1) and x.a.shape[1] != 1 and not x.f[1] and not y.f[0]:
        return V(x.a * y.a[0, 0], x.f)
    a, b = x.a, y.a
    if x.f[1] and y.f[0]:
        raise Unsure("ones times ones of no known length")
    if x.f[1] and a.shape[1] == 1:
        a = np.repeat(a, b.shape[0], 1)
    if y.f[0] and b.shape[0] == 1:
        b = np.repeat(b, a.shape[1], 0)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise Shape(f"{'×'.join(map(str, a.shape))} times {'×'.join(map(str, b.shape))}")
    return V(a @ b, (x.f[0], y.f[1]))


def relu(z):
    return z * (np.real(z) > 0)


def cabs(z):
    return z * np.sign(np.real(z))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


_erf = np.vectorize(math.erf)


def erf(z):
    return _erf(np.real(z)) + (
        1j * np.imag(z) * 2 / math.sqrt(math.pi) * np.exp(-(np.real(z) ** 2)) if np.iscomplexobj(z) else 0
    )


def softplus(z):
    return np.log(1 + np.exp(z))


def cmax(a, b):
    return np.where(np.real(a) >= np.real(b), a, b)


def cmin(a, b):
    return np.where(np.real(a) <= np.real(b), a, b)


def softmax0(z):
    e = np.exp(z - np.max(np.real(z), 0, keepdims=True))
    return e / e.sum(0, keepdims=True)


def softmax1(z):
    e = np.exp(z - np.max(np.real(z), 1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def leaky(z, a=0.01):
    return np.where(np.real(z) > 0, z, a * z)


def elu(z, a=1.0):
    return np.where(np.real(z) > 0, z, a * (np.exp(z) - 1))


def selu(z):
    return 1.0507009873554805 * elu(z, 1.6732632423543772)


def gelu(z):
    return z * (1 + erf(z / math.sqrt(2))) / 2


def gelu_tanh(z):
    return z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def silu(z):
    return z * sigmoid(z)


def mish(z):
    return z * np.tanh(softplus(z))


def softsign(z):
    return z / (1 + cabs(z))


def logcosh(z):
    return np.log(np.cosh(z))


def huber(r):
    return np.where(np.abs(np.real(r)) <= 1, r**2 / 2, cabs(r) - 0.5)


def hinge(u):
    return relu(1 - u)


def norm0(z, eps=1e-5):
    c = z - z.mean(0, keepdims=True)
    return c / np.sqrt((c**2).mean(0, keepdims=True) + eps)


def norm1(z, eps=1e-5):
    c = z - z.mean(1, keepdims=True)
    return c / np.sqrt((c**2).mean(1, keepdims=True) + eps)


def diag(z):
    if z.shape[0] == z.shape[1] and z.shape[0] != 1:
        return np.diag(z)[:, None]
    return np.diag(z.ravel())


def vjp(f, at, g):
    "The transpose of f's derivative at `at`, applied to g, by complex steps."
    at = np.asarray(at)
    out = np.zeros(at.shape)
    y = np.real(f(at))
    if np.shape(g) and y.shape != np.shape(g):
        raise Shape(f"an error {'×'.join(map(str, np.shape(g)))} for a result {'×'.join(map(str, y.shape))}")
    for i in np.ndindex(at.shape):
        p = at.astype(complex)
        p[i] += 1j * STEP
        out[i] = np.sum(np.imag(f(p)) / STEP * g)
    return out


ENTRY = {
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "ln": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "sigmoid": sigmoid,
    "sigma": sigmoid,
    "relu": relu,
    "ReLU": relu,
    "abs": cabs,
    "sqrt": np.sqrt,
    "erf": erf,
    "softplus": softplus,
    "sign": lambda z: np.sign(np.real(z)),
    "sgn": lambda z: np.sign(np.real(z)),
    "max": cmax,
    "min": cmin,
    "arctan": np.arctan,
    "GELU": gelu,
    "gelu": gelu,
    "SiLU": silu,
    "silu": silu,
    "softsign": softsign,
    "id": lambda z: z,
    "swish": silu,
}
WHOLE = {
    "softmax": softmax0,
    "diag": diag,
    "Diag": diag,
    "tr": lambda z: np.trace(z),
    "norm2": lambda z: np.sqrt(np.sum(z**2)),
    "norm1": lambda z: np.sum(cabs(z)),
    "stack": lambda *z: np.concatenate(z, 0),
    "vec": lambda z: z.reshape(-1, 1, order="F"),
    "trace": lambda z: np.trace(z),
}
WORLD = {k: v for k, v in globals().items() if callable(v) and k.islower() and not isinstance(v, type)}
WORLD.update(np=np, math=math)
VARS = set("ltijkpqsuvocrna")


class Fun:
    def __init__(self, params, body, where=()):
        self.params, self.body, self.where = params, body, where


# ---------------------------------------------------------------- evaluation
class Net:
    "The network of a case with drawn numbers: leaves, its loss and its true gradients."

    def __init__(self, case, unit=False, seed=0):
        self.case, self.unit = case, unit
        rng = np.random.default_rng(seed)
        self.sizes = dict(case.get("sizes", {}))
        self.leaf, self.tex = {}, {}
        for name, spec in case["leaves"].items():
            spec = spec if isinstance(spec, dict) else {"shape": spec}
            shape = [1 if unit else s for s in spec["shape"]]
            d = spec.get("draw", "normal")
            x = rng.normal(size=shape)
            if d == "onehot":
                x = np.zeros(shape)
                x[rng.integers(0, shape[0], shape[1]), np.arange(shape[1])] = 1
            elif d == "onehotrows":
                x = np.zeros(shape)
                x[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = 1
            elif d == "unit":
                x = rng.uniform(0.1, 0.9, shape)
            elif d == "sign":
                x = np.where(x > 0, 1.0, -1.0)
            elif d == "positive":
                x = rng.uniform(0.5, 1.5, shape)
            elif d == "binary":
                x = (x > 0).astype(float)
            elif d == "value":
                x = np.array(spec["value"], float)
            elif d == "small":
                x = 0.5 * x
            self.leaf[name] = x
            for t in spec.get("tex", [default_tex(name)]):
                self.tex[key_of(t)] = name
        self.params = case["parameters"]
        self.world = dict(WORLD)
        exec("\n".join(case.get("setup", [])), self.world)
        self.code = compile("\n".join(case["forward"]), "forward", "exec")
        self.cache = {}

    def loss(self, **over):
        w = dict(self.world)
        w.update(self.leaf)
        w.update(over)
        exec(self.code, w)
        return w["loss"]

    def grad(self, name):
        if name not in self.cache:
            x = self.leaf[name]
            out = np.zeros(x.shape)
            for i in np.ndindex(x.shape):
                p = x.astype(complex)
                p[i] += 1j * STEP
                out[i] = np.imag(self.loss(**{name: p})) / STEP
            self.cache[name] = out
        return self.cache[name]


def default_tex(name):
    m = re.fullmatch(r"([A-Za-z]+?)_?(\d+|(?<=_)\w+)?", name)
    base, idx = m[1], m[2]
    if base in GREEK:
        base = "\\" + base
    elif len(base) > 1:
        base = r"\mathrm{%s}" % base
    return base + ("_{%s}" % idx if idx else "")


def key_of(tex):
    n = P(lex(tex)).whole()
    if n[0] == "pow":
        return key_of_node(n[1]) + "^2"
    return key_of_node(n)


def key_of_node(n):
    toks = [("name", str(x[1])) if x[0] != "expr" else ("name", x[2]) for x in n[2]]
    return join(n[1], [t[1] for t in toks])


def join(base, toks):
    r = base
    for t in toks:
        r += ("," if r[-1:].isdigit() and t[:1].isdigit() else "") + t
    return r


class Scope:
    __slots__ = ("entry", "env", "grads", "hole", "ix", "loc", "reads")

    def __init__(self, ix=None, loc=None, hole=None, entry=False, env=None, reads=None):
        self.ix, self.loc, self.hole, self.entry, self.env = ix or {}, loc or {}, hole, entry, env
        self.reads = reads if reads is not None else set()

    def with_(self, **k):
        s = Scope(self.ix, self.loc, self.hole, self.entry, self.env, self.reads)
        for a, b in k.items():
            setattr(s, a, b)
        return s


class Page:
    def __init__(self, net, local=None, funs=None):
        self.net, self.case = net, net.case
        self.sizes = net.sizes
        self.losskeys = set(self.case.get("loss", ["calL"]))
        self.env, self.fun, self.program, self.gradcache, self.kinds = {}, {}, [], {}, {}
        self.anc, self.plans = {}, {}
        self.opfun = {k: eval(v, self.net.world) for k, v in self.case.get("functions", {}).items()}
        self.name_letters = {x for k in net.tex for x in re.findall(r"(?<=[A-Za-z])[a-z]$", k) if len(k) == 2}
        for k, name in net.tex.items():
            self.env[k] = V(net.leaf[name])
            self.kinds[k] = "leaf"
        for k, v in self.case.get("values", {}).items():
            self.env[k] = V(np.array(float(v)))
            self.kinds[k] = "leaf"
        self.base0 = bool(self.case.get("base0")) and local is not None
        self.used, self.funused = set(), set()
        self.local = self.isolated = local is not None
        if local is not None:
            self.env = dict(local)
            self.kinds = dict.fromkeys(local, "leaf")
            self.fun = dict(funs)
            self.name_letters = set()
        self.alias = {}
        self.rowmode = False
        self.noloss, self.gdef = False, {}
        self.complete = set()
        self.whole = {"softmax", "norm"} | set(self.case.get("whole", []))

    # ---- names
    def tokens(self, node, S):
        "All readings of a symbol's index list, the likely ones first: lists of (text, number or None, by letter)."
        alts = [[]]
        for kind, *rest in node[2]:
            new = []
            if kind == "int":
                opts = [[(str(rest[0]), rest[0], False)]]
            elif kind == "name":
                opts = [[(rest[0], None, False)]]
            elif kind == "letters":
                text = rest[0]
                opts = []
                if len(text) > 1 or text in self.name_letters or text not in S.ix:
                    opts.append([(text, None, False)])
                one = []
                for ch in text:
                    if ch in S.ix:
                        v = S.ix[ch]
                        one.append((str(v) if ch in "lt" else "@%d" % v, v, True))
                    elif ch in self.sizes:
                        one.append((str(self.sizes[ch]), int(self.sizes[ch]), False))
                    else:
                        one = None
                        break
                if one:
                    opts.append(one)
                if len(text) == 1 and text in S.ix and text not in self.name_letters:
                    opts = [one]
            else:
                try:
                    v = int(round(integer(rest[0], {**self.sizes, **S.ix})))
                    letters = [x[1] for x in walk(rest[0]) if x[0] == "sym"]
                    plain_ = any(c in "lt" for c in letters) or not any(c in S.ix for c in letters)
                    opts = [[(str(v) if plain_ else "@%d" % v, v, True)]]
                except (KeyError, TypeError):
                    opts = [[(rest[1], None, False)]]
            for a in alts:
                for o in opts:
                    new.append(a + o)
            alts = new
        return alts

    def find(self, node, S, env=None):
        "The key a symbol stands for and the numbers that pick an entry of it."
        env = S.env if S.env is not None else self.env
        alts = self.tokens(node, S)
        if (
            self.alias
            and node[1] in self.alias
            and node[1] not in S.loc
            and len(node[2]) <= 1
            and not (node[2] and node[2][0][0] == "name")
        ):
            toks = alts[-1]
            if all(t[1] is not None and t[2] for t in toks) and len(toks) <= 1:
                one = [toks[0][1], 1] if toks else [None, 1]
                return self.alias[node[1]], one[::-1] if self.rowmode and toks else one
        first = None
        for toks in alts:
            k = join(node[1], [t[0] for t in toks])
            first = first or k
            if k in S.loc or k in env:
                return k, []
        for toks in alts:
            for cut in range(len(toks) - 1, -1, -1):
                tail = toks[cut:]
                if any(t[1] is None for t in tail):
                    break
                if not any(t[2] for t in tail) and cut == 0 and not self.isolated:
                    continue  # S_2 is a name, not the second column of S
                head = [t[0] for t in toks[:cut]]
                for base in dict.fromkeys(
                    (
                        node[1],
                        node[1][:1].upper() + node[1][1:]
                        if len(node[1]) == 1
                        else re.sub(r"^(hat|tilde|bar)([a-z])$", lambda m: m[1] + m[2].upper(), node[1]),
                    )
                ):
                    k = join(base, head)
                    if k in env or k in S.loc:
                        return k, [t[1] for t in tail]
        if self.net.unit:
            for toks in alts:
                k = join(node[1].upper() if len(node[1]) == 1 else node[1], [t[0] for t in toks])
                if k in env:
                    return k, []
        if node[1] in self.complete and node[2] and any(t[2] for toks in alts for t in toks):
            raise Range()
        raise Missing(first if first else node[1], tex_of(node), any(t[2] for toks in alts[:1] for t in toks))

    def rowpick(self, k, pick, node, env):
        "In a statement about one row: x_i is its entry i, a bare x the row as a column, a number a row its first."
        if not self.rowmode or k not in env or env[k].a.ndim != 2:
            return pick
        n, m = env[k].a.shape
        if len(pick) == 1 and m > 1:
            return [1, pick[0]]
        if not pick and m == 1 and n > 1 and (node[1].islower() or node[1] in GREEK):
            return [1, 1]
        return pick

    def get(self, node, S):
        env = S.env if S.env is not None else self.env
        k, pick = self.find(node, S)
        pick = self.rowpick(k, pick, node, env)
        if k in S.loc:
            v = S.loc[k]
        else:
            S.reads.add(k)
            v = env[k]
        if not pick:
            return v
        return self.pick(v, pick)

    def pick(self, v, pick):
        a, o = v.a, 0 if self.base0 else 1
        if pick[0] is None:
            return V(a[:, :1]) if not self.rowmode else V(a[:1].T)
        idx = [p - o for p in pick]
        if a.ndim == 0:
            if all(i == 0 for i in idx):
                return v
            raise Range()
        if a.ndim > 2:
            if len(idx) != a.ndim or any(i < 0 or i >= n for i, n in zip(idx, a.shape)):
                if v.zero and len(idx) == a.ndim:
                    return V(0.0)
                raise Range()
            return V(a[tuple(idx)])
        if any(i < 0 for i in idx):
            raise Range()
        if len(idx) == 2:
            if idx[0] >= a.shape[0] or idx[1] >= a.shape[1]:
                raise Range()
            return V(a[idx[0], idx[1]])
        if len(idx) == 1:
            if (a.shape[1] == 1 and self.case.get("columns", 1) == 1) or self.local:
                if a.shape[1] == 1:
                    if idx[0] >= a.shape[0]:
                        raise Range()
                    return V(a[idx[0], 0])
            rows = self.case.get("examples") == "rows"
            if idx[0] >= a.shape[0 if rows else 1]:
                raise Range()
            return V(a[idx[0]][:, None] if rows else a[:, idx[0]][:, None])
        raise Unsure("three indices")

    def entries(self, base):
        "The keys of base_1, base_2, ... where a page defines a vector by its entries."
        ks = [k for k in self.env if re.fullmatch(re.escape(base) + r"@\d+", k) and self.env[k].a.size == 1]
        return sorted(ks, key=lambda k: int(k.split("@")[1]))

    # ---- functions
    def function(self, node, S):
        "A callable for a symbol that names a function, or None."
        for toks in self.tokens(node, S):
            k = join(node[1], [t[0] for t in toks])
            if k in self.fun:
                self.funused.add(k)
                return self.fun[k], k, True
            if k in self.case.get("operators", {}):
                spec = self.case["operators"][k]
                f = eval(spec[0], self.net.world)
                env = S.env if S.env is not None else self.env
                for d in spec[1:]:
                    if d not in env:
                        raise Missing(d, d)
                at = sum(np.real(env[d].a) for d in spec[1:])
                S.reads.update(spec[1:])
                return (lambda g: vjp(f, at, g)), k, None
            if k in self.opfun:
                f = self.opfun[k]
                self.funused.add(k)
                return f, k, k not in ("norm", "softmax") and not getattr(f, "whole", False)
        toks = [t[0] for t in self.tokens(node, S)[0]]
        b = node[1]
        op = self.word_operator(node, S)
        if op:
            return op, b, None
        if b in self.opfun and node[2] and (toks[0][:1].isdigit() and not toks[0].isdigit()):
            return self.opfun[b], b, None
        if b in self.fun:
            return self.fun[b], b, True
        if not node[2] and b in ENTRY:
            return ENTRY[b], b, True
        if not node[2] and b in WHOLE:
            return WHOLE[b], b, False
        if b in ("rows", "pad") and toks:
            p, q = (int(x) for x in toks[0].split(":"))
            n = self.sizes.get("padrows", 0)
            if b == "rows":
                return (lambda z: z[p - 1 : q]), b, False
            return (
                (lambda z: np.concatenate([np.zeros((p - 1, z.shape[1])), z, np.zeros((n - q, z.shape[1]))], 0)),
                b,
                False,
            )
        if b == "repeat" and toks:
            return (lambda z: np.repeat(z, int(toks[0]), 0)), b, False
        if b == "sum" and toks:
            return (lambda z: z.reshape(-1, int(toks[0]), *z.shape[1:]).sum(1)), b, False
        return None, None, None

    def word_operator(self, node, S):
        "J, Pi, M and their like: where the page says in words that a letter is a derivative, that of its own function."
        if not re.fullmatch(r"[A-Z]|Pi|Phi|Psi|calJ|calB", node[1]) or node[3]:
            return None
        suffix = "".join(t[0] for t in self.tokens(node, S)[0])
        own = {}
        for key, tree, ix, *_ in self.program:
            if isinstance(tree, tuple) and tree[0] in ("app", "call") and not tree[1][3]:
                args = tree[3] if tree[0] == "app" else tree[2]
                if len(args) == 1 and tree[1][1] in self.whole:
                    own[key] = (tree[1], args[0], ix)
        kinds = {"J": ("softmax",), "Pi": ("norm",)}.get(node[1])
        if kinds:
            own = {k: v for k, v in own.items() if v[0][1] in kinds}
        elif not suffix or suffix.startswith("@"):
            return None
        keys = [k for k in own if re.sub(r"^(hat|tilde|bar)?[A-Za-z](?=[A-Za-z0-9]|$)", "", k) == suffix] or (
            list(own) if len(own) == 1 and kinds and (not suffix or suffix[0] == "@") else []
        )
        if len(keys) != 1:
            return None
        fnode, arg, ix = own[keys[0]]
        env = S.env if S.env is not None else self.env
        f = self.function(fnode, S)[0]
        at = np.real(self.ev(arg, Scope(ix, env=env)).a)
        S.reads.add(keys[0])
        if suffix.startswith("@"):
            c = int(suffix[1:]) - 1
            if c >= at.shape[1]:
                raise Range()
            at = at[:, c : c + 1]
        return lambda g: vjp(f, at, g)

    def call(self, f, entry, args, S, primes=0, wrt=0):
        if isinstance(f, Fun):
            g = lambda *z: self.body(f, z, S)
        else:
            g = f
        arrays = [x.a for x in args]
        flags = args[0].f
        if primes:
            if primes > 1:
                raise Unsure("second slope")
            if entry is False and not args[0].scalar:
                raise Unsure("slope of a function of the whole matrix")
            p = list(arrays)
            p[wrt] = p[wrt] + 1j * STEP
            if np.iscomplexobj(arrays[wrt]):
                raise Unsure("slope at a perturbed place")
            return V(np.imag(g(*p)) / STEP + 0 * sum(np.real(x) for x in arrays), flags)
        if entry and len(arrays) == 2 and not isinstance(f, Fun):
            x, y = args
            return entrywise(g, x, y)
        return V(g(*arrays), flags if entry else (False, False))

    def body(self, f, arrays, S):
        loc = {p: V(a) for p, a in zip(f.params, arrays)}
        s = Scope(
            {}, loc, None, all((len(p) == 1 and p.islower()) or p in ("mu", "sigma") for p in f.params), None, S.reads
        )
        for p, n in f.where:
            loc[p] = self.ev(n, s)
        r = self.ev(f.body, s)
        return r.a

    # ---- trees
    def ev(self, n, S):
        k = n[0]
        if k == "num":
            return V(n[1])
        if k == "sym":
            return self.symbol(n, S)
        if k == "paren":
            if len(n[1]) > 1:
                raise Unsure("a list in brackets")
            return self.ev(n[1][0], S)
        if k == "add":
            out = None
            for sign, x in n[1]:
                v = self.ev(x, S)
                if sign < 0:
                    v = V(-v.a, v.f, v.id)
                out = v if out is None else plus(out, v)
            return out
        if k == "prod":
            return self.product(n[1], S)
        if k == "bin":
            op = n[1]
            x, y = self.ev(n[2], S), self.ev(n[3], S)
            if op in self.opfun:
                return V(self.opfun[op](x.a, y.a))
            if op in ("odot", "circ", "*"):
                return entrywise(np.multiply, x, y)
            if op == "oslash":
                return entrywise(np.divide, x, y)
            raise Unsure("operation " + op)
        if k == "T":
            v = self.ev(n[1], S)
            return v if v.scalar else V(v.a.T, v.f[::-1])
        if k == "pow":
            return self.power(n, S)
        if k == "ones":
            return V(np.ones((1, 1)), (True, False))
        if k == "zeros":
            return V(np.zeros((1, 1)), (True, True))
        if k == "hole":
            if S.hole is None:
                raise Unsure("a dot for what stands outside")
            return S.hole
        if k == "call":
            f, name, entry = self.function(n[1], S)
            if f is None:
                raise Missing(key_of_node(n[1]), tex_of(n[1]))
            v = self.call(f, entry, [self.ev(x, S) for x in n[2]], S, n[1][3])
            return v
        if k == "app":
            return self.apply(n, S)
        if k == "deriv":
            return self.deriv(n, S)
        if k == "at":
            v = self.ev(n[1], S)
            toks = self.tokens(("sym", "x", n[2], 0), S)[-1]
            if any(t[1] is None for t in toks):
                raise Unsure("an index on a bracket")
            return self.pick(v, [t[1] for t in toks])
        if k == "sum":
            return self.bigsum(n, S)
        if k == "cases":
            out, done = None, None
            for x, c in n[1]:
                c = self.test(c, S) if c[0] != "else" else True
                v = self.ev(x, S).a
                m = np.asarray(c) & ~(done if done is not None else np.asarray(False))
                out = np.where(m, v, out if out is not None else 0 * np.real(v))
                done = np.asarray(c) | (done if done is not None else np.asarray(False))
            return V(out)
        if k == "cmp":
            return V(np.asarray(self.test(n, S)) * 1.0)
        if k == "block":
            rows = [[self.ev(c, S).a for c in r] for r in n[1]]
            rows = [[np.atleast_2d(c) for c in r] for r in rows]
            return V(np.block(rows))
        raise Unsure(k)

    def test(self, c, S):
        if c[0] == "and":
            r = True
            for x in c[1]:
                r = r & self.test(x, S)
            return r
        if c[0] == "not":
            return ~np.asarray(self.test(c[1], S))
        if c[0] != "cmp":
            raise Unsure("condition")
        val = lambda x: (
            np.asarray(S.ix[x[1]]) if x[0] == "sym" and x[1] in S.ix and not x[2] else np.real(self.ev(x, S).a)
        )
        a, b = val(c[2]), val(c[3])
        return {
            "<": np.less,
            ">": np.greater,
            "<=": np.less_equal,
            ">=": np.greater_equal,
            "=": np.equal,
            "!=": np.not_equal,
        }[c[1]](a, b)

    def symbol(self, n, S):
        if n[3]:
            k = join(n[1] + "'" * n[3], [t[0] for t in self.tokens(n, S)[0]])
            if k in self.env:
                return self.env[k]
            raise Missing(k, tex_of(n))
        try:
            return self.get(n, S)
        except Missing:
            if not n[2]:
                ks = self.entries(n[1])
                if ks:
                    S.reads.update(ks)
                    env = S.env if S.env is not None else self.env
                    return V(np.array([[env[k].a.item()] for k in ks]))
                if n[1] in S.ix:
                    return V(float(S.ix[n[1]]))
                if n[1] in self.sizes:
                    return V(float(self.sizes[n[1]]))
                if n[1] == "I":
                    return V(np.array(1.0), id=True)
                if n[1] == "pi":
                    return V(math.pi)
                if n[1] == "e":
                    return V(math.e)
            elif n[1] == "n" or join(n[1], [str(x[1]) if x[0] != "expr" else x[2] for x in n[2]]) in self.sizes:
                for toks in self.tokens(n, S):
                    k = join(n[1], [t[0] for t in toks])
                    if k in self.sizes:
                        return V(float(self.sizes[k]))
                k = join(n[1], [str(x[1]) if x[0] != "expr" else x[2] for x in n[2]])
                if k in self.sizes:
                    return V(float(self.sizes[k]))
            elif n[1] == "I":
                return V(np.array(1.0), id=True)
            raise

    def power(self, n, S):
        base, ex = n[1], n[2]
        if base[0] == "sym" and not base[3]:
            if ex[0] == "num":
                for toks in self.tokens(base, S):
                    k = join(base[1], [t[0] for t in toks]) + "^" + ex[2]
                    env = S.env if S.env is not None else self.env
                    if k in S.loc:
                        return S.loc[k]
                    if k in env:
                        S.reads.add(k)
                        if self.rowmode and env[k].a.ndim == 2 and env[k].a.shape[1] == 1:
                            return V(env[k].a[0, 0])
                        return env[k]
            if ex == ("sym", "T", (), 0) and "T" not in S.ix:
                v = self.ev(base, S)
                return V(v.a.T, v.f[::-1])
            if base == ("sym", "e", (), 0) and "e" not in self.env and "e" not in S.loc:
                v = self.ev(ex, S)
                return V(np.exp(v.a), v.f)
        b = self.ev(base, S)
        e = self.ev(ex, S)
        if not e.scalar:
            raise Unsure("a matrix as exponent")
        p = e.a.item()
        if isinstance(p, complex):
            return V(np.exp(p * np.log(b.a)), b.f)
        if b.a.ndim == 2 and not S.entry and b.a.shape[0] == b.a.shape[1] != 1 and p == -1:
            return V(np.linalg.inv(b.a))
        return V(b.a ** (int(p) if p == int(p) else p), b.f)

    def isop(self, n):
        "Does this factor take what stands right of it?"
        if n[0] == "hole":
            return True
        if n[0] in ("call", "app"):
            args = n[2] if n[0] == "call" else n[3]
            return not self.blank(n) and any(self.holes(x) for x in args)
        if n[0] == "sym" and not n[3]:
            s = Scope()
            try:
                self.find(n, s)
            except Missing:
                f, k, e = self.function(n, s)
                return f is not None and n[1] not in FUNCS
            return False
        return self.holes(n)

    def blank(self, n):
        "f(.) with nothing but the dot in it."
        return n[0] in ("app", "call") and [a[0] for a in (n[3] if n[0] == "app" else n[2])] == ["hole"]

    def holes(self, n):
        "Is there a dot in it that nothing to its right fills?"
        if isinstance(n, list):
            return any(self.holes(x) for x in n)
        if not isinstance(n, tuple) or not n:
            return False
        if n[0] == "hole":
            return True
        if n[0] == "prod":
            fs = [x for _, x in n[1]]
            return self.holes(fs[-1]) or any(x[0] == "hole" or self.blank(x) for x in fs)
        if n[0] == "add":
            return any(self.holes(x) for _, x in n[1])
        if n[0] in ("sym", "num"):
            return False
        return any(self.holes(x) for x in n[1:] if isinstance(x, (tuple, list)))

    def flat(self, fs, S):
        "A name before a bracket is a factor of its own where the name is no function."
        out = []
        for op, x in fs:
            if op == "*" and x[0] == "app" and not x[1][3] and len(x[3]) == 1 and any(self.holes(a) for a in x[3]):
                try:
                    self.find(x[1], S)
                    out += [("*", wrap(x[1], x[2])), ("*", wrap(("paren", list(x[3])), x[4]))]
                    continue
                except Missing:
                    pass
            out.append((op, x))
        return out

    def product(self, fs, S):
        fs = self.flat(fs, S)
        if S.hole is None or not any(x[0] == "hole" for _, x in fs):
            for i, (op, x) in enumerate(fs):
                if op == "*" and i < len(fs) - 1 and self.isop(x):
                    if S.hole is not None and not any(self.holes(y) for _, y in fs[i + 1 :]):
                        continue
                    last = None
                    for j in range(len(fs), i + 1, -1):  # all that stands right of it, or as much as fits
                        try:
                            v = self.operate(x, self.product(fs[i + 1 : j], S), S)
                            return self.product(fs[:i] + [("*", ("value", v))] + fs[j:], S) if i or j < len(fs) else v
                        except Shape as err:
                            last = last or err
                    raise last
        out = None
        for op, x in fs:
            v = x[1] if x[0] == "value" else self.ev(x, S)
            if out is None:
                out = v
            elif op == "*":
                out = times(out, v, S.entry)
            else:
                if not v.scalar and v.a.shape == (1, 1) and not S.entry:
                    v = V(v.a[0, 0])
                if not v.scalar and not S.entry and not out.scalar and False:
                    raise Shape("division by a matrix")
                out = entrywise(np.divide, out, v)
        return out

    def operate(self, n, v, S):
        "An operator (a bracket with a dot, or a named one) applied to v."
        if n[0] == "hole":
            return v
        if n[0] == "paren" and len(n[1]) == 1:
            return self.operate(n[1][0], v, S)
        if n[0] == "add":
            out = None
            for sign, x in n[1]:
                r = self.operate(x, v, S) if self.holes(x) or self.isop(x) else times(self.ev(x, S), v)
                r = V(sign * r.a, r.f)
                out = r if out is None else plus(out, r)
            return out
        if n[0] == "sym":
            f, k, e = self.function(n, S)
            return V(f(v.a)) if f is not None else times(self.ev(n, S), v)
        return self.ev(n, S.with_(hole=v))

    def apply(self, n, S):
        _, s, post, args, tail = n
        if s[1] in self.losskeys and not s[2]:
            if s[3] and len(args) >= 1:
                return self.deriv(("deriv", ("sym", s[1], (), 0), args[0], None), S)
            if "lossfn" in self.opfun:
                return V(self.opfun["lossfn"](*[self.ev(x, S).a for x in args]))
            return self.symbol(s, S)
        value = None
        if not s[3]:
            try:
                value = self.symbol(s, S)
            except Missing as e:
                value = e
        f, k, entry = (None, None, None)
        if value is None or isinstance(value, Missing):
            f, k, entry = self.function(s, S)
        own = self.case.get("own", {}).get(s[1]) if not s[2] and s[1] not in self.fun else None
        if own and len(args) == 1 and args[0][0] == "sym":
            m = re.search(r"(\d+)$", self.find(args[0], S)[0])
            f, entry = eval(own[int(m[1]) - 1], self.net.world), True
        if f is not None:
            vals = [self.ev(x, S) for x in args]
            v = self.call(f, entry, vals, S, s[3])
        elif value is not None and not isinstance(value, Missing):
            left = value
            for p in post:
                left = V(left.a.T, left.f[::-1]) if p[0] == "T" else self.power(("pow", s, p[1]), S)
            inner = self.ev(wrap(("paren", args), tail), S) if len(args) == 1 else None
            if inner is None:
                raise Unsure("a list in brackets")
            return times(left, inner, S.entry)
        else:
            if isinstance(value, Missing):
                raise value
            raise Missing(join(s[1] + "'" * s[3], [t[0] for t in self.tokens(s, S)[0]]), tex_of(s))
        for p in post + tail:
            if p[0] == "T":
                v = V(v.a.T, v.f[::-1])
            else:
                e = self.ev(p[1], S)
                v = V(v.a**e.a, v.f)
        return v

    def bigsum(self, n, S):
        _, op, variables, lo, hi, cond, body = n
        o = 0 if self.base0 else 1

        def rec(vs, ix):
            s = S.with_(ix=ix)
            if not vs:
                if cond is not None and not self.test(cond, s):
                    return None
                return self.ev(body, s)
            v = vs[0]
            last = len(vs) == 1
            a = int(round(self.ev(lo, s).a.item())) if lo is not None and last else o
            b = int(round(self.ev(hi, s).a.item())) if hi is not None and last else None
            if b is None:
                b = self.case.get("ranges", {}).get(v) if self.base0 else None
                b = b - 1 if b else b
            total, seen = None, False
            for i in range(a, (b if b is not None else 60) + 1):
                try:
                    r = rec(vs[1:], {**ix, v: i})
                    seen = True
                except Range:
                    if b is not None or (not seen and i > a + 1):
                        raise
                    if not seen:
                        continue
                    break
                if r is not None:
                    total = (
                        r
                        if total is None
                        else (
                            plus(total, r)
                            if op == "sum"
                            else entrywise(cmax if op == "max" else cmin, total, r)
                            if op in ("max", "min")
                            else times(total, r)
                        )
                    )
            if not seen:
                raise Range()
            if total is None:
                return V(0.0 if op == "sum" else 1.0)
            return total

        r = rec(list(variables), dict(S.ix))
        return r if r is not None else V(0.0)

    # ---- derivatives
    def deriv(self, n, S):
        num, den, deco = n[1], n[2], n[3]
        if deco:
            k = "d" + self.name(den, S) + "|" + deco
            if k in self.env:
                S.reads.add(k)
                return self.env[k]
            raise Missing(k, tex_of(den) + "|" + deco)
        if num[0] == "sym" and not num[2] and num[1] in self.losskeys:
            return self.lossgrad(den, S)
        if num[0] == "app" and num[1][1] in self.losskeys:
            return self.lossgrad(den, S)
        # a function of the page, at the place of its arguments
        f = self.fun.get(key_of_node(num)) if num[0] == "sym" else None
        if f is None and num[0] == "sym" and not num[2] and num[1] in self.fun:
            f = self.fun[num[1]]
        if f is not None and den[0] == "sym" and den[1] in f.params and all(p in S.loc for p in f.params):
            w = f.params.index(den[1])
            return self.call(f, True, [S.loc[p] for p in f.params], S, 1, w)
        if num[0] != "sym" or den[0] != "sym":
            raise Unsure("derivative")
        nk, npick = self.find(num, S)
        dk, dpick = self.find(den, S)
        npick, dpick = self.rowpick(nk, npick, num, self.env), self.rowpick(dk, dpick, den, self.env)
        self.used.add(nk)
        hold = set()
        if "T" in self.sizes and (any(x[0] != "int" and "t" in str(x[-1]) for x in den[2]) or self.parts(dk)):
            m = re.search(r"(\d+)$", dk)
            hold = {k for k in self.env if m and k.endswith(m[1]) and k != dk and self.kinds.get(k) == "forward"}
        d = self.env[dk].a
        nv = self.env[nk].a
        if any(self.env[dk].f) or any(self.env[nk].f):
            raise Range()
        np_, dp_ = self.parts(nk), self.parts(dk)
        if np_ and dp_:
            return V(
                np.block(
                    [
                        [
                            self.deriv(("deriv", a, b, None), S.with_(ix=ia, loc={})).a
                            if ia == ib
                            else self.jac(a, ia, b, ib, hold)
                            for b, ib in dp_
                        ]
                        for a, ia in np_
                    ]
                )
            )
        cols = [np.imag(self.rerun({dk: p}, nk, hold)) / STEP for p in self.steps(d)]
        J = np.array(cols)
        if npick[:1] == [None] and dpick[:1] == [None]:
            F = J.reshape(d.shape + nv.shape)
            return V(F[0, :, 0, :].T if self.rowmode else F[:, 0, :, 0].T)
        if any(p - 1 >= n for p, n in zip(dpick, d.shape)) or any(p - 1 >= n for p, n in zip(npick, nv.shape)):
            raise Range()
        if npick or dpick or d.ndim == 0 or nv.ndim == 0:
            full = J.reshape(d.shape + nv.shape)
            a = full
            if d.ndim == 2:
                a = (
                    a[dpick[0] - 1, 0]
                    if dpick and d.shape[1] == 1
                    else (a[dpick[0] - 1, dpick[1] - 1] if len(dpick) == 2 else a)
                )
            if nv.ndim == 2 and npick:
                a = a[npick[0] - 1, 0] if len(npick) == 1 else a[npick[0] - 1, npick[1] - 1]
            return V(np.asarray(a))
        if d.shape[1] == 1 and nv.shape[1] == 1:
            return V(J.reshape(d.size, nv.size).T)
        raise Unsure("derivative of a matrix by a matrix")

    def parts(self, k):
        "The names that a stacked column is made of."
        for key, node, ix, *_ in self.program:
            if (
                key == k
                and isinstance(node, tuple)
                and node[0] == "block"
                and all(len(r) == 1 and r[0][0] == "sym" for r in node[1])
            ):
                return [(r[0], ix) for r in node[1]]
        return None

    def jac(self, a, ia, b, ib, hold):
        nk, dk = self.find(a, Scope(ia))[0], self.find(b, Scope(ib))[0]
        d = self.env[dk].a
        return (
            np.array([np.imag(self.rerun({dk: p}, nk, hold - {dk})) / STEP for p in self.steps(d)])
            .reshape(d.size, -1)
            .T
        )

    def steps(self, d):
        if d.ndim == 0:
            yield d + 1j * STEP
            return
        for i in np.ndindex(d.shape):
            p = d.astype(complex)
            p[i] += 1j * STEP
            yield p

    def define(self, key, node, ix, loc, deps, where, hot=False):
        "One more way to compute a name; refused where the name would be its own ancestor."
        up = set(deps)
        for d in deps:
            up |= self.anc.get(d, set())
        if key in up:
            return
        self.anc[key] = self.anc.get(key, set()) | up
        for k, v in self.anc.items():
            if key in v:
                v |= up
        self.program.append((key, node, ix, loc, set(deps), where))
        self.plans.clear()

    def plan(self, start, hold):
        q = (frozenset(start), frozenset(hold))
        if q not in self.plans:
            ways = {}
            for entry in self.program:
                ways.setdefault(entry[0], []).append(entry)
            hit = set(start)
            while True:
                new = {k for k, es in ways.items() if k not in hit and k not in hold and any(e[4] & hit for e in es)}
                if not new:
                    break
                hit |= new
            order, state = [], {}

            def visit(k):
                if k in start or k not in hit or state.get(k) == 2:
                    return True
                if state.get(k) == 1:
                    return False
                state[k] = 1
                for e in sorted(ways[k], key=lambda e: (len(e[4] & hit), ways[k].index(e)), reverse=True):
                    if all(visit(d) for d in e[4]):
                        order.append(e)
                        state[k] = 2
                        return True
                state[k] = 0
                return False

            for k in ways:  # in the order of the page, not of a set
                visit(k)
            self.plans[q] = (order, hit)
        return self.plans[q]

    def rerun(self, over, target, hold=()):
        env = dict(self.env)
        for k, v in over.items():
            env[k] = V(v, self.env[k].f)
        order, hit = self.plan(over, hold)
        if target not in hit:
            return np.zeros(env[target].a.shape, complex)
        for key, node, ix, loc, deps, where in order:
            s = Scope(ix, dict(loc), None, False, env)
            for p, x in where:
                s.loc[p] = self.ev(x, s)
            env[key] = node(env) if callable(node) else self.ev(node, s)
            if key == target:
                break
        return env[target].a

    def name(self, den, S):
        if den[0] == "pow" and den[1][0] == "sym":
            return self.find_pow(den, S)
        return self.find(den, S)[0]

    def find_pow(self, den, S):
        for toks in self.tokens(den[1], S):
            k = join(den[1][1], [t[0] for t in toks]) + "^" + den[2][2]
            if k in self.env:
                return k
        raise Missing(k, tex_of(den[1]) + "^2")

    def lossgrad(self, den, S):
        if den[0] == "pow":
            k, pick = self.find_pow(den, S), []
        elif den[0] == "sym":
            ks = self.entries(den[1]) if not den[2] and den[1] not in self.env else []
            if ks:
                S.reads.update("∂" + k for k in ks)
                return V(np.array([[self.gradient(k).a.item()] for k in ks]))
            k, pick = self.find(den, S)
            pick = self.rowpick(k, pick, den, self.env)
        else:
            raise Unsure("gradient of " + den[0])
        if den[0] == "pow" and self.rowmode and self.env[k].a.ndim == 2 and self.env[k].a.shape[1] == 1:
            pick = [1, 1]
        S.reads.add("∂" + k)
        if k in S.loc and k not in self.env:
            raise Unsure("gradient of a local name")
        g = self.gradient(k)
        return self.pick(g, pick) if pick else g

    def gradient(self, k):
        if k not in self.gradcache:
            if not self.isolated and self.kinds.get(k) == "leaf" and k in self.net.tex:
                g = self.net.grad(self.net.tex[k])
            else:
                loss = next((x for x in self.losskeys if x in self.env), None)
                if loss is None or self.noloss:
                    if k in self.gdef:
                        return self.gdef[k]
                    raise Missing("loss", "the loss in terms of " + k)
                d = self.env[k].a
                vals = [float(np.imag(np.sum(self.rerun({k: p}, loss)))) / STEP for p in self.steps(d)]
                g = np.array(vals).reshape(d.shape)
            self.gradcache[k] = V(g)
        return self.gradcache[k]

    # ---- equations
    def free(self, n, bound=frozenset()):
        "Letters that count: in an index, not bound by a sum."
        out = set()
        if isinstance(n, list):
            for x in n:
                out |= self.free(x, bound)
            return out
        if not isinstance(n, tuple) or not n:
            return out
        if n[0] == "sym":
            for it in n[2]:
                if it[0] == "letters":
                    text = it[1]
                    known = join(n[1], [str(x[1]) if x[0] != "expr" else x[2] for x in n[2]]) in self.env
                    if not known and (len(text) == 1 or all(c in ("ijk" if not self.isolated else VARS) for c in text)):
                        out |= {
                            c
                            for c in text
                            if c in VARS and c not in bound and c not in self.name_letters and c not in self.sizes
                        }
                elif it[0] == "expr":
                    out |= {
                        x[1]
                        for x in walk(it[1])
                        if x[0] == "sym"
                        and len(x[1]) == 1
                        and x[1] in VARS
                        and x[1] not in bound
                        and x[1] not in self.name_letters
                        and x[1] not in self.sizes
                    }
            return out
        if n[0] == "sum":
            inner = bound | set(n[2])
            for x in (n[3], n[4], n[5], n[6]):
                out |= self.free(x, inner) if x is not None else set()
            return out
        for x in n[1:]:
            if isinstance(x, (tuple, list)):
                out |= self.free(x, bound)
        return out

    def instances(self, eq):
        letters = set()
        for s in eq.sides:
            letters |= self.free(s)
        letters = sorted(letters)
        span = []
        for v in letters:
            if v in eq.ranges:
                span.append(eq.ranges[v])
            elif v in self.case.get("index", {}):
                a, b = self.case["index"][v]
                span.append(range(a, b + 1))
            elif self.base0 and v in self.case.get("ranges", {}):
                span.append(range(self.case["ranges"][v]))
            else:
                span.append(range(7) if self.base0 else range(1, 7))
        n = 0
        for combo in itertools.product(*span):
            n += 1
            if n > 400:
                return
            yield dict(zip(letters, combo)), {v for v in letters if v not in eq.ranges}


def tex_of(n):
    if n[0] == "pow":
        return tex_of(n[1]) + "^{" + (n[2][2] if n[2][0] == "num" else "·") + "}"
    if n[0] != "sym":
        return n[0]
    idx = ",".join(str(x[1]) if x[0] != "expr" else x[2] for x in n[2])
    return n[1] + ("_{" + idx + "}" if idx else "") + "'" * n[3]


# ---------------------------------------------------------------- a run over a page
class Inst:
    def __init__(self, eq, ix, soft):
        self.eq, self.ix, self.soft = eq, ix, soft
        self.val = [None] * len(eq.sides)
        self.err = [None] * len(eq.sides)
        self.reads = [set() for _ in eq.sides]
        self.defines = None


def differs(a, b, tol):
    "None where two values agree, else the relative distance or the shapes."
    try:
        if a.scalar != b.scalar:
            s, m = (a, b) if a.scalar else (b, a)
            if m.a.size == 1:
                x, y = s.a.reshape(()), m.a.reshape(())
            elif np.all(m.f) or not np.any(s.a):
                x, y = np.broadcast_to(s.a, m.a.shape), m.a
            else:
                return f"a number against {'×'.join(map(str, m.a.shape))}"
        else:
            if not a.scalar:
                fit(a, b)
            x, y = np.broadcast_arrays(a.a, b.a)
    except (Shape, ValueError) as e:
        return "shapes " + str(e)
    x, y = np.real(x), np.real(y)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None if np.array_equal(np.isfinite(x), np.isfinite(y)) else "not finite"
    scale = max(np.abs(x).max(initial=0), np.abs(y).max(initial=0))
    d = np.abs(x - y).max(initial=0)
    if d <= tol * scale + 1e-13:
        return None
    r = f"off by {d / scale:.2g} of the largest entry"
    both = (np.abs(x) > 1e-9 * scale) & (np.abs(y) > 1e-9 * scale)
    if both.any():
        q = (x[both] / y[both]).ravel()
        if np.ptp(q) < 1e-6 * abs(q[0]):
            r += f"; a factor {q[0]:.6g} throughout"
    return r


def is_function_statement(page, eq):
    l = eq.sides[0]
    if l[0] == "call":
        l = ("app", l[1], (), tuple(l[2]), ())
    if l[0] != "app" or l[1][1] in page.losskeys:
        return False
    return all(x[0] == "sym" and not x[2] and not x[3] for x in l[3]) and (len(l[3][0][1]) == 1 or l[3][0][1] in GREEK)


def run(net, eqs, local=None, funs=None, seeds=None, noloss=False):
    page = Page(net, local, funs)
    page.noloss = noloss
    for e in eqs:
        l = e.sides[0]
        if l[0] == "app" and l[1][1] in page.losskeys and not l[1][3]:
            e.sides = [("sym", l[1][1], (), 0)] + list(e.sides[1:])
    statements = [e for e in eqs if is_function_statement(page, e)]
    for e in statements:
        l = e.sides[0]
        s, args = l[1], (l[3] if l[0] == "app" else l[2])
        if s[3] or (l[0] == "app" and l[2]):
            continue
        k = key_of_node(s)
        if k in page.fun or any(x[0] in ("app", "call") and x[1] == s for x in walk(list(e.sides[1:]))):
            continue
        if page.function(s, Scope())[0] is None or (k not in page.opfun and s[1] not in ENTRY and s[1] not in WHOLE):
            page.fun[k] = Fun([a[1] for a in args], e.sides[1], [(w.sides[0][1], w.sides[1]) for w in e.where])
    insts = []
    normal = [e for e in eqs if e not in statements]
    for e in normal:
        for ix, soft in page.instances(e):
            insts.append(Inst(e, ix, soft))
    upstream = dict(page.case.get("upstream", {})) if local is None else dict(seeds or {})
    case_names = {k: v for k, v in upstream.items() if isinstance(v, str)}
    weights = {}
    rng = np.random.default_rng(7)
    for _ in range(60):
        progress = False
        if upstream and all(k in page.env for k in upstream):
            for k in upstream:
                weights[k] = rng.normal(size=page.env[k].a.shape) if local is None else upstream[k]
            for k, v in page.case.get("given", {}).items():
                page.env[k] = V(weights[v])
                page.kinds[k] = "leaf"
            lk = next(iter(page.case.get("loss", ["calL"])))
            fn = lambda env: V(sum(np.sum(weights[k] * env[k].a) for k in weights))
            page.env[lk] = fn(page.env)
            page.kinds[lk] = "forward"
            page.define(lk, fn, {}, {}, set(weights), ())
            for k, name in case_names.items():
                net.world[name] = weights[k]
            net.cache.clear()
            upstream = {}
            progress = True
        for it in insts:
            if it.eq.cond and not cond_holds(page, it):
                it.skip = True
                continue
            it.skip = False
            for j, side in enumerate(it.eq.sides):
                if it.val[j] is not None or isinstance(it.err[j], Shape):
                    continue
                S = Scope(it.ix, {}, None, False, None, set())
                try:
                    for w in it.eq.where:
                        S.loc[w.sides[0][1]] = page.ev(w.sides[1], S)
                    with np.errstate(all="ignore"):
                        it.val[j] = page.ev(side, S)
                    it.err[j] = None
                    it.reads[j] = S.reads
                    progress = True
                except (Missing, Range, Shape, Unsure) as e:
                    it.err[j] = e
                except ValueError as e:
                    it.err[j] = (
                        Shape(str(e)) if "broadcast" in str(e) or "matmul" in str(e) else Unsure(f"ValueError: {e}")
                    )
                except Exception as e:
                    it.err[j] = Unsure(f"{type(e).__name__}: {e}")
            lhs = it.eq.sides[0]
            if isinstance(it.err[0], Missing) and lhs[0] in ("sym", "pow") and not (lhs[0] == "sym" and lhs[3]):
                j = next((j for j in range(1, len(it.val)) if it.val[j] is not None), None)
                if j is not None:
                    s = lhs if lhs[0] == "sym" else lhs[1]
                    if lhs[0] == "pow" and lhs[2][0] != "num":
                        continue
                    S = Scope(it.ix)
                    toks = max(page.tokens(s, S), key=lambda ts: sum(t[2] for t in ts))
                    k = join(s[1], [t[0] for t in toks]) + ("^" + lhs[2][2] if lhs[0] == "pow" else "")
                    if k in page.env:
                        continue
                    page.env[k] = it.val[j]
                    it.defines = k
                    it.val[0] = it.val[j]
                    it.err[0] = None
                    reads = it.reads[j]
                    back = any(r.startswith("∂") for r in reads) or any(page.kinds.get(r) == "back" for r in reads)
                    page.kinds[k] = "back" if back else "forward"
                    if not back:
                        page.define(
                            k, it.eq.sides[j], it.ix, {}, set(reads), [(w.sides[0][1], w.sides[1]) for w in it.eq.where]
                        )
                    progress = True
            elif isinstance(it.err[0], Missing) and it.err[0].key == "loss" and local is None and not page.free(lhs):
                j = next((j for j in range(1, len(it.val)) if it.val[j] is not None), None)
                try:
                    k = page.name(lhs[2], Scope(it.ix)) if lhs[0] == "deriv" else None
                except Exception:
                    k = None
                if j is not None and k and k not in page.gdef:
                    page.gdef[k] = it.val[j]
                    it.val[0], it.err[0] = it.val[j], None
                    it.reads[0] = {"∂" + k}
                    progress = True
            elif (
                lhs[0] == "sym"
                and not lhs[3]
                and it.val[0] is not None
                and not it.defines
                and not getattr(it, "alt", False)
            ):
                j = next((j for j in range(1, len(it.val)) if it.val[j] is not None), None)
                if j is not None:
                    it.alt = True
                    try:
                        k, pick = page.find(lhs, Scope(it.ix))
                    except Missing:
                        continue
                    reads = it.reads[j]
                    if (
                        not pick
                        and page.kinds.get(k) == "forward"
                        and not any(r.startswith("∂") or page.kinds.get(r) == "back" for r in reads)
                        and not differs(it.val[0], it.val[j], TOL)
                    ):
                        page.define(
                            k, it.eq.sides[j], it.ix, {}, set(reads), [(w.sides[0][1], w.sides[1]) for w in it.eq.where]
                        )
                        page.gradcache.clear()
                        for o in insts:
                            for q in range(len(o.val)):
                                if any(r.startswith("∂") for r in o.reads[q]) and o.defines is None:
                                    o.val[q] = None
                        progress = True
        if not progress:
            bases = {k.split("@")[0] for k in page.env if "@" in k}
            if bases <= page.complete:
                break
            page.complete |= bases
    return page, insts, statements


def cond_holds(page, it):
    c = it.eq.cond
    try:
        return bool(np.all(page.test(c, Scope(it.ix))))
    except Exception:
        return False


def tolerance(text):
    digits = [len(m.replace(".", "").lstrip("0")) for m in re.findall(r"\d+ ?\. ?\d+", text)]
    return 1e-4 if any(d >= 4 for d in digits) else TOL


def check_statement(page, e):
    "A statement about a function at any place: two or more sides at random arguments."
    l = e.sides[0]
    args = l[3] if l[0] == "app" else l[2]
    rng = np.random.default_rng(3)
    name = l[1][1]
    found, err = False, None
    for trial in range(8):
        loc = {}
        for a in args:
            if name in WHOLE or (name in page.opfun and name in ("norm", "softmax")):
                loc[a[1]] = V(rng.normal(size=(4, 1)))
            elif a[1] in "ayp" and len(args) > 1:
                loc[a[1]] = V(rng.uniform(0.1, 0.9)) if trial < 6 else V(rng.normal())
            else:
                loc[a[1]] = V(rng.uniform(-1.5, 1.5) if trial < 6 else rng.normal() * 3)
        S = Scope({}, loc, None, True)
        vals = []
        base = page.function(("sym", l[1][1], l[1][2], 0), S)[0]
        if base is not None and trial >= 6 and isinstance(base, Fun):
            try:
                with np.errstate(all="ignore"):
                    if not np.isfinite(page.call(base, True, [loc[a[1]] for a in args], S).a).all():
                        continue
            except Exception:
                continue
        for w in e.where:
            try:
                loc[w.sides[0][1]] = page.ev(w.sides[1], S)
            except Exception as x:
                err = x
        for s in e.sides:
            try:
                with np.errstate(all="ignore"):
                    v = page.ev(s, S)
                vals.append(v if np.isfinite(np.real(v.a)).all() else None)
            except (Missing, Range, Shape, Unsure) as x:
                vals.append(None)
                err = x
            except Exception as x:
                vals.append(None)
                err = Unsure(f"{type(x).__name__}: {x}")
        vals = [v for v in vals if v is not None]
        for v in vals[1:]:
            found = True
            d = differs(vals[0], v, max(tolerance(e.text), 1e-9))
            if d:
                return "wrong", d
    k = key_of_node(l[1])
    if not found and k in page.fun and not isinstance(err, Missing):
        return "def", None
    return ("right", None) if found else ("unread", err)


def judge(net, eqs, page_text, page, insts, statements, only=None):
    "Findings of one run: lists of (kind, equation, text)."
    wrong, unread, right = [], [], []
    lhs_keys = set()
    for it in insts:
        for s in it.eq.sides[:1]:
            try:
                if s[0] == "sym":
                    lhs_keys |= {join(s[1], [t[0] for t in toks]) for toks in page.tokens(s, Scope(it.ix))}
            except Exception:
                pass
    by_eq = {}
    for it in insts:
        by_eq.setdefault(id(it.eq), []).append(it)
    for e in eqs:
        if e in statements:
            st, d = check_statement(page, e)
            (wrong if st == "wrong" else unread if st == "unread" else right).append((e, d, {}))
            e.status = st
            continue
        its = [i for i in by_eq.get(id(e), []) if not i.skip]
        good, bad, open_ = [], [], []
        for it in its:
            have = [j for j in range(len(it.val)) if it.val[j] is not None]
            shape = [j for j in range(len(it.val)) if isinstance(it.err[j], Shape)]
            if shape and not (isinstance(it.err[0], Missing) and e.sides[0][0] == "deriv"):
                bad.append((it, "shapes: " + str(it.err[shape[0]])))
                continue
            if len(have) < 2:
                open_.append(it)
                continue
            ref = have[0]
            d = None
            for j in have[1:]:
                d = differs(it.val[ref], it.val[j], tolerance(e.text))
                if d:
                    break
            if d:
                bad.append((it, d))
            elif len(have) < len(it.val):
                miss = [x for x in it.err if isinstance(x, (Missing, Unsure))]
                good.append(it)
                if any(isinstance(x, Missing) for x in miss):
                    open_.append(it)
            else:
                good.append(it)
        for it, d in bad[:1]:
            wrong.append((e, d, it.ix))
        hard = [it for it in open_ if not it.soft or all(not isinstance(x, (Missing, Range)) for x in it.err if x)]
        if bad:
            e.status = "wrong"
        elif good and not hard:
            e.status = "right"
            right.append((e, None, {}))
        elif open_:
            e.status = "unread" if not good else "right"
            if good and all(it.soft for it in open_):
                right.append((e, None, {}))
                continue
            it = (hard or open_)[0]
            errs = it.err[1:] + it.err[:1]
            unread.append(
                (
                    e,
                    next((x for x in errs if isinstance(x, Missing)), None) or next((x for x in errs if x), None),
                    it.ix,
                )
            )
        elif its:
            e.status = "unread"
            unread.append((e, None, its[0].ix))
        else:
            e.status = "skipped"
    return wrong, unread, right, lhs_keys


def sections(unread):
    out = {}
    for e, err, ix in unread:
        out.setdefault(e.item.section, []).append(e)
    return out


def one_example(page, eqs, mode="column"):
    "Lower-case letters with one index letter, and the matrix or column whose entries they are likely to be."
    out = {}
    for e in eqs:
        for side in e.sides:
            for x in walk(side):
                if (
                    x[0] == "sym"
                    and not x[3]
                    and re.fullmatch(r"[a-z]", x[1])
                    and len(x[2]) == 1
                    and x[2][0][0] == "letters"
                    and len(x[2][0][1]) == 1
                    and x[2][0][1] in "ijk"
                ):
                    b = x[1]
                    if b in page.env or b in out:
                        continue
                    keys = [
                        k
                        for k in page.env
                        if re.fullmatch(r"[%s%s]\d*" % (b, b.upper()), k) and page.env[k].a.ndim == 2
                    ]
                    if keys:
                        out[b] = max(keys, key=lambda k: int(k[1:] or 0))
    return out if ("z" in out and len(out) > 1) or mode == "row" else {}


def local_pass(net, group, page):
    "Index forms with letters of their own (a_i, z_k, w_{o,c,i,j}): fresh numbers, evaluated among themselves."
    arity, lhs = {}, set()
    known = lambda c: c is None or (c[0] != "unknown" and not (c[0] == "not" and not known(c[1])))
    group = [e for e in group if known(e.cond)]
    for e in group:
        l = e.sides[0]
        if l[0] == "sym":
            lhs.add(l[1])
        if l[0] == "pow" and l[1][0] == "sym":
            lhs.add(l[1][1] + "^" + str(l[2][2] if l[2][0] == "num" else ""))
    for e in group:
        for side in list(e.sides) + [w.sides[1] for w in e.where]:
            for x in walk(side):
                if (
                    x[0] == "sym"
                    and x[2]
                    and all(t[0] in ("letters", "expr", "int") for t in x[2])
                    and any((t[0] == "letters" and t[1] not in "lt") or t[0] == "expr" for t in x[2])
                ):
                    n = sum(len(t[1]) if t[0] == "letters" else 1 for t in x[2])
                    arity[x[1]] = max(arity.get(x[1], 0), n)
    rng = np.random.default_rng(5)
    leaves, given = {}, net.case.get("local", {})
    for b, n in arity.items():
        if b in lhs or b in page.losskeys or b in page.fun:
            continue
        if b in given:
            leaves[b] = V(rng.normal(size=given[b]))
        elif n <= 2:
            x = rng.normal(size=(5, 1) if n == 1 else (5, 5))
            if b == "y":
                x = np.abs(x) / np.abs(x).sum()
            leaves[b] = V(x)
    if not leaves:
        return {}
    for k, v in page.env.items():
        if page.kinds.get(k) == "leaf" and v.scalar:
            leaves[k] = v
    for e in group:
        for side in e.sides:
            for x in walk(side):
                if x[0] == "sym" and not x[2] and x[1] in ("varepsilon", "epsilon"):
                    leaves.setdefault(x[1], V(0.1))
    sub = Net.__new__(Net)
    sub.__dict__.update(net.__dict__)
    sub.case = {k: v for k, v in net.case.items() if k not in ("upstream", "given", "values", "own", "columns")}
    sub.sizes = {
        **net.sizes,
        **{k: 5 for k in "nKCNHdmM" if k not in arity and not given},
        **net.case.get("local_sizes", {}),
    }
    sub.tex = {}
    local, insts, st = run(sub, group, leaves, page.fun)
    if "calL" not in local.env:
        order = list(dict.fromkeys(k.split("@")[0] for k, *_ in local.program if "@" in k))
        if order:
            known = next((b for b in ("g", "delta") if b in arity and b not in lhs), None)
            many = lambda b: next(k.count("@") for k in local.env if k.split("@")[0] == b and "@" in k)
            o = next((b for b in reversed(order) if known is None or many(b) == arity[known]), order[-1])
            keys = {k: tuple(int(x) for x in k.split("@")[1:]) for k in local.env if k.split("@")[0] == o and "@" in k}
            base = 0 if local.base0 else 1
            shape = tuple(max(i[d] for i in keys.values()) + 1 - base for d in range(len(next(iter(keys.values())))))
            if len(shape) == 1:
                shape += (1,)
            g = next((b for b in ("g", "delta") if b in arity and b not in lhs), "g")
            w = rng.normal(size=shape)
            leaves[g] = V(w, zero=True)
            seeds = {k: w[tuple(x - base for x in i) + ((0,) if len(i) == 1 else ())] for k, i in keys.items()}
            local, insts, st = run(sub, group, leaves, page.fun, seeds)
    w, u, r, _ = judge(sub, group, "", local, insts, st)
    out = {id(e): ("right", None) for e, _, _ in r}
    out.update({id(e): ("wrong", d) for e, d, _ in w})
    return out


def foreign(page, e, ix):
    "Is the left side the gradient of a thing the network as given does not have?"
    l = e.sides[0]
    if l[0] != "deriv":
        return False
    try:
        page.name(l[2], Scope(ix))
        return False
    except Exception:
        return True


def review(text, case):
    its, full = items(text)
    net = Net(case)
    eqs, bad, shown = equations(its, net.sizes)
    page, insts, st = run(net, eqs)
    wrong, unread, right, lhs_keys = judge(net, eqs, full, page, insts, st)
    notes = []
    # the loss of the page is the loss of the network
    lk = next((k for k in page.losskeys if k in page.env), None)
    if lk and not case.get("upstream"):
        d = differs(page.env[lk], V(np.real(net.loss())), 1e-9)
        if d:
            notes.append("the page's loss is not the network's: " + d)
            page, insts, st = run(net, eqs, noloss=True)
            wrong, unread, right, lhs_keys = judge(net, eqs, full, page, insts, st)
    elif not lk and not case.get("upstream"):
        notes.append("the page gives its loss no value")
    saved = {id(e): e.status for e in eqs}
    # letters of one example: z_k, a_k, y_k are entries of a column of the last Z, A, Y, or of a row of X
    local, bound = {}, {}
    index_form = lambda e: any(
        x[0] == "sym" and x[2] and x[2][-1][0] == "letters" and all(c in "ijk" for c in x[2][-1][1])
        for side in e.sides
        for x in walk(side)
    )
    for mode in ("column", "row"):
        doubt = [e for e, _, _ in unread] + ([e for e, _, _ in wrong if index_form(e)] if mode == "row" else [])
        doubt = [e for e in doubt if local.get(id(e), ("",))[0] != "right"]
        secs = {e.item.section for e in doubt if index_form(e)}
        if mode == "row":
            doubt = [e for e in eqs if e.item.section in secs and e not in st and (e in doubt or index_form(e))]
        pairs = one_example(page, doubt, mode)
        if not (pairs if mode == "column" else doubt):
            continue
        page.alias, page.rowmode = pairs, mode == "row"
        again, extra = [], {}
        if mode == "row":
            for e in eqs:
                if not e.item.shown and e.item.section in secs and e.sides[0][0] == "sym" and index_form(e):
                    for i, soft in page.instances(e):
                        try:
                            extra[join(e.sides[0][1], [t[0] for t in page.tokens(e.sides[0], Scope(i))[-1]])] = page.ev(
                                e.sides[1], Scope(i)
                            )
                            local[id(e)] = ("right", None)
                        except (Missing, Range, Shape, Unsure):
                            pass
        for e in doubt:
            if mode == "row" or any(
                x[0] == "sym" and x[1] in pairs and len(x[2]) <= 1 for side in e.sides for x in walk(side)
            ):
                again += [Inst(e, i, soft) for i, soft in page.instances(e)]
        for rounds in range(3):
            for it in again:
                it.skip = bool(it.eq.cond) and not cond_holds(page, it)
                for j, side in enumerate(it.eq.sides):
                    if it.val[j] is not None:
                        continue
                    try:
                        with np.errstate(all="ignore"):
                            it.val[j] = page.ev(side, Scope(it.ix, dict(extra)))
                        it.err[j] = None
                    except (Missing, Range, Shape, Unsure) as x:
                        it.err[j] = x
                    except Exception as x:
                        it.err[j] = Unsure(f"{type(x).__name__}: {x}")
                l = it.eq.sides[0]
                j = next((j for j in range(1, len(it.val)) if it.val[j] is not None), None)
                if l[0] == "sym" and isinstance(it.err[0], Missing) and j and not it.skip:
                    it.val[0], it.err[0] = it.val[j], None
                    extra[join(l[1], [t[0] for t in page.tokens(l, Scope(it.ix))[-1]])] = it.val[j]
        w_, u_, r_, _ = judge(net, list({id(i.eq): i.eq for i in again}.values()), full, page, again, [])
        local.update({id(e): ("right", None) for e, _, _ in r_})
        bound.update({id(e): ("wrong", d) for e, d, _ in w_ if mode == "column"})
        page.alias, page.rowmode = {}, False
    settled = {k for k, v in local.items() if v[0] == "right"}
    for w in [w for w in wrong if id(w[0]) in settled]:
        wrong.remove(w)
        right.append((w[0], None, {}))
        w[0].status = "right"
    unread_ = [u for u in unread if local.get(id(u[0]), ("",))[0] != "right"]
    groups = sections(unread_ + [w for w in wrong if index_form(w[0]) and w[0] not in st])
    for sec, group in groups.items():
        for e in eqs:
            if e not in group and e.item.section == sec and (e.status == "unread" or id(e) in local):
                group.append(e)
        group.sort(key=eqs.index)
        try:
            got = local_pass(net, group, page)
            for e in group:
                if local.get(id(e), ("",))[0] == "right" or id(e) not in got:
                    got.pop(id(e), None)
            local.update(got)
        except Exception as x:
            notes.append(f"local pass: {type(x).__name__}: {x}")
    for k, v in bound.items():
        if local.get(k, ("",))[0] != "right":
            local[k] = v
    for w in [w for w in wrong if local.get(id(w[0]), ("",))[0] == "right"]:
        wrong.remove(w)
        right.append((w[0], None, {}))
        w[0].status = "right"
    if case.get("unit"):
        rest = [e for e, err, ix in unread if local.get(id(e), ("",))[0] != "right" and foreign(page, e, ix)]
        for seed in range(3) if rest else ():
            one = Net({**case, **case["unit"]}, unit=True, seed=seed)
            p2, i2, s2 = run(one, eqs)
            w2, u2, r2, _ = judge(one, eqs, full, p2, i2, s2)
            for e, _, _ in r2:
                if e in rest and id(e) not in local:
                    local[id(e)] = ("right", None)
            for e, d, _ in w2:
                if e in rest:
                    local[id(e)] = ("wrong", "with one unit a layer: " + d)
    for e in eqs:
        e.status = saved[id(e)]
    for e, d, ix in wrong:
        e.status = "wrong"
    for e, d, ix in right:
        e.status = e.status if e.status == "def" else "right"
    still = []
    for e, err, ix in unread:
        got = local.get(id(e))
        if got and got[0] == "right":
            e.status = "right"
            right.append((e, None, ix))
        elif got and got[0] == "wrong":
            e.status = "wrong"
            wrong.append(
                (e, "among its own letters: " + str(got[1]) if not str(got[1]).startswith("with") else got[1], ix)
            )
        else:
            e.status = "unread"
            still.append((e, err, ix))
    # names that nothing gives a value
    undefined, words, dim = {}, {}, {}
    inline = " ".join(i.tex for i in its if not i.shown and "=" not in i.tex)
    inline_keys = set()
    for i in its:
        if not i.shown and "=" not in i.tex:
            try:
                for part in split(lex(i.tex), {","}):
                    if part:
                        for x in walk(P([t for t in part if t not in (r"\quad",)]).whole()):
                            if x[0] == "sym":
                                inline_keys.add(key_of_node(x))
                                inline_keys.add(x[1])
            except Exception:
                pass
    blocked = {err.key for e, err, ix in still if e.item.shown and isinstance(err, Missing)}
    for e, err, ix in still:
        if not e.item.shown:
            l = e.sides[0]
            try:
                roots = (
                    l[0] == "sym" and {join(l[1], [t[0] for t in toks]) for toks in page.tokens(l, Scope(ix))} & blocked
                )
            except Exception:
                roots = False
            if not roots and not (l[0] == "sym" and any(re.match(re.escape(l[1]) + r"[\d@,]", b) for b in blocked)):
                continue
        if isinstance(err, Missing):
            if err.key in lhs_keys or err.key == "loss":
                continue
            base = [err.tex.split("_{")[0].rstrip("'")]
            named = (not err.key.endswith("'") and err.key in inline_keys) or (
                not err.key.endswith("'") and base and base[0] in inline_keys and base[0] not in ("delta",)
            )
            (words if named else undefined).setdefault(err.tex, []).append(e)
    # what can be computed by following the page
    D = {k for k in page.env if page.kinds.get(k) == "leaf"}
    D |= {"∂" + k for k in case.get("upstream", {})}
    for e in eqs:
        for s in e.sides:
            for x in walk(s):
                if x[0] == "app" and x[1][1] in page.losskeys and not x[1][3] and "lossfn" in page.opfun:
                    try:
                        D.add("∂" + page.find(x[3][0], Scope())[0])
                    except Exception:
                        pass
    changed = True
    wrongs = {id(e) for e, _, _ in wrong}

    def target(it, j):
        s = it.eq.sides[j]
        try:
            if s[0] == "sym" and not s[3]:
                return page.find(s, Scope(it.ix))[0]
            if s[0] == "pow" and s[1][0] == "sym":
                return page.find_pow(s, Scope(it.ix))
            if s[0] == "deriv" and s[1][0] == "sym" and s[1][1] in page.losskeys:
                return "∂" + page.name(s[2], Scope(it.ix))
        except Exception:
            return None
        return None

    live = [
        (it, [target(it, j) for j in range(len(it.val))])
        for it in insts
        if it.eq.status in ("right",) or id(it.eq) not in wrongs
    ]
    while changed:
        changed = False
        for it, ts in live:
            for j in range(len(it.val)):
                if it.val[j] is None:
                    continue
                rd = it.reads[j] - ({ts[j]} if ts[j] and not ts[j].startswith("∂") and it.defines == ts[j] else set())
                if (ts[j] and not ts[j].startswith("∂")) or ts[j]:
                    ok = ts[j] in D
                else:
                    ok = rd <= D
                if ok:
                    for t in ts:
                        if t and t not in D:
                            D.add(t)
                            changed = True
    # the parameters
    grads = {}
    for p in net.params:
        keys = [k for k, n in net.tex.items() if n == p]
        seen_right = seen_wrong = seen_open = False
        for it in insts:
            l = it.eq.sides[0]
            if l[0] != "deriv" or l[1][0] != "sym" or l[1][1] not in page.losskeys:
                continue
            try:
                k = page.name(l[2], Scope(it.ix))
            except Exception:
                continue
            if k in keys and not it.skip:
                bad_here = any(w[0] is it.eq for w in wrong)
                n = sum(v is not None for v in it.val)
                seen_wrong |= bad_here
                seen_right |= n >= 2 and not bad_here
                seen_open |= n < 2
        grads[p] = (
            "wrong"
            if seen_wrong
            else "right"
            if seen_right and any("∂" + k in D for k in keys)
            else "not derivable"
            if seen_right
            else "unread"
            if seen_open
            else "missing"
        )
    # defined, never used
    used = set()
    for it in insts:
        for j in range(len(it.val)):
            used |= {r for r in it.reads[j] if r != it.defines and not (j == 0 and it.eq.sides[0][0] in ("sym",))}
    unused = sorted({it.defines for it in insts if it.defines and it.eq.item.shown} - used - page.losskeys)
    unused = [k for k in unused if "@" not in k]
    contradictions = [w for w in wrong if w[0].sides[0][0] == "sym"]
    shown_eqs = [e for e in eqs if e.item.shown]
    rep = {
        "shown": shown,
        "parsed": shown - len(bad),
        "read": sum(e.status in ("right", "def", "wrong") for e in shown_eqs),
        "equations": len(shown_eqs),
        "wrong": [(e.item.where, e.text, str(d), ix) for e, d, ix in wrong if e.item.shown],
        "wrong_inline": [(e.item.where, e.text, str(d), ix) for e, d, ix in wrong if not e.item.shown],
        "undefined": {k: [(e.item.where, e.text) for e in v] for k, v in undefined.items()},
        "words": {k: [(e.item.where, e.text) for e in v] for k, v in words.items()},
        "unparsed": [(i.where, t, m) for i, t, m in bad],
        "unread": [
            (e.item.where, e.text, f"{type(x).__name__}: {x}" if x else "", ix) for e, x, ix in still if e.item.shown
        ],
        "gradients": grads,
        "unused": unused,
        "notes": notes,
        "contradictions": [(e.item.where, e.text) for e, _, _ in contradictions],
    }
    share = rep["parsed"] / shown if shown else 0
    rep["flaws"] = [(i.where, t, m) for i, t, m in bad if "TeX refuses" in m]
    rep["ok"] = bool(
        not rep["wrong"]
        and not rep["flaws"]
        and not rep["undefined"]
        and not notes
        and all(v == "right" for v in grads.values())
        and share >= 0.9
    )
    return rep


def line(name, r):
    g = list(r["gradients"].values())
    n = len(g)
    parts = [f"{sum(x == 'right' for x in g)}/{n} gradients read back"]
    for word in ("wrong", "not derivable", "missing", "unread"):
        k = sum(x == word for x in g)
        if k:
            parts.append(f"{k} {word}")
    parts.append(f"{r['parsed']}/{r['shown']} equations parsed, {r['read']} evaluated")
    if r["wrong"]:
        parts.append(f"{len(r['wrong'])} wrong: " + short(r["wrong"][0][1]))
    if r["undefined"]:
        parts.append("undefined " + ", ".join(list(r["undefined"])[:4]))
    if r["flaws"]:
        parts.append(f"{len(r['flaws'])} that TeX refuses ({r['flaws'][0][2].split(':')[0]})")
    if r["words"]:
        parts.append("in words only " + ", ".join(list(r["words"])[:4]))
    if r["unparsed"] and r["parsed"] < r["shown"] and "errors" in r:
        parts.append("not parsed " + short(str(r["unparsed"][0][1])))
    if r["notes"]:
        parts.append(r["notes"][0])
    return f"{name:28} {'ok   ' if r['ok'] else 'SHORT'} " + "; ".join(parts)


def short(t):
    return t if len(t) < 70 else t[:67] + "..."


def details(r):
    out = []
    for k in ("wrong", "wrong_inline", "unparsed", "unread", "contradictions"):
        for x in r[k]:
            out.append(f"  {k}: " + "  |  ".join(str(y) for y in x))
    for k in ("undefined", "words"):
        for s, where in r[k].items():
            out.append(
                f"  {k}: {s}  in  {where[0][0]}: {where[0][1]}"
                + (f" and {len(where) - 1} more" if len(where) > 1 else "")
            )
    out.append("  gradients: " + ", ".join(f"{k} {v}" for k, v in r["gradients"].items()))
    if r["unused"]:
        out.append("  defined, never used: " + ", ".join(r["unused"]))
    out += ["  note: " + n for n in r["notes"]]
    return "\n".join(out)

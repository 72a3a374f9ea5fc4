"""The mathematics of one formula as a tree. Subscripts and superscripts of a name stay apart; what a name means is left to the engine.

('num', x)  ('sym', base, subs, sups, primes)  ('add', [(sign, n)])  ('prod', [('*' or '/', n)])  ('bin', op, a, b)  ('T', n)  ('pow', n, e)
('app', sym, args, powers)  ('at', n, items)  ('sum', op, letters, lo, hi, cond, body)  ('setmax', op, n, ranges)  ('deriv', num, den)
('block', rows)  ('paren', n)  ('ones',)  ('dots',)      items of an index: ('name', text) or a tree; of a superscript also ('lab', text)
"""

from __future__ import annotations

import re

from .classic import ACCENTS, CMP, COMMANDS, FONTS, GREEK, OPEN, REL, TRANSPOSE, WORDS, Bad, diff, skip, split

OPS = (r"\odot", r"\circ", r"\star", r"\ast", "*", r"\oslash")
DOTS = (r"\cdots", r"\ldots", r"\dots", r"\dotsm", r"\dotsc", r"\dotsb")
PREFIX = {
    "tanh",
    "log",
    "ln",
    "exp",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "arctan",
    "diag",
    "Diag",
    "softmax",
    "sigmoid",
    "relu",
    "ReLU",
    "sign",
    "tr",
    "max",
    "min",
    "softplus",
}
STOP = {
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
    r"\rangle",
    r"\end",
    ".",
    r"\colon",
    r"\mid",
    r"\in",
    "|",
    r"\|",
    r"\to",
    r"\mapsto",
    "'",
    r"\notin",
    r"\forall",
    "!",
} | set(OPS)


def plain(n):
    return n[0] == "sym" and not n[2] and not n[3] and not n[4]


def letter(n):
    return plain(n) and re.fullmatch(r"[A-Za-z]", n[1]) is not None


def walk(n):
    if isinstance(n, tuple) and n and isinstance(n[0], str):
        yield n
    if isinstance(n, (tuple, list)):
        for x in n:
            if isinstance(x, (tuple, list)):
                yield from walk(x)


class Q:
    def __init__(self, toks):
        self.t, self.i = list(toks), 0

    def peek(self, k=0):
        return self.t[self.i + k] if self.i + k < len(self.t) else None

    def take(self, want=None):
        t = self.peek()
        if t is None or (want and t != want):
            raise Bad(f"expected {want or 'more'}, found {t or 'the end'}")
        self.i += 1
        return t

    def arg(self):
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

    def whole(self):
        n = self.expr()
        if self.peek() is not None:
            raise Bad("left over: " + " ".join(self.t[self.i :])[:60])
        return n

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
        while self.peek() in OPS:
            op = self.take()
            left = ("bin", op.strip("\\"), left, self.juxt())
        return left

    def starts(self):
        t = self.peek()
        if t is None or t in STOP or t in REL or t in CMP:
            return False
        if t in (r"\text", r"\textrm") and self.peek(1) == "{":
            w = "".join(self.t[self.i + 2 : skip(self.t, self.i + 1) - 1])
            return re.fullmatch(r"[A-Za-z]\w*", w) is not None and not WORDS.fullmatch(w)
        return True

    def juxt(self):
        out = [("*", self.factor())]
        while True:
            t = self.peek()
            if t == "/":
                self.take()
                out.append(("/", self.factor()))
                continue
            if t in (r"\cdot", r"\times"):
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
        if t in DOTS:
            self.take()
            return ("dots",)
        if t in (r"\sum", r"\prod") or (t in (r"\max", r"\min") and self.peek(1) == "_"):
            return self.big()
        if t in (r"\max", r"\min") and self.peek(1) == r"\{":
            return self.setmax()
        return self.postfix(self.primary())

    def setmax(self):
        op = self.take()[1:]
        self.take(r"\{")
        body = self.expr()
        if self.peek() not in (":", "|", r"\mid"):
            items = [body]
            while self.peek() == ",":
                self.take()
                items.append(self.expr())
            self.take(r"\}")
            return ("app", ("sym", op, (), (), 0), items, ())
        self.take()
        d, toks = 1, []
        while d:
            t = self.take()
            d += (t == r"\{") - (t == r"\}")
            if d:
                toks.append(t)
        k = next((i for i, x in enumerate(toks) if x in ("=", r"\in")), None)
        if k is None:
            raise Bad("a set without a range")
        names = [x for x in toks[:k] if x != ","]
        vals = [int(x) for x in toks[k + 1 :] if re.fullmatch(r"\d+", x)]
        if any(not re.fullmatch("[a-z]", x) for x in names) or not vals:
            raise Bad("range of a set")
        return ("setmax", op, body, tuple(names), tuple(vals))

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
            lo = [x for x in lo if x != r"\substack"]
            rel = [i for i, x in enumerate(lo) if x in CMP or x in ("=", r"\in")]
            if rel and lo[rel[0]] == "=":
                variables, start = [x for x in lo[: rel[0]] if x != ","], Q(lo[rel[0] + 1 :]).whole()
            elif rel and lo[rel[0]] == r"\in":
                variables = [x for x in lo[: rel[0]] if x != ","]
            elif rel:
                k = rel[0]
                variables, cond = [lo[0]], (CMP[lo[k]], Q(lo[:k]).whole(), Q(lo[k + 1 :]).whole())
            else:
                variables = [x for x in lo if x != ","]
        if any(not re.fullmatch(r"[a-zA-Z]", v) for v in variables) or not variables:
            raise Bad("limits of a sum: " + " ".join(lo or ["none"]))
        return ("sum", op, tuple(variables), start, Q(hi).whole() if hi else None, cond, self.product())

    def primary(self):
        t = self.take()
        if re.fullmatch(r"\d+(\.\d+)?|\.\d+", t):
            if self.peek() == "." and self.peek(1) and re.fullmatch(r"\d+", self.peek(1)):
                self.take()
                t += "." + self.take()
            return ("num", float(t))
        if t == "{":
            self.i -= 1
            inner = self.arg()
            return Q(inner).whole() if inner else ("num", 1.0)
        if t in ("(", "[", r"\{"):
            args = [self.expr()]
            vertical = False
            while self.peek() in (",", ";"):
                vertical |= self.take() == ";"
                args.append(self.expr())
            self.take(OPEN[t])
            if vertical:
                return ("block", [[a] for a in args])
            return ("paren", args[0]) if len(args) == 1 else ("tuple", args)
        if t in (r"\lvert", "|"):
            n = self.expr()
            self.take(r"\rvert" if t != "|" else "|")
            return ("app", ("sym", "abs", (), (), 0), [n], ())
        if t in (r"\lVert", r"\|"):
            n = self.expr()
            self.take(r"\rVert" if t != r"\|" else r"\|")
            return ("app", ("sym", "norm2", (), (), 0), [n], ())
        if t in (r"\frac", r"\tfrac", r"\dfrac", r"\cfrac"):
            a, b = self.arg(), self.arg()
            da, db = diff(a), diff(b)
            if da is not None and db is not None and db:
                return ("deriv", Q(da).one() if da else self.factor(), Q(db).one())
            return ("paren", ("prod", [("*", Q(a).whole()), ("/", Q(b).whole())]))
        if t == r"\sqrt":
            if self.peek() == "[":
                raise Bad("root")
            return ("app", ("sym", "sqrt", (), (), 0), [Q(self.arg()).whole()], ())
        if t == r"\partial":
            num = self.factor()
            self.take("/")
            self.take(r"\partial")
            return ("deriv", num, self.factor())
        if t == r"\nabla":
            self.take("_")
            den = Q(self.arg()).one()
            return ("deriv", self.factor() if self.starts() else ("sym", "cal:L", (), (), 0), den)
        if t == r"\begin":
            return self.environment()
        if (
            t in (r"\mathbf", r"\mathbb", r"\boldsymbol", r"\bm")
            and self.peek() == "{"
            and self.peek(1) in ("1", "0")
            and self.peek(2) == "}"
        ):
            return ("ones",) if self.arg()[0] == "1" else ("num", 0.0)
        if t in (r"\mathbbm", r"\mathds"):
            self.arg()
            return ("ones",)
        if t == "𝟏":
            return ("ones",)
        if t == r"\infty":
            return ("num", float("inf"))
        base = self.base(t)
        n = self.scripts(base)
        core = n[1] if n[0] in ("T", "pow") else n
        if (
            base in PREFIX
            and n[0] in ("sym", "pow")
            and self.peek() not in ("(",)
            and (self.starts() or self.peek() in (r"\sum",))
        ):
            return ("app", core if core[0] == "sym" else n, [self.factor()], (n[2],) if n[0] == "pow" else ())
        if self.peek() == "(" and n[0] in ("sym", "pow") and core[0] == "sym":
            self.take()
            args = [self.expr()]
            while self.peek() == ",":
                self.take()
                args.append(self.expr())
            self.take(")")
            if self.peek() == "_" and len(args) == 1:  # K (d_z)_{o,p,q}: a product with an entry
                self.take()
                return ("prod", [("*", n), ("*", ("at", ("paren", args[0]), tuple(items(self.arg()))))])
            return ("app", core, args, (n[2],) if n[0] == "pow" else ())
        return n

    def one(self):
        n = self.factor()
        if self.peek() is not None:
            raise Bad("left over in a derivative: " + " ".join(self.t[self.i :])[:60])
        return n

    def base(self, t):
        if t in COMMANDS:
            return t[1:]
        if t in FONTS:
            text = "".join(self.arg()).replace("\x01", " ").replace("\\", "").replace("{", "").replace("}", "")
            if not re.fullmatch(r"[\w.\-' ]+", text) or len(text) > 30:
                raise Bad("a name: " + text[:40])
            return (FONTS[t] + ":" if FONTS[t] else "") + text
        if t in ACCENTS:
            inner = self.arg()
            q = Q(inner)
            b = q.base(q.take())
            if q.peek() is not None:
                raise Bad("an accent over more than a letter")
            return ACCENTS[t] + ":" + b
        if t.startswith("\\"):
            if t[1:] in GREEK:
                return t[1:]
            raise Bad("unknown command " + t)
        if re.fullmatch(r"[A-Za-z]|[^\W\d_]", t):
            return t
        raise Bad("unexpected " + t)

    def scripts(self, base):
        "Sub- and superscripts of a name: part of it, but for numbers and expressions above, which are powers."
        subs, sups, primes, post = [], [], 0, []
        while True:
            t = self.peek()
            if t == "'" or t == r"\prime":
                self.take()
                primes += 1
            elif t == "_":
                self.take()
                subs += items(self.arg())
            elif t == "^":
                self.take()
                for kind, x in supers(self.arg()):
                    if kind == "idx":
                        sups.append(x)
                    elif kind == "T":
                        post.append(("T", None))
                    elif kind == "prime":
                        primes += 1
                    elif letter(x) and not post:
                        sups.append(("lab", x[1]))
                    else:
                        post.append(("pow", x))
            else:
                break
        n = ("sym", base, tuple(subs), tuple(sups), primes)
        for k, x in post:
            n = ("T", n) if k == "T" else ("pow", n, x)
        return n

    def postfix(self, n):
        while self.peek() in ("^", "_", "'"):
            t = self.take()
            if t == "'":
                raise Bad("a prime on a bracket")
            if t == "_":
                n = ("at", n, tuple(items(self.arg())))
                continue
            for kind, x in supers(self.arg()):
                if kind == "T":
                    n = ("T", n)
                elif kind == "raw":
                    n = ("T", n) if plain(x) and x[1] == "T" else ("pow", n, x)
                else:
                    raise Bad("an index on a bracket")
        return n

    def environment(self):
        name = "".join(self.arg())
        if name.strip("*") in ("bmatrix", "pmatrix", "matrix", "vmatrix", "array", "smallmatrix", "cases"):
            if name == "array":
                self.arg()
            d, rows, cur = 1, [], []
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
            if name == "cases":
                out = []
                for r in rows:
                    c = split(r, {"&"})
                    e = c[0][:-1] if c[0] and c[0][-1] == "," else c[0]
                    out.append((Q(e).whole(), condition(sum(c[1:], []))))
                return ("cases", out)
            return ("block", [[Q(c).whole() for c in split(r, {"&"})] for r in rows if r])
        raise Bad("environment " + name)


def condition(toks):
    out, i = [], 0
    while i < len(toks):
        if toks[i] in (r"\text", r"\mathrm", r"\textrm") and i + 1 < len(toks) and toks[i + 1] == "{":
            j = skip(toks, i + 1)
            if re.match(r"otherwise|else", "".join(toks[i + 2 : j - 1]).replace("\x01", " ").strip()):
                return ("else",)
            i = j
            continue
        if toks[i] not in (r"\quad", r"\qquad"):
            out.append(toks[i])
        i += 1
    while out and out[-1] in (",", "."):
        out.pop()
    k = next((i for i, x in enumerate(out) if x in CMP or x == "="), None)
    if k is None:
        raise Bad("condition")
    return (CMP.get(out[k], "="), Q(out[:k]).whole(), Q(out[k + 1 :]).whole())


def items(toks):
    out = []
    for part in split(toks, {","}):
        if not part:
            continue
        if part[0] in FONTS and skip(part, 1) == len(part):
            out.append(("name", "".join(part[2:-1]).replace("\x01", " ")))
            continue
        try:
            n = Q(part).whole()
        except Bad:
            out.append(("name", "".join(part)))
            continue
        if n[0] == "prod" and all(op == "*" and letter(x) for op, x in n[1]):
            out += [x for _, x in n[1]]
        else:
            out.append(n)
    return out


def supers(toks):
    "The parts of one superscript: an index in brackets, the transpose, the rest."
    out, i = [], 0
    while i < len(toks):
        t = toks[i]
        if t in TRANSPOSE:
            out.append(("T", None))
            i += 1
            continue
        if t == r"\prime" or t == "'":
            out.append(("prime", None))
            i += 1
            continue
        if t in FONTS and "".join(toks[i + 1 : i + 4]) == "{T}":
            out.append(("T", None))
            i += 4
            continue
        if t in ("(", "["):
            d, j = 0, i
            while j < len(toks):
                d += (toks[j] in ("(", "[")) - (toks[j] in (")", "]"))
                j += 1
                if not d:
                    break
            inner = toks[i + 1 : j - 1]
            out.append(("idx", ("name", "".join(inner[2:-1])) if inner and inner[0] in FONTS else Q(inner).whole()))
            i = j
            continue
        rest = toks[i:]
        if any(x in TRANSPOSE for x in rest):
            k = next(k for k, x in enumerate(rest) if x in TRANSPOSE)
            out.append(("raw", Q(rest[:k]).whole()))
            i += k
            continue
        out.append(("raw", Q(rest).whole()))
        break
    return out


def show(n):
    if n[0] == "name" or n[0] == "lab":
        return n[1]
    if n[0] == "num":
        return "%g" % n[1]
    if n[0] == "sym":
        return (
            n[1]
            + ("_" + ",".join(show(x) for x in n[2]) if n[2] else "")
            + ("^" + ",".join("(%s)" % show(x) if x[0] != "lab" else x[1] for x in n[3]) if n[3] else "")
            + "'" * n[4]
        )
    if n[0] == "add":
        return "".join(("+" if s > 0 else "-") + show(x) for s, x in n[1]).lstrip("+")
    if n[0] == "deriv":
        return "∂" + show(n[1]) + "/∂" + show(n[2])
    if n[0] in ("T", "paren"):
        return show(n[1]) + ("ᵀ" if n[0] == "T" else "")
    return n[0]

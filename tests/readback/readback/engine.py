"""A page as a program: every name is computed by following the page's own equations.

The facts that a page states in words and that count: ranges of letters; δ is the error of ...; x is a column of X; head h has a block of
rows of Q; a map of errors goes from δ_A to δ_B (or is given by the equations named); a letter that is not written; shapes.
"""

from __future__ import annotations

import re

from .classic import (
    CMP,
    REL,
    Bad,
    Unsure,
    chunks,
    depth_at,
    display_rows,
    lex,
    skip,
    split,
)
from .classic import (
    plain as plain_text,
)
from .grammar import DOTS, Q, condition, letter, plain, show

STEP = 1e-30
LOSS = ("cal:L", (), (), None)
LIST = r"⟦\d+⟧(?:(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+)⟦\d+⟧)*"
RUN = r"⟦\d+⟧(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)⟦\d+⟧)*"
NUM = re.compile(r"⟦(\d+)⟧")


class St:
    def __init__(self, sides, text, form, label, why=""):
        self.sides, self.text, self.form, self.label, self.why = sides, text, form, label, why
        self.ranges, self.subst, self.pad, self.kind, self.row = {}, {}, False, "eq", None
        self.cond = None

    @property
    def shown(self):
        return self.form.shown


class Fun:
    def __init__(self, params, body):
        self.params, self.body = params, body


class S:
    "Where something is evaluated: letters with values, letters of entries, the column, the arguments of a function."

    __slots__ = ("col", "ent", "ix", "loc", "pad", "sub")

    def __init__(self, ix=None, ent=None, col=None, loc=None, pad=False, sub=None):
        self.ix, self.ent, self.col, self.loc, self.pad, self.sub = ix or {}, ent or {}, col, loc or {}, pad, sub or {}

    def but(self, **k):
        s = S(self.ix, self.ent, self.col, self.loc, self.pad, self.sub)
        for a, b in k.items():
            setattr(s, a, b)
        return s


class Ctx:
    def __init__(self, over=None, up=None):
        self.over, self.cache, self.up = over or {}, {}, up
        self.depth = up.depth + 1 if up else 0
        if self.depth > 40:
            raise Unsure("a map that needs itself")
        self.chain, overs, c = [], set(self.over), up  # what is above, what lies over it, memo of what that touches
        while c is not None:
            self.chain.append((c, frozenset(overs), {}))
            overs |= set(c.over)
            c = c.up


# ------------------------------------------------------------------ statements
def strip_labels(row):
    out, label, i = [], None, 0
    while i < len(row):
        if row[i] == r"\xlabel":
            j = skip(row, i + 1)
            label = "".join(row[i + 2 : j - 1])
            i = j
            continue
        out.append(row[i])
        i += 1
    return out, label


def number(n, sizes, ix=()):
    if n[0] == "num":
        return n[1]
    if n[0] == "paren":
        return number(n[1], sizes, ix)
    if n[0] == "sym":
        if letter(n) and n[1] in ix:
            v = ix[n[1]]
            if isinstance(v, str):
                raise KeyError
            return v
        if show(n) in sizes:
            return sizes[show(n)]
        return sizes[n[1] + "_" + "".join("%d" % number(x, sizes, ix) if x[0] != "name" else x[1] for x in n[2])]
    if n[0] == "add":
        return sum(s * number(x, sizes, ix) for s, x in n[1])
    if n[0] == "prod":
        r = 1
        for op, x in n[1]:
            v = number(x, sizes, ix)
            r = r * v if op == "*" else r / v
        return r
    raise KeyError


def range_of(toks, sizes):
    "l = 1, \\dots, L    k \\in \\{i, f, g, o\\}    t = T, \\dots, 1: the letter and its values."
    if toks and toks[0] == "(" and toks[-1] == ")":
        toks = toks[1:-1]
    if len(toks) < 4 or not re.fullmatch(r"[a-zA-Z]", toks[0]) or toks[1] not in ("=", r"\in"):
        return None
    body = [x for x in toks[2:] if x not in (r"\{", r"\}")]
    parts = [p for p in split(body, {","}) if p]
    if len(parts) == 1:
        k = next((i for i, x in enumerate(body) if x in DOTS), None)
        if k:
            parts = [body[:k], [body[k]], body[k + 1 :]]
    if len(parts) < 2 or any(not p for p in parts):
        return None
    dots = [i for i, p in enumerate(parts) if p[0] in DOTS]
    if not dots and all(len(p) == 1 and re.fullmatch("[a-z]", p[0]) for p in parts):
        return toks[0], [p[0] for p in parts]
    try:
        vals = [None if i in dots else int(round(number(Q(list(p)).whole(), sizes))) for i, p in enumerate(parts)]
    except (Bad, KeyError, TypeError):
        return None
    if not dots:
        return toks[0], vals
    a, b = vals[0], vals[-1]
    if a is None or b is None:
        return None
    return toks[0], list(range(a, b + 1)) if a <= b else list(range(b, a + 1))


class Reader:
    "Statements, ranges and facts of a page."

    def __init__(self, src, sizes):
        self.src, self.sizes = src, sizes
        self.sts, self.bad, self.shown, self.ranges = [], [], 0, {}
        self.flaws = list(src.flaws)
        self.shapes, self.pairs, self.errors, self.ops, self.sizefacts = [], [], [], [], []
        self.hidden, self.rowfam, self.base0 = (
            None,
            set(),
            bool(re.search(r"count(?:ed|ing)?\b[^.]{0,30}\bfrom (?:0|zero)", src.words)),
        )
        self.lists = {}
        for n, f in enumerate(src.forms):
            if not f.dead and not (f.table and f.table.maths):
                self.form(n, f)
        for t in src.tables:
            self.table(t)
        self.words()

    # ---- formulas
    def form(self, n, f):
        try:
            toks = lex(f.tex)
        except Bad as e:
            if f.shown:
                self.shown += 1
                self.bad.append((f.line, f.tex.strip()[:110], str(e)))
            return
        if not f.shown and not any(x in REL or x == r"\in" for x in toks):
            return
        for row in display_rows(toks):
            row, label = strip_labels(row)
            label = label or f.label
            here, pending = [], {}
            for w, c in chunks(row):
                r = range_of(c, self.sizes)
                if r:
                    if here:
                        here[-1].ranges[r[0]] = r[1]
                        if not c[0] == "(":
                            self.note_range(*r)
                    else:
                        pending[r[0]] = r[1]
                        self.note_range(*r)
                    continue
                parts = [c]
                if not f.shown and len([x for x in split(c, {",", ";"}) if x]) > 1:
                    parts = [x for x in split(c, {",", ";"}) if any(y in REL for y in x)]
                    try:  # a list in brackets of one name stays whole
                        Q(c).whole()
                        parts = [c]
                    except Bad:
                        pass
                for c in parts:
                    rel = [i for i, x in enumerate(c) if x in REL and depth_at(c, i) == 0]
                    if not rel:
                        if f.shown and not w and len(c) > 2 and not any(x in CMP for x in c):
                            self.shown += 1
                            self.bad.append((f.line, plain_text(c)[:110], "no relation"))
                        continue
                    if f.shown:
                        self.shown += 1
                    if any(c[i] == r"\approx" for i in rel):
                        continue
                    cuts, sides, err = [-1] + rel + [len(c)], [], None
                    for a, b in zip(cuts, cuts[1:]):
                        s = list(c[a + 1 : b])
                        while s and s[-1] in (",", ".", ";"):
                            s.pop()
                        if not s:
                            continue
                        try:
                            sides.append(Q(s).whole())
                        except Bad as e:
                            err = str(e)
                        except RecursionError:
                            err = "too deep"
                    if err:
                        if f.shown:
                            self.bad.append((f.line, plain_text(c)[:110], err))
                        continue
                    if c[0] in REL and here:
                        sides = [here[-1].sides[0]] + sides
                    if len(sides) < 2:
                        continue
                    st = St(sides, plain_text(c), f, label, f.why)
                    st.ranges = dict(pending)
                    st.n = n
                    after = self.after(n)
                    st.pad = bool(re.search(r"outside|beyond|out of range", f.why or after[:160]))
                    if not f.shown and re.search(
                        r"\bwith\s*$", self.src.words[: max(self.src.words.find("⟦%d⟧" % n), 0)][-12:]
                    ):
                        st.kind = "with"
                    m = re.match(r"\s*(?:\w+\s+){0,2}with\s+⟦(\d+)⟧", after)
                    if m and not f.shown:
                        try:
                            s2 = self.equation(int(m[1]))
                            if s2 and s2[0][0] == "sym":
                                st.subst = {show(s2[0]): s2[1]}
                        except Bad:
                            pass
                    m = re.match(
                        r"\s*(?:for|if|where|when)\s+⟦(\d+)⟧,?\s*(?:and\s+)?(?:else|otherwise)\s*(?:⟦(\d+)⟧|(-?\d+))",
                        after,
                    )
                    if m and not f.shown and c is parts[-1]:
                        try:
                            other = Q(lex(self.src.forms[int(m[2])].tex)).whole() if m[2] else ("num", float(m[3]))
                            st.sides[-1] = (
                                "cases",
                                [(st.sides[-1], condition(lex(self.src.forms[int(m[1])].tex))), (other, ("else",))],
                            )
                        except Bad:
                            pass
                    self.sts.append(st)
                    here.append(st)

    def after(self, n, size=400):
        k = self.src.words.find("⟦%d⟧" % n)
        return self.src.words[k + len("⟦%d⟧" % n) : k + size] if k >= 0 else ""

    def equation(self, n):
        toks = lex(self.src.forms[n].tex)
        rel = [i for i, x in enumerate(toks) if x in REL]
        return (Q(toks[: rel[0]]).whole(), Q(toks[rel[0] + 1 :]).whole()) if len(rel) == 1 else None

    def note_range(self, v, vals):
        old = self.ranges.get(v)
        if old is None or len(vals) > len(old):
            self.ranges[v] = vals

    def names(self, text):
        "The names in a piece of words, in order: trees."
        out = []
        for m in NUM.finditer(text):
            out += self.listed(int(m[1]))
        return out

    def listed(self, n):
        if n not in self.lists:
            out = []
            try:
                toks = [x for x in lex(self.src.forms[n].tex) if x not in (r"\quad", r"\qquad")]
                toks, _ = strip_labels(toks)
                for part in split(toks, {",", ";"}):
                    if part and part[0] not in DOTS:
                        k = next((i for i, x in enumerate(part) if x in REL), None)
                        out.append(Q(part[:k] if k else part).whole())
            except Bad:
                pass
            self.lists[n] = out
        return self.lists[n]

    # ---- tables
    def table(self, t):
        if t.kind == "notation":
            self.notation(t)
        elif t.kind == "gradients":
            self.gradients(t)

    def gradients(self, t):
        t.covers, t.shapes = [], []
        head = [re.sub(r"\\text\{([^{}]*)\}|[{}$]|\\[a-z]+", lambda m: m[1] or "", h).strip().lower() for h in t.head]
        if t.maths:
            stop = next((i for i, h in enumerate(head) if h in ("shape", "size")), len(head))
            for row in t.rows:
                cells = [c for c in row[:stop]]
                text = cells[0] + " = " + " ".join(cells[1:])
                self.shown += 1
                try:
                    st = St(
                        [Q(lex(cells[0])).whole(), Q(lex(" ".join(cells[1:]))).whole()],
                        plain_text(lex(text)),
                        t.form,
                        None,
                    )
                except Bad as e:
                    self.bad.append((t.form.line, text[:110], str(e)))
                    continue
                st.kind, st.n, st.row = "row", -1, True
                self.sts.append(st)
                t.covers.append(st)
                if stop < len(row) and r"\times" in row[stop]:
                    t.shapes.append((st, row[stop]))
            return
        for row in t.rows:
            local = {}
            for c in row:
                for m in NUM.finditer(c):
                    try:
                        r = range_of(lex(self.src.forms[int(m[1])].tex), self.sizes)
                    except Bad:
                        r = None
                    if r:
                        local[r[0]] = r[1]
            for k, h in enumerate(head):
                if "gradient" not in h or k == 0 or k >= len(row):
                    continue
                left, right = NUM.findall(row[k - 1]), NUM.findall(row[k])
                if not left and not right:
                    continue
                self.shown += 1
                if not left or not right:
                    self.bad.append(
                        (0, " | ".join(row)[:110], "a row of the gradients without a parameter or a gradient")
                    )
                    continue
                fl, fr = self.src.forms[int(left[0])], self.src.forms[int(right[0])]
                fr.shown = True
                try:
                    rhs = lex(fr.tex)
                    rel = [i for i, x in enumerate(rhs) if x in REL and depth_at(rhs, i) == 0]
                    rhs = rhs[rel[-1] + 1 :] if rel else rhs
                    st = St(
                        [("deriv", ("sym", "cal:L", (), (), 0), Q(lex(fl.tex)).whole()), Q(rhs).whole()],
                        plain_text(lex(r"\partial\mathcal{L}/\partial " + fl.tex + " = " + fr.tex)),
                        fr,
                        None,
                    )
                except Bad as e:
                    self.bad.append((fr.line, fl.tex + " | " + fr.tex, str(e)))
                    continue
                st.kind, st.n, st.row, st.ranges = "row", int(right[0]), True, dict(local)
                self.sts.append(st)
                t.covers.append(st)
                if k + 1 < len(head) and head[k + 1] in ("shape", "size") and k + 1 < len(row):
                    sh = NUM.search(row[k + 1])
                    if sh and r"\times" in self.src.forms[int(sh[1])].tex:
                        t.shapes.append((st, self.src.forms[int(sh[1])].tex))

    def notation(self, t):
        for row in t.rows:
            cells = row + [""] * (3 - len(row))
            groups = []  # ; parts what , lists
            for m in NUM.finditer(cells[0]):
                for g in re.split(
                    r";(?![^{]*\})", self.src.forms[int(m[1])].tex.replace(r"\;", " ").replace(r"\,", " ")
                ):
                    try:
                        toks = lex(g)
                        names = []
                        for part in split(toks, {","}):
                            k = next((i for i, x in enumerate(part) if x in REL), None)
                            if part and part[0] not in DOTS:
                                names.append(Q(part[:k] if k else part).whole())
                        groups.append(names)
                    except Bad:
                        pass
            flat_names = [x for g in groups for x in g]
            shapes = []
            for m in NUM.finditer(cells[2]):
                for p in re.split(r"[,;]", self.src.forms[int(m[1])].tex.replace(r"\;", " ").replace(r"\,", " ")):
                    if r"\times" in p:
                        shapes.append(p)
            cell3 = NUM.sub(lambda m: self.src.forms[int(m[1])].tex, cells[2])
            if shapes and not re.search(r"[A-Za-z]{3,}", re.sub(r"\\[A-Za-z]+", "", cell3)):
                per = flat_names if len(shapes) == len(flat_names) else groups if len(shapes) == len(groups) else None
                if len(shapes) == 1:
                    self.shapes += [(x, shapes[0]) for x in flat_names]
                elif per is flat_names:
                    self.shapes += list(zip(flat_names, shapes))
                elif per is groups:
                    self.shapes += [(x, s) for g, s in zip(groups, shapes) for x in g]
            what = self.names(cells[1])
            if re.search(r"\bcolumns? of\b", cells[1]) and len(what) == len(flat_names):
                self.pairs += list(zip(flat_names, what))
            if re.search(r"\berrors?\b", cells[1]) and len(what) == len(flat_names):
                self.errors += [
                    (d, x[2] if x[0] == "deriv" else x)
                    for d, x in zip(flat_names, what)
                    if d[0] == "sym" and d[1] in ("delta", "Delta")
                ]
            m = re.search(r"from\s+(%s)\s+to\s+(%s)" % (LIST, LIST), cells[1])
            if m:
                src, dst = self.names(m[1]), self.names(m[2])
                if len(dst) == len(flat_names):
                    self.ops += [
                        (o, src[0] if len(src) == 1 else src[i], d) for i, (o, d) in enumerate(zip(flat_names, dst))
                    ]

    # ---- words
    def words(self):
        w = re.sub(
            r"\s+",
            " ",
            re.sub(r"\\(?:emph|textbf|textit|text|textcolor\{[a-z]+\})\s*\{([^{}]*)\}", r"\1", self.src.words),
        ).replace("*", "")
        self.text = w
        # ranges that stand alone in the text were noted with the formulas; sizes
        for st in self.sts:
            if (
                not st.shown
                and len(st.sides) == 2
                and plain(st.sides[0])
                and st.sides[0][1] in self.sizes
                and st.sides[1][0] == "num"
            ):
                st.kind = "size"
                self.sizefacts.append(st)
        # columns
        for m in re.finditer(r"column\s+⟦(\d+)⟧\s+of\s+⟦(\d+)⟧", w):
            a, b = self.listed(int(m[1])), self.listed(int(m[2]))
            if len(a) == len(b) == 1:
                self.pairs.append((a[0], b[0]))
        for m in re.finditer(r"(%s)\s+ha(?:ve|s)\s+the\s+columns?\s+(%s)" % (LIST, LIST), w):
            a, b = self.names(m[1]), self.names(m[2])
            if len(a) == len(b):
                self.pairs += list(zip(b, a))
        seen, out = set(), []
        for a, b in self.pairs:
            if a[0] == "sym" and b[0] == "sym" and show(a) not in seen:
                seen.add(show(a))
                out.append((a, b))
        self.pairs = out
        # errors
        pat, pos = (
            re.compile(
                r"(%s)\s*(?:,?\s*(?:is|are|be|for|the|short|stands?|holds?|and)\s+)*(?:those|that|the errors?|errors?|error)\s+of\s+(?:the\s+)?(%s)"
                % (RUN, RUN)
            ),
            0,
        )
        while m := pat.search(w, pos):
            a, b = self.names(m[1]), self.names(m[2])
            if len(b) >= len(a):
                self.errors += [
                    (x, y) for x, y in zip(a, b) if x[0] == "sym" and y[0] == "sym" and x[1] in ("delta", "Delta")
                ]
            marks = list(NUM.finditer(m[2]))
            pos = m.start(2) + (marks[len(a) - 1].end() if len(a) <= len(marks) and len(a) else len(m[2]))
        # a letter that is not written
        m = re.search(
            r"(?:every|all|each|the)\s+(?:symbols?|names?|letters?)\s+belongs?\s+to\s+(?:a\s+|the\s+)?\w+\s+⟦(\d+)⟧,?\s+which\s+is\s+(?:not\s+written|left\s+out|dropped)",
            w,
        ) or re.search(
            r"(?:index|superscript|number|letter)\s+⟦(\d+)⟧[^.]{0,40}(?:is\s+)?(?:not\s+written|left\s+out|dropped|omitted)",
            w,
        )
        if m:
            l = self.listed(int(m[1]))
            if len(l) == 1 and letter(l[0]):
                self.hidden = l[0][1]
        # blocks of rows
        for m in re.finditer(r"⟦(\d+)⟧[^.]{0,60}block\s+of\s+(?:⟦\d+⟧\s+)?rows", w):
            try:
                r = range_of(lex(self.src.forms[int(m[1])].tex), self.sizes)
            except Bad:
                r = None
            if r:
                self.rowfam.add(r[0])
        # maps of errors
        for part in re.split(r"[.;](?=\s|$)|\|", w):
            for m in re.finditer(
                r"(?:from|takes)\s+(?:the\s+error\s+)?(%s)(?:\s+of\s+each\s+column\s+of\s+⟦\d+⟧)?\s+to\s+(?:the\s+error\s+)?(%s)"
                % (LIST, LIST),
                part,
            ):
                src, dst = self.names(m[1]), self.names(m[2])
                before = [
                    x
                    for x in self.names(part[: m.start()])
                    if x[0] == "sym" and x[1].startswith("cal:") and x[1] != "cal:L"
                ]
                if len(before) >= len(dst) and len(src) == 1:
                    self.ops += [(o, src[0], d) for o, d in zip(before, dst)]
        refs = re.compile(r"⟪([^⟫]*)⟫")
        for m in re.finditer(r"⟦(\d+)⟧\s*(?:is|=|are|,)?\s*((?:⟪[^⟫]*⟫(?:\s*(?:,|to|and|--|–)\s*)?)+)", w):
            names = self.listed(int(m[1]))
            if len(names) == 1 and self.maplike(names[0]) and not any(st.n == int(m[1]) for st in self.sts):
                self.ops.append((names[0], None, self.group(m[2])))
        for m in re.finditer(
            r"⟦(\d+)⟧\s+(?:multiplies|undoes|carries|takes|sends)\b[^.;]*?((?:⟪[^⟫]*⟫(?:\s*(?:,|to|and|--|–)\s*)?)+)", w
        ):
            names = self.listed(int(m[1]))
            if len(names) == 1 and self.maplike(names[0]):
                self.ops.append((names[0], None, self.group(m[2])))
        # the diagonal matrix of what follows the error in ...
        self.diags = []
        for m in re.finditer(
            r"⟦(\d+)⟧\s+(?:be|is)\s+the\s+diagonal\s+matrix\s+of\s+what\s+follows\s+the\s+errors?\s+in\s+((?:⟪[^⟫]*⟫(?:\s*(?:,|to|and|--|–)\s*)?)+)",
            w,
        ):
            n = self.listed(int(m[1]))
            if len(n) == 1:
                self.diags.append((n[0], self.group(m[2])))

    @staticmethod
    def maplike(n):
        "A letter that may name a map of errors."
        return n[0] == "sym" and (
            (n[1].startswith("cal:") and n[1] != "cal:L") or re.fullmatch("[A-Z]", n[1]) is not None
        )

    def group(self, text):
        "The equations that references name: a list of labels, ranges filled in page order."
        order = list(dict.fromkeys(st.label for st in self.sts if st.label))
        out = []
        for m in re.finditer(r"⟪([^⟫]*)⟫(?:\s*(?:to|--|–)\s*⟪([^⟫]*)⟫)?", text):
            a, b = m[1], m[2]
            if b and a in order and b in order:
                out += order[order.index(a) : order.index(b) + 1]
            else:
                out += [x for x in (a, b) if x]
        return out

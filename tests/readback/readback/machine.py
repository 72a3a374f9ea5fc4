"""Evaluation: names by the page's own equations, gradients of the loss by complex steps through them."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np

from .classic import ENTRY, WHOLE, Missing, Range, Shape, Unsure, V
from .engine import LOSS, STEP, Ctx, Fun, S, St, number
from .grammar import letter, plain, show, walk
from .values import ZERO, Blk, Op, differs, entrywise, is_zero, plus, star, times, transpose

LOSSNAME = "cal:L"


class Cycle(Missing):
    pass


def sig(n):
    "What makes a name its own, whatever its running index: base, word indices, an index in brackets above."
    out = n[1] + "'" * n[4]
    for x in n[2]:
        if x[0] == "name":
            out += "_" + x[1]
        elif x[0] == "sym":
            out += "_" + (sig(x) if not letter(x) or x[1].isupper() else "")
    return (
        out.rstrip("_")
        + ("^" if any(x[0] != "lab" for x in n[3]) else "")
        + "".join("^" + x[1] for x in n[3] if x[0] == "lab")
    )


def free(n, bound=frozenset()):
    "Letters in the indices of names, not bound by a sum."
    out = set()
    if isinstance(n, list):
        for x in n:
            out |= free(x, bound)
        return out
    if not isinstance(n, tuple) or not n:
        return out
    if n[0] == "sym":
        for x in n[2] + n[3]:
            if x[0] == "lab" or x[0] == "name":
                continue
            if x[0] == "sym" and not plain(x):
                out |= free(x, bound)
                continue
            for y in walk(x):
                if letter(y) and y[1] not in bound:
                    out.add(y[1])
        return out
    if n[0] == "at":
        for x in n[2]:
            for y in walk(x):
                if letter(y) and y[1] not in bound:
                    out.add(y[1])
        return out | free(n[1], bound)
    if n[0] == "sum":
        inner = bound | set(n[2])
        return (
            free(n[6], inner)
            | (free(n[3], bound) if n[3] else set())
            | (free(n[4], bound) if n[4] else set())
            | ({y[1] for x in (n[3], n[4]) if x for y in walk(x) if letter(y)} - inner)
        )
    if n[0] == "setmax":
        return free(n[2], bound | set(n[3]))
    for x in n[1:]:
        if isinstance(x, (tuple, list)):
            out |= free(x, bound)
    return out


def outside(n):
    "The names of a tree that stand in no index and no condition."
    if isinstance(n, tuple) and n and isinstance(n[0], str):
        if n[0] == "sym":
            yield n
            for x in n[2]:
                if x[0] == "sym" and not plain(x):
                    yield x
            return
        if n[0] == "at":
            yield from outside(n[1])
            return
        if n[0] == "cases":
            for e, _ in n[1]:
                yield from outside(e)
            return
        if n[0] == "sum":
            yield from outside(n[6])
            return
        if n[0] == "setmax":
            yield from outside(n[2])
            return
    if isinstance(n, (tuple, list)):
        for x in n:
            if isinstance(x, (tuple, list)):
                yield from outside(x)


class Machine:
    def __init__(self, reader, case, net):
        self.r, self.case, self.net = reader, case, net
        self.sizes = dict(net.sizes)
        self.hidden, self.ranges = reader.hidden, dict(reader.ranges)
        if self.hidden and self.hidden not in self.ranges:
            self.hidden = None
        self.rowfam = {h for h in reader.rowfam if h in self.ranges}
        self.base0 = reader.base0
        self.leaf, self.defs, self.ruledefs, self.stacks, self.partdefs, self.assembly = {}, {}, {}, {}, {}, {}
        self.funs, self.composed = {}, {}
        self.casefun = {k: eval(v, net.world) for k, v in case.get("functions", {}).items()}
        self.reads, self.busy, self.frames, self.origin = {}, set(), [], {}
        self.base = self.ctx = Ctx()
        self.blks = self.ranges.get(self.hidden, [None]) if self.hidden else [None]
        self.softaxis = 1 if re.search(r"each row (?:sums|adds up) to (?:one|1)", reader.text) else 0
        self.shape_of = {}
        self.scoped, self.local, self.names = set(), set(), {}
        self.prepare()

    # ------------------------------------------------ what is where
    def prepare(self):
        sts = self.r.sts
        # letters that are names of their own: z_x is a name, not an entry of z
        self.nameletters = {k[0] for k in self.net.bound if len(k[0]) == 1 and not k[1] and not k[2]}
        self.nameletters |= {x[1] for st in sts for side in st.sides for x in outside(side) if letter(x)}
        self.nameletters -= set(self.ranges)
        for k, v in self.net.bound.items():
            self.leaf[k] = V(v)
        if self.hidden:
            for node in self.net.copied:
                self.scoped.add(sig(node))
        for a, b in self.r.pairs:
            self.local.add(sig(a))
        for a, b in self.r.pairs:
            self.local.add(sig(("sym", "delta", (a,), (), 0)))
        for _ in range(40):
            n = len(self.scoped) + len(self.local)
            for st in sts:
                if st.row:
                    continue
                for j, l in enumerate(st.sides[:-1]):
                    while l[0] in ("pow", "at", "paren"):
                        l = l[1]
                    if l[0] == "app" and sig(l[1]) in self.scoped:
                        continue
                    if l[0] != "sym":
                        continue
                    s = sig(l)
                    rest = st.sides[j + 1 :]
                    syms = [x for side in rest for x in walk(side) if x[0] == "sym"]
                    syms += (
                        [y for x in syms for y in x[2] if isinstance(y, tuple) and y[0] == "sym"]
                        if s.startswith("delta")
                        else []
                    )
                    if (
                        self.hidden
                        and not any(letter(y) and y[1] == self.hidden for x in l[2] + l[3] for y in walk(x))
                        and s != LOSSNAME
                        and not self.explicit(l)
                    ):
                        if any(sig(x) in self.scoped for x in syms) or any(self.hidden in free(side) for side in rest):
                            self.scoped.add(s)
                    if any(sig(x) in self.local for x in syms) and not any(sig(b) == s for _, b in self.r.pairs):
                        self.local.add(s)
            if self.hidden:
                for o, a, b in self.r.ops:
                    for x in [a, b] if a else []:
                        if x and isinstance(x, tuple) and sig(x) in self.scoped:
                            self.scoped.add(sig(o))
                    if a is None and any(
                        st.label in b
                        and any(x[0] == "sym" and sig(x) in self.scoped for side in st.sides for x in walk(side))
                        for st in sts
                    ):
                        self.scoped.add(sig(o))
                for a, b in self.r.pairs:
                    if sig(a) in self.scoped or sig(b) in self.scoped:
                        self.scoped.add(sig(a))
                        self.scoped.add(sig(b))
                for h in self.rowfam:
                    for st in sts:
                        l = st.sides[0]
                        if l[0] == "sym" and sig(l) in self.scoped and self.drop(l, h) != l:
                            self.scoped.add(sig(self.drop(l, h)))
            if n == len(self.scoped) + len(self.local):
                break
        for st in sts:
            if not st.row and st.kind != "with":
                self.add_defs(st)
        for st in sts:
            if st.kind == "with" and st.sides[0][0] == "sym" and not self.known(self.key(st.sides[0], S())):
                self.add_defs(st)
                st.kind = "eq"
        for st in sts:
            self.composition(st)
        # shapes from the notation
        for n, text in self.r.shapes:
            self.shape_of.setdefault(sig(n) + str(len(n[2]) + len(n[3])) if n[0] == "sym" else "", []).append((n, text))
        # columns
        for a, b in self.r.pairs:
            for s, key in self.instances_of(b):
                self.assembly[key] = (a, s)
        self.opdefs = {}
        for o, a, b in self.r.ops:
            if a is None:
                if any(
                    st.label in b
                    and any(
                        x[0] == "sym" and x[1] == o[1] and len(x[2]) == len(o[2])
                        for side in st.sides
                        for x in walk(side)
                    )
                    for st in sts
                ):
                    continue  # the equation names the map, it does not say what it is
                a, b = self.endpoints(b)
                if a is None:
                    continue
            for s, key in self.instances_of(o, extra=[a, b]):
                self.opdefs.setdefault(key, []).append((a, b, s))
        for n, labels in self.r.diags:
            for st in sts:
                l, rhs = st.sides[0], st.sides[-1]
                if st.label in labels and l[0] == "sym" and rhs[0] == "bin" and rhs[1] in ("odot",):
                    fs = []
                    x = rhs
                    while x[0] == "bin" and x[1] == "odot":
                        fs.append(x[3])
                        x = x[2]
                    body = fs[-1]
                    for y in fs[-2::-1]:
                        body = ("bin", "odot", body, y)
                    node = ("app", ("sym", "diag", (), (), 0), [body], ())
                    for s, key in self.instances_of(l, st=st):
                        # D_{k,t} has the index of the delta it belongs to
                        k2 = (n[1],) + key[1:]
                        if len(key[1]) == len(n[2]) and len(key[2]) == len(n[3]):
                            d = St([n, node], "diag of " + st.text, st.form, st.label)
                            d.kind = "words"
                            self.defs.setdefault(k2, []).append((d, node, s))

    def explicit(self, l):
        "Does the name carry the hidden letter's place, as in X^{(L)}?"
        return any(x[0] != "lab" for x in l[3])

    def drop(self, n, h):
        "The name without its index h."
        if n[0] != "sym":
            return n
        keep = lambda xs: tuple(
            self.drop(x, h) if x[0] == "sym" and not letter(x) else x for x in xs if not (letter(x) and x[1] == h)
        )
        return ("sym", n[1], keep(n[2]), keep(n[3]), n[4])

    def scopes(self, letters, st=None):
        "All values of running letters."
        vs = sorted(v for v in letters if v in self.ranges or (st is not None and v in st.ranges))
        spans = [st.ranges[v] if st is not None and v in st.ranges else self.ranges[v] for v in vs]
        for combo in itertools.product(*spans):
            yield dict(zip(vs, combo))

    def instances_of(self, n, extra=(), st=None):
        letters = free(n)
        for x in extra:
            letters |= free(x)
        if self.hidden and any(y[0] == "sym" and sig(y) in self.scoped for x in [n, *extra] for y in walk(x)):
            letters.add(self.hidden)
        for ix in self.scopes(letters, st):
            s = S(ix)
            try:
                yield s, self.key(n, s)
            except (KeyError, TypeError):
                continue

    def letters(self, st):
        out = set()
        for side in st.sides:
            out |= free(side)
        if self.hidden and any(y[0] == "sym" and sig(y) in self.scoped for side in st.sides for y in walk(side)):
            out.add(self.hidden)
        if self.r.pairs and any(y[0] == "sym" and sig(y) in self.local for side in st.sides for y in walk(side)):
            for _, b in self.r.pairs:
                out |= free(b) & set(self.ranges)
        return out

    def add_defs(self, st):
        n = len(st.sides)
        if st.subst:
            return
        for j, l in enumerate(st.sides):
            if j and not ((l[0] == "sym" and j < n - 1) or (l[0] == "sym" and n == 2 and st.sides[0][0] in ("sym",))):
                continue
            for k, rhs in enumerate(st.sides):
                if k == j or (k < j and st.sides[k][0] != "sym"):
                    continue
                node, target = rhs, l
                if target[0] == "pow" and target[2][0] == "num" and target[1][0] == "sym":
                    target, node = (
                        target[1],
                        ("app", ("sym", "sqrt", (), (), 0), [rhs], ())
                        if l[2][1] == 2
                        else ("pow", rhs, ("paren", ("prod", [("*", ("num", 1.0)), ("/", l[2])]))),
                    )
                index = None
                if target[0] == "at" and target[1][0] in ("paren", "sym"):
                    index, target = target[2], target[1][1] if target[1][0] == "paren" else target[1]
                if (
                    target[0] == "sym"
                    and plain(target)
                    and (target[1] in self.ranges or target[1] in self.sizes or target[1] in st.ranges)
                ):
                    continue
                if target[0] != "sym" or target[1] == "1":
                    if target[0] == "block" and n == 2:
                        pass
                    continue
                if rhs[0] == "block" and all(len(r) == 1 and r[0][0] == "sym" for r in rhs[1]) and n == 2:
                    self.parts(st, target, rhs)
                loose = (self.letters(st) if index is None else self.letters(st)) - set(self.ranges) - set(st.ranges)
                lhs_letters = free(target) if index is None else set()
                if index is None and (lhs_letters - set(self.ranges) - set(st.ranges) - self.nameletters):
                    # an index statement: the last indices pick entries
                    subs = list(target[2])
                    cut = len(subs)
                    while (
                        cut
                        and letter(subs[cut - 1])
                        and subs[cut - 1][1] not in self.ranges
                        and subs[cut - 1][1] not in self.nameletters
                    ):
                        cut -= 1
                    if subs[cut:]:
                        index, target = tuple(subs[cut:]), ("sym", target[1], tuple(subs[:cut]), target[3], target[4])
                lets = self.letters(st) - {y[1] for x in (index or ()) for y in walk(x) if letter(y)}
                for ix in self.scopes(lets, st):
                    s = S(ix, pad=st.pad)
                    try:
                        key = self.key(target, s)
                    except (KeyError, TypeError):
                        continue
                    body = node if index is None else ("entries", target, index, node)
                    if node[0] == "deriv" and node[1][0] == "sym" and node[1][1] == LOSSNAME:
                        self.ruledefs.setdefault(key, []).append((st, body, s))
                    else:
                        self.defs.setdefault(key, []).append((st, body, s))
                    for h in self.rowfam & set(ix):
                        t2 = self.drop(target, h)
                        if t2 != target:
                            s2 = S({a: b for a, b in ix.items() if a != h})
                            self.stacks.setdefault(self.key(t2, s2), (target, s2, h))

    def parts(self, st, target, rhs):
        names = [r[0] for r in rhs[1]]
        for ix in self.scopes(self.letters(st), st):
            s = S(ix)
            for i, p in enumerate(names):
                try:
                    self.partdefs.setdefault(self.key(p, s), (target, i, len(names), s))
                except (KeyError, TypeError):
                    pass

    def composition(self, st):
        l = st.sides[0]
        if l[0] != "app" or st.row:
            return
        f, args = l[1], l[2]
        if f[1] == LOSSNAME:
            return
        rhs = st.sides[1]
        inside = {show(x) for x in walk(rhs) if x[0] == "sym"}
        name = (show(f[:4] + (0,)), f[4])
        if all(plain(a) for a in args) and show(args[0]) in inside:
            st.kind = "again" if name in self.funs else "function"
            self.funs.setdefault(name, Fun([show(a) for a in args], rhs))
        elif len(args) == 1 and args[0][0] == "sym":
            self.composed.setdefault(name, (args[0], rhs, st))
            st.kind = "composition"

    def endpoints(self, labels):
        "Where the map that a group of equations is starts and ends: the error it reads and does not give, the one it gives and does not read."
        sts = [st for st in self.r.sts if st.label in labels and not st.row]
        gives, reads = [], []
        for st in sts:
            l = st.sides[0]
            if l[0] == "sym" and (l[1] == "delta" or sig(l) in self.local):
                gives.append(l)
                for side in st.sides[1:]:
                    reads += [x for x in walk(side) if x[0] == "sym" and x[1] == "delta"]
        if not gives:
            return None, None
        known = {show(x) for x in gives} | {show(self.drop(x, h)) for x in gives for h in self.rowfam}
        start = [
            x for x in reads if show(x) not in known and not any(show(self.drop(x, h)) in known for h in self.rowfam)
        ]
        if not start:
            return None, None
        a, b = start[0], gives[-1]
        # errors of one column belong to errors of matrices
        return a, b

    # ------------------------------------------------ names
    def item(self, x, s):
        "One item of an index: (value, does it pick an entry)."
        if x[0] == "name":
            return [(x[1], False)]
        if x[0] == "lab":
            c = x[1]
            return [("^" + c, False)]
        if x[0] == "num":
            return [(int(x[1]) if x[1] == int(x[1]) else x[1], False)]
        if letter(x):
            c = x[1]
            if c in s.ent:
                return [(s.ent[c], True)]
            if c in s.ix:
                return [(s.ix[c], False)]
            if c in self.sizes:
                return [(int(self.sizes[c]), False), (c, False)]
            return [(c, False)]
        if x[0] == "sym":
            return [(self.key(x, s), False)]
        try:
            v = number(x, self.sizes, {**s.ix, **s.ent})
            e = any(letter(y) and y[1] in s.ent for y in walk(x))
            return [(int(round(v)), e)]
        except (KeyError, TypeError):
            return [(show(x), False)]

    def candidates(self, n, s):
        "Keys that a name may stand for, with the entries it picks."
        blk = s.ix.get(self.hidden) if self.hidden and sig(n) in self.scoped else None
        opts = [self.item(x, s) for x in n[2]]
        sups = [self.item(x, s) for x in n[3]]
        out = []
        for combo in itertools.product(*opts):
            for su in itertools.product(*sups):
                k = len(combo)
                while k and combo[k - 1][1]:
                    k -= 1
                if any(e for _, e in combo[:k]):
                    continue
                pick = [v for v, _ in combo[k:]]
                out.append(((n[1] + "'" * n[4], tuple(v for v, _ in combo[:k]), tuple(v for v, _ in su), blk), pick))
                if k < len(combo) and not any(e for _, e in su):  # the same letters as part of the name
                    out.append(((n[1] + "'" * n[4], tuple(v for v, _ in combo), tuple(v for v, _ in su), blk), []))
        return out

    def key(self, n, s):
        c = self.candidates(n, s)
        for k, pick in c:
            if not pick and (k in self.leaf or k in self.defs or k in self.ruledefs):
                return k
        return c[0][0]

    def known(self, k):
        return (
            k in self.leaf
            or k in self.defs
            or k in self.stacks
            or k in self.assembly
            or k in self.partdefs
            or k in self.ruledefs
        )

    # ------------------------------------------------ values of names
    def ck(self, key, n, s):
        return (
            (key, s.col, tuple(sorted((a, b) for a, b in s.ix.items() if a not in self.rowfam and a != self.hidden)))
            if sig(n) in self.local
            else (key, None, ())
        )

    def affected(self, ck, overs, seen):
        got = seen.get(ck)
        if got is not None:
            return got
        if ck in overs:
            seen[ck] = True
            return True
        seen[ck] = False
        r = any(self.affected(x, overs, seen) for x in self.reads.get(ck, ()))
        seen[ck] = r
        return r

    def lookup(self, ck):
        c = self.ctx
        if ck in c.over:
            return c.over[ck]
        v = c.cache.get(ck)
        if v is not None:
            return v
        for up, overs, memo in c.chain:
            if ck in up.over:
                return up.over[ck]
            v = up.cache.get(ck)
            if v is not None and not self.affected(ck, overs, memo):
                return v
        return None

    def value(self, key, n, s):
        "The value of a name by key; n is how it is written here."
        ck = self.ck(key, n, s)
        if self.frames:
            self.frames[-1].add(ck)
        v = self.lookup(ck)
        if v is not None:
            return v
        if (id(self.ctx), ck) in self.busy:
            raise Cycle(key, show(n))
        self.busy.add((id(self.ctx), ck))
        self.frames.append(set())
        try:
            v = self.compute(key, n, s, ck)
        finally:
            self.busy.discard((id(self.ctx), ck))
            got = self.frames.pop()
        self.reads.setdefault(ck, set()).update(got)
        self.ctx.cache[ck] = v
        return v

    def compute(self, key, n, s, ck):
        if key in self.leaf:
            return self.leaf[key]
        err = None
        for st, body, s0 in self.defs.get(key, ()):
            try:
                s2 = S({**s0.ix}, {}, s.col if sig(n) in self.local else None, {}, s0.pad)
                if sig(n) in self.local:
                    if any(s.ix.get(a, b) != b for a, b in s0.ix.items()):
                        continue
                    s2.ix = {**s.ix, **s0.ix}
                v = self.ev(body, s2)
                if self.ctx is self.base:
                    self.origin[ck] = (id(st), tuple(sorted(s0.ix.items(), key=str)))
                return v
            except (Missing, Range, Unsure) as e:
                err = err or e
        if sig(n) in self.local and s.col is not None:
            for a, b in self.pairs():
                if show(a) == show(n):
                    m = self.ev_sym(b, S(s.ix))
                    if s.col >= m.a.shape[1]:
                        raise Range()
                    return V(m.a[:, [s.col]])
        if key in self.assembly:
            a, s0 = self.assembly[key]
            if key not in self.defs:
                n_cols = self.columns(s0)
                cols = [self.ev_sym(a, S(s0.ix, {}, c)) for c in range(n_cols)]
                return V(np.concatenate([c.a.reshape(-1, 1) for c in cols], 1))
        if key in self.stacks:
            node, s0, h = self.stacks[key]
            vals = [self.ev_sym(node, S({**s0.ix, h: i})) for i in self.ranges[h]]
            return V(np.concatenate([v.a for v in vals], 0))
        for h in self.rowfam & set(s.ix):
            n2 = self.drop(n, h)
            if n2 != n:
                whole = self.ev_sym(n2, S({a: b for a, b in s.ix.items() if a != h}))
                count = len(self.ranges[h])
                if whole.scalar or whole.a.shape[0] % count:
                    raise Shape("rows that do not divide into heads")
                d = whole.a.shape[0] // count
                i = self.ranges[h].index(s.ix[h])
                return V(whole.a[i * d : (i + 1) * d])
        if key in self.partdefs:
            target, i, count, s0 = self.partdefs[key]
            w = self.ev_sym(target, s0)
            if isinstance(w, Blk):
                if len(w.hs) == count and len(w.ws) == 1:
                    return w.g[i][0]
            elif not w.scalar and w.a.shape[0] % count == 0:
                d = w.a.shape[0] // count
                return V(w.a[i * d : (i + 1) * d])
        if key in self.ruledefs and self.net.lossfn:
            return self.gradient(key, n)
        if err:
            raise err
        raise Missing(key, show(n))

    def pairs(self):
        for a, b in self.r.pairs:
            yield a, b
            yield ("sym", "delta", (a,), (), 0), ("sym", "delta", (b,), (), 0)

    def columns(self, s0):
        for a, b in self.r.pairs:
            try:
                k = self.key(b, s0)
            except (KeyError, TypeError):
                continue
            if k in self.leaf or k in self.defs:
                v = self.ev_sym(b, S(s0.ix))
                if not v.scalar and v.a.ndim == 2:
                    return v.a.shape[1]
        raise Missing("columns", "the matrix whose columns these are")

    # ------------------------------------------------ gradients by complex steps through the page
    def through(self, over, target=LOSS):
        keep, self.ctx = self.ctx, Ctx(over, self.ctx)
        try:
            return self.value(target, ("sym", LOSSNAME, (), (), 0), S())
        finally:
            self.ctx = keep

    def loss(self):
        return self.value(LOSS, ("sym", LOSSNAME, (), (), 0), S())

    def direction(self, ck, v, r):
        L = self.through({ck: V(v.a + 1j * STEP * r, v.f)})
        return float(np.imag(L.a.ravel()[0] if not L.scalar else L.a)) / STEP

    def gradient(self, key, n):
        # n: a name of an error by rule; find what it is the error of
        st, body, s0 = self.ruledefs[key][0]
        return self.true(body[2], s0)

    def true(self, den, s):
        self.loss()
        k = self.key(den, s)
        ck = self.ck(k, den, s)
        v = self.value(k, den, s)
        out = np.zeros(v.a.shape)
        for i in np.ndindex(v.a.shape):
            r = np.zeros(v.a.shape)
            r[i] = 1
            out[i] = self.direction(ck, v, r)
        return V(out)

    # ------------------------------------------------ expressions
    def ev(self, n, s):
        k = n[0]
        if k == "num":
            return ZERO if n[1] == 0 else V(np.array(n[1]))
        if k == "paren":
            return self.ev(n[1], s)
        if k == "value":
            return n[1]
        if k == "sym":
            return self.ev_sym(n, s)
        if k == "ones":
            return V(np.ones((1, 1)), (True, False))
        if k == "add":
            return self.add([(g, self.ev(x, s)) for g, x in n[1]])
        if k == "prod":
            return self.prod(n[1], s)
        if k == "bin":
            a, b = self.ev(n[2], s), self.ev(n[3], s)
            if isinstance(a, Blk) or isinstance(b, Blk):
                a, b = (a.solve(*b.a.shape).full(), b) if isinstance(a, Blk) else (a, b.solve(*a.a.shape).full())
            if isinstance(a, Op) or isinstance(b, Op):
                raise Unsure("a map in a product entry by entry")
            if n[1] == "odot" or (n[1] == "circ" and False):
                if is_zero(a) or is_zero(b):
                    return ZERO
                if a.a.ndim != b.a.ndim and a.a.size == b.a.size and not a.scalar and not b.scalar:
                    big = a if a.a.ndim > b.a.ndim else b
                    a, b = V(a.a.reshape(big.a.shape)), V(b.a.reshape(big.a.shape))
                return entrywise(np.multiply, a, b)
            if n[1] == "star":
                return star(a, b)
            if n[1] == "oslash":
                return entrywise(np.divide, a, b)
            raise Unsure("the operation " + n[1])
        if k in ("T", "pow") and n[1][0] == "app" and len(n[1][2]) == 1 and not n[1][3] and self.factor_only(n[1], s):
            inner = ("paren", n[1][2][0])  # W (x)^T: the bracket alone is meant
            return self.prod([("*", n[1][1]), ("*", (k, inner) + n[2:])], s)
        if k == "T":
            return transpose(self.ev(n[1], s))
        if k == "pow":
            return self.power(n, s)
        if k == "app":
            return self.apply(n, s)
        if k == "at":
            v = self.ev(n[1], s)
            toks = [self.item(x, s)[0] for x in n[2]]
            if any(not isinstance(t[0], int) for t in toks):
                raise Unsure("an index on a bracket")
            return self.pick(v, [t[0] for t in toks], s)
        if k == "sum":
            return self.bigsum(n, s)
        if k == "setmax":
            vals = []
            for combo in itertools.product(*[n[4]] * len(n[3])):
                vals.append(self.ev(n[2], s.but(ent={**s.ent, **dict(zip(n[3], combo))})).a)
            best = (max if n[1] == "max" else min)(vals, key=lambda x: float(np.real(x)))
            return V(best)
        if k == "block":
            return Blk([[self.ev(c, s) for c in r] for r in n[1]]).done()
        if k == "entries":
            return self.entries(n, s)
        if k == "cases":
            for e, c in n[1]:
                if c[0] == "else" or self.test(c, s):
                    return self.ev(e, s)
            raise Unsure("no case")
        if k == "deriv":
            return self.deriv(n, s)
        raise Unsure(k)

    def test(self, c, s):
        a, b = (float(np.real(self.ev(x, s).a)) for x in c[1:])
        return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "=": a == b, "!=": a != b}[c[0]]

    def add(self, terms):
        vals = [(times(V(np.array(-1.0)), v) if g < 0 else v) for g, v in terms]

        def rank(v):
            if isinstance(v, (Op,)):
                return 3
            if isinstance(v, Blk):
                return 2
            return 2 if v.id else 1 if not v.scalar and any(v.f) and v.a.shape == (1, 1) else 0

        order = sorted(range(len(vals)), key=lambda i: rank(vals[i]))
        out = vals[order[0]]
        for i in order[1:]:
            out = plus(out, vals[i])
        return out

    def ev_sym(self, n, s):
        if s.sub and show(n) in s.sub:
            return self.ev(s.sub[show(n)], s.but(sub={}))
        if s.sub:
            k = show(("sym", n[1], (), (), n[4]))
            if k in s.sub and n[2] and s.sub[k][0] == "sym":
                t = s.sub[k]
                return self.ev(("at", t, n[2]), s.but(sub={}))
        if plain(n) or n[4]:
            if show(n) in s.loc:
                return s.loc[show(n)]
        if s.loc and self.depends(n, set(s.loc)):
            for st, body, s0 in self.defs.get(self.key(n, s), ()):
                return self.ev(body, s)
        if n[2] and show(n) in self.sizes:
            return V(np.array(float(self.sizes[show(n)])))
        cands = self.candidates(n, s)
        op = self.operator(n, s, cands)
        err = None
        for key, pick in cands:
            if self.known(key) or (
                sig(n) in self.local
                and (
                    not pick
                    or any(
                        show(a) == show(("sym", n[1], n[2][: len(n[2]) - len(pick)], n[3], n[4]))
                        for a, _ in self.r.pairs
                    )
                )
            ):
                try:
                    v = self.value(key, n if not pick else ("sym", n[1], n[2][: len(n[2]) - len(pick)], n[3], n[4]), s)
                    return self.pick(v, pick, s) if pick else v
                except Missing as e:
                    err = err or e
        for h in self.rowfam & set(s.ix):
            if self.drop(n, h) != n:
                try:
                    return self.value(cands[0][0], n, s)
                except Missing as e:
                    err = err or e
        if op is not None:
            return op
        if sig(n) in self.local:
            try:
                return self.value(cands[0][0], n, s)
            except Missing as e:
                err = err or e
        if err is not None:
            raise err
        if plain(n):
            c = n[1]
            if c in s.ent:
                return V(np.array(float(s.ent[c])))
            if c in s.ix and not isinstance(s.ix[c], str):
                return V(np.array(float(s.ix[c])))
            if c == "I":
                return V(np.array(1.0), id=True)
            if c == "pi":
                return V(np.array(math.pi))
        if show(n) in self.sizes:
            return V(np.array(float(self.sizes[show(n)])))
        if n[3] and n[3][-1][0] == "lab":  # no name of its own: a transpose or a power
            b = self.ev_sym(n[:3] + (n[3][:-1],) + n[4:], s)
            return (
                transpose(b)
                if n[3][-1][1] == "T"
                else self.power(("pow", ("value", b), ("sym", n[3][-1][1], (), (), 0)), s)
            )
        if n[1] == "I" and len(n[2]) <= 1:
            return V(np.array(1.0), id=True)
        idx = [v for key, _ in cands[:1] for v in key[1] + key[2]]
        if any(isinstance(v, int) for v in idx) and any(self.sibling(k, cands[0][0]) for k in self.all_keys()):
            raise Range()
        raise Missing(cands[0][0] if cands else n[1], show(n))

    def all_keys(self):
        if not hasattr(self, "_all") or self._all[0] != len(self.defs):
            self._all = (
                len(self.defs),
                {
                    (k[0], len(k[1]), len(k[2]), tuple(x for x in k[1] if not isinstance(x, int)))
                    for d in (self.leaf, self.defs, self.opdefs if hasattr(self, "opdefs") else {})
                    for k in d
                },
            )
        return self._all[1]

    def sibling(self, a, k):
        return a == (k[0], len(k[1]), len(k[2]), tuple(x for x in k[1] if not isinstance(x, int)))

    def depends(self, n, names, depth=0):
        "Is a name computed (by the page) from one of the arguments at hand?"
        if depth > 4:
            return False
        try:
            key = self.key(n, S())
        except (KeyError, TypeError):
            return False
        for st, body, s0 in self.defs.get(key, ()):
            for x in walk(body):
                if x[0] == "sym" and (show(x) in names or (x != n and plain(x) and self.depends(x, names, depth + 1))):
                    return True
        return False

    def pick(self, v, pick, s):
        b = 0 if self.base0 else 1
        if isinstance(v, (Op, Blk)):
            raise Unsure("an entry of a map")
        at = [p - b for p in pick]
        a = v.a
        if a.ndim == 0:
            raise Unsure("an entry of a number")
        if a.ndim == 2 and len(at) == 1:
            if a.shape[1] == 1:
                at = at + [0]
            elif a.shape[0] == 1:
                at = [0] + at
        if len(at) != a.ndim:
            raise Unsure("not as many indices as the shape has")
        if any(x < 0 or x >= m for x, m in zip(at, a.shape)):
            if s.pad:
                return V(np.array(0.0))
            raise Range()
        return V(np.asarray(a[tuple(at)]))

    def power(self, n, s):
        if n[1] == ("sym", "e", (), (), 0) and "e" not in s.loc:
            v = self.ev(n[2], s)
            return V(np.exp(v.a), v.f)
        b, e = self.ev(n[1], s), None
        if plain(n[2]) and n[2][1] == "T" and "T" not in s.ix:
            return transpose(b)
        e = self.ev(n[2], s)
        if isinstance(b, (Op, Blk)) or not e.scalar:
            raise Unsure("a power")
        if is_zero(b):
            return ZERO
        p = float(np.real(e.a))
        return V(b.a ** (int(p) if p == int(p) else p), b.f)

    # ---- products
    def prod(self, fs, s):
        fs = self.expand(fs, s)
        vals, err = [], None
        i = 0
        for op, x in fs:
            v = x[1] if x[0] == "value" else self.ev(x, s)
            if op == "/":
                if not vals:
                    raise Unsure("nothing to divide")
                if s.loc and isinstance(v, V) and isinstance(vals[-1], V):
                    vals.append(entrywise(np.divide, vals.pop(), v))
                    continue
                if isinstance(v, (Op, Blk)) or (not v.scalar and v.a.size != 1):
                    raise Shape("division by a matrix")
                d = v.a if v.scalar else v.a.reshape(())
                last = vals.pop()
                vals.append(times(V(1 / d), last))
            else:
                vals.append(v)
        if not vals:
            return V(np.array(1.0), id=True)
        return self.fold(vals, bool(s.loc))

    def fold(self, vals, entry=False):
        ops = [i for i, v in enumerate(vals) if isinstance(v, Op)]
        if ops:
            i = ops[-1]
            right = vals[i + 1 :]
            if not right:
                out = vals[-1]
                for v in reversed(vals[:-1]):
                    out = times(v, out) if isinstance(v, Op) or not v.id else out
                return out
            err = None
            for m in range(len(right), 0, -1):
                try:
                    x = self.fold(right[:m])
                    r = vals[i](x)
                    return self.fold(vals[:i] + [r] + right[m:])
                except Shape as e:
                    err = err or e
            raise err
        out = vals[0]
        for v in vals[1:]:
            out = times(out, v, entry)
        return out

    def expand(self, fs, s):
        "B^{(l+1)} \\cdots B^{(L)}: the factors of a range."
        k = next((i for i, (_, x) in enumerate(fs) if x[0] == "dots"), None)
        if k is None:
            return fs
        if k == 0 or k + 1 >= len(fs):
            raise Unsure("dots at an end")
        strip = lambda x: x[1] if x[0] == "T" else x
        first, last = k - 1, fs[k + 1][1]
        same = lambda x: (
            strip(x)[0] == "sym" and strip(last)[0] == "sym" and strip(x)[1] == strip(last)[1] and x[0] == last[0]
        )
        if not same(fs[first][1]):
            raise Unsure("dots between different factors")
        while first > 0 and same(fs[first - 1][1]):
            first -= 1
        a, b = strip(fs[first][1]), strip(last)
        where = [(w, i) for w in (2, 3) for i in range(len(a[w])) if i < len(b[w]) and a[w][i] != b[w][i]]
        if len(where) != 1:
            raise Unsure("dots with no running index")
        w, i = where[0]
        ints = lambda x: int(round(number(x, self.sizes, s.ix)))
        try:
            lo, hi = ints(a[w][i]), ints(b[w][i])
            seq = [ints(strip(fs[j][1])[w][i]) for j in range(first, k)]
        except KeyError:
            raise Unsure("dots with no numbers")
        step = 1 if len(seq) < 2 or seq[1] > seq[0] else -1
        if seq != [lo + step * j for j in range(len(seq))]:
            raise Shape("the factors before the dots are not in a row")
        run = list(range(lo, hi + step, step)) if (hi - lo) * step >= 0 else []
        if (hi - lo) * step < -1:
            raise Range()
        out = []
        for v in run:
            q = list(a[w])
            q[i] = ("num", float(v))
            sym = a[:w] + (tuple(q),) + a[w + 1 :]
            out.append(("*", ("T", sym) if last[0] == "T" else sym))
        rest = list(fs[:first]) + out + list(fs[k + 2 :])
        return self.expand(rest, s) if rest else []

    # ---- sums
    def extent(self, letter_, body, s):
        "The values of a letter that stands alone as an index somewhere in the body."
        b = 0 if self.base0 else 1
        for x in walk(body):
            if x[0] == "sym" and any(letter(y) and y[1] == letter_ for y in x[2]):
                for cut in range(len(x[2]), -1, -1):
                    head = ("sym", x[1], x[2][:cut], x[3], x[4])
                    if any(
                        letter(y)
                        and (y[1] == letter_ or (y[1] not in s.ix and y[1] not in self.ranges and y[1] in free(body)))
                        for y in x[2][:cut]
                    ):
                        continue
                    try:
                        v = self.ev_sym(head, s.but(pad=False))
                    except (Missing, Range, Unsure, Shape):
                        continue
                    if isinstance(v, (Op, Blk)):
                        continue
                    pos = next(i for i, y in enumerate(x[2]) if letter(y) and y[1] == letter_) - cut
                    shape = v.a.shape
                    if len(x[2]) - cut == 1 and len(shape) == 2:
                        shape = (shape[0] * shape[1],) if 1 in shape else shape
                    if 0 <= pos < len(shape):
                        return list(range(b, shape[pos] + b))
                    break
            if x[0] == "at" and any(letter(y) and y[1] == letter_ for y in x[2]):
                try:
                    v = self.ev(x[1], s.but(pad=False))
                except (Missing, Range, Unsure, Shape):
                    continue
                pos = next(i for i, y in enumerate(x[2]) if letter(y) and y[1] == letter_)
                if pos < v.a.ndim:
                    return list(range(b, v.a.shape[pos] + b))
        return None

    def bigsum(self, n, s):
        _, op, variables, lo, hi, cond, body = n
        spans, running = [], True
        for i, v in enumerate(variables):
            last = i == len(variables) - 1
            if hi is not None and last:
                b0 = 0 if self.base0 else 1
                f = lambda x: int(round(float(np.real(self.ev(x, s).a))))
                spans.append((v, list(range(f(lo) if lo is not None else b0, f(hi) + 1)), None))
            elif v in self.ranges and not self.bare(v, body, s):
                spans.append((v, self.ranges[v], None))
            else:
                e = self.extent(v, body, s)
                if e is None and v in self.ranges:
                    e = self.ranges[v]
                if e is None:
                    # what the letter may be is not said here: a missing name, or a sum that cannot be taken
                    self.ev(body, s.but(ent={**s.ent, v: 0 if self.base0 else 1}))
                    raise Unsure("a sum over " + v)
                spans.append((v, e, v))
        total = None
        for combo in itertools.product(*[x for _, x, _ in spans]):
            ix, ent = dict(s.ix), dict(s.ent)
            for (v, _, e), val in zip(spans, combo):
                if e:
                    ent[v] = val
                    ix.pop(v, None)
                else:
                    ix[v] = val
                    ent.pop(v, None)
            s2 = s.but(ix=ix, ent=ent)
            if cond is not None:
                side = [
                    (
                        ix.get(x[1], ent.get(x[1]))
                        if letter(x) and (x[1] in ix or x[1] in ent)
                        else x[1]
                        if letter(x)
                        else number(x, self.sizes, ix)
                    )
                    for x in cond[1:]
                ]
                if not {"!=": side[0] != side[1], "=": side[0] == side[1]}.get(
                    cond[0], cond[0] not in ("!=", "=") and eval("side[0]%sside[1]" % cond[0])
                ):
                    continue
            r = self.ev(body, s2)
            total = (
                r
                if total is None
                else plus(total, r)
                if op == "sum"
                else times(total, r)
                if op == "prod"
                else V(max(total.a, r.a, key=np.real) if op == "max" else min(total.a, r.a, key=np.real))
            )
        if total is None:
            return ZERO if op == "sum" else V(np.array(1.0), id=True)
        return total

    def bare(self, v, body, s):
        return False

    def entries(self, n, s):
        "An index statement: the whole array, entry by entry."
        _, target, index, node = n
        names = [y[1] if letter(y) else None for y in index]
        b = 0 if self.base0 else 1
        shape = self.noted(target, s)
        conds = None
        if shape is None:
            shape = []
            for i, v in enumerate(names):
                if v is None:
                    raise Unsure("an index statement")
                e = None if s.pad else self.extent(v, node, s.but(ent={w: b for w in names if w and w != v}))
                if e is None:
                    k = b
                    while k < b + 64:
                        try:
                            self.ev(node, s.but(ent={**{w: b for w in names if w}, v: k}))
                        except Range:
                            break
                        k += 1
                    if k == b or k == b + 64:
                        raise Range()
                    e = range(b, k)
                shape.append(len(e))
        if len(shape) == 2 and len(names) == 1:
            shape = [shape[0] * shape[1]]
        if len(shape) != len(names):
            raise Unsure("not as many indices as the shape has")
        out = None
        for at in np.ndindex(*shape):
            v = self.ev(node, s.but(ent={**s.ent, **{w: i + b for w, i in zip(names, at)}})).a
            if out is None:
                out = np.zeros(shape, np.result_type(v, float))
            if np.iscomplexobj(v) and not np.iscomplexobj(out):
                out = out.astype(complex)
            out[at] = v.reshape(()) if v.ndim else v
        return V(out if len(shape) > 1 else out.reshape(-1, 1))

    def noted(self, n, s):
        "The shape that the table of notation gives to a name."
        for m, text in self.shape_of.get(sig(n) + str(len(n[2]) + len(n[3])), ()):
            if m[1] == n[1] and m[4] == n[4]:
                try:
                    return self.shape(text, s)
                except Exception:
                    return None
        if n[1] == "delta" and len(n[2]) == 1:
            k = self.forward(n, s)
            if k is not None:
                v = self.value(self.key(k, s), k, s)
                return list(v.a.shape)
        return None

    def shape(self, text, s=None):
        from .classic import lex
        from .grammar import Q

        out, cur = [], []
        for t in lex(text):
            if t == r"\times":
                out.append(cur)
                cur = []
            else:
                cur.append(t)
        out.append(cur)
        return [int(round(number(Q(x).whole(), self.sizes, s.ix if s else {}))) for x in out]

    # ---- functions
    def function(self, f, s):
        "What a name is as a function: (callable, entry by entry) or None."
        name = show(f[:4] + (0,))
        for nm in dict.fromkeys((name, self.resolved(f, s))):
            if (nm, f[4]) in self.funs:
                fun = self.funs[(nm, f[4])]
                return lambda *a: self.ev(fun.body, S(s.ix, {}, None, dict(zip(fun.params, a)))), True
            base, entry = None, True
            if (nm, 0) in self.funs:
                fun = self.funs[(nm, 0)]
                base = lambda *a: self.ev(fun.body, S(s.ix, {}, None, dict(zip(fun.params, [V(x) for x in a])))).a
            elif nm in self.casefun:
                base = self.casefun[nm]
            elif (f[2] == () and f[3] == () and nm == "softmax") or nm == "softmax":
                ax = self.softaxis

                def base(z):
                    e = np.exp(z - np.max(np.real(z), ax, keepdims=True))
                    return e / e.sum(ax, keepdims=True)

                entry = False
            elif nm in WHOLE and nm != "norm1":
                base, entry = WHOLE[nm], False
            elif nm in ENTRY and self.key(f[:4] + (0,), s) not in self.defs:
                base = ENTRY[nm]
            if base is None:
                continue
            if f[4] == 0:
                return (lambda *a: V(base(*[x.a for x in a]), a[0].f if entry else (False, False))), entry
            if f[4] == 1 and entry:
                return (
                    lambda *a: (
                        V(np.imag(base(a[0].a + 1j * STEP)) / STEP)
                        if not np.iscomplexobj(a[0].a)
                        else V((base(a[0].a + 1e-6) - base(a[0].a - 1e-6)) / 2e-6)
                    )
                ), entry
        return None

    def resolved(self, f, s):
        k = self.candidates(f[:4] + (0,), s)
        k = k[0][0] if k else (f[1], (), ())
        return (
            k[0]
            + ("_" + ",".join(map(str, k[1])) if k[1] else "")
            + ("^" + ",".join("(%s)" % x for x in k[2]) if k[2] else "")
        )

    def apply(self, n, s):
        _, f, args, powers = n
        if f[1] == LOSSNAME:
            return self.loss()
        c = self.composed.get((show(f[:4] + (0,)), f[4]))
        if c is not None:
            param, body, st = c
            if not self.agrees(param, args[0], s):
                raise Shape("%s of another matrix than %s" % (show(f), show(param)))
            return self.ev(body, S(s.ix))
        if (
            f[4] == 0
            and any(self.known(k) and not p for k, p in self.candidates(f, s))
            and show(f) not in ("log", "exp")
        ):
            inner = self.ev(args[0], s) if len(args) == 1 else None
            if inner is None:
                raise Unsure("a list in brackets")
            left = self.ev(f, s)
            for p in powers:
                left = self.power(("pow", ("value", left), p), s) if False else left
            return times(left, inner)
        got = self.function(f, s)
        if got is None:
            op = self.operator(f, s, self.candidates(f, s))
            if op is not None and len(args) == 1:
                return times(op, self.ev(args[0], s))
            raise Missing(f[1], show(f))
        fn, entry = got
        vals = [self.ev(a, s) for a in args]
        if any(isinstance(v, (Op, Blk)) for v in vals):
            raise Unsure("a function of a map")
        if f[1] in ("diag", "Diag") and is_zero(vals[0]):
            return ZERO
        v = fn(*vals)
        for p in powers:
            e = self.ev(p, s)
            x = float(np.real(e.a))
            v = V(v.a ** (int(x) if x == int(x) else x), v.f)
        return v

    def factor_only(self, n, s):
        f = n[1]
        return (
            f[1] != LOSSNAME
            and (show(f[:4] + (0,)), f[4]) not in self.composed
            and f[4] == 0
            and any(self.known(k) and not p for k, p in self.candidates(f, s))
        )

    def agrees(self, param, arg, s):
        "Is the argument of att(...) the matrix that the line 'att(U_1) = ...' names?"
        if arg[0] == "sym":
            try:
                return self.key(arg, s) == self.key(param, s) or differs(self.ev(arg, s), self.ev(param, s)) is None
            except (Missing, Range, Unsure):
                return True
        if (arg[0] == "prod" and len(arg[1]) == 2) or (arg[0] == "app" and len(arg[2]) == 1):
            g, m = (arg[1][0][1], arg[1][1][1]) if arg[0] == "prod" else (arg[1], arg[2][0])
            if m[0] == "paren":
                m = m[1]
            if g[0] == "sym" and m[0] == "sym":
                key = self.key(param, s)
                if key == self.key(m, s):
                    return False
                if key in self.assembly:
                    a, s0 = self.assembly[key]
                    mine = set(v for v in s0.ix.values()) - ({s0.ix.get(self.hidden)} if self.hidden else set())
                    idx = [v for x in g[2] for v, _ in self.item(x, s)]
                    if idx and mine and not set(idx) <= mine:
                        return False
                    sources = [
                        self.key(b, S({**s.ix, **s0.ix}))
                        for x, b in self.r.pairs
                        if self.key(b, S({**s.ix, **s0.ix})) not in self.assembly
                        or self.key(b, S({**s.ix, **s0.ix})) in self.defs
                        or self.key(b, S({**s.ix, **s0.ix})) in self.leaf
                    ]
                    if sources and self.key(m, s) not in sources:
                        return False
        return True

    # ---- maps of errors
    def operator(self, n, s, cands):
        for key, pick in cands:
            if key in self.opdefs and not pick:
                best, last = None, None
                ways = self.opdefs[key]
                return Op(lambda v: self.run_op(ways, v, n, s), show(n))
        # in words only: the error goes back through a forward step, as in delta_a = P delta_v
        if n[1].startswith("cal:") and n[1] != LOSSNAME and show(n) in self.mentioned():
            for st in self.r.sts:
                l, r = st.sides[0], st.sides[-1]
                if (
                    l[0] == "sym"
                    and l[1] == "delta"
                    and r[0] == "prod"
                    and len(r[1]) == 2
                    and r[1][0][1] == n
                    and r[1][1][1][0] == "sym"
                    and r[1][1][1][1] == "delta"
                ):
                    a, b = self.forward(l, s), self.forward(r[1][1][1], s)
                    if a is not None and b is not None:
                        return Op(lambda v: self.back(a, b, v, s), show(n))
        return None

    def mentioned(self):
        "Names that the words or the table of notation speak of (not only equations)."
        if not hasattr(self, "_said"):
            eqs = {st.n for st in self.r.sts}
            self._said = {
                show(x)
                for i, f in enumerate(self.r.src.forms)
                if i not in eqs and not f.shown
                for y in self.r.listed(i)
                for x in walk(y)
                if x[0] == "sym"
            }
        return self._said

    def run_op(self, ways, v, n, s):
        err = None
        for a, b, s0 in ways:
            try:
                return self.from_to(a, b, s0, v, s)
            except (Missing, Range, Unsure) as e:
                err = err or e
        raise err

    def from_to(self, a, b, s0, v, s):
        ix = {**s0.ix}
        if isinstance(v, Blk):
            raise Unsure("blocks into a map")
        if sig(a) in self.local or sig(b) in self.local:
            # column by column
            if sig(a) not in self.local:
                la = next((x for x, m in self.pairs() if x[1] == "delta" and sig(m) == sig(a)), None)
                if la is None:
                    raise Unsure("the column of " + show(a))
                a = la
            if b[0] != "sym" or sig(b) not in self.local:
                raise Unsure("the column of " + show(b))
            f = next(
                (m for x, m in self.pairs() if x[1] != "delta" and len(a[2]) == 1 and show(x) == show(a[2][0])), None
            )
            if f is not None:
                ref = self.ev_sym(f, S(ix))
                if ref.a.shape != v.a.shape:
                    raise Shape("an error of another shape")
            cols = []
            for c in range(v.a.shape[1]):
                sc = S(ix, {}, c)
                keep, self.ctx = self.ctx, Ctx({self.ck(self.key(a, sc), a, sc): V(v.a[:, [c]])}, self.ctx)
                try:
                    cols.append(self.ev_sym(b, sc).a.reshape(-1, 1))
                finally:
                    self.ctx = keep
            return V(np.concatenate(cols, 1))
        sc = S(ix)
        key = self.key(a, sc)
        f = self.forward(a, sc)
        if f is not None:
            try:
                ref = self.ev_sym(f, sc)
                if ref.a.shape != v.a.shape:
                    if ref.a.size == v.a.size and ref.a.ndim > 2:
                        v = V(v.a.reshape(ref.a.shape))
                    else:
                        raise Shape("%s has the shape %s, not %s" % (show(a), ref.a.shape, v.a.shape))
            except (Missing, Unsure):
                pass
        keep, self.ctx = self.ctx, Ctx({self.ck(key, a, sc): v}, self.ctx)
        try:
            return self.ev_sym(b, sc)
        finally:
            self.ctx = keep

    def back(self, a, b, v, s):
        "The transpose of the derivative of the forward step from a to b, applied to v."
        ka, kb = self.key(a, s), self.key(b, s)
        va, vb = self.value(ka, a, s), self.value(kb, b, s)
        if vb.a.size != v.a.size:
            raise Shape("an error of another shape")
        g = v.a.reshape(vb.a.shape)
        out = np.zeros(va.a.shape)
        ck = self.ck(ka, a, s)
        for i in np.ndindex(va.a.shape):
            p = va.a.astype(complex)
            p[i] += 1j * STEP
            keep, self.ctx = self.ctx, Ctx({ck: V(p)}, self.ctx)
            try:
                out[i] = np.sum(np.imag(self.value(kb, b, s).a) / STEP * g)
            finally:
                self.ctx = keep
        return V(out)

    # ---- what an error is the error of
    def forward(self, n, s):
        "The name whose error n is, by the page's words or by the rule delta_NAME."
        if n[1] not in ("delta", "Delta"):
            return None
        mine = self.key(n, s)
        for d, f in self.r.errors:
            if (sig(d) != sig(n) and d[1] != n[1]) or (letter(f) and f[1] in self.ranges):
                continue
            for ix in [s.ix] + list(self.scopes(free(d))):
                try:
                    s2 = S({**s.ix, **ix})
                    if self.key(d, s2) == mine:
                        return self.fixed(f, s2)
                except (KeyError, TypeError):
                    continue
        for st, body, s0 in self.ruledefs.get(mine, ()):
            if body[0] == "deriv":
                return self.fixed(body[2], S({**s.ix, **s0.ix}))
        if len(n[2]) >= 1 and n[2][0][0] in ("sym", "name"):
            x = n[2][0]
            f = ("sym",) + x[1:] if x[0] == "sym" else ("sym", x[1], (), (), 0)
            if letter(x) or x[0] == "name":
                f = ("sym", x[1], tuple(n[2][1:]), n[3], 0)
            elif len(n[2]) > 1:
                return None
            f = self.fixed(f, s)
            if self.known(self.key(f, s)) or any(self.drop(f, h) != f for h in self.rowfam):
                return f
        return None

    def fixed(self, n, s):
        "The name with its running letters replaced by their values."

        def put(x):
            if letter(x) and x[1] in s.ix:
                v = s.ix[x[1]]
                return ("num", float(v)) if not isinstance(v, str) else ("name", v)
            if x[0] in ("add", "prod"):
                try:
                    return ("num", float(number(x, self.sizes, s.ix)))
                except (KeyError, TypeError):
                    return x
            return x

        if self.rowfam and any(self.drop(n, h) != n for h in self.rowfam):
            return n
        return (
            ("sym", n[1], tuple(put(x) for x in n[2]), tuple(put(x) if x[0] != "lab" else x for x in n[3]), n[4])
            if n[0] == "sym"
            else n
        )

    def deriv(self, n, s):
        if n[1][0] == "sym" and n[1][1] == LOSSNAME:
            if getattr(self, "truth", False):  # to compare only, never to compute with
                return self.true(n[2], s)
            raise Unsure("a gradient of the loss inside an expression")
        raise Unsure("a derivative")

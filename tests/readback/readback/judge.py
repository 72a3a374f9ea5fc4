"""The verdict on a page: every equation, every error and every gradient against the network's own loss."""

from __future__ import annotations

import itertools
import sys

import numpy as np

from . import classic, source
from .classic import Missing, Range, Shape, Unsure, V, default_tex, lex
from .engine import LOSS, STEP, Reader, S
from .grammar import Q, letter, plain, show, walk
from .machine import LOSSNAME, Machine, free, sig
from .values import Blk, Op, act, differs, is_zero

DEBUG = False


class Net:
    "The network of a case: numbers for its leaves (some once for each value of a letter), its loss, its true gradients."

    def __init__(self, case, seed=0):
        self.case = case
        self.sizes = dict(case.get("sizes", {}))
        rng = np.random.default_rng(seed)
        self.world = dict(classic.WORLD)
        exec("\n".join(case.get("setup", [])), self.world)
        self.leaf = {}
        for name, spec in case["leaves"].items():
            spec = spec if isinstance(spec, dict) else {"shape": spec}
            n = spec.get("copies")
            draw = lambda: self.draw(rng, spec)
            self.leaf[name] = {b: draw() for b in range(1, int(self.sizes[n[1]]) + 1)} if n else draw()
        self.params = []
        for p in case["parameters"]:
            self.params += [(p, b) for b in self.leaf[p]] if isinstance(self.leaf[p], dict) else [(p, None)]
        self.code = compile("\n".join(case["forward"]), "forward", "exec")
        self.lossfn = case.get("lossfn")
        self.cache, self.bound, self.copied, self.nodes = {}, {}, [], {}

    @staticmethod
    def draw(rng, spec):
        shape, d = spec["shape"], spec.get("draw", "normal")
        x = rng.normal(size=shape)
        if d == "onehot":
            x = np.zeros(shape)
            x[rng.integers(0, shape[0], shape[1]), np.arange(shape[1])] = 1
        elif d == "simplex":
            x = rng.uniform(0.1, 0.9, shape)
            x = x / x.sum(0, keepdims=True)
        elif d == "onehotrows":
            x = np.zeros(shape)
            x[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = 1
        elif d == "sign":
            x = np.where(x > 0, 1.0, -1.0)
        elif d == "binary":
            x = (x > 0).astype(float)
        elif d == "value":
            x = np.array(spec["value"], float)
        elif d == "small":
            x = 0.5 * x
        elif d == "unit":
            x = rng.uniform(0.1, 0.9, shape)
        elif d == "positive":
            x = rng.uniform(0.5, 1.5, shape)
        return x

    def loss(self, over=()):
        w = dict(self.world)
        for k, v in self.leaf.items():
            w[k] = dict(v) if isinstance(v, dict) else v
        w.update(self.sizes)
        for (name, b), v in dict(over).items():
            if b is None:
                w[name] = v
            else:
                w[name][b] = v
        exec(self.code, w)
        return w["loss"]

    def grad(self, p):
        if p not in self.cache:
            name, b = p
            x = self.leaf[name] if b is None else self.leaf[name][b]
            out = np.zeros(x.shape)
            for i in np.ndindex(x.shape):
                q = x.astype(complex)
                q[i] += 1j * STEP
                out[i] = np.imag(self.loss({p: q})) / STEP
            self.cache[p] = out
        return self.cache[p]

    def where(self, p):
        return self.leaf[p[0]] if p[1] is None else self.leaf[p[0]][p[1]]

    def bind(self, reader, assign=None):
        "Keys of the page for the leaves of the network: by tex, by name, or as assigned."
        used = {sig(x): x for st in reader.sts for side in st.sides for x in walk(side) if x[0] == "sym"}
        shown = {show(x) for st in reader.sts for side in st.sides for x in walk(side) if x[0] == "sym"}
        for n in range(len(reader.src.forms)):
            for y in reader.listed(n):
                for x in walk(y):
                    if x[0] == "sym":
                        used.setdefault(sig(x), x)
                        shown.add(show(x))
        self.bound, self.copied, self.loose, self.keys = {}, [], [], {}
        for name, spec in self.case["leaves"].items():
            spec = spec if isinstance(spec, dict) else {"shape": spec}
            texs = spec.get("tex", [default_tex(name)])
            node = (assign or {}).get(name)
            if node is None:
                for t in [texs] if isinstance(texs, str) else texs:
                    x = Q(lex(t)).whole()
                    if sig(x) in used and (
                        letters_running(x, reader) or show(x) in shown or any(same_family(x, y) for y in used.values())
                    ):
                        node = x
                        break
            if node is None:
                self.loose.append(name)
                continue
            self.nodes[name] = node
            c = spec.get("copies", [None])[0]
            arr = self.leaf[name]
            for b, v in arr.items() if c else [(None, arr)]:
                ix = {c: b} if c else {}
                key = static_key(node, ix, self.sizes, b if c and reader.hidden == c and c not in free(node) else None)
                self.bound[key] = v
                self.keys[(name, b)] = key
            if c and reader.hidden == c and c not in free(node):
                self.copied.append(node)
        for t, v in self.case.get("values", {}).items():
            self.bound[
                static_key(Q(lex(t if len(t) == 1 or t[0] == "\\" else "\\" + t)).whole(), {}, self.sizes, None)
            ] = np.array(float(v))


def letters_running(x, reader):
    return bool(free(x) & set(reader.ranges))


def same_family(x, y):
    return y[1] == x[1] and len(y[2]) == len(x[2]) and len(y[3]) == len(x[3]) and y[4] == x[4]


def static_key(n, ix, sizes, blk):
    def item(x):
        if x[0] == "name":
            return x[1]
        if x[0] == "lab":
            return "^" + x[1]
        if x[0] == "num":
            return int(x[1])
        if letter(x):
            return ix.get(x[1], x[1])
        if x[0] == "sym":
            return static_key(x, ix, sizes, None)
        from .engine import number

        return int(round(number(x, sizes, ix)))

    return (n[1] + "'" * n[4], tuple(item(x) for x in n[2]), tuple(item(x) for x in n[3]), blk)


def tolerance(text):
    return classic.tolerance(text)


class Out:
    def __init__(self):
        self.wrong, self.inline, self.unread, self.undefined, self.notes = [], [], [], {}, []


def review(text, case, folder=None):
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12000))
    src = source.read(text, folder)
    net = Net(case)
    reader = Reader(src, net.sizes)
    if not net.sizes.get("_checked"):
        pass
    net.bind(reader)
    m = build(reader, case, net)
    if net.loose:
        m = search(reader, case, net, m)
    rep = judge(m, reader, case, net, src)
    return rep


def search(reader, case, net, m, most=4000):
    "Leaves whose names the page does not have: tried on the page's free names of their shapes until the loss is the network's."
    loose = [n for n in net.loose if not isinstance(net.leaf[n], dict)]
    free_keys, probe = {}, dict(net.bound)
    order = {}
    for st in reader.sts:
        for side in st.sides:
            for x in walk(side):
                if x[0] == "sym":
                    order.setdefault(sig(x), len(order))
    for n, text in reader.shapes:  # the names of the table of notation that nothing on the page computes
        if (
            n[0] != "sym"
            or n[1] in ("delta", "Delta")
            or sig(n) in m.local
            or (sig(n) not in order and not net.lossfn)
            or n[1].startswith("cal:")
        ):
            continue
        for ix in m.scopes(free(n)):
            s = S(ix)
            try:
                k = m.key(n, s)
                if (
                    computed(m, k)
                    or k in free_keys
                    or k in m.ruledefs
                    or any(f[0] == show(n) for f in list(m.funs) + list(m.composed))
                    or any(m.drop(n, h) != n for h in m.rowfam)
                ):
                    continue
                free_keys[k] = tuple(m.shape(text, s))
            except (KeyError, TypeError, ValueError, classic.Bad):
                continue
    free_keys = dict(
        sorted(
            free_keys.items(),
            key=lambda kv: next((o for g, o in order.items() if g.split("_")[0].rstrip("^") == kv[0][0]), 0),
        )
    )
    groups = {}
    for k, z in free_keys.items():
        groups.setdefault(z, ([], []))[0].append(k)
    for n in loose:
        z = net.leaf[n].shape
        z = z if z in groups else z + (1,)
        if z in groups:
            groups[z][1].append(n)
    groups = {z: g for z, g in groups.items() if g[1]}
    if any(len(a) > len(b) for a, b in groups.values()):
        return m
    want, tried = np.real(net.loss()), 0
    for combo in itertools.product(*[list(itertools.permutations(b, len(a))) for a, b in groups.values()]):
        tried += 1
        if tried > most:
            break
        pick = {k: n for (a, _), names in zip(groups.values(), combo) for k, n in zip(a, names)}
        for k, n in pick.items():
            m.leaf[k] = V(net.leaf[n])
        m.base.cache.clear()
        m.reads.clear()
        m.origin.clear()
        m.busy.clear()
        try:
            fine = differs(m.loss(), V(want), 1e-9) is None
        except (Missing, Range, Shape, Unsure, ValueError):
            continue
        if fine:
            net.bound = {**probe, **{k: net.leaf[n] for k, n in pick.items()}}
            for k, n in pick.items():
                net.keys[(n, None)] = k
            net.loose = [n for n in net.loose if n not in pick.values()]
            net.found = {n: k for k, n in pick.items()}
            return build(reader, case, net)
    net.bound = probe
    return build(reader, case, net)


def computed(m, k):
    "Does the page say how to get a name, not only that it equals another?"
    if k in m.leaf or k in m.stacks or k in m.partdefs or any(body[0] != "sym" for _, body, _ in m.defs.get(k, ())):
        return True
    if k in m.assembly:
        a, s = m.assembly[k]
        return m.key(a, s) in m.defs
    return False


def static(m, n):
    try:
        return m.key(n, S())
    except (KeyError, TypeError):
        return None


def build(reader, case, net):
    m = Machine(reader, case, net)
    if net.lossfn:
        args = [Q(lex(t)).whole() for t in net.lossfn["args"]]
        fn = eval(net.lossfn["is"], net.world)
        from .engine import St

        class F:
            shown, line, table, why = False, 0, None, ""

        node = ("pyloss", fn, args)
        m.defs.setdefault(LOSS, []).append(
            (St([("sym", LOSSNAME, (), (), 0), node], "the loss of the case", F(), None), node, S())
        )
        old = m.ev

        def ev(n, s):
            if n[0] == "pyloss":
                return V(np.asarray(fn(*[m.ev(a, s).a for a in n[2]])))
            return old(n, s)

        m.ev = ev
    return m


def judge(m, reader, case, net, src):
    o = Out()
    o.notes += reader.flaws
    # the loss
    try:
        d = differs(m.loss(), V(np.real(net.loss())), 1e-9)
        if d:
            o.notes.append("the page's loss is not the network's: " + d)
    except Missing as e:
        o.notes.append("the page gives its loss no value: no " + e.tex)
    except (Range, Shape, Unsure, ValueError, RecursionError) as e:
        m.busy.clear()
        m.frames.clear()
        m.ctx = m.base
        o.notes.append(f"the page gives its loss no value: {type(e).__name__} {e}")
    for st in reader.sizefacts:
        if abs(net.sizes[st.sides[0][1]] - st.sides[1][1]) > 0 and not case.get("resized"):
            o.notes.append(f"{st.text}, but the network has {net.sizes[st.sides[0][1]]}")
    grads = {p: [] for p in net.params}
    bykey = {k: p for p, k in net.keys.items()}
    read = 0
    rng = np.random.default_rng(11)
    errors = {}
    params = {p for f in m.funs.values() for p in f.params}
    table = [t for t in src.tables if t.kind == "notation"]
    noted = (
        {
            x[1]
            for n, f in enumerate(src.forms)
            if f.table in table
            for y in reader.listed(n)
            for x in walk(y)
            if x[0] == "sym"
        }
        if table
        else None
    )
    seen = {}
    for st in reader.sts:
        for side in st.sides:
            for x in walk(side):
                if x[0] == "sym":
                    seen[x[1]] = seen.get(x[1], 0) + 1
    for st in reader.sts:
        if st.kind in ("words", "with", "size"):
            st.status = "words"
            continue
        ok = bad = False
        errs = []
        letters = m.letters(st)
        loose = set()
        lhs = st.sides[0]
        for ix in m.scopes(letters, st):
            s = S(ix, sub=st.subst, pad=st.pad)
            try:
                res = check(m, st, s, net, bykey, grads, errors)
            except (Missing, Range, Shape, Unsure) as e:
                if (
                    isinstance(e, Missing)
                    and lhs[0] == "sym"
                    and plain(("sym", lhs[1], lhs[2], lhs[3], 0))
                    and e.tex in params
                    and any(x[0] == "sym" and show(x) == e.tex for side in st.sides[1:] for x in walk(side))
                ):
                    ok = True
                    st.kind = "part"
                    continue  # part of a function: used with its argument
                errs.append((e, ix))
                continue
            except (ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError) as e:
                m.busy.clear()
                m.frames.clear()
                m.ctx = m.base
                if DEBUG:
                    import traceback

                    traceback.print_exc()
                errs.append((Unsure(f"{type(e).__name__}: {e}"), ix))
                continue
            if res is None:
                ok = True
            else:
                bad = True
                (o.wrong if st.shown or st.row else o.inline).append(
                    (st.form.line, st.text, res, {k: v for k, v in ix.items()})
                )
        hard = [e for e in errs if isinstance(e[0], Shape)]
        if hard and not bad:
            bad = True
            (o.wrong if st.shown or st.row else o.inline).append(
                (st.form.line, st.text, "shapes: " + str(hard[0][0]), hard[0][1])
            )
        if errs and not ok and not bad and all(isinstance(e, Range) for e, _ in errs):
            bad = True
            (o.wrong if st.shown or st.row else o.inline).append(
                (st.form.line, st.text, "an index past the end for every value of its letters", errs[0][1])
            )
        st.status = "wrong" if bad else "right" if ok else "unread"
        missing = [(e, ix) for e, ix in errs if isinstance(e, Missing)]
        if (st.shown or st.row) and not bad and errs and (not ok or any(not isinstance(e, Range) for e, _ in errs)):
            e, ix = next(((e, ix) for e, ix in errs if not isinstance(e, Range)), errs[0])
            if not ok or isinstance(e, Missing):
                o.unread.append(
                    (st.form.line, st.text, f"{type(e).__name__}: {e.tex if isinstance(e, Missing) else e}", ix)
                )
                for e, ix in missing[:3]:
                    o.undefined.setdefault(e.tex, []).append((st.form.line, st.text))
        if noted is not None and missing and not st.shown and not st.row:
            for e, _ in missing:  # a name that stands nowhere else and is not in the table
                base = e.tex.split("_")[0].split("^")[0].rstrip("'")
                if (
                    base not in noted
                    and base[:1].upper() + base[1:] not in noted
                    and seen.get(base, 0)
                    <= sum(x[0] == "sym" and x[1] == base for side in st.sides for x in walk(side))
                    and base not in params
                ):
                    o.undefined.setdefault(e.tex, []).append((st.form.line, st.text))
        read += (st.shown or bool(st.row)) and st.status != "unread"
    # functions with a printed slope
    for (name, primes), fun in list(m.funs.items()):
        if primes == 1 and (name, 0) in m.funs:
            f, g = m.function(("sym", name, (), (), 0), S()), m.function(("sym", name, (), (), 1), S())
            try:
                z = rng.normal(size=(7, 1))
                base = m.funs[(name, 0)]
                val = lambda a: m.ev(base.body, S({}, {}, None, dict(zip(base.params, [V(a)])))).a
                true = np.imag(val(z + 1j * STEP)) / STEP
                d = differs(V(true), g[0](V(z)), 1e-6)
                if d:
                    o.wrong.append((0, f"{name}'", "not the slope of " + name + ": " + d, {}))
            except (Missing, Range, Shape, Unsure, TypeError, ValueError) as e:
                o.unread.append((0, f"{name}'", str(e), {}))
    shapes(m, reader, src, o)
    # errors by rule
    checked_errors(m, reader, o, rng, errors)
    stray(m, reader, src, o)
    # rows of the tables of gradients
    for t in src.tables:
        if t.kind == "gradients":
            have, fam = set(), set()
            for st in t.covers:
                den = st.sides[0][2]
                index = None
                for s, k in keys_of(m, den, st):
                    have.add(k)
                    fam.add((k[0], len(k[1]), len(k[2])))
            for p, k in net.keys.items():
                if p in grads and k not in have and (not t.maths or (k[0], len(k[1]), len(k[2])) in fam):
                    o.notes.append("no row of the gradients for " + name_of(p))
    final = {}
    for p in net.params:
        g = grads[p]
        final[name_of(p)] = (
            "wrong"
            if any(x == "wrong" for x in g)
            else "right"
            if any(x == "right" for x in g)
            else "not derivable"
            if g
            else "missing"
        )
    if net.loose:
        o.notes.append("no name on the page for " + ", ".join(net.loose))
    shown_sts = [st for st in reader.sts if st.shown or st.row]
    rep = {
        "shown": reader.shown,
        "parsed": reader.shown - len(reader.bad),
        "read": read,
        "equations": len(shown_sts),
        "wrong": o.wrong,
        "wrong_inline": o.inline,
        "undefined": o.undefined,
        "words": {},
        "unparsed": [(a, b, c) for a, b, c in reader.bad],
        "unread": o.unread,
        "gradients": final,
        "unused": [],
        "notes": list(dict.fromkeys(o.notes)),
        "contradictions": [],
        "flaws": [],
        "errors": dict(errors),
    }
    rep["ok"] = bool(
        not o.wrong
        and not o.inline
        and not o.undefined
        and not o.notes
        and all(v == "right" for v in final.values())
        and len(reader.bad) + len(o.unread) <= case.get("unread", 0)
    )
    return rep


def name_of(p):
    return p[0] if p[1] is None else f"{p[0]}[{p[1]}]"


def keys_of(m, den, st):
    letters = free(den)
    if m.hidden and sig(den) in m.scoped:
        letters.add(m.hidden)
    for ix in m.scopes(letters, st):
        s = S(ix)
        try:
            k = m.key(den, s)
        except (KeyError, TypeError):
            continue
        if k not in m.leaf and den[2]:
            k2 = m.key(("sym", den[1], (), den[3], den[4]), s)
            if k2 in m.leaf:
                k = k2
        yield s, k


def check(m, st, s, net, bykey, grads, errors):
    "None where all sides of an equation agree for these letters, else how they differ."
    l = st.sides[0]
    if st.kind == "function":
        return None
    if st.kind == "again":  # a function said twice
        f = m.funs[(show(l[1][:4] + (0,)), l[1][4])]
        z = [V(np.linspace(0.3, 1.1, 5)[:, None] + i) for i in range(len(f.params))]
        return differs(
            *[
                m.ev(b, S(s.ix, {}, None, dict(zip(ps, z))))
                for b, ps in ((f.body, f.params), (st.sides[1], [show(a) for a in l[2]]))
            ]
        )
    if st.kind == "composition":
        m.frames.append(set())
        try:
            m.ev(st.sides[1], S(s.ix))
        finally:
            got = m.frames.pop()
        arg = l[2][0]
        k = m.ck(m.key(arg, s), arg, s)
        if not any(m.affected(x, {k}, {}) for x in got):
            return "what stands right does not use " + show(arg)
        return None
    if l[0] == "deriv" and l[1][0] == "sym" and l[1][1] == LOSSNAME:
        return gradient(m, st, s, net, bykey, grads, errors)
    if any(x[0] == "deriv" for side in st.sides for x in walk(side)):
        # delta = d loss / d name, and the like: what is the error of what
        if any(side[0] == "deriv" for side in st.sides[1:]) and l[0] == "sym":
            return None  # checked with the errors
        if l[0] == "sym":
            vals, m.truth = [], True
            try:
                vals = [m.ev(side, s) for side in st.sides]
            finally:
                m.truth = False
            return next((d for d in (differs(vals[0], v) for v in vals[1:]) if d), None)
        raise Unsure("a derivative inside an expression")
    # a statement about a column
    if any(sig(x) in m.local for side in st.sides for x in walk(side) if x[0] == "sym"):
        n = m.columns(s)
        for c in range(n):
            s2 = S(s.ix, {}, c)
            vals = [m.ev(side, s2) if side[0] != "pow" else m.ev(side, s2) for side in st.sides]
            for v in vals[1:]:
                d = differs(vals[0], v, tolerance(st.text))
                if d:
                    return d
        return None
    index = trailing(m, st, l[2]) if l[0] in ("sym", "at") else []
    if index and l[0] in ("sym", "at"):
        target = l[1] if l[0] == "at" else ("sym", l[1], l[2][: len(l[2]) - len(index)], l[3], l[4])
        core = target[1] if target[0] == "paren" else target
        whole = m.ev(target, s)
        mine = core[0] == "sym" and m.origin.get(m.ck(m.key(core, s), core, s), (None,))[0] == id(st)
        for rhs in st.sides[1:] if not mine else ():
            v = m.ev(("entries", core, tuple(("sym", i, (), (), 0) for i in index), rhs), s)
            d = differs(whole, v, tolerance(st.text))
            if d:
                return d
        return None
    vals, err = [], None
    for side in st.sides:
        try:
            vals.append(m.ev(side, s))
        except Missing:
            if side[0] == "sym" and st.n >= 0 and not st.shown:
                raise
            raise
    for v in vals[1:]:
        d = (
            maps(m, vals[0], v)
            if isinstance(vals[0], Op) or isinstance(v, Op)
            else differs(vals[0], v, tolerance(st.text))
        )
        if d:
            return d
    return None


def shapes(m, reader, src, o):
    "The shapes that the table of notation and the tables of gradients print, against the values."
    for n, text in reader.shapes:
        letters = free(n) & set(m.ranges)
        if m.hidden and any(y[0] == "sym" and sig(y) in m.scoped for y in walk(n)):
            letters.add(m.hidden)
        for ix in m.scopes(letters):
            s = S(ix, {}, 0 if sig(n) in m.local else None)
            if sig(n) in m.local and m.r.pairs:
                for _, b in m.r.pairs:
                    for v in free(b) & set(m.ranges):
                        s.ix.setdefault(v, m.ranges[v][0])
            try:
                want = tuple(m.shape(text, s))
                v = m.ev(n, s)
            except (Missing, Range, Shape, Unsure, KeyError, TypeError, ValueError, AttributeError, classic.Bad):
                continue
            if isinstance(v, Op) or isinstance(v, Blk) or is_zero(v) or v.id:
                continue
            have = v.a.shape if v.a.ndim > 1 else v.a.shape + (1,) if v.a.ndim else (1, 1)
            if have != want and not (have[0] * (1 if len(have) < 2 else have[1]) == 1 and want == (1, 1)):
                o.wrong.append(
                    (
                        0,
                        show(n),
                        "has the shape %s, by the table %s" % ("×".join(map(str, have)), text.replace("\\times", "×")),
                        dict(ix),
                    )
                )
                break
    for t in src.tables:
        for st, text in getattr(t, "shapes", ()):
            den = st.sides[0][2]
            for s, k in keys_of(m, den, st):
                if k in m.leaf:
                    try:
                        want = tuple(m.shape(text, s))
                    except (KeyError, TypeError, ValueError, classic.Bad):
                        break
                    have = m.leaf[k].a.shape
                    if want != have and want != have + (1,):
                        o.wrong.append(
                            (
                                st.form.line,
                                st.text,
                                "%s has the shape %s, the row says %s"
                                % (show(den), "×".join(map(str, have)), text.replace("\\times", "×")),
                                dict(s.ix),
                            )
                        )
                        break


def stray(m, reader, src, o):
    "Names that a displayed equation defines, that nothing reads and that the table of notation does not have."
    table = [t for t in src.tables if t.kind == "notation"]
    if not table:
        return
    noted = {
        name_sig(x)
        for n, f in enumerate(src.forms)
        if f.table in table
        for y in reader.listed(n)
        for x in walk(y)
        if x[0] == "sym"
    }
    uses = {}
    for st in reader.sts:
        for j, side in enumerate(st.sides):
            for x in walk(side):
                if x[0] == "sym" and not (j == 0 and x is side):
                    uses[name_sig(x)] = uses.get(name_sig(x), 0) + 1
    for st in reader.sts:
        l = st.sides[0]
        if (
            st.shown
            and not st.row
            and l[0] == "sym"
            and name_sig(l) not in noted
            and name_sig(l) not in uses
            and l[1] not in ("delta", LOSSNAME)
        ):
            o.notes.append("defined, never used, not in the table of notation: " + show(l))


def name_sig(x):
    return (x[1], tuple(y[1] for y in x[3] if y[0] == "lab"))


def maps(m, a, b):
    "Two maps of errors on a drawn error of a shape that both take."
    rng = np.random.default_rng(3)
    shapes = dict.fromkeys(v.a.shape for k, v in m.base.cache.items() if isinstance(v, V) and v.a.ndim == 2)
    for s in shapes:
        e = V(rng.normal(size=s))
        try:
            return differs(act(a, e), act(b, e))
        except Shape:
            continue
    raise Unsure("maps that take no error")


def trailing(m, st, subs):
    "The letters at the end of an index list that run over entries."
    out = []
    for x in reversed(subs):
        if not letter(x) or x[1] in m.ranges or x[1] in st.ranges or x[1] in m.nameletters:
            break
        out.insert(0, x[1])
    return out


def m_key(m, n, s):
    return ("sym", n[1], n[2], n[3], n[4])


def gradient(m, st, s, net, bykey, grads, errors):
    den = st.sides[0][2]
    index = trailing(m, st, den[2]) if den[0] == "sym" else []
    if den[0] != "sym":
        raise Unsure("a gradient of " + den[0])
    core = den
    if index:
        k0 = m.key(den, s)
        if k0 not in m.leaf:
            core = ("sym", den[1], den[2][: len(den[2]) - len(index)], den[3], den[4])
        else:
            index = []
    key = m.key(core, s)
    p = bykey.get(key)
    if p is not None and p in grads:
        true = V(net.grad(p))
    else:
        if key in m.leaf and p is None:
            raise Unsure("a gradient of a constant")
        if not m.known(key):
            raise Missing(key, show(core))
        true = m.true(core, s)
    outcome = []
    if p in grads:
        grads[p].append("open")
    for rhs in st.sides[1:]:
        if index:
            b = 0 if m.base0 else 1
            out = np.zeros(true.a.shape)
            flat = true.a.ndim == 2 and len(index) == 1
            for at in np.ndindex(*true.a.shape):
                v = m.ev(rhs, S(s.ix, dict(zip(index, [i + b for i in at])), pad=st.pad))
                out[at] = np.real(v.a).reshape(())
            v = V(out)
        else:
            v = m.ev(rhs, s)
        if v is not None and isinstance(v, V) and v.scalar and not true.scalar and v.a == 0:
            pass
        d = differs(true, v)
        outcome.append(d)
    if p in grads:
        grads[p].append("wrong" if any(outcome) else "right")
    bad = next((d for d in outcome if d), None)
    return bad


def checked_errors(m, reader, o, rng, errors):
    "delta_NAME against the derivative of the loss along random directions, through the page's own forward pass."
    done = set()
    todo = []
    for key in list(m.base.cache):
        k = key[0]
        if isinstance(k, tuple) and k[0] in ("delta",) and key[1] is None:
            todo.append(key)
    nodes = {}
    for st in reader.sts:
        for side in st.sides:
            for x in walk(side):
                if x[0] == "sym" and x[1] == "delta" and sig(x) not in m.local:
                    lets = free(x)
                    if m.hidden and sig(x) in m.scoped:
                        lets.add(m.hidden)
                    for ix in m.scopes(lets, st):
                        s = S(ix)
                        try:
                            nodes.setdefault(m.key(x, s), (x, s))
                        except (KeyError, TypeError):
                            continue
    for ck in todo:
        k = ck[0]
        if k not in nodes:
            continue
        x, s = nodes[k]
        if k[3] is not None and k[3] not in (m.blks[0], m.blks[-1]):
            continue  # one block stands for all: their gradients are all compared
        try:
            f = m.forward(x, s)
            if f is None:
                continue
            fk = m.key(f, s)
            v = m.value(fk, f, s)
            e = m.base.cache[ck]
            if isinstance(e, Blk) or isinstance(v, (Blk, Op)) or v.scalar:
                continue
            if is_zero(e):
                e = V(np.zeros(v.a.shape))
            fck = m.ck(fk, f, s)
            L = m.loss()
            if not m.affected((LOSS, None, ()), {fck}, {}):
                continue  # a family member (rows of a matrix): its matrix is checked
            if any(m.drop(x, h) != x for h in m.rowfam):
                pass
            r = rng.normal(size=v.a.shape)
            got = m.direction(fck, v, r)
            want = float(np.sum(np.real(e.a).reshape(v.a.shape) * r)) if e.a.size == v.a.size else None
            scale = float(np.sum(np.abs(np.real(e.a)))) + 1e-300
            errors[show_key(k)] = 1
            if want is None:
                o.wrong.append(
                    (
                        0,
                        show_key(k),
                        "the error has the shape %s, what it belongs to %s" % (e.a.shape, v.a.shape),
                        dict(s.ix),
                    )
                )
            elif abs(got - want) > 1e-8 * max(abs(got), abs(want), 1e-6 * scale) + 1e-13:
                o.wrong.append(
                    (
                        0,
                        show_key(k),
                        f"not the gradient of the loss with respect to {show(f)}: {want:.6g} for {got:.6g} along a direction",
                        dict(s.ix),
                    )
                )
        except (Missing, Range, Shape, Unsure):
            continue


def show_key(k):
    t = lambda x: show_key(x) if isinstance(x, tuple) else str(x)
    return (
        k[0]
        + ("_" + ",".join(t(x) for x in k[1]) if k[1] else "")
        + ("^" + ",".join(t(x) for x in k[2]) if k[2] else "")
        + (f" of {k[3]}" if k[3] else "")
    )

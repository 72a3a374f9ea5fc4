"""Values of the engine: arrays (classic.V), blocks with parts of unknown size, linear maps of errors."""

from __future__ import annotations

import numpy as np

from . import classic
from .classic import Shape, Unsure, V


def entrywise(op, x, y):
    for a, b in ((x, y), (y, x)):
        if a.a.shape == (1, 1) and a.f == (True, False) and b.a.ndim == 2 and b.a.shape[1] != 1 and not b.f[1]:
            raise Shape("a column of ones beside a matrix")
    return classic.entrywise(op, x, y)


class Op:
    "A linear map of errors."

    def __init__(self, fn, text=""):
        self.fn, self.text = fn, text

    def __call__(self, v):
        return self.fn(v)


class Blk:
    "A block matrix some of whose parts (0, I) have no size yet."

    def __init__(self, grid, hs=None, ws=None):
        self.g = grid
        self.hs = hs or [None] * len(grid)
        self.ws = ws or [None] * len(grid[0])
        for _ in range(3):
            for i, r in enumerate(grid):
                for j, c in enumerate(r):
                    if c.zero and c.scalar:
                        continue
                    if c.id:
                        s = self.hs[i] or self.ws[j]
                        if s:
                            self.hs[i] = self.ws[j] = s
                        continue
                    h, w = (1, 1) if c.scalar else c.a.shape
                    for k, at, x in ((self.hs, i, h), (self.ws, j, w)):
                        if k[at] not in (None, x):
                            raise Shape(f"blocks of {k[at]} and {x}")
                        k[at] = x

    def known(self):
        return None not in self.hs and None not in self.ws

    def solve(self, rows=None, cols=None):
        def fill(xs, total):
            n = sum(x is None for x in xs)
            if total is not None and n:
                rest = total - sum(x for x in xs if x)
                if rest <= 0 or rest % n:
                    raise Shape(f"blocks {xs} in {total}")
                xs = [x if x is not None else rest // n for x in xs]
            return xs

        return Blk(self.g, fill(self.hs, rows), fill(self.ws, cols))

    def full(self):
        out = []
        for i, r in enumerate(self.g):
            row = []
            for j, c in enumerate(r):
                if c.id:
                    if self.hs[i] != self.ws[j]:
                        raise Shape("an identity that is not square")
                    row.append(c.a * np.eye(self.hs[i]))
                elif c.zero and c.scalar:
                    row.append(np.zeros((self.hs[i], self.ws[j])))
                else:
                    row.append(np.reshape(c.a, (self.hs[i], self.ws[j])))
            out.append(row)
        return V(np.block(out))

    def done(self):
        return self.full() if self.known() else self


ZERO = V(np.array(0.0), zero=True)


def is_zero(v):
    return isinstance(v, V) and v.scalar and v.zero


def flat(v):
    return V(v.a.reshape(-1, 1)) if isinstance(v, V) and v.a.ndim > 2 else v


def times(x, y, entry=False):
    if isinstance(x, Op):
        return Op(lambda v: x(times(y, v))) if isinstance(y, Op) or (isinstance(y, V) and y.id) else x(y)
    if isinstance(y, Op):
        return Op(lambda v: times(x, y(v)))
    if is_zero(x) or is_zero(y):
        return ZERO
    if isinstance(x, Blk) and isinstance(y, V):
        if y.scalar:
            return x if y.id else Blk([[times(c, y) for c in r] for r in x.g], x.hs, x.ws)
        b = x.solve(cols=y.a.shape[0])
        y = Blk([[V(p)] for p in np.split(y.a, np.cumsum(b.ws)[:-1])])
        x = b
    elif isinstance(y, Blk) and isinstance(x, V):
        if x.scalar:
            return y if x.id else Blk([[times(x, c) for c in r] for r in y.g], y.hs, y.ws)
        b = y.solve(rows=x.a.shape[1])
        x = Blk([[V(p) for p in np.split(x.a, np.cumsum(b.hs)[:-1], 1)]])
        y = b
    if isinstance(x, Blk) and isinstance(y, Blk):
        if len(x.ws) != len(y.hs):
            raise Shape("blocks that do not fit")
        for p, q in zip(x.ws, y.hs):
            if p and q and p != q:
                raise Shape(f"blocks of {p} and {q}")
        grid = []
        for r in x.g:
            row = []
            for j in range(len(y.ws)):
                s = ZERO
                for k in range(len(x.ws)):
                    s = plus(s, times(r[k], y.g[k][j]))
                row.append(s)
            grid.append(row)
        return Blk(grid, list(x.hs), list(y.ws)).done() if True else None
    if not entry:
        if (x.a.ndim > 2 and not y.scalar) or (y.a.ndim > 2 and not x.scalar):
            x, y = flat(x), flat(y)
    if x.f == y.f and x.f in ((True, False), (False, True)) and x.a.shape == y.a.shape == (1, 1) and not entry:
        raise Shape("ones times ones, neither transposed")
    if x.id and not y.scalar:
        return V(x.a * y.a, y.f)
    if y.id and not x.scalar:
        return V(x.a * y.a, x.f)
    return classic.times(x, y, entry)


def plus(x, y):
    if is_zero(x):
        return y
    if is_zero(y):
        return x
    if isinstance(x, Op) or isinstance(y, Op):
        return Op(lambda v: plus(act(x, v), act(y, v)))
    if isinstance(x, Blk) and isinstance(y, Blk):
        if len(x.hs) == len(y.hs) and len(x.ws) == len(y.ws):
            pick = lambda a, b: [p or q for p, q in zip(a, b)]
            return Blk(
                [[plus(a, b) for a, b in zip(r, s)] for r, s in zip(x.g, y.g)], pick(x.hs, y.hs), pick(x.ws, y.ws)
            ).done()
        raise Shape("blocks that do not fit")
    for a, b in ((x, y), (y, x)):
        if isinstance(a, Blk):
            if b.scalar:
                raise Shape("a number added to blocks")
            return plus(a.solve(*b.a.shape).full(), b)
    if x.a.ndim != y.a.ndim and not x.scalar and not y.scalar and x.a.size == y.a.size:
        x, y = flat(x), flat(y)
    for a, b in ((x, y), (y, x)):
        if a.id and not b.id:
            if b.scalar:
                return Op(lambda v: plus(act(a, v), act(b, v)))
            if any(b.f) and b.a.shape == (1, 1):
                return Op(lambda v: plus(v, times(b, v)))
            if b.a.ndim != 2 or b.a.shape[0] != b.a.shape[1]:
                raise Shape("an identity added to " + "×".join(map(str, b.a.shape)))
            return V(a.a * np.eye(b.a.shape[0]) + b.a)
    # an error of one channel each (O) beside maps (O, rows, cols) does not occur in matrix form; a bias does
    for a, b in ((x, y), (y, x)):
        if a.a.ndim == 3 and b.a.ndim == 1 and b.a.shape[0] == a.a.shape[0]:
            return V(a.a + b.a[:, None, None])
    r = entrywise(np.add, x, y)
    r.id = x.id and y.id
    return r


def act(x, v):
    return x(v) if isinstance(x, Op) else times(x, v)


def transpose(v):
    if isinstance(v, Op):
        raise Unsure("the transpose of a map")
    if isinstance(v, Blk):
        return Blk(
            [[transpose(v.g[i][j]) for i in range(len(v.hs))] for j in range(len(v.ws))], list(v.ws), list(v.hs)
        ).done()
    if v.scalar:
        return v
    if v.a.ndim > 2:
        return V(v.a.reshape(1, -1))
    if v.a.ndim == 1:
        return V(v.a[None, :])
    return V(v.a.T, v.f[::-1])


def star(x, y):
    "The sliding sum of two stacks of maps: what has the kernel's shape is moved over the other, over all places inside."
    a, b = x.a, y.a
    if a.ndim == 4 and b.ndim == 3:  # (O,C,kr,kc) over (C,R,S)
        O, C, r, s = a.shape
        if b.shape[0] != C:
            raise Shape("channels")
        R, S = b.shape[1] - r + 1, b.shape[2] - s + 1
        return V(
            sum(np.einsum("oc,cpq->opq", a[:, :, i, j], b[:, i : i + R, j : j + S]) for i in range(r) for j in range(s))
        )
    if a.ndim == 3 and b.ndim == 3:  # (O,P,Q) over (C,R,S)
        O, P, Q_ = a.shape
        r, s = b.shape[1] - P + 1, b.shape[2] - Q_ + 1
        if r < 1 or s < 1:
            raise Shape("a map larger than its image")
        out = np.zeros((O, b.shape[0], r, s), np.result_type(a, b))
        for i in range(r):
            for j in range(s):
                out[:, :, i, j] = np.einsum("opq,cpq->oc", a, b[:, i : i + P, j : j + Q_])
        return V(out)
    raise Unsure("a sliding sum of these shapes")


def differs(a, b, tol=1e-9):
    if isinstance(a, Op) or isinstance(b, Op):
        raise Unsure("maps")
    for p, q in ((a, b), (b, a)):
        if isinstance(p, Blk):
            try:
                return differs(p.solve(*q.a.shape).full(), q, tol) if isinstance(q, V) and not q.scalar else None
            except Shape as e:
                return str(e)
    if is_zero(a) or is_zero(b):
        o = b if is_zero(a) else a
        return None if np.all(np.abs(o.a) < 1e-13) else "not zero"
    if a.id != b.id:
        i, o = (a, b) if a.id else (b, a)
        if not o.scalar and o.a.ndim == 2:
            i = V(i.a * np.eye(o.a.shape[0]))
            a, b = i, o
    if a.a.ndim != b.a.ndim and a.a.size == b.a.size and not a.scalar and not b.scalar:
        a, b = flat1(a), flat1(b)
    return classic.differs(a, b, tol)


def flat1(v):
    return V(v.a.reshape(-1, 1)) if v.a.ndim != 2 else v

"""Plant mistakes in pages and count how many the reader finds.

usage: mutations.py [-n N] [-s SEED] [-v] CASE.json ...     cases that name their pages; at most N=60 mistakes a page; -n 0: all
A mistake is one change at one place of the mathematics (pictures, preamble and the table of notation are left alone).
"""

import collections
import json
import os
import random
import re
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from readback import cli, judge, source

SYM = r"(?:\\(?:hat|tilde|bar)\s*(?:\{[A-Za-z]\}|[A-Za-z])|\\D\{(?:[^{}]|\{[^{}]*\})*\}|\\(?:delta|gamma|beta)|\\mathcal\{[A-Z]\}|[A-Za-z])(?:_\{?(?:\\mathrm\{[a-z]+\}|[A-Za-z0-9](?:,[a-z])?|\{[^{}]*\})\}?|\^\{[^{}]*\})*(?:\\tp(?![a-z]))?"
RULES = [
    ("transpose lost", r"\\tp(?![a-zA-Z])", ""),
    ("transpose lost", r"\\symbpT(?=\})", ""),
    ("transpose lost", r"\^\{\\top\}", ""),
    ("transpose lost", r"\^\\top", ""),
    ("sign", r"(?<=[\w})]) ?- ?(?=[\w\\(])", "+"),
    ("sign", r"(?<=[\w})]) ?\+ ?(?=[\w\\(])", "-"),
    ("factor lost", r"\\tfrac\{?1\}?\{?[Tds]\}?", ""),
    ("factor lost", r"/\\sqrt\{d_h\}", ""),
    ("factor lost", r"/ \\sqrt\{d_h\}", ""),
    ("factors swapped", r"(%s)(?:\\,|\\;)\s*(%s)(?![_^])" % (SYM, SYM), r"\2\\,\1"),
    ("index", r"\(k-1\)", "(k)"),
    ("index", r"\(l-1\)", "(l)"),
    ("index", r"\(l\+1\)", "(l)"),
    ("index", r"\(k\+1\)", "(k)"),
    ("index", r"_\{t-1\}", "_t"),
    ("index", r"_\{t\+1\}", "_t"),
    ("index", r"(?<=[A-Za-z}])_1(?!\d)", "_2"),
    ("index", r"(?<=[A-Za-z}])_2(?!\d)", "_1"),
    ("index", r"\(L\)", "(1)"),
    ("index", r"\(K\)", "(1)"),
    ("index", r"(?<=[KQVAPS])_h", "_1"),
    ("index", r"p\+i", "p"),
    ("index", r"X_0", "X_1"),
    ("index", r"_T(?![a-z])", "_1"),
    ("index", r"_t(?![a-z])", "_1"),
    ("index", r"\{k,t\}", "{k,1}"),
    ("index", r"j-1", "j"),
    ("name", r"K_h", "V_h"),
    ("name", r"Q_h", "K_h"),
    ("name", r"W_O", "W_V"),
    ("name", r"U_1", "X_1"),
    ("name", r"U_2", "X_1"),
    ("name", r"\\hat Y", "Y"),
    ("name", r"\\hat y", "y"),
    ("name", r"f_t(?!_)", "i_t"),
    ("name", r"\\hat z", "x"),
    ("name", r"\\hat\{z\}", "x"),
    ("name", r"i_t", "g_t"),
    ("name", r"r_t", "c_t"),
    ("name", r"V\^", "W^"),
    ("name", r"W_y", "W_x"),
    (
        "term lost",
        r" \+ (?:[^+\-=,}&$\\]|\\(?!\\|quad|qquad|label)[A-Za-z]+|\{[^{}]*\}|\\,)+?(?=\}\{|,|\s&|\\\\| \+|\)|\$)",
        "",
    ),
    ("slope", r"\(1-([a-z]_t)(?:\^2)?\)", r"\1"),
    ("slope", r"\(1-\(a\^\{\(k\)\}\)\^2\)", "a^{(k)}"),
    ("slope", r"1-a\^2", "1-a"),
    ("slope", r"'(?=\()", ""),
    ("slope", r"1-r_t\^2", "1-r_t"),
    ("product", r"\\odot\s?", r"\\,"),
    ("product", r"\\star", r"\\,"),
    ("ones lost", r"\\,\\one(?![a-zA-Z])(?!\\)", ""),
    ("ones lost", r"\\, \\mathbf\{1\}(?!\^)", ""),
    ("norm", r"\(x_i-\\mu\)\^2", r"(x_i-\\mu)"),
    ("norm", r"\\hat z\\hat z\\tp", r"\\hat z\\one\\tp"),
    ("norm", r"x-\\mu\\one", "x"),
    ("norm", r"\+ \\varepsilon", ""),
    ("norm", r"\\gamma_j ?\\odot", ""),
    ("number", r"0\.044715", "0.044751"),
    ("number", r"0\.134145", "0.044715"),
    ("number", r"\\tfrac12", r"\\tfrac13"),
    ("number", r"(?<=\\sum_\{t=)1", "3"),
    ("number", r"\\tfrac\{z\}\{2\}", "z"),
    ("factor 2", r"(?<==\s)(?=[\\(A-Z])", "2 "),
    ("factor 2", r"(?<=\}\{)(?=\(?[A-Z\\](?!tfrac)[^{}&$]*[A-Za-z}\\])", "2 "),
    ("undefined", r"\\hat Z_2", r"\\tilde Z_2"),
    ("undefined", r"G\\tp", r"E\\tp"),
    ("undefined", r"\\delta_y(?!\w)", r"\\delta_w"),
    ("undefined", r"D\^\{\(k\)\}", "E^{(k)}"),
    ("undefined", r"r_h", "q_h"),
    ("undefined", r"c_\{t-1\}", "v_{t-1}"),
    ("undefined", r"(?<=\s)g(?=\\;|\\odot)", "w"),
    ("undefined", r"\\mathcal\{F\}\)", r"\\mathcal{E})"),
    ("undefined", r"\\mathcal\{P\}", r"\\mathcal{Q}"),
]


def whole(text, folder):
    "The page with its second files put in (not the preamble, not the picture)."
    return re.sub(
        r"\\input\{([\w-]+)\}",
        lambda m: (
            m[0]
            if m[1] == "preamble" or "picture" in m[1]
            else source.strip_comments(open(os.path.join(folder, m[1] + ".tex"), encoding="utf-8").read())
        ),
        source.strip_comments(text),
    )


def zones(text):
    "Where mathematics stands that counts: (start, end)."
    cut = [
        m.span()
        for m in re.finditer(
            r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}|^```text.*?^```|\\providecommand[^\n]*|\\newcommand[^\n]*|\\label\{[^{}]*\}|\\(?:eqref|tag|rolet|text)\{[^{}]*\}|\\vphantom\{(?:[^{}]|\{[^{}]*\})*\}|\\substack",
            text,
            re.S | re.M,
        )
    ]
    a = re.search(r"\\section\{Notation\}|^## Notation", text, re.M)
    if a:
        cut.append((a.start(), len(text)))
    g = re.search(r"\\section\{All gradients\}|^## All gradients", text, re.M)
    grad = g.start() if g else 0
    spans = []
    for m in re.finditer(
        r"\\begin\{(align|equation)\*?\}.*?\\end\{\1\*?\}|\\begin\{array\}.*?\\end\{array\}", text, re.S
    ):
        spans.append(m.span())
    for m in re.finditer(r"\\step\s*\{", text):
        try:
            _, e = source.group(text, m.end() - 1)
            spans.append((m.end(), e - 1))
            while text[e].isspace():
                e += 1
            _, e2 = source.group(text, e)
            spans.append((e + 1, e2 - 1))
        except Exception:
            pass
    for m in re.finditer(r"```math\n.*?```", text, re.S):
        spans.append(m.span())
    for line in re.finditer(r"^(?:\|[^\n]*\||[^\n]*(?<!\\)&[^\n]*\\\\)[^\n]*$", text, re.M):
        for m in re.finditer(r"\$`([^`]*)`\$|(?<!\\)\$((?:[^$\\]|\\.)*)\$", line[0]):
            if line.start() > grad or "=" in m[0]:
                spans.append((line.start() + m.start(), line.start() + m.end()))
    for m in re.finditer(r"\$`([^`]*)`\$|(?<![\\$])\$((?:[^$\\\n]|\\.)+)\$", text):  # definitions in the words
        inner = m[1] or m[2]
        if "=" in inner and not re.search(r"[a-zA-Z] ?= ?\d|dots", inner):
            spans.append(m.span())
    ok = []
    for a, b in sorted(set(spans)):
        if not any(c <= a and b <= d for c, d in ok):
            ok.append((a, b))
    return ok, cut


def rows(text):
    "Rows of the table of gradients."
    t = re.search(
        r"\\section\{All gradients\}.*?\\end\{(?:tabular|array)\}|^## All gradients.*?(?=^## |^A batch)",
        text,
        re.S | re.M,
    )
    if not t:
        return []
    return [
        (t.start() + m.start(), t.start() + m.end())
        for m in re.finditer(
            r"^[^\n]*\$[^\n]*\\\\(?:\[\d+pt\])?\n|^\|[^\n]*\$[^\n]*\|\n|^\\gr\{[^\n]*\\\\\n", t[0], re.M
        )
    ]


def mistakes(text):
    ok, cut = zones(text)
    out = []
    for kind, pat, new in RULES:
        for m in re.finditer(pat, text):
            a, b = m.span()
            if any(x <= a and b <= y for x, y in ok) and not any(
                (x < b and a < y) or (a == b and x <= a < y) for x, y in cut
            ):
                changed = text[:a] + m.expand(new) + text[b:]
                if changed != text:
                    out.append((kind, a, text[a:b], m.expand(new), changed))
    for a, b in rows(text):
        out.append(("row lost", a, text[a:b].strip()[:60], "", text[:a] + text[b:]))
    for m in re.finditer(r"^\\step\s*\{[^\n]*\n(?:  [^\n]*\n)?", text, re.M):
        out.append(("line lost", m.start(), m[0].strip()[:60], "", text[: m.start()] + text[m.end() :]))
    return out


def job(a):
    text, case, folder = a
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            r = judge.review(text, case, folder) if "pages" in case else cli.review(text, case, folder)
        except Exception as e:
            return "crash", f"{type(e).__name__}: {e}"
    why = (r["wrong"] or r["wrong_inline"] or [None])[0]
    return ("ok" if r["ok"] else "found"), (
        str(why[2]) if why else "; ".join(r["notes"][:1] + ["undefined " + k for k in list(r["undefined"])[:1]])
    )


def main(argv):
    n, seed, files, verbose, i = 60, 1, [], "-v" in argv, 1
    while i < len(argv):
        if argv[i] == "-n":
            n = int(argv[i + 1])
            i += 1
        elif argv[i] == "-s":
            seed = int(argv[i + 1])
            i += 1
        elif argv[i] != "-v":
            files.append(argv[i])
        i += 1
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from concurrent.futures import ProcessPoolExecutor

    total = found = 0
    with ProcessPoolExecutor(2) as pool:
        for f in files:
            case = json.load(open(f, encoding="utf-8"))
            if case.get("mutate_sizes"):
                case["sizes"].update(case["mutate_sizes"])
                case["resized"] = True
            for p in case.get("pages", []):
                at = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(f)), p))
                folder = os.path.dirname(at)
                text = whole(open(at, encoding="utf-8").read(), folder)
                if job((text, case, folder))[0] != "ok":
                    print(f"{os.path.basename(at):24} is not ok unchanged")
                    continue
                many = mistakes(text)
                random.Random(seed).shuffle(many)
                if n:  # of every kind in turn
                    kinds = collections.defaultdict(list)
                    for x in many:
                        kinds[x[0]].append(x)
                    many = [x for group in __import__("itertools").zip_longest(*kinds.values()) for x in group if x][:n]
                got = list(pool.map(job, [(m[4], case, folder) for m in many]))
                good = sum(g[0] == "found" for g in got)
                kinds = collections.Counter(m[0] for m in many)
                hit = collections.Counter(m[0] for m, g in zip(many, got) if g[0] == "found")
                total += len(many)
                found += good
                print(
                    f"{os.path.basename(at):24} {good}/{len(many)} found   "
                    + ", ".join(f"{k} {hit[k]}/{v}" for k, v in sorted(kinds.items())),
                    flush=True,
                )
                for m, g in zip(many, got):
                    if g[0] != "found" or verbose:
                        a = m[1]
                        line = text.count("\n", 0, a) + 1
                        print(
                            f"    {'missed' if g[0] == 'ok' else g[0]}: {m[0]}, line {line}: {m[2]!r} -> {m[3]!r} in ...{text[max(0, a - 30) : a + 40]!r}"
                            + (f"  [{g[1][:90]}]" if g[0] != "ok" else ""),
                            flush=True,
                        )
    print(f"{found}/{total} planted mistakes found")


if __name__ == "__main__":
    main(sys.argv)

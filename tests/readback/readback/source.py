"""The text of a page: macros expanded, formulas taken out, tables cut into cells. Knows no mathematics."""

from __future__ import annotations

import os
import re

from .classic import Bad, group


class Formula:
    "tex of a formula; shown: displayed, a step line or an equation of a table; label: its number; n: its place in the words."

    def __init__(self, tex, shown, line):
        self.tex, self.shown, self.line = tex, shown, line
        self.label, self.dead, self.table, self.why = None, False, None, ""


class Table:
    def __init__(self, head, rows, maths=False):
        self.head, self.rows, self.maths = head, rows, maths


class Source:
    def __init__(self, forms, words, tables, flaws):
        self.forms, self.words, self.tables, self.flaws = forms, words, tables, flaws


SKIP = {r"\section", r"\arraystretch", r"\subsection", r"\thefootnote"}


def inputs(text, folder, flaws, depth=0):
    def sub(m):
        for suffix in ("", ".tex"):
            p = os.path.join(folder or ".", m[1].strip() + suffix)
            if os.path.isfile(p):
                return inputs(strip_comments(open(p, encoding="utf-8").read()), folder, flaws, depth + 1)
        flaws.append(r"\input of a file that is not there: " + m[1])
        return ""

    return re.sub(r"\\(?:input|include)\s*\{([^{}]*)\}", sub, text) if depth < 5 else text


def strip_comments(t):
    return re.sub(r"(?<!\\)%[^\n]*\n?[ \t]*", "", t)


def one_arg(s, i):
    while i < len(s) and s[i].isspace():
        i += 1
    if i < len(s) and s[i] == "{":
        return group(s, i)
    m = re.compile(r"\\[A-Za-z]+|\\.|.", re.S).match(s, i)
    if not m:
        raise Bad("no argument")
    return m[0], m.end()


def expand(s):
    "The page's own macros: \\newcommand and its kin, \\def, \\DeclareMathOperator; with arguments and defaults."
    table = {}

    def put(name, n, default, body, force):
        if name not in SKIP and "\\@" not in body and (force or name not in table):
            table[name] = (n, default, body)

    pat = re.compile(
        r"\\(new|renew|provide)command\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
        r"|\\def\s*(\\[A-Za-z]+)((?:#\d)*)\s*(?=\{)|\\(?:DeclareMathOperator)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?=\{)"
    )
    at = 0
    while m := pat.search(s, at):
        body, end = group(s, m.end())
        if m[6]:
            put(m[6], len(m[7]) // 2, None, body, True)
        elif m[8]:
            put(m[8], 0, None, r"\operatorname{%s}" % body, True)
        else:
            put(m[2] or m[3], int(m[4] or 0), m[5], body, m[1] != "provide")
        s = s[: m.start()] + s[end:]
        at = m.start()
    pat = re.compile(r"\\(?:re)?newenvironment\*?\s*\{[^{}]*\}(?:\[\d\])?\s*(?=\{)")
    while m := pat.search(s):
        _, e = group(s, m.end())
        while e < len(s) and s[e].isspace():
            e += 1
        _, e = group(s, e)
        s = s[: m.start()] + s[e:]
    pat = re.compile(r"\\newcolumntype\s*\{[^{}]*\}(?:\[\d\])?\s*(?=\{)|\\tikzset\s*(?=\{)|\\usetikzlibrary\s*(?=\{)")
    while m := pat.search(s):
        _, e = group(s, m.end())
        s = s[: m.start()] + s[e:]
    name = re.compile(r"\\[A-Za-z]+")

    def go(s, depth):
        if depth > 12:
            return s
        out, at = [], 0
        for _ in range(200000):
            m = name.search(s, at)
            if not m:
                break
            if m[0] not in table:
                out.append(s[at : m.end()])
                at = m.end()
                continue
            n, default, body = table[m[0]]
            end, args = m.end(), []
            try:
                for k in range(n):
                    if k == 0 and default is not None:
                        j = end
                        if j < len(s) and s[j] == "[":
                            e = s.index("]", j)
                            args.append(s[j + 1 : e])
                            end = e + 1
                        else:
                            args.append(default)
                        continue
                    a, end = one_arg(s, end)
                    args.append(a)
            except (Bad, ValueError):
                out.append(s[at : m.end()])
                at = m.end()
                continue
            text = re.sub(r"#(\d)", lambda q: args[int(q[1]) - 1] if int(q[1]) <= len(args) else q[0], body)
            text = go(text, depth + 1)
            out.append(s[at : m.start()])
            if not n and end < len(s) and s[end : end + 1].isalpha() and re.search(r"\\[A-Za-z]+$", text):
                text += " "
            out.append(text)
            at = end
        out.append(s[at:])
        return "".join(out)

    return go(s, 0)


def bracket_rows(t):
    "[R\\;\\;I] is a row of blocks."
    return re.sub(r"\[([^\[\]&;]*?)\\;\\;([^\[\]&;]*?)\]", r"\\begin{bmatrix} \1 & \2 \\end{bmatrix}", t)


ENV = r"\\begin\{(equation\*?|align\*?|gather\*?|multline\*?|displaymath|flalign\*?)\}(.*?)\\end\{\1\}"
LATEX = re.compile(ENV + r"|\\\[(.*?)\\\]|(?<!\\)\$\$(.*?)\$\$|(?<!\\)\$((?:[^$\\]|\\.)+?)\$|\\\((.*?)\\\)", re.S)
MARK = re.compile(
    r"```\s*math\n(.*?)```|(?<!\\)\$\$(.*?)\$\$|\$`(.+?)`\$|(?<![\\$])\$(?!\s)((?:[^$\\]|\\.)+?)(?<!\s)\$|\\\[(.*?)\\\]|\\\((.*?)\\\)",
    re.S,
)


def is_latex(text):
    return (
        bool(re.search(r"\\begin\{(equation|align|document|gather|tabular)|\\\[|\\section|\\input", text))
        and "$$" not in text
        and "```" not in text
    )


def read(text, folder=None):
    flaws, forms = [], []
    latex = is_latex(text)
    if latex:
        text = inputs(strip_comments(text), folder, flaws)
        text = expand(text)
        m = re.search(r"\\begin\{document\}", text)
        if m:
            text = text[m.end() :]
        text = re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", " ", text, flags=re.S)
        text = text.replace(r"\end{document}", "")
        pat = LATEX
        pick = lambda m: (m[2] or m[3] or m[4], m[5] or m[6])
    else:
        text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
        text = re.sub(
            r"^```([^\n]*)\n(.*?)^```", lambda m: m[0] if m[1].strip() == "math" else " ", text, flags=re.S | re.M
        )
        pat = MARK
        pick = lambda m: (m[1] or m[2] or m[5], m[3] or m[4] or m[6])
    labels = (
        set(re.findall(r"\\label\{([^{}]*)\}", text)) | set(re.findall(r"\\tag\*?\{([^{}]*)\}", text))
        if latex
        else set(re.findall(r"\\tag\*?\{([^{}]*)\}", text)) | set(re.findall(r"\|\s*\((\d+[a-z]?)\)\s*\|", text))
    )

    def take(m):
        shown, inner = pick(m)
        tex = shown or inner
        if tex is None:
            return m[0]
        f = Formula(
            bracket_rows(re.sub(r"\\(label|tag\*?)\s*\{", r"\\xlabel{", tex)),
            bool(shown),
            text.count("\n", 0, m.start()) + 1,
        )
        forms.append(f)
        return "⟦%d⟧" % (len(forms) - 1)

    words = pat.sub(take, text)
    for r in re.findall(r"\\(?:eq)?ref\{([^{}]*)\}", words):
        if latex and r not in labels:
            flaws.append("a reference to no equation: " + r)
    words = re.sub(r"\\(?:eq)?ref\{([^{}]*)\}", r"⟪\1⟫", words)
    if not latex:
        words = re.sub(r"\((\w+)\)", lambda m: "⟪%s⟫" % m[1] if m[1] in labels else m[0], words)
    # a formula cut over boxes: left side, then one that starts with a relation
    marks = list(re.finditer(r"⟦(\d+)⟧", words))
    for a, b in zip(marks, marks[1:]):
        fa, fb = forms[int(a[1])], forms[int(b[1])]
        if fa.shown or fb.shown or not re.match(r"\s*(\\displaystyle|\{\}|\s)*\s*(=|\\approx|\\equiv)", fb.tex):
            continue
        between = words[a.end() : b.start()]
        if re.sub(r"\\[A-Za-z]+\*?|\[[^\]]*\]|[{}\s~]", "", between) == "" and between.strip():
            fa.tex = fa.tex + " " + re.sub(r"^\s*(\\displaystyle|\s)*\{\}", "", fb.tex)
            fa.shown, fb.dead = True, True
            rest = words[b.end() : b.end() + 3000]
            stop = re.search(r"\\par\\noindent|\\end\{", rest)
            rest = rest[: stop.start()] if stop else rest
            lab = re.search(r"\\label\{([^{}]*)\}", rest)
            fa.why = rest[: lab.start()] if lab else rest
            if lab:
                fa.label = lab[1]
    words = re.sub(r"⟦(\d+)⟧", lambda m: "" if forms[int(m[1])].dead else m[0], words)
    tables = []
    if latex:
        for m in re.finditer(r"\\begin\{(tabular\*?|longtable|tabularx)\}", words):
            end = words.find(r"\end{%s}" % m[1], m.end())
            try:
                _, i = one_arg(words, m.end())
            except Bad:
                continue
            tables.append(cut(words[i:end]))
        for f in forms:
            a = re.search(r"\\begin\{array\}", f.tex)
            if a and re.search(r"\\(toprule|midrule|hline)", f.tex):
                spec, i = one_arg(f.tex, a.end())
                t = cut(f.tex[i : f.tex.rfind(r"\end{array}")])
                t.maths, t.form = True, f
                f.table = t
                tables.append(t)
    else:
        lines = words.split("\n")
        i = 0
        while i < len(lines):
            if lines[i].lstrip().startswith("|"):
                j = i
                while j < len(lines) and lines[j].lstrip().startswith("|"):
                    j += 1
                rows = [[c.strip() for c in re.split(r"(?<!\\)\|", x.strip().strip("|"))] for x in lines[i:j]]
                rows = [r for k, r in enumerate(rows) if k != 1]
                tables.append(Table(rows[0], rows[1:]))
                i = j
            else:
                i += 1
    for t in tables:
        head = " ".join(t.head).lower()
        plain = [re.sub(r"\\text\s*\{([^{}]*)\}|[{}$*]", lambda m: m[1] or "", h).strip().lower() for h in t.head]
        grads = "gradient" in plain[:1] if t.maths else any(h in ("gradient", "gradients") for h in plain[1:])
        t.kind = (
            "notation"
            if re.search(r"symbol|letter", head) and re.search(r"meaning|what", head)
            else "gradients"
            if grads
            else "steps"
        )
        if t.kind == "steps" and not t.maths:
            for r in t.rows:
                lab = next((re.fullmatch(r"\s*⟪(\w+)⟫\s*", c)[1] for c in r if re.fullmatch(r"\s*⟪(\w+)⟫\s*", c)), None)
                for c in r:
                    for k, m in enumerate(re.finditer(r"⟦(\d+)⟧", c)):
                        f = forms[int(m[1])]
                        if k == 0 and c.strip() == m[0]:
                            f.shown = True
                            f.label = f.label or lab
                            f.why = " ".join(r)
        elif t.kind in ("notation", "gradients"):
            for r in t.rows:
                for c in r:
                    for m in re.finditer(r"⟦(\d+)⟧", c):
                        if not t.maths:
                            forms[int(m[1])].table = t
    return Source(forms, words, tables, flaws)


def cut(body):
    body = re.sub(
        r"\\(toprule|midrule|bottomrule|hline|addlinespace(\[[^\]]*\])?|cmidrule(\([a-z]*\))?\{[^{}]*\})", " ", body
    )
    rows, depth, cur, row = [], 0, "", []
    i = 0
    while i < len(body):
        c = body[i]
        if body.startswith("\\begin", i):
            depth += 1
        if body.startswith("\\end{", i):
            depth -= 1
        if c == "\\" and depth == 0 and body[i : i + 2] == "\\\\":
            row.append(cur)
            rows.append(row)
            cur, row = "", []
            i += 2
            m = re.compile(r"\s*\[-?[\d.]+\s*[a-z]+\]").match(body, i)
            i = m.end() if m else i
            continue
        if c == "\\" and i + 1 < len(body):
            m = re.compile(r"\\[A-Za-z]+|\\.", re.S).match(body, i)
            cur += m[0]
            i = m.end()
            continue
        if c == "{":
            depth += 1
        if c == "}":
            depth -= 1
        if c == "&" and depth == 0:
            row.append(cur)
            cur = ""
        else:
            cur += c
        i += 1
    if cur.strip() or row:
        row.append(cur)
        rows.append(row)
    rows = [[re.sub(r"\s+", " ", x).strip() for x in r] for r in rows]
    rows = [r for r in rows if any(r)]
    spread = []
    for r in rows:
        out = []
        for c in r:
            m = re.match(r"\\multicolumn\s*\{(\d+)\}\s*(?=\{)", c)
            if m:
                try:
                    _, e = one_arg(c, m.end())
                    inner, _ = one_arg(c, e)
                    out += [inner] + [""] * (int(m[1]) - 1)
                    continue
                except Bad:
                    pass
            out.append(c)
        spread.append(out)
    return Table(spread[0] if spread else [], spread[1:])

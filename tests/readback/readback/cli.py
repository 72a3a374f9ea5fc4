"""The command line, the bar and the choice of the reader."""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from . import classic, judge, source
from .classic import details, line


def steps(text):
    "A LaTeX page with its steps (left side, right side, reason, label) as displayed equations and the reason behind them."
    found = []
    for line_ in text.split("\n"):
        if not re.match(r"\\symbp(step|more)\{", line_):
            found.append(line_)
            continue
        parts, at = [], line_.index("{")
        while at < len(line_) and line_[at] == "{":
            part, at = classic.group(line_, at)
            parts.append(part)
        if len(parts) < 2:
            found.append(line_)
            continue
        if line_.startswith(r"\symbpmore") and found and found[-1].startswith(r"\begin{equation"):
            end = found[-1].index(r"\end{equation")
            found[-1] = f"{found[-1][:end]} {parts[0]} {parts[1]}{found[-1][end:]}"
            continue
        left, right, why, label = (*parts, "", "")[:4]
        name = rf"\label{{{label}}}" if label else ""
        star = "" if label else "*"
        found.append(rf"\begin{{equation{star}}}{left} {right}{name}\end{{equation{star}}} {why}")
    return numbered(STYLED.sub(r"\1", "\n".join(found)))


def numbered(text):
    "A page that says L = 4 with the number in the place of the letter where it is an index: A^{(L)} is A^{(4)}."
    said = re.search(r"here \$([A-Z]) = (\d+)\$", text)
    if not said:
        return text
    letter, last = said[1], int(said[2])
    return re.sub(rf"\({letter}( ?- ?1)?\)", lambda m: f"({last - bool(m[1])})", text)


NUMBERED = re.compile(r"\\qquad\((\d+[a-z]?)\)")
"The number of a display for an engine that drops the tag."

STYLED = re.compile(r"\{\\textstyle\s*((?:[^{}]|\{[^{}]*\})*)\}")
"A sum that is set small."


def target_style(text):
    "Does the page have a table of gradients, a row for each parameter? Then it is followed as a program (judge), else read as before (classic)."
    text = steps(text)
    try:
        return any(t.kind == "gradients" for t in source.read(text).tables)
    except Exception:
        return False


def review(text, case, folder=None):
    text = NUMBERED.sub(r"\\tag{\1}", steps(text))
    if "pages" in case or target_style(text):
        return judge.review(text, case, folder)
    return classic.review(text, case)


def made(cli, case, name, d):
    "The product's pages of a case: (format, text, folder), or a line that says why there is none."
    args = case.get("command")
    if "file" in case:
        open(f"{d}/{name}.eq", "w", encoding="utf-8").write("\n".join(case["file"]) + "\n")
        args = [f"{name}.eq"]
    if "network" in case:  # a file beside the case
        args = [os.path.join(case["folder"], case["network"])]
    for fmt, suffix in (("markdown", "md"), ("latex", "tex")):
        try:
            r = subprocess.run(
                [cli, "derive", *args, "-t", fmt, "-o", f"{name}.{suffix}"],
                capture_output=True,
                text=True,
                timeout=120,
                cwd=d,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            )
        except subprocess.TimeoutExpired:
            yield "no page in 120 s", None, None
            return
        if r.returncode or not os.path.exists(f"{d}/{name}.{suffix}"):
            text = (r.stderr or r.stdout).strip().splitlines()
            yield f"no page: {text[-1][:120] if text else r.returncode}", None, None
            return
        yield fmt, open(f"{d}/{name}.{suffix}", encoding="utf-8").read(), d


def pages(job):
    "All pages of one case, read back. Returns the name, a line, and whether all hold."
    cli, case_file, verbose = job
    case = json.load(open(case_file, encoding="utf-8"))
    case["folder"] = os.path.dirname(os.path.abspath(case_file))
    name, ok, more, done = case["name"], True, [], None
    with tempfile.TemporaryDirectory() as d:
        if "pages" in case:  # written by hand: read where they lie
            at = [os.path.join(os.path.dirname(os.path.abspath(case_file)), p) for p in case["pages"]]
            texts = [
                (p.rsplit(".", 1)[-1], open(p, encoding="utf-8").read(), os.path.dirname(p))
                if os.path.exists(p)
                else ("no page: " + os.path.basename(p), None, None)
                for p in at
            ]
        else:
            texts = made(cli, case, name, d)
        for fmt, text, folder in texts:
            if text is None:
                return name, f"{name:28} SHORT {fmt}", False, ""
            try:
                rep = review(text, case, folder)
            except Exception as e:
                return name, f"{name:28} SHORT the reader failed on the {fmt} page: {type(e).__name__}: {e}", False, ""
            ok = ok and rep["ok"]
            said = line(name, rep)
            if done is None:
                done = said
            elif (rep["ok"] and " SHORT " in done[:36]) or (not rep["ok"] and " ok " in done[:36]):
                done += f"  [{fmt}: {said[29:].strip()}]"
            if verbose:
                more.append(f"  -- {fmt}\n" + details(rep))
    return name, done, ok, "\n".join(more)


def bar(cli, folders, verbose):
    from concurrent.futures import ProcessPoolExecutor

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    files = [f for d in folders for f in (sorted(glob.glob(f"{d}/*.json")) if os.path.isdir(d) else [d])]
    good = 0
    with ProcessPoolExecutor(2) as pool:
        for name, text, ok, more in pool.map(pages, [(cli, f, verbose) for f in files]):
            good += ok
            print(text + ("\n" + more if more else ""), flush=True)
    print(f"{good}/{len(files)} pages read back")
    return good == len(files)


def main(argv, usage):
    if len(argv) > 2 and argv[1] == "--bar":
        rest = [a for a in argv[2:] if a != "-v"]
        return int(not bar(rest[0], rest[1:], "-v" in argv))
    if len(argv) < 3:
        sys.exit(usage)
    page_file, case_file = argv[1:3]
    rep = review(
        open(page_file, encoding="utf-8").read(),
        json.load(open(case_file, encoding="utf-8")),
        os.path.dirname(os.path.abspath(page_file)),
    )
    print(line(page_file.rsplit("/", 1)[-1], rep))
    if "-v" in argv:
        print(details(rep))
    return int(not rep["ok"])

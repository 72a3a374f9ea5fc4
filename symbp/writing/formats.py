"""The output formats, one row each: what a file of it ends in, its comment, what stands around one equation."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.errors import SpecError, nearest


@dataclass(frozen=True)
class Format:
    """One output format. ``uses`` are the options that change it; ``wrap`` is around one equation.

    ``template`` is its file of macros, ``shared`` the one whose macros it takes for all else.

    ``figure`` is the kind of picture that it shows, ``is_page`` whether any page can be written as it; what is none is
    made of a derivation. One that ``has_steps`` shows what a page can be stepped through.
    """

    name: str
    about: str
    suffix: str
    uses: frozenset[str] = frozenset()
    template: str = ""
    shared: str = ""
    comment: str = "{}"
    wrap: str = "{}"
    figure: str = ""
    is_page: bool = True
    has_steps: bool = False
    runs: bool = False
    """Whether the page of a derivation ends with its program and a check of it, which run."""


def _uses(*names: str) -> frozenset[str]:
    return frozenset(" ".join(names).split())


_MARKDOWN = "template_dir text_width heading_shift credit"
"""What every flavour of Markdown has a use for."""


_ROWS = (
    Format(
        "gfm", "Markdown for GitHub, mathematics in ```math fences", ".md",
        uses=_uses(_MARKDOWN), template="page-markdown.j2", comment="<!-- {} -->",
        wrap="```math\n{}\n```", figure="png",
    ),
    Format(
        "markdown", "Markdown for pandoc, mathematics in dollars", ".md",
        uses=_uses(_MARKDOWN), template="page-markdown.j2", comment="<!-- {} -->", wrap="$$\n{}\n$$", figure="png",
    ),
    Format(
        "quarto", "Markdown for Quarto, equations with its labels", ".qmd",
        uses=_uses(_MARKDOWN, "label_prefix"), template="page-quarto.j2", shared="page-markdown.j2",
        comment="<!-- {} -->", wrap="$$\n{}\n$$", figure="png",
    ),
    Format(
        "myst", "Markdown for MyST, Sphinx and Jupyter Book, equations with its labels", ".md",
        uses=_uses(_MARKDOWN, "label_prefix"), template="page-myst.j2", shared="page-markdown.j2",
        comment="% {}", wrap="```{{math}}\n{}\n```", figure="png",
    ),
    Format(
        "mdx", "Markdown for MDX with remark-math", ".mdx",
        uses=_uses(_MARKDOWN, "label_prefix"), template="page-mdx.j2", shared="page-markdown.j2",
        comment="{{/* {} */}}", wrap="$$\n{}\n$$", figure="png",
    ),
    Format(
        "latex", "LaTeX to \\input{…} into lecture notes; standalone, a document", ".tex",
        uses=_uses("standalone template_dir text_width heading_shift label_prefix credit"),
        template="page-latex.j2", comment="% {}",
        wrap="\\[\n{}\n\\]", figure="pdf",
    ),
    Format(
        "macros", "LaTeX in which every symbol is a command, restyled at one place", ".tex",
        uses=_uses("standalone template_dir text_width heading_shift label_prefix credit"),
        template="page-latex.j2", comment="% {}",
        wrap="\\[\n{}\n\\]", figure="pdf",
    ),
    Format(
        "html", "a page for browsers, mathematics in MathML; a whole document", ".html",
        uses=_uses("template_dir"), template="page-html.j2", figure="svg", has_steps=True,
    ),
    Format(
        "typst", "Typst to include into lecture notes; standalone, a document", ".typ",
        uses=_uses("standalone template_dir text_width heading_shift label_prefix credit"),
        template="page-typst.j2", figure="svg",
    ),
    Format(
        "ipynb", "a Jupyter notebook: the page, the NumPy program, a check of it", ".ipynb",
        uses=_uses(_MARKDOWN), template="page-markdown.j2", comment="<!-- {} -->", wrap="$$\n{}\n$$", figure="png",
        runs=True,
    ),
    Format(
        "numpy", "a NumPy program that computes loss and gradients", ".py",
        uses=_uses("notation"), comment="# {}", is_page=False,
    ),
    Format(
        "torch", "a PyTorch operation with its backward pass and gradcheck", ".py",
        uses=_uses("notation"), comment="# {}", is_page=False,
    ),
    Format(
        "jax", "a JAX function with its backward pass, and its check_grads", ".py",
        uses=_uses("notation"), comment="# {}", is_page=False,
    ),
    Format(
        "beamer", "slides for beamer, a step a slide: frames to \\input{…}; standalone, a document", ".tex",
        uses=_uses("standalone template_dir text_width label_prefix credit"), template="page-beamer.j2",
        shared="page-latex.j2", comment="% {}", wrap="\\[\n{}\n\\]",
    ),
    Format(
        "svg", "the network as a picture: values and errors; for browsers and drawing programs", ".svg",
        uses=_uses("template_dir text_width"), template="page-svg.j2", comment="<!-- {} -->",
    ),
    Format(
        "tikz", "the network as a picture in TikZ; standalone, a document", ".tikz",
        uses=_uses("standalone template_dir text_width"), template="page-tikz.j2", shared="page-latex.j2",
        comment="% {}",
    ),
    Format("equations", "the network as lines of equations, which symbp reads", ".eq", comment="# {}", is_page=False),
    Format("json", "the page as data, by a published schema", ".json"),
    Format("text", "what the terminal shows", ".txt", uses=_uses("columns"), comment="({})"),
)  # fmt: skip

FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
"""Every format by name."""

FORMAT_ALIASES: dict[str, str] = {
    "github": "gfm", "md": "gfm", "pandoc": "markdown", "qmd": "quarto", "sphinx": "myst",
    "tex": "latex", "htm": "html", "mathml": "html", "typ": "typst", "slides": "beamer", "python": "numpy",
    "py": "numpy", "pytorch": "torch", "jupyter": "ipynb", "notebook": "ipynb", "eq": "equations", "txt": "text",
}  # fmt: skip
"""Other names people type."""

SUFFIXES: dict[str, str] = {
    ".md": "gfm",
    ".markdown": "markdown",
    ".qmd": "quarto",
    ".mdx": "mdx",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".typ": "typst",
    ".ipynb": "ipynb",
    ".svg": "svg",
    ".tikz": "tikz",
    ".py": "numpy",
    ".eq": "equations",
    ".json": "json",
    ".txt": "text",
}
"""The format that a file's suffix says."""

FIGURES = ("pdf", "svg", "png")
"""What one figure can be written as."""


def format_named(name: str) -> Format:
    """Return a format by name or alias.

    Raises:
        SpecError: no such format; the message suggests the nearest.
    """
    key = name.lower()
    try:
        return FORMATS[FORMAT_ALIASES.get(key, key)]
    except KeyError:
        hint = nearest(key, (*FORMATS, *FORMAT_ALIASES)) or f"; known: {', '.join(FORMATS)}"
        raise SpecError(f"unknown format {name!r}{hint}") from None

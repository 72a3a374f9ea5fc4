"""A Python file with its arguments, locals and keys renamed to x1, x2 …: what is left is what the body says."""

from __future__ import annotations

import ast


class Renamer(ast.NodeTransformer):
    """Renames what is local to functions, and the texts that are keys of tables."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.kept = {alias.asname or alias.name for node in ast.walk(tree)
                     if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
        self.kept |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)} | {
            "self",
            "cls",
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.arg):
                self._name(node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._name(node.id)
            elif (
                isinstance(node, ast.Subscript)
                and isinstance(node.slice, ast.Constant)
                and isinstance(node.slice.value, str)
            ):
                self._key(node.slice.value)
            elif isinstance(node, ast.Dict):
                for key in node.keys:
                    if isinstance(key, ast.Constant):
                        self._key(key.value)

    def _name(self, name: str) -> None:
        if name not in self.kept:
            self.names.setdefault(name, f"x{len(self.names) + 1}")

    def _key(self, key: object) -> None:
        if isinstance(key, str):
            self.keys.setdefault(key, f"x{len(self.keys) + 1}")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        if node.arg in self.names:
            node.arg = self.names[node.arg]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and node.value in self.keys:
            node.value = self.keys[node.value]
        return node


def renamed(text: str) -> str:
    """Return a file with its names gone; what a key is made of in pieces (``"W" + k``) stays."""
    tree = ast.parse(text)
    for node in ast.walk(tree):  # No docstring says what the names were.
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(Renamer(tree).visit(tree))

"""Programs for PyTorch and JAX: the lines of the NumPy program in the words of another library, with a check."""

import ast
import importlib.util
import re

import pytest

from symbp import derive, render
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS
from symbp.numeric.dialect import JAX, TORCH
from tests.helpers.committed import ROOT
from tests.helpers.differentiated import runs
from tests.helpers.report_cases import need

PRECISION = 1e-10
ARCHITECTURES = ROOT / "examples" / "architectures"


def program(library, name="sigmoid-mlp"):
    return render(derive(name), library)


@pytest.mark.parametrize(
    ("numpy", "torch"),
    [
        ("np.sum(a @ b, axis=1, keepdims=True)", "torch.sum(a @ b, dim=1, keepdim=True)"),
        ("np.max(np.exp(z), axis=-2)  # ∂", "torch.amax(torch.exp(z), dim=-2)  # ∂"),
        ("x = np.maximum(z, 0)**2", "x = torch.relu(z)**2"),
        ("np.minimum(np.exp(x), np.sqrt(m))", "torch.clamp(torch.exp(x), max=math.sqrt(m))"),
        ("np.sqrt(W.shape[0]) * np.sqrt(2 * np.pi)", "math.sqrt(W.shape[0]) * math.sqrt(2 * torch.pi)"),
        ("np.exp(np.arange(4))", "torch.exp(torch.arange(4))"),
        ("np.linalg.inv(a)", "torch.linalg.inv(a)"),
        ("np.full(A.shape, 1/2)", "torch.full_like(A, 1/2)"),
    ],
)
def test_a_row_of_the_table_spells_a_call(numpy, torch):
    assert TORCH.translated(numpy, {"m", "beta"}) == torch


def test_jax_has_the_names_of_numpy():
    assert JAX.translated("np.max(a, axis=0, keepdims=True)") == "jnp.max(a, axis=0, keepdims=True)"


def names(nodes, kind):
    found = (each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name))
    return {each.id for each in found if isinstance(each.ctx, kind)}


@pytest.mark.parametrize(("library", "name"), [("torch", "sigmoid-mlp"), ("jax", "batchnorm")])
def test_what_is_kept_is_what_the_backward_pass_reads(library, name):
    source = program(library, name)
    assert "np." not in source.partition("if __name__")[0].replace("jnp.", "")
    tree = ast.parse(source)
    forward, backward = (
        next(each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == name)
        for name in ("forward", "backward")
    )
    (kept,) = (names([each.value], ast.Load) for each in forward.body if ast.unparse(each).startswith("kept ="))
    _, taken, *lines = backward.body
    assert names(taken.targets, ast.Store) == kept
    local = kept | names(lines, ast.Store) | {"upstream", "torch", "jnp"}
    local |= names([each for each in tree.body if isinstance(each, ast.Assign)], ast.Store)
    helpers = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
    assert kept <= names(lines, ast.Load) <= local | helpers


def test_a_check_draws_what_the_loss_takes():
    assert "abs(random" in program("torch", ARCHITECTURES / "graph-convolution.eq")
    assert "np.eye(" in program("jax", "softmax-classifier")


def test_what_is_stopped_is_compared_with_no_differences():
    assert "__main__" not in program("torch", ARCHITECTURES / "policy-gradient.eq")


def test_lines_are_those_of_the_numpy_program():
    own = set(map(str.strip, program("numpy").splitlines()))
    found = (line.partition("  # ")[0].strip() for line in program("jax").splitlines())
    jax = [line for line in found if re.match(r"delta\w+ = ", line)]
    assert jax
    assert {line.replace("jnp.", "np.") for line in jax} <= own


@pytest.mark.long
def test_every_program_of_torch_is_right_and_says_so():
    need("torch", importlib.util.find_spec("torch"))
    sources = {name: program("torch", name) for name in (*EXAMPLES, *OPERATIONS)}
    _judge("torch", sources)


@pytest.mark.long
def test_programs_of_jax_are_right_and_say_so():
    """Those that have other lines than products: each takes seconds to compile."""
    need("jax", importlib.util.find_spec("jax"))
    names = ("two-two-two", "softmax-classifier", "layernorm", "avg-pool")
    _judge("jax", {name: program("jax", name) for name in names})


def _judge(library, sources):
    right = sources["two-two-two"]
    line = "dW1 = delta1 @ X.T"
    assert line in right
    planted = {
        "a lost sign": right.replace(line, f"dW1 = -{line.removeprefix('dW1 = ')}"),
        "a lost slope": re.sub(r"delta1 = delta_A1 \*.*", "delta1 = delta_A1", right),
    }
    found = runs(library, {**sources, **planted})
    for name in planted:
        assert isinstance(found.pop(name), str), name
    assert {name: each for name, each in found.items() if isinstance(each, str) or not each < PRECISION} == {}

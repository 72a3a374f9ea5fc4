"""Exports a PyTorch model with its loss and writes down what it does. Run as a script, with the folder of one request.

It needs PyTorch alone and imports nothing of symbp, so that any interpreter may run it. ``request.json`` names a file,
a function in it, and what the function may not return: shapes of inputs, a loss. ``answer.json`` is one document of
data: the operations in order, with shapes, arguments, lines and module paths; parameters, constants, inputs; the loss
and its gradients as PyTorch has them. ``message`` reads it.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import copy
import importlib.util
import inspect
import json
import math
import os
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1

MAX_BYTES = 400_000_000
"""Most that the arrays of an answer hold, in bytes."""

MAX_TEXT = 500
"""Longest piece of somebody's text that is handed on."""

SEED = 0
"""Where inputs and targets come from that nobody gave."""

MODEL = "model"
"""What the model is called in the module that holds it with its loss."""


class RefusedError(Exception):
    """A model that cannot be exported; ``line`` is where in somebody's file, if that is known."""

    def __init__(self, what: str, line: Mapping[str, Any] | None = None) -> None:
        super().__init__(what)
        self.line = line


class _StaticError(Exception):
    """A size is not a multiple of the number of examples: export with numbers."""


@dataclass(frozen=True)
class Task:
    """A model with one example batch; ``loss`` None is computed inside forward."""

    module: Any
    inputs: tuple[Any, ...]
    target: Any = None
    loss: Callable[..., Any] | None = None
    single: bool = False
    """Whether the model was in single precision."""


def main(folder: Path) -> None:
    """Answer one request."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    answer = json.dumps(_answer(request))
    partial = folder / "answer.partial"
    partial.write_text(answer, encoding="utf-8")
    partial.replace(folder / "answer.json")


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    source, doing = Path(request["source"]), "loading"
    try:
        file = _load(source)
        doing = "calling"
        made: Any = getattr(file, request["function"], None)
        if not _is_model(made):
            if not _takes_nothing(made):
                return {"other": "nothing that the file has" if made is None else _kind(made)}
            made = made()
        if not _is_model(made):
            return {"other": f"a function that returns {_kind(made)}"}
        doing = "exporting"
        return message(_task(made, file, request), str(source))
    except RefusedError as error:
        return {"refused": [{"line": (error.line or {}).get("number"), "what": str(error)[:MAX_TEXT]}]}
    except ModuleNotFoundError as error:
        return {"missing": "torch"} if error.name == "torch" else {**_said(error, str(source)), "while": doing}
    except BaseException as error:  # Somebody's code may raise anything, SystemExit too.
        return {**_said(error, str(source)), "while": doing}


def _said(error: BaseException, source: str) -> dict[str, Any]:
    """Return what an error says, and the last line of somebody's file that it went through."""
    frames = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == source]
    says = " ".join(str(error).split())[:MAX_TEXT]
    return {"error": type(error).__name__, "says": says, "line": frames[-1] if frames else None}


def _load(source: Path) -> Any:
    sys.path.insert(0, str(source.parent))
    spec = importlib.util.spec_from_file_location(source.stem, source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[source.stem] = module
    spec.loader.exec_module(module)
    return module


def _takes_nothing(made: Any) -> bool:
    """Whether something is a function that may be called without arguments."""
    try:
        inspect.signature(made).bind()
    except (TypeError, ValueError):
        return False
    return True


def _kind(made: Any) -> str:
    """Return what something is, in a few words."""
    if inspect.isclass(made) or inspect.isroutine(made):
        return f"a {'class' if inspect.isclass(made) else 'function'} with arguments of its own"
    return f"something of type {type(made).__name__}"


def _is_model(made: Any) -> bool:
    torch = sys.modules.get("torch")  # A file that has a model has loaded it.
    return torch is not None and isinstance(made[0] if isinstance(made, tuple) and made else made, torch.nn.Module)


def _task(made: Any, file: Any, request: Mapping[str, Any]) -> Task:
    """Return what a function returned as a task: a module, (module, inputs) or (module, inputs, target, loss).

    What is missing comes from the request, else from ``example``, ``target`` and ``loss`` beside the function.
    """
    module, *rest = made if isinstance(made, tuple) else (made,)
    inputs, target, loss = (*rest, None, None, None)[:3]
    if request.get("inputs") is not None:
        inputs = tuple(_drawn(module, shape) for shape in request["inputs"])
    elif inputs is None:
        inputs = _beside(file, "example")
        target = _beside(file, "target") if target is None and inputs is not None else target
    if inputs is None:
        raise RefusedError("no inputs: return (model, inputs), or say their shapes, such as --input 5x3")
    if request.get("loss") is not None:
        loss = request["loss"]
    elif loss is None and not rest:
        loss = getattr(file, "loss", None)
    return task(module, inputs, target, loss)


def _beside(file: Any, name: str) -> Any:
    found = getattr(file, name, None)
    return found() if callable(found) else found


def _drawn(module: Any, shape: Sequence[int]) -> Any:
    """Return an input of a shape: numbers, or tokens where the model begins with an embedding."""
    import torch

    draw = torch.Generator().manual_seed(SEED)
    first = next((each for each in module.modules() if not any(each.children())), None)
    if isinstance(first, torch.nn.Embedding):
        return torch.randint(0, first.num_embeddings, tuple(shape), generator=draw)
    return torch.randn(*shape, generator=draw, dtype=_dtype(module))


def _dtype(module: Any) -> Any:
    import torch

    return next((each.dtype for each in module.parameters() if each.is_floating_point()), torch.float64)


def task(module: Any, inputs: Any, target: Any = None, loss: Any = None) -> Task:
    """Return a task from what people write: one tensor or several, a loss by name or as a function.

    Raises:
        RefusedError: a loss that torch.nn.functional does not have.
    """
    import torch

    single = any(each.dtype is torch.float32 for each in module.parameters())
    several = _double(module, tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,))
    (target,) = _double(None, (target,))
    if isinstance(loss, str):
        known = getattr(torch.nn.functional, loss, None)
        if known is None:
            raise RefusedError(f"torch.nn.functional has no loss {loss!r}, such as cross_entropy or mse_loss")
        loss = known
    if loss is not None and target is None:
        target = _target(module, several, loss)
    return Task(module, several, target, loss, single)


def _double(module: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put a model and numbers of single precision into double precision, so that its gradients have all digits.

    Raises:
        RefusedError: parameters of half precision.
    """
    import torch
    from torch.utils import _pytree

    if module is not None:
        types = {each.dtype for each in (*module.parameters(), *module.buffers())}
        if types & {torch.float16, torch.bfloat16}:
            raise RefusedError("parameters of half precision: call double() on the model")
        if torch.float32 in types:
            module.double()

    def convert(value: Any) -> Any:
        is_single = isinstance(value, torch.Tensor) and value.dtype is torch.float32
        return value.double() if is_single else value

    found: tuple[Any, ...] = _pytree.tree_map(convert, values)
    torch.set_default_dtype(torch.float64)
    return found


def _target(module: Any, inputs: tuple[Any, ...], loss: Any) -> Any:
    """Return a target for the output of a model: classes where the loss compares with classes, else numbers."""
    import torch

    with torch.no_grad():
        output = module(*inputs)
    draw = torch.Generator().manual_seed(SEED + 1)
    if getattr(loss, "__name__", "") in ("cross_entropy", "nll_loss"):
        return torch.randint(0, output.shape[1], (output.shape[0], *output.shape[2:]), generator=draw)
    return torch.rand(output.shape, generator=draw, dtype=output.dtype)


def message(given: Task, source: str = "") -> dict[str, Any]:
    """Return a model as data, with the loss and the gradients that PyTorch has.

    Raises:
        RefusedError: what the export cannot follow.
    """
    import torch

    for name, each in given.module.named_parameters():
        if isinstance(each, torch.nn.parameter.UninitializedParameter):
            raise RefusedError(f"{name} has no shape yet: run the model once before you hand it over")
    return _Exported(given, source).document()


def document(module: Any, inputs: Any, target: Any = None, loss: Any = None) -> dict[str, Any]:
    """Return a model of this process as data; it is copied first, and nothing of it or of PyTorch is changed.

    Raises:
        RefusedError: what the export cannot follow.
    """
    import torch

    usual = torch.get_default_dtype()
    try:
        return message(task(copy.deepcopy(module), inputs, target, loss))
    finally:
        torch.set_default_dtype(usual)


def _with_loss(given: Task) -> Any:
    """Return the model and its loss as one module: (loss, output)."""
    import torch

    class WithLoss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = given.module

        def forward(self, inputs: Any, target: Any) -> Any:
            output = self.model(*inputs)
            if given.loss is not None:
                return given.loss(output, target), output
            parts = [output] if isinstance(output, torch.Tensor) else list(_tensors(output))
            scalars = [each for each in parts if each.numel() == 1 and each.is_floating_point()]
            if not scalars:
                raise RefusedError("no loss: the model returns no number, so say one, such as --loss cross_entropy")
            return scalars[-1].reshape(()), next((each for each in parts if each.numel() > 1), scalars[-1])

    return WithLoss()


def _tensors(value: Any) -> Iterator[Any]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _tensors(each)


@dataclass
class _Exported:
    """One model while it is written down."""

    given: Task
    source: str
    bytes: int = 0
    hints: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the whole answer."""
        import torch

        together = _with_loss(self.given)
        self.hints += [{"what": "double", "where": "", "line": None}] * self.given.single
        self.hints += _modes(self.given.module)
        loss, gradients = self._backward(together)
        program, letter = self._export(together)
        graph = _Graph(self, program, letter)
        operations = graph.operations()
        names = {id(each): name for name, each in self.given.module.named_parameters()}
        return {
            "version": VERSION,
            "torch": torch.__version__,
            "model": type(self.given.module).__name__,
            "dtype": str(_dtype(self.given.module)).removeprefix("torch."),
            "training": self.given.module.training,
            "examples": letter,
            "modules": _modules(self.given.module),
            "parameters": [
                {"name": name, "value": self.array(each), "trainable": each.requires_grad}
                for name, each in self.given.module.named_parameters()
            ],
            "parameter_inputs": {at: names[id(each)] for at, each in graph.parameters.items() if id(each) in names},
            "inputs": graph.inputs,
            "constants": graph.constants,
            "operations": operations,
            "result": graph.result,
            "loss": loss,
            "gradients": gradients,
            "hints": self.hints,
        }

    def _backward(self, together: Any) -> tuple[float, dict[str, Any]]:
        """Run the model on its example as it is, and return its loss and gradients."""
        import torch

        module = self.given.module
        kept = {name: each.clone() for name, each in module.named_buffers()}
        module.zero_grad(set_to_none=True)
        with torch.enable_grad(), _watched(self.hints):
            loss, _ = together(self.given.inputs, self.given.target)
            if loss.numel() != 1:
                raise RefusedError(f"the loss has the shape {tuple(loss.shape)} and must be one number")
            if not loss.requires_grad:
                raise RefusedError("the loss depends on no parameter that is trained")
            self.hints += _functions(loss)
            loss.backward()
        gradients = {}
        for name, each in module.named_parameters():
            if each.requires_grad and each.grad is None:
                self.hints.append({"what": "unused", "where": name, "line": None})
            if each.requires_grad:
                gradients[name] = self.array(torch.zeros_like(each) if each.grad is None else each.grad)
        module.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, each in module.named_buffers():
                each.copy_(kept[name])
        return float(loss.detach()), gradients

    def _export(self, together: Any) -> tuple[Any, int | None]:
        """Return the functional graph, with a letter for the number of examples where it exports, and that number."""
        import torch

        args = (self.given.inputs, self.given.target)
        first = next((each for each in _tensors(args) if each.dim()), None)
        examples = None if first is None else int(first.shape[0])
        for size in (examples, None) if examples is not None and examples > 1 else (None,):
            try:
                shapes = None if size is None else _dynamic(args, size)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # PyTorch warns of its own ways.
                    program = torch.export.export(together, args, dynamic_shapes=shapes, strict=False)
                    _detach_no_grad(program)
                    program = program.run_decompositions({})
                if size is not None:
                    _require_multiples(program)
                return program, size
            except RefusedError:
                raise
            except Exception as error:
                if size is None:
                    raise RefusedError(*self._reason(error)) from error
                if "Constraints violated" in str(error):
                    self.hints.append(
                        {
                            "what": "size",
                            "where": "forward",
                            "line": _line_in(self.given.module, self.source, _asks_size),
                        }
                    )
        raise AssertionError("the last try returns or raises")

    def _reason(self, error: Exception) -> tuple[str, dict[str, Any] | None]:
        """Return why an export failed, in a line, and where."""
        text = str(error)
        found = [each for each in _frames(text) if not _is_torch(each["file"])]
        frames = [
            {"file": each.filename, "number": each.lineno, "text": each.line or ""}
            for each in traceback.extract_tb(error.__traceback__)
            if not _is_torch(each.filename) and each.filename != __file__
        ]
        line = next(iter((frames or found)[::-1]), None)
        what = type(error).__name__
        if "fake tensor in the exported program" in text:
            gradient = _line_in(self.given.module, self.source, _asks_gradient)
            what = "a gradient inside forward" if gradient else "something in forward leaves the graph"
            return what, {"number": gradient} if gradient else line
        if ".numpy()" in text:
            return "forward leaves PyTorch for NumPy", line
        if "data-dependent" in text or "GuardOnDataDependent" in what:
            return (
                "what happens next depends on values: a branch, a loop or an index on numbers cannot be exported",
                line,
            )
        return f"{what}: {' '.join(text.split())[:200]}", line

    def array(self, tensor: Any) -> dict[str, Any]:
        """Return a tensor as data: its shape, its type, its bytes.

        Raises:
            RefusedError: too many bytes in all, or numbers of another kind.
        """
        import torch

        found = tensor.detach().cpu()
        if found.is_complex():
            raise RefusedError("complex numbers")
        if found.is_floating_point() and found.dtype is not torch.float32:
            found = found.double()
        elif not found.is_floating_point():
            found = found.long()
        values = found.contiguous().numpy()
        self.bytes += values.nbytes
        if self.bytes > MAX_BYTES:
            raise RefusedError(f"the model holds more than {MAX_BYTES // 10**6} MB of numbers")
        return {
            "shape": list(found.shape),
            "type": values.dtype.str,
            "bytes": base64.b64encode(values.tobytes()).decode("ascii"),
        }


def _modes(module: Any) -> Iterator[dict[str, Any]]:
    """Yield which modules work by statistics of their own, and which have hooks."""
    import torch

    for name, each in module.named_modules():
        if isinstance(each, torch.nn.modules.batchnorm._BatchNorm) and not each.training and each.track_running_stats:
            yield {"what": "eval", "where": name or type(each).__name__, "line": None}
        hooks = [*each._backward_hooks.values(), *each._backward_pre_hooks.values()]
        for of in each.parameters(recurse=False):
            hooks += (of._backward_hooks or {}).values()
        for hook in hooks:
            code = getattr(hook, "__code__", None)
            yield {"what": "hook", "where": name, "line": code and code.co_firstlineno}


def _functions(loss: Any) -> Iterator[dict[str, Any]]:
    """Yield the functions with a backward pass of their own that a loss is made by."""
    waiting, seen = [loss.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [each for each, _ in node.next_functions]
        own = getattr(node, "_forward_cls", None)
        if own is not None and not own.__module__.startswith("torch."):
            code = getattr(own.backward, "__code__", None)
            yield {"what": "function", "where": own.__name__, "line": code and code.co_firstlineno}


@contextlib.contextmanager
def _watched(hints: list[dict[str, Any]]) -> Iterator[None]:
    """Note hooks on what forward computes, and checkpoints."""
    import torch
    from torch.utils import checkpoint

    def noting(holder: Any, name: str, what: str) -> Callable[[], None]:
        whole = getattr(holder, name)

        def noted(*args: Any, **named: Any) -> Any:
            frames = [each for each in traceback.extract_stack() if not _is_torch(each.filename)]
            own = [each for each in frames if each.filename != __file__]
            hints.append({"what": what, "where": "forward", "line": own[-1].lineno if own else None})
            return whole(*args, **named)

        setattr(holder, name, noted)
        return lambda: setattr(holder, name, whole)

    undo = [
        noting(torch.Tensor, "register_hook", "hook"),
        noting(checkpoint, "_checkpoint_without_reentrant_generator", "checkpoint"),
        noting(checkpoint.CheckpointFunction, "apply", "checkpoint"),
    ]
    try:
        yield
    finally:
        for each in undo:
            each()


def _line_in(module: Any, source: str, asks: Callable[[ast.AST], bool]) -> int | None:
    """Return the first line of a file in which something stands, within the classes that a model is made of."""
    found: list[int] = []
    for kind in {type(each) for each in module.modules()}:
        try:
            if inspect.getsourcefile(kind) != source:
                continue
            lines, first = inspect.getsourcelines(kind)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, TypeError, ValueError, SyntaxError):
            continue
        known = (each for each in ast.walk(tree) if isinstance(each, ast.expr | ast.stmt) and asks(each))
        found += [first + each.lineno - 1 for each in known]
    return min(found, default=None)


def _asks_size(node: ast.AST) -> bool:
    """Whether something branches on a size."""
    if not isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        return False
    names = {each.attr for each in ast.walk(node.test) if isinstance(each, ast.Attribute)}
    names |= {each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)}
    return bool(names & {"shape", "size", "len", "dim", "numel"})


def _asks_gradient(node: ast.AST) -> bool:
    """Whether something is a call for a gradient."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr == "backward" or ast.unparse(node.func).endswith("autograd.grad"))
    )


def _modules(module: Any) -> dict[str, str]:
    return {name: type(each).__name__ for name, each in module.named_modules() if name}


def _dynamic(args: Any, examples: int) -> Any:
    """Return which axes are a letter: the first of every tensor that has as many examples there."""
    import torch

    letter = torch.export.Dim("m", min=2)

    def shapes(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return {0: letter} if value.dim() and value.shape[0] == examples else {}
        if isinstance(value, Mapping):
            return {key: shapes(each) for key, each in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(shapes(each) for each in value)
        return None

    return shapes(args)


def _detach_no_grad(program: Any) -> None:
    """Detach what leaves a region without gradients: the region itself is lost when the graph is made functional."""
    import torch

    for node in list(program.graph.nodes):
        if "wrap_with_set_grad_enabled" not in str(node.target) or node.args[0] is not False:
            continue
        for user in list(node.users):
            with program.graph.inserting_after(user):
                stop = program.graph.call_function(torch.ops.aten.detach.default, (user,))
            stop.meta = dict(user.meta)
            user.replace_all_uses_with(stop, delete_user_cb=lambda each, stop=stop: each is not stop)
    program.graph_module.recompile()


def _require_multiples(program: Any) -> None:
    """Refuse a letter where a size is no multiple of it, or where a sequence is that long."""
    for node in program.graph.nodes:
        for each in _tensors_of(node.meta.get("val")):
            for size in each.shape:
                _size(size)
        if str(node.target).startswith(_SEQUENCES):
            first = bool(node.args[-1])
            if isinstance(_size(node.args[0].meta["val"].shape[1 if first else 0]), list):
                raise _StaticError


_SEQUENCES = ("aten.lstm.", "aten.gru.", "aten.rnn_")


def _tensors_of(value: Any) -> list[Any]:
    return list(_tensors(value))


def _size(size: Any) -> int | list[int]:
    """Return a size as a number, or as [k] for k examples.

    Raises:
        _StaticError: it is no multiple.
    """
    if isinstance(size, int):
        return size
    expr = size.node.expr
    if expr.is_number:
        return int(expr)
    symbols = list(expr.free_symbols)
    count: Any = expr.coeff(symbols[0]) if len(symbols) == 1 else None
    if not count or expr != count * symbols[0] or not count.is_integer:
        raise _StaticError
    return [int(count)]


_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)[^\n]*\n\s*([^\n]*)')


def _frames(text: str) -> list[dict[str, Any]]:
    return [
        {"file": name, "number": int(number), "text": code.strip()[:MAX_TEXT]}
        for name, number, code in _FRAME.findall(text)
    ]


def _is_torch(file: str) -> bool:
    parts = Path(file).parts
    return "torch" in parts or file.startswith("<")


LIVE, DATA, CONSTANT = "live", "data", "constant"
"""What a value is: made of parameters; of given numbers by steps that the page shows; of nothing that is shown."""


class _Graph:
    """The graph of a program, read in order: what no parameter has a part in is evaluated."""

    def __init__(self, exported: _Exported, program: Any, letter: int | None) -> None:
        self.exported, self.program, self.letter = exported, program, letter
        self.kinds: dict[Any, str] = {}
        self.values: dict[Any, Any] = {}
        self.sources: dict[Any, frozenset[str]] = {}
        self.inputs: list[dict[str, Any]] = []
        self.constants: list[dict[str, Any]] = []
        self.parameters: dict[str, Any] = {}
        self.result = ""
        self._sent: set[Any] = set()

    def operations(self) -> list[dict[str, Any]]:
        """Return what is computed of parameters and data; the rest is constant."""
        self._given()
        found = []
        for node in self.program.graph.nodes:
            if node.op == "output":
                self.result = self._loss_of(node)
            if node.op != "call_function" or _is_size(node.meta.get("val")):
                continue
            self._take(node)
            if self.kinds[node] != CONSTANT and not _is_getitem(node):
                found.append(self._operation(node))
                single = any(each["type"] == "float32" for each in found[-1]["results"])
                if single and not any(each["what"] == "float32" for each in self.exported.hints):
                    line = (found[-1]["line"] or {}).get("number")
                    self.exported.hints.append({"what": "float32", "where": "", "line": line})
        return found

    def _loss_of(self, node: Any) -> str:
        """Return the name of the loss: the first of what the module returns."""
        user = [name for kind, name in zip(self._output_kinds(), node.args[0], strict=True) if kind == "USER_OUTPUT"]
        return str(user[0].name)

    def _output_kinds(self) -> list[str]:
        return [each.kind.name for each in self.program.graph_signature.output_specs]

    def _given(self) -> None:
        """Take what the graph is given: parameters, buffers, inputs and the target."""
        import torch

        signature = self.program.graph_signature
        state = {**self.program.state_dict, **self.program.constants}
        named = dict(_holder(self.exported.given.module).named_parameters(remove_duplicate=False))
        users = iter(self._users())
        for node in self.program.graph.nodes:
            if node.op != "placeholder":
                continue
            self.sources[node] = frozenset()
            if node.name in signature.inputs_to_parameters:
                self.kinds[node] = LIVE
                self.parameters[node.name] = named[signature.inputs_to_parameters[node.name]]
                continue
            target = {**signature.inputs_to_buffers, **signature.inputs_to_lifted_tensor_constants}.get(node.name)
            if target is not None:
                self.kinds[node], self.values[node] = CONSTANT, state[target]
                continue
            name, value = next(users)
            self.values[node] = value
            if not isinstance(value, torch.Tensor):
                self.kinds[node] = CONSTANT
                continue
            self.sources[node] = frozenset({name})
            self.kinds[node] = DATA if value.is_floating_point() else CONSTANT
            dims = [_size(each) for each in node.meta["val"].shape]
            value = self.exported.array(value)
            kind = str(node.meta["val"].dtype).removeprefix("torch.")
            self.inputs.append({"name": node.name, "own": name, "value": value, "dims": dims, "type": kind})

    def _users(self) -> Iterator[tuple[str, Any]]:
        """Yield what is handed over, in order, by the names that forward gives it; the target is ``target``."""
        from torch.utils import _pytree

        given = self.exported.given
        try:
            names = list(inspect.signature(given.module.forward).parameters)
        except (TypeError, ValueError):
            names = []
        for at, each in enumerate(given.inputs):
            name = names[at] if at < len(names) else f"input{at}"
            leaves = _pytree.tree_leaves(each)
            yield from ((name if len(leaves) == 1 else f"{name}{number}", leaf) for number, leaf in enumerate(leaves))
        yield from (("target", each) for each in _pytree.tree_leaves(given.target))

    def _take(self, node: Any) -> None:
        """Find out what a node is, and evaluate it where no parameter has a part in it."""
        import torch

        before = [each for each in node.all_input_nodes if each in self.kinds]
        self.sources[node] = frozenset().union(*(self.sources[each] for each in before))
        kinds = {self.kinds[each] for each in before}
        if LIVE in kinds:
            self.kinds[node] = LIVE
            return
        with torch.no_grad():
            args, named = (
                torch.fx.node.map_arg(each, lambda inner: self._real(inner)) for each in (node.args, node.kwargs)
            )
            self.values[node] = node.target(*_concrete(args, self.letter), **_concrete(named, self.letter))
        numbers = all(each.is_floating_point() for each in _tensors(self.values[node]))
        self.kinds[node] = DATA if DATA in kinds and numbers and self.values[node] is not None else CONSTANT

    def _real(self, node: Any) -> Any:
        if node in self.values:
            return self.values[node]
        return node.meta["val"]

    def _operation(self, node: Any) -> dict[str, Any]:
        name, _, overload = str(node.target).removeprefix("aten.").partition(".")
        return {
            "name": node.name,
            "kind": name,
            "overload": overload,
            "arguments": [self._argument(each) for each in node.args],
            "named": {key: self._argument(each) for key, each in node.kwargs.items()},
            "results": [
                {"dims": [_size(size) for size in each.shape], "type": str(each.dtype).removeprefix("torch.")}
                for each in _tensors(node.meta.get("val"))
            ],
            "module": _module_of(node),
            "line": _line_of(node),
        }

    def _argument(self, value: Any) -> Any:
        """Return an argument as data: {"tensor": name, "at": place}, {"list": …}, {"size": …} or a number or word."""
        import torch

        if isinstance(value, torch.fx.Node):
            if _is_size(value.meta.get("val")):
                return {"size": _size(value.meta["val"])}
            return self._tensor(value)
        if isinstance(value, torch.SymInt):
            return {"size": _size(value)}
        if isinstance(value, tuple | list):
            return {"list": [self._argument(each) for each in value]}
        if isinstance(value, float) and not math.isfinite(value):
            return {"number": str(value)}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        return {"word": str(value)[:MAX_TEXT]}

    def _tensor(self, node: Any) -> dict[str, Any]:
        if self.kinds[node] == CONSTANT:
            self._send(node)
            return {"tensor": node.name, "at": 0}
        if _is_getitem(node):
            return {"tensor": node.args[0].name, "at": int(node.args[1])}
        return {"tensor": node.name, "at": 0}

    def _send(self, node: Any) -> None:
        if node in self._sent or (node.op == "placeholder" and self.sources[node]):
            return
        self._sent.add(node)
        dims = (
            [_size(each) for each in node.meta["val"].shape] if node.op != "get_attr" else list(self.values[node].shape)
        )
        self.constants.append(
            {
                "name": node.name,
                "value": self._array(node),
                "dims": dims,
                "from": sorted(self.sources[node]),
                "type": str(self.values[node].dtype).removeprefix("torch."),
            }
        )

    def _array(self, node: Any) -> dict[str, Any]:
        try:
            return self.exported.array(self.values[node])
        except RefusedError as error:
            raise RefusedError(str(error), _line_of(node)) from None


def _holder(module: Any) -> Any:
    """Return a module that holds a model under the name that the export knows."""
    import torch

    holder = torch.nn.Module()
    holder.add_module(MODEL, module)
    return holder


def _concrete(value: Any, letter: int | None) -> Any:
    """Return arguments with numbers where sizes are letters."""
    import torch

    if isinstance(value, torch.SymInt):
        size = _size(value)
        return size if isinstance(size, int) else size[0] * (letter or 1)
    if isinstance(value, Mapping):
        return {key: _concrete(each, letter) for key, each in value.items()}
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return type(value)(_concrete(each, letter) for each in value)
    return value


def _is_size(value: Any) -> bool:
    import torch

    return isinstance(value, torch.SymInt) or (isinstance(value, int) and not isinstance(value, bool))


def _is_getitem(node: Any) -> bool:
    return "getitem" in str(node.target)


def _module_of(node: Any) -> str:
    """Return the path of the module that a node stands in; of the loss none."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = re.sub(r"@\d+", "", str(stack[-1][0])) if stack else ""
    return path.removeprefix("L['self'].").removeprefix(MODEL).removeprefix(".")


def _line_of(node: Any) -> dict[str, Any] | None:
    frames = [each for each in _frames(node.meta.get("stack_trace") or "") if not _is_torch(each["file"])]
    own = [each for each in frames if Path(each["file"]).name != Path(__file__).name]
    return {**own[-1], "file": Path(own[-1]["file"]).name} if own else None


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.path.pop(0)  # The files beside this one are not for somebody's code to import.
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # Nothing of somebody's code runs when the interpreter ends.

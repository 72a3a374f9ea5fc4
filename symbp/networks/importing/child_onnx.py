"""Reads an ONNX file, runs it once and writes down what it does. Run as a script, with the folder of one request.

It needs onnx and NumPy and imports nothing of symbp. The answer is the one that ``child`` gives of a module: the same
operations by the names that PyTorch has for them, so that one table reads both. A file has no loss and no target, so
the request says the loss, and the target is drawn, as inputs are. What depends on no weight and no input with
decimals is constant: its value is taken from ONNX's reference evaluator, which also says the loss.
"""

from __future__ import annotations

import ast
import base64
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

VERSION = 1

MAX_FILE = 200_000_000
"""Largest file, in bytes."""

MAX_NODES = 10_000

MAX_BYTES = 400_000_000
"""Most that all values of one run hold, in bytes."""

MAX_TEXT = 300

BATCHES = (3, 5)
"""How many examples a file is run with whose first axis has a letter: sizes that grow with it are multiples of it."""

SEED = 0

FLOAT, DOUBLE, INT64 = 1, 11, 7
FLOATS = (FLOAT, 10, 16)

GENERATED = re.compile(
    r"(onnx::|/|_|(val|const|scalar_tensor|expand|full|zeros|ones|arange|lift_fresh|lift_fresh_copy|clone|cat|stack|slice|"
    r"select|embedding|view|reshape|mul|add|sub|div|neg|exp|pow|sqrt|rsqrt|cos|sin|tril|triu|index|where|repeat|outer|"
    r"unsqueeze|squeeze|transpose|permute|t|to|copy|alias|detach|einsum|rsub)(_default|_cast)*(_\d+)?\Z)"
)
"""Names of numbers that an exporter made: constants, unless they are used as only weights are."""

BUFFERS = re.compile(r"(running_mean|running_var|mask|inv_freq|position_ids)$")


class RefusedError(Exception):
    """What a file has that cannot be read."""


def main(folder: Path) -> None:
    """Answer one request."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    partial = folder / "answer.partial"
    partial.write_text(json.dumps(_answer(request)), encoding="utf-8")
    partial.replace(folder / "answer.json")


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        import onnx  # noqa: F401
    except ImportError:
        return {"missing": "onnx"}
    try:
        source = Path(request["source"])
        if source.stat().st_size > MAX_FILE:
            raise RefusedError(f"larger than {MAX_FILE // 10**6} MB, the most that is read")
        return message(source.read_bytes(), request.get("loss"))
    except RefusedError as error:
        return {"refused": [{"line": None, "what": each} for each in error.args]}
    except BaseException as error:  # The evaluator may raise anything about somebody's file.
        says = " ".join(str(error).split())[:MAX_TEXT]
        return {"error": type(error).__name__, "says": says, "line": None, "while": "running"}


def message(content: bytes, loss: str | None) -> dict[str, Any]:
    """Return the bytes of a file as data.

    Raises:
        RefusedError: what it has that cannot be read, all of it.
    """
    graph = _Graph(_model(content))
    return graph.document(loss)


def _model(content: bytes) -> Any:
    """Return the model in a file, with its functions written out and all decimals in double precision."""
    import onnx
    from onnx import inliner

    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # Whatever the parser of protobuf raises.
        raise RefusedError("no ONNX file") from None
    if model.functions:
        model = inliner.inline_local_functions(model)
    if len(model.graph.node) > MAX_NODES:
        raise RefusedError(f"more than {MAX_NODES:,} operations")
    if not model.graph.node:
        raise RefusedError("no operations in it: no ONNX file, or one without a graph")
    problems = dict.fromkeys(_problems(model.graph))
    if problems:
        raise RefusedError(*problems)
    _make_double(model)
    return model


def _problems(graph: Any) -> Iterator[str]:
    import onnx

    for each in _tensors(graph):
        if each.data_location == onnx.TensorProto.EXTERNAL or each.external_data:
            yield "its numbers are in other files, which are not read: export it with external_data=False"
    for node in graph.node:
        if any(each.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for each in node.attribute):
            yield f"{node.op_type}: a part of the graph that runs by values"
        elif (node.op_type not in ROWS and node.op_type not in EVALUATED) or node.domain not in ("", "ai.onnx"):
            yield f"{node.op_type}: no formula for it"


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for each in node.attribute:
            if each.HasField("t"):
                yield each.t
            yield from each.tensors


def _make_double(model: Any) -> None:
    """Put all decimals of a model into double precision: then the evaluator has all digits."""
    from onnx import numpy_helper

    for each in list(_tensors(model.graph)):
        if each.data_type in FLOATS:
            value = numpy_helper.to_array(each)
            exact = value.astype("float64") if value.size > 1 else decimal(value)
            each.CopyFrom(numpy_helper.from_array(exact.reshape(value.shape), each.name))
    for node in model.graph.node:
        for each in node.attribute:
            if each.name in ("to", "dtype") and each.i in FLOATS:
                each.i = DOUBLE
    for each in (*model.graph.input, *model.graph.output):
        if each.type.tensor_type.elem_type in FLOATS:
            each.type.tensor_type.elem_type = DOUBLE
    del model.graph.value_info[:]


def decimal(value: Any) -> Any:
    """Return numbers of single precision as the decimals that they were written as: 0.1, and not 0.10000000149."""
    import numpy as np

    return np.vectorize(lambda each: float(str(np.float32(each))), otypes=[np.float64])(value)


def _exact() -> list[Any]:
    """Return operations whose meaning the evaluator has with constants in single precision, with exact ones."""
    import numpy as np
    from onnx.reference.op_run import OpRun

    class Gelu(OpRun):
        op_domain = ""

        def _run(self, x: Any, approximate: str | None = None) -> tuple[Any]:
            if approximate == "tanh":
                return (x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),)
            return (x / 2 * (1 + np.vectorize(math.erf, otypes=[x.dtype])(x / math.sqrt(2))),)

    class HardSwish(OpRun):
        op_domain = ""

        def _run(self, x: Any) -> tuple[Any]:
            return (x * np.clip(x / 6 + 0.5, 0, 1),)

    return [Gelu, HardSwish]


class _Graph:
    """The graph of a model, run and written down."""

    def __init__(self, model: Any) -> None:
        from onnx import numpy_helper

        self.model, self.graph = model, model.graph
        self.weights = {each.name: numpy_helper.to_array(each) for each in self.graph.initializer}
        self.parameters = {name: value for name, value in self.weights.items() if self._is_parameter(name, value)}
        self.inputs = [each for each in self.graph.input if each.name not in self.weights]
        self.values: dict[str, Any] = {}
        self.dims: dict[str, list[int | list[int]]] = {}
        self.operations: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}
        """Parameters taken out of joined ones, by the names that they get."""
        self.names: dict[str, str] = {}
        self.live: set[str] = set()
        self.made = {each.name for each in self.inputs}
        """Names of what is given, and of what operations that are written down make."""
        self.moving = {each.name for each in self.inputs}
        """Names of all that depends on an input."""
        self.constants: dict[str, dict[str, Any]] = {}
        self.products: dict[str, list[Any]] = {}
        """Products with a weight whose bias an addition brings, by what they make: the arguments of a linear layer."""
        self.place: dict[str, Any] = {"module": "", "line": None}
        self._bytes = 0

    def uses(self, name: str) -> Iterator[tuple[str, int]]:
        for node in self.graph.node:
            yield from ((node.op_type, at) for at, each in enumerate(node.input) if each == name)

    def _is_parameter(self, name: str, value: Any) -> bool:
        """Whether numbers are a weight: by what they are used for, and else by their name."""
        import numpy as np

        uses = set(self.uses(name))
        if value.dtype != np.float64 or not np.isfinite(value).all() or BUFFERS.search(name):
            return False
        if uses & {("BatchNormalization", 3), ("BatchNormalization", 4)}:
            return False
        return bool(uses & WEIGHTS) or not (GENERATED.match(name) or uses <= SETTINGS)

    # Running it

    def _drawn(self, examples: int) -> dict[str, Any]:
        """Return inputs: decimals, or numbers that an axis of what they choose from has."""
        import numpy as np

        random = np.random.default_rng(SEED)
        found = {}
        for each in self.inputs:
            shape = [
                size.dim_value if size.HasField("dim_value") else examples for size in each.type.tensor_type.shape.dim
            ]
            kind = each.type.tensor_type.elem_type
            if kind == DOUBLE:
                found[each.name] = random.normal(size=shape)
            elif kind in (INT64, 6):
                most = min((self._chosen_from(each.name)), default=2)
                found[each.name] = random.integers(0, most, shape).astype("int64" if kind == INT64 else "int32")
            else:
                raise RefusedError(f"the input {each.name} holds neither decimals nor whole numbers")
        return found

    def _chosen_from(self, name: str) -> Iterator[int]:
        for node in self.graph.node:
            if node.op_type == "Gather" and node.input[1] == name and node.input[0] in self.weights:
                yield self.weights[node.input[0]].shape[_attribute(node, "axis", 0)]
            elif node.op_type in ("Cast", "Identity", "Squeeze", "Unsqueeze") and node.input[0] == name:
                yield from self._chosen_from(node.output[0])

    def _run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Return every value of one run."""
        import onnx
        from onnx.reference import ReferenceEvaluator

        names = [each for node in self.graph.node for each in node.output if each]
        whole = onnx.ModelProto()
        whole.CopyFrom(self.model)
        del whole.graph.output[:]
        whole.graph.output.extend(onnx.helper.make_empty_tensor_value_info(each) for each in names)
        evaluator = ReferenceEvaluator(whole, new_ops=_exact())
        for node in evaluator.rt_nodes_:
            for each in node.onnx_node.attribute:
                if each.type == onnx.AttributeProto.FLOAT:
                    setattr(node, each.name, float(decimal(each.f)))
        found = dict(zip(names, evaluator.run(None, dict(feeds)), strict=True))
        return {**self.weights, **feeds, **found}

    def _evaluate(self) -> int | None:
        """Run the model; return how many examples, where their number is a letter."""
        examples, other = BATCHES
        feeds = self._drawn(examples)
        self.values = self._run(feeds)
        sizes = [size for each in self.inputs for size in each.type.tensor_type.shape.dim]
        self.dims = {name: list(value.shape) for name, value in self.values.items()}
        if all(each.HasField("dim_value") for each in sizes):
            return None
        try:
            again = self._run(self._drawn(other))
            self.dims = {name: _multiples(value, again[name]) for name, value in self.values.items()}
        except Exception:  # It runs at some sizes only, or sizes are no multiples: at this one then.
            return None
        return examples

    # Writing it down

    def document(self, loss: str | None) -> dict[str, Any]:
        """Return the whole answer."""
        examples = self._evaluate()
        given = [self._given(each.name) for each in self.inputs]
        self.live = set(self.parameters)
        data = {each.name for each in self.inputs if self.values[each.name].dtype.kind == "f"}
        for node in self.graph.node:
            read = node.input[:1] if node.op_type == "CastLike" else node.input
            shown = any(each in self.live or each in data for each in read)
            if self.moving & set(read):
                self.moving.update(node.output)
            if not shown or node.op_type in ("Shape", "Size"):
                continue
            if node.op_type not in ROWS:
                raise RefusedError(f"{node.op_type} of values that weights or inputs have a part in")
            (self.live if self.live & set(read) else data).update(node.output)
            self.place = {"module": _module_of(node), "line": None}
            ROWS[node.op_type](self, node)
        target, result, value = self._with_loss(loss)
        self._prune(result)
        parameters = {**{each: self.parameters[each] for each in self.names if each in self.parameters}, **self.extra}
        return {
            "version": VERSION,
            "torch": "",
            "model": self.graph.name[:MAX_TEXT] or "model",
            "dtype": "float64",
            "training": self._is_training(),
            "examples": examples,
            "modules": {},
            "parameters": [
                {"name": _own(name), "value": self.array(value), "trainable": True}
                for name, value in parameters.items()
            ],
            "parameter_inputs": {_name(name): _own(name) for name in parameters},
            "inputs": given + target,
            "constants": list(self.constants.values()),
            "operations": self.operations,
            "result": result,
            "loss": value,
            "gradients": {},
            "hints": list(self._hints()),
        }

    def _prune(self, result: str) -> None:
        """Leave out what the result does not need."""
        read, kept = {result}, []
        for each in reversed(self.operations):
            if each["name"] in read:
                kept.append(each)
                read.update(_references(each["arguments"]))
        self.operations = kept[::-1]
        self.constants = {name: each for name, each in self.constants.items() if each["name"] in read}
        self.extra = {name: each for name, each in self.extra.items() if _name(name) in read}
        self.names = {name: each for name, each in self.names.items() if _name(name) in read}

    def _given(self, name: str) -> dict[str, Any]:
        own = re.sub(r"\W", "_", name)[:MAX_TEXT]
        return {"name": _name(name), "own": own, **self._numbers(name)}

    def _numbers(self, name: str) -> dict[str, Any]:
        value = self.values[name]
        return {"value": self.array(value), "dims": self.dims[name], "type": _type(value)}

    def _is_training(self) -> bool:
        norms = [each for each in self.graph.node if each.op_type == "BatchNormalization"]
        return any(_attribute(each, "training_mode", 0) for each in norms)

    def _hints(self) -> Iterator[dict[str, Any]]:
        notes = " ".join(each.value for node in self.graph.node for each in node.metadata_props)
        kinds = {each.op_type for each in self.graph.node}
        if not self._is_training():
            is_folded = "FuseBatchNorm" in notes or "batch_norm" in notes
            what = "constant" if "BatchNormalization" in kinds else "folded" if is_folded else "inference"
            yield {"what": what, "where": "", "line": None}

    def array(self, value: Any) -> dict[str, Any]:
        """Return numbers as data."""
        import numpy as np

        found = np.asarray(value)
        found = np.ascontiguousarray(found, "<f8" if found.dtype.kind == "f" else "<i8").reshape(found.shape)
        self._bytes += found.nbytes
        if self._bytes > MAX_BYTES:
            raise RefusedError(f"more than {MAX_BYTES // 10**6} MB of numbers")
        data = base64.b64encode(found.tobytes()).decode("ascii")
        return {"shape": list(found.shape), "type": found.dtype.str, "bytes": data}

    def tensor(self, name: str) -> dict[str, Any] | None:
        """Return an argument: a value by its name, constants sent when they are used first."""
        if not name:
            return None
        if name in self.parameters:
            self.names[name] = name
        elif name not in (self.live | self.made) and name not in self.constants:
            value = self.values[name]
            if value.dtype.kind not in "fiub":
                raise RefusedError(f"{name} holds no numbers")
            self.constants[name] = {"name": _name(name), "from": [], **self._numbers(name)}
        return {"tensor": _name(name), "at": 0}

    def constant(self, node: Any, at: int, otherwise: Any = None) -> Any:
        """Return an input of a node that must be numbers known beforehand, as a list or a number."""
        if len(node.input) <= at or not node.input[at]:
            return otherwise
        name = node.input[at]
        if name in self.live:
            raise RefusedError(f"{node.op_type}: {name} depends on weights, and must be known")
        return self.values[name].tolist()

    def shape(self, name: str) -> list[int]:
        """Return the shape of a value."""
        return list(self.values[name].shape)

    def emit(self, kind: str, outputs: Sequence[str], *arguments: Any, **named: Any) -> None:
        """Write one operation down."""
        self.made.update(outputs)
        self.operations.append(
            {
                "name": _name(outputs[0]),
                "kind": kind,
                "overload": "default",
                "arguments": [_argument(each) for each in arguments],
                "named": {key: _argument(each) for key, each in named.items()},
                "results": [{"dims": self.dims[each], "type": "float64"} for each in outputs],
                **self.place,
            }
        )

    def between(self, like: str, suffix: str, shaped: str, axis: int = 0, length: Any = None) -> str:
        """Return the name of a value in between, ``shaped`` as another one, but for the length of an axis."""
        name = f"{like}.{suffix}"
        self.dims[name] = list(self.dims[shaped])
        if length is not None:
            self.dims[name][axis] = length
        return name

    def part(self, own: str, value: Any) -> dict[str, Any]:
        """Return the argument of a parameter that is a part of a joined one."""
        self.extra[own] = value
        return {"tensor": _name(own), "at": 0}

    def _with_loss(self, loss: str | None) -> tuple[list[dict[str, Any]], str, float]:
        """Write the loss down; return the target as an input, the name of the result, and its value."""
        import numpy as np

        output = self.graph.output[0].name
        found = self.values[output]
        if loss is None:
            if found.size != 1:
                raise RefusedError("an ONNX file has no loss: say one, such as --loss cross_entropy")
            return [], _name(output), float(found.reshape(()))
        if loss not in LOSSES:
            raise RefusedError(f"no loss {loss!r} for an ONNX file; there are {', '.join(LOSSES)}")
        kind, arguments, value_of = LOSSES[loss]
        random = np.random.default_rng(SEED + 1)
        self.place = {"module": "", "line": None}
        dims = self.dims[output]
        if kind in CLASSES:
            target = random.integers(0, found.shape[1], (found.shape[0], *found.shape[2:]))
            dims = [dims[0], *dims[2:]]
        else:
            target = random.uniform(size=found.shape)
        self.dims["loss"] = []
        given = {
            "name": "target", "own": "target", "value": self.array(target), "dims": dims, "type": _type(target)
        }  # fmt: skip
        self.emit(kind, ["loss"], self.tensor(output), {"tensor": "target", "at": 0}, *arguments)
        return [given], _name("loss"), float(value_of(found, target))


def _multiples(one: Any, other: Any) -> list[int | list[int]]:
    """Return sizes as numbers, or [k] for k examples, from two runs."""
    found: list[int | list[int]] = []
    for few, many in zip(one.shape, other.shape, strict=True):
        each = few // BATCHES[0]
        if few != many and (few, many) != (each * BATCHES[0], each * BATCHES[1]):
            raise ValueError
        found.append(few if few == many else [each])
    return found


def _type(value: Any) -> str:
    return {"f": "float64", "b": "bool"}.get(value.dtype.kind, "int64")


def _name(name: str) -> str:
    """Return the name of a value, apart from all that are ours."""
    return f"v:{name}"[:MAX_TEXT]


def _references(value: Any) -> Iterator[str]:
    """Yield the names that arguments refer to."""
    if isinstance(value, dict):
        yield from [value["tensor"]] if "tensor" in value else _references(value.get("list", []))
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _own(name: str) -> str:
    """Return the name of a parameter, without marks that no name has."""
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name).strip("._")[:MAX_TEXT] or "weight"


def _argument(value: Any) -> Any:
    return {"list": [_argument(each) for each in value]} if isinstance(value, list | tuple) else value


def _attribute(node: Any, name: str, otherwise: Any = None) -> Any:
    import onnx

    found = next((each for each in node.attribute if each.name == name), None)
    if found is None:
        return otherwise
    value = onnx.helper.get_attribute_value(found)
    if found.type == onnx.AttributeProto.FLOAT:
        return float(decimal(value))
    return value.decode() if isinstance(value, bytes) else list(value) if isinstance(value, Sequence) else value


def _module_of(node: Any) -> str:
    """Return the path of the module that a node was exported from, where the file says it."""
    notes = {each.key: each.value for each in node.metadata_props}
    try:
        scopes = ast.literal_eval(notes.get("pkg.torch.onnx.name_scopes", "[]"))
        return str(scopes[-2])[:MAX_TEXT] if len(scopes) > 1 else ""
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ""


# One row an operation: its name in ONNX, what writes it down in PyTorch's.

Row = Callable[[_Graph, Any], None]


def _same(kind: str, *settings: tuple[str, Any], count: int = 1) -> Row:
    """Return the row of an operation that takes its first tensors and these attributes in order."""

    def row(graph: _Graph, node: Any) -> None:
        tensors = [graph.tensor(each) for each in node.input[:count]]
        graph.emit(kind, [node.output[0]], *tensors, *(_attribute(node, *each) for each in settings))

    return row


def _identity(graph: _Graph, node: Any) -> None:
    graph.emit("alias", [node.output[0]], graph.tensor(node.input[0]))


def _dropout(graph: _Graph, node: Any) -> None:
    if graph.constant(node, 2, False):
        raise RefusedError("Dropout in training mode: export it in evaluation mode, or give the noise as an input")
    _identity(graph, node)


def _matmul(graph: _Graph, node: Any) -> None:
    """A product with a weight is a linear layer, whose weight PyTorch has the other way round."""
    x, w = node.input
    is_weight = w in graph.live and w not in graph.moving and len(graph.shape(w)) == 2
    if not is_weight or len(graph.shape(x)) < 2:
        graph.emit("matmul", [node.output[0]], graph.tensor(x), graph.tensor(w))
        return
    turned = graph.between(node.output[0], "weight", w)
    graph.dims[turned].reverse()
    graph.emit("permute", [turned], graph.tensor(w), [1, 0])
    arguments = [graph.tensor(x), graph.tensor(turned)]
    users = list(graph.uses(node.output[0]))
    if users == [("Add", 0)] or users == [("Add", 1)]:
        graph.products[node.output[0]] = arguments
    else:
        graph.emit("linear", [node.output[0]], *arguments)


def _add(graph: _Graph, node: Any) -> None:
    for product, bias in (node.input, node.input[::-1]):
        if product in graph.products:
            arguments = graph.products.pop(product)
            if bias in graph.parameters and len(graph.shape(bias)) == 1:
                graph.emit("linear", [node.output[0]], *arguments, graph.tensor(bias))
                return
            graph.emit("linear", [product], *arguments)
    graph.emit("add", [node.output[0]], *map(graph.tensor, node.input))


def _power(graph: _Graph, node: Any) -> None:
    graph.emit("pow", [node.output[0]], *map(graph.tensor, node.input))


def _gelu(graph: _Graph, node: Any) -> None:
    which = _attribute(node, "approximate", "none")
    graph.emit("gelu", [node.output[0]], graph.tensor(node.input[0]), approximate=which)


def _clip(graph: _Graph, node: Any) -> None:
    graph.emit("clamp", [node.output[0]], graph.tensor(node.input[0]), graph.constant(node, 1), graph.constant(node, 2))


def _softmax(kind: str) -> Row:
    def row(graph: _Graph, node: Any) -> None:
        graph.emit(kind, [node.output[0]], graph.tensor(node.input[0]), _attribute(node, "axis", -1))

    return row


def _gemm(graph: _Graph, node: Any) -> None:
    """A·op(B) + C: a linear layer where B is out × in."""
    a, b, *c = node.input
    factors = _attribute(node, "alpha", 1.0), _attribute(node, "beta", 1.0)
    bias = graph.tensor(c[0]) if c and c[0] and factors[1] else None
    if factors[0] != 1 or (bias and factors[1] != 1) or _attribute(node, "transA", 0):
        raise RefusedError("Gemm with factors, or with its first matrix transposed")
    if _attribute(node, "transB", 0):
        graph.emit("linear", [node.output[0]], graph.tensor(a), graph.tensor(b), bias)
        return
    name = node.output[0] if bias is None else graph.between(node.output[0], "product", node.output[0])
    graph.emit("matmul", [name], graph.tensor(a), graph.tensor(b))
    if bias is not None:
        graph.emit("add", [node.output[0]], graph.tensor(name), bias)


def _sides(graph: _Graph, node: Any) -> tuple[list[int], list[int], list[int]]:
    """Return strides, padding and dilation of a window that is padded on both sides alike."""
    axes = len(graph.shape(node.input[0])) - 2
    pads = _attribute(node, "pads", [0] * 2 * axes)
    if pads[:axes] != pads[axes:] or _attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise RefusedError(f"{node.op_type} with other padding on one side than on the other")
    return _attribute(node, "strides", [1] * axes), pads[:axes], _attribute(node, "dilations", [1] * axes)


def _convolution(graph: _Graph, node: Any) -> None:
    strides, pads, dilations = _sides(graph, node)
    tensors = [graph.tensor(each) for each in (*node.input, "")[:3]]
    groups = _attribute(node, "group", 1)
    kind = f"conv{len(strides)}d"
    if node.op_type == "Conv":
        graph.emit(kind, [node.output[0]], *tensors, strides, pads, dilations, groups)
        return
    more = _attribute(node, "output_padding", [0] * len(strides))
    graph.emit(f"conv_transpose{len(strides)}d", [node.output[0]], *tensors, strides, pads, more, groups, dilations)


def _pool(kind: str) -> Row:
    def row(graph: _Graph, node: Any) -> None:
        strides, pads, dilations = _sides(graph, node)
        if _attribute(node, "ceil_mode", 0) or any(each != 1 for each in dilations):
            raise RefusedError(f"{node.op_type} with holes, or with windows over the edge")
        if kind == "avg" and any(pads) and not _attribute(node, "count_include_pad", 0):
            raise RefusedError("AveragePool that leaves its padding out of the mean")
        name, x = f"{kind}_pool{len(strides)}d", graph.tensor(node.input[0])
        graph.emit(name, [node.output[0]], x, _attribute(node, "kernel_shape"), strides, pads)

    return row


def _whole_mean(graph: _Graph, node: Any) -> None:
    axes = list(range(2, len(graph.shape(node.input[0]))))
    graph.emit("mean", [node.output[0]], graph.tensor(node.input[0]), axes, True)


def _batch_norm(graph: _Graph, node: Any) -> None:
    tensors = list(map(graph.tensor, node.input[:5]))
    eps = _attribute(node, "epsilon", 1e-5)
    if _attribute(node, "training_mode", 0):
        graph.emit("_native_batch_norm_legit_functional", [node.output[0]], *tensors, True, 0.1, eps)
    else:
        graph.emit("_native_batch_norm_legit_no_training", [node.output[0]], *tensors, 0.1, eps)


def _layer_norm(graph: _Graph, node: Any) -> None:
    shape = graph.shape(node.input[0])[_attribute(node, "axis", -1) :]
    x, *rest = [graph.tensor(each) for each in (*node.input, "", "")[:3]]
    graph.emit("layer_norm", [node.output[0]], x, shape, *rest, _attribute(node, "epsilon", 1e-5))


def _reshape(graph: _Graph, node: Any) -> None:
    size = [each[0] if isinstance(each, list) else each for each in graph.dims[node.output[0]]]
    graph.emit("view", [node.output[0]], graph.tensor(node.input[0]), size)


def _transpose(graph: _Graph, node: Any) -> None:
    order = _attribute(node, "perm", list(range(len(graph.shape(node.input[0]))))[::-1])
    graph.emit("permute", [node.output[0]], graph.tensor(node.input[0]), order)


def _expand(graph: _Graph, node: Any) -> None:
    graph.emit("expand", [node.output[0]], graph.tensor(node.input[0]), graph.shape(node.output[0]))


def _tile(graph: _Graph, node: Any) -> None:
    graph.emit("repeat", [node.output[0]], graph.tensor(node.input[0]), graph.constant(node, 1))


def _concat(graph: _Graph, node: Any) -> None:
    graph.emit("cat", [node.output[0]], list(map(graph.tensor, node.input)), _attribute(node, "axis"))


def _split(graph: _Graph, node: Any) -> None:
    axis, at = _attribute(node, "axis", 0), 0
    for output in node.output:
        length = graph.shape(output)[axis]
        graph.emit("slice", [output], graph.tensor(node.input[0]), axis, at, at + length)
        at += length


def _slice(graph: _Graph, node: Any) -> None:
    starts, ends = graph.constant(node, 1), graph.constant(node, 2)
    axes = graph.constant(node, 3, list(range(len(starts))))
    if any(each != 1 for each in graph.constant(node, 4, [1] * len(starts))):
        raise RefusedError("Slice with steps")
    name, shape = node.input[0], graph.shape(node.input[0])
    for at, (axis, start, end) in enumerate(zip(axes, starts, ends, strict=True)):
        size = shape[axis]
        first, last = (min(max(each + size if each < 0 else each, 0), size) for each in (start, end))
        is_last = at == len(axes) - 1
        made = node.output[0] if is_last else graph.between(node.output[0], f"part{at}", name, axis, last - first)
        graph.emit("slice", [made], graph.tensor(name), axis, first, last)
        name = made


def _gather(graph: _Graph, node: Any) -> None:
    data, index = node.input
    axis = _attribute(node, "axis", 0)
    if not graph.values[index].ndim:
        graph.emit("select", [node.output[0]], graph.tensor(data), axis, int(graph.values[index]))
    elif axis == 0:
        graph.emit("embedding", [node.output[0]], graph.tensor(data), graph.tensor(index))
    else:
        raise RefusedError("Gather along another axis than the first")


def _where(graph: _Graph, node: Any) -> None:
    graph.emit("where", [node.output[0]], *map(graph.tensor, node.input))


def _reduction(kind: str) -> Row:
    def row(graph: _Graph, node: Any) -> None:
        axes = graph.constant(node, 1, _attribute(node, "axes", list(range(len(graph.shape(node.input[0]))))))
        keep = bool(_attribute(node, "keepdims", 1))
        graph.emit(kind, [node.output[0]], graph.tensor(node.input[0]), axes, keep)

    return row


def _einsum(graph: _Graph, node: Any) -> None:
    graph.emit("einsum", [node.output[0]], _attribute(node, "equation"), list(map(graph.tensor, node.input)))


def _chain(kind: str) -> Row:
    """Return the row of an operation of several operands that PyTorch has of two."""

    def row(graph: _Graph, node: Any) -> None:
        if len(node.input) != 2:
            raise RefusedError(f"{node.op_type} of {len(node.input)} tensors")
        graph.emit(kind, [node.output[0]], *map(graph.tensor, node.input))

    return row


ORDERS = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}
"""The gates in PyTorch's order (i f g o; r z n), by their places in ONNX's (i o f c; z r h)."""


def _recurrent(graph: _Graph, node: Any) -> None:
    """One layer over a sequence: weights that ONNX joins and orders in another way, taken apart."""
    import numpy as np

    x, w, r, b, lengths, *states = (*node.input, "", "", "", "", "")[:7]
    order = ORDERS[node.op_type]
    both = _attribute(node, "direction", "forward") == "bidirectional"
    usual = {"direction": ("forward", "bidirectional"), "layout": (0,), "input_forget": (0,)}
    plain = all(_attribute(node, name, known[0]) in known for name, known in usual.items())
    resets = node.op_type == "LSTM" or _attribute(node, "linear_before_reset", 0)
    if not plain or not resets or lengths or _attribute(node, "activations") or _attribute(node, "clip"):
        raise RefusedError(f"{node.op_type} of another kind than PyTorch's")
    if graph.moving & {w, r, b}:
        raise RefusedError(f"{node.op_type} whose weights depend on an input")
    params = []
    path = _module_of(node) or _own(node.name or node.op_type)
    for direction in range(2 if both else 1):
        end = "_reverse" if direction else ""
        for name, of in (("ih", w), ("hh", r)):
            gates = np.split(graph.values[of][direction], len(order))
            params.append(graph.part(f"{path}.weight_{name}_l0{end}", np.concatenate([gates[at] for at in order])))
        if b:
            gates = np.split(graph.values[b][direction], 2 * len(order))
            for half, name in enumerate(("ih", "hh")):
                own = np.concatenate([gates[half * len(order) + at] for at in order])
                params.append(graph.part(f"{path}.bias_{name}_l0{end}", own))
    steps, batch, _ = graph.shape(x)
    units = graph.values[r].shape[-1]
    directions = 2 if both else 1
    zeros = np.zeros((directions, batch, units))
    given = [graph.values[each] if each else zeros for each in states[: 2 if node.op_type == "LSTM" else 1]]
    names = []
    for at, each in enumerate(given):
        name = f"{node.output[0] or node.output[1]}.state{at}"
        graph.values[name], graph.dims[name] = each, [directions, graph.dims[x][1], units]
        names.append(name)
    hidden = list(map(graph.tensor, names))
    examples = graph.dims[x][1]
    out, split = (f"{node.output[0] or node.output[1]}.{each}" for each in ("out", "split"))
    graph.dims[out] = [steps, examples, directions * units]
    graph.dims[split] = [steps, examples, directions, units]
    y, *last = (*node.output, "", "", "")[: 1 + len(names)]
    ends = [each or graph.between(out, f"last{at}", names[0]) for at, each in enumerate(last)]
    state = hidden if node.op_type == "LSTM" else hidden[0]
    settings = (params, bool(b), 1, 0.0, False, both, False)
    graph.emit(node.op_type.lower(), [out, *ends], graph.tensor(x), state, *settings)
    for at, each in enumerate(last, 1):
        if each:
            graph.emit("alias", [each], {"tensor": _name(out), "at": at})
    if y:
        graph.emit("view", [split], graph.tensor(out), [steps, batch, directions, units])
        graph.emit("permute", [y], graph.tensor(split), [0, 2, 1, 3])


UNARY = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Abs": "abs",
    "Neg": "neg", "Reciprocal": "reciprocal", "Erf": "erf", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "Softplus": "softplus", "HardSwish": "hardswish", "Mish": "mish",
}  # fmt: skip

ROWS: dict[str, Row] = {
    **{name: _same(kind) for name, kind in UNARY.items()},
    "Identity": _identity, "Cast": _identity, "CastLike": _identity, "Dropout": _dropout,
    "Elu": _same("elu", ("alpha", 1.0)), "LeakyRelu": _same("leaky_relu", ("alpha", 0.01)),
    "PRelu": _same("prelu", count=2), "Gelu": _gelu, "Clip": _clip,
    "Add": _add, "Sub": _same("sub", count=2), "Mul": _same("mul", count=2),
    "Div": _same("div", count=2), "Pow": _power, "Max": _chain("maximum"), "Min": _chain("minimum"),
    "Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"),
    "MatMul": _matmul, "Gemm": _gemm, "Einsum": _einsum,
    "Conv": _convolution, "ConvTranspose": _convolution, "MaxPool": _pool("max"), "AveragePool": _pool("avg"),
    "GlobalAveragePool": _whole_mean, "BatchNormalization": _batch_norm, "LayerNormalization": _layer_norm,
    "Reshape": _reshape, "Flatten": _reshape, "Squeeze": _reshape, "Unsqueeze": _reshape, "Transpose": _transpose,
    "Expand": _expand, "Tile": _tile, "Greater": _same("gt", count=2), "GreaterOrEqual": _same("ge", count=2),
    "Concat": _concat, "Split": _split, "Slice": _slice, "Gather": _gather, "Where": _where,
    "ReduceMean": _reduction("mean"), "ReduceSum": _reduction("sum"), "ReduceMax": _reduction("amax"),
    "LSTM": _recurrent, "GRU": _recurrent,
}  # fmt: skip
"""Every operation of ONNX that has a formula."""

EVALUATED = frozenset({
    "Constant", "ConstantOfShape", "Shape", "Size", "Range", "Equal", "Less", "LessOrEqual", "Not", "And", "Or",
    "Mod", "Floor", "Ceil",
    "NonZero", "Trilu", "IsNaN", "OneHot",
})  # fmt: skip
"""Operations that are only evaluated: what they make is constant."""

WEIGHTS = {
    ("Gemm", 1), ("Gemm", 2), ("MatMul", 0), ("MatMul", 1), ("Conv", 1), ("Conv", 2), ("ConvTranspose", 1),
    ("ConvTranspose", 2), ("LayerNormalization", 1), ("LayerNormalization", 2), ("BatchNormalization", 1),
    ("BatchNormalization", 2), ("Gather", 0), ("PRelu", 1), ("LSTM", 1), ("LSTM", 2), ("LSTM", 3), ("GRU", 1),
    ("GRU", 2), ("GRU", 3),
}  # fmt: skip
"""Operations, and which of their inputs are weights."""


SETTINGS = {("Clip", 1), ("Clip", 2), ("Pow", 1), ("CastLike", 0), ("Where", 0), ("Greater", 1), ("GreaterOrEqual", 1)}
"""Operations, and which of their inputs are numbers that nobody trains."""


# Losses: PyTorch's operation, its arguments, and what it is of numbers.


def _cross_entropy(z: Any, target: Any) -> Any:
    import numpy as np

    shifted = z - z.max(1, keepdims=True)
    return _nll(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)), target)


def _nll(logarithms: Any, target: Any) -> Any:
    import numpy as np

    return -np.take_along_axis(logarithms, np.expand_dims(target, 1), 1).mean()


def _bce(a: Any, y: Any) -> Any:
    import numpy as np

    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).mean()


def _bce_logits(z: Any, y: Any) -> Any:
    import numpy as np

    return (np.logaddexp(0, z) - y * z).mean()


def _huber(a: Any, y: Any) -> Any:
    import numpy as np

    size = abs(a - y)
    return np.where(size < 1, size**2 / 2, size - 0.5).mean()


LOSSES: dict[str, tuple[str, tuple[Any, ...], Callable[[Any, Any], Any]]] = {
    "cross_entropy": ("cross_entropy_loss", (None, 1, -100, 0.0), _cross_entropy),
    "nll_loss": ("nll_loss_nd", (None, 1, -100), _nll),
    "mse_loss": ("mse_loss", (1,), lambda a, y: ((a - y) ** 2).mean()),
    "l1_loss": ("l1_loss", (1,), lambda a, y: abs(a - y).mean()),
    "smooth_l1_loss": ("smooth_l1_loss", (1, 1.0), _huber),
    "huber_loss": ("huber_loss", (1, 1.0), _huber),
    "binary_cross_entropy": ("binary_cross_entropy", (None, 1), _bce),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy_with_logits", (None, None, 1), _bce_logits),
}
"""The losses of torch.nn.functional that a file may get."""

CLASSES = ("cross_entropy_loss", "nll_loss_nd")
"""Losses that compare with classes."""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)

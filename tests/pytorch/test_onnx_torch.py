"""ONNX files as PyTorch writes them: the loss is that of the reference evaluator, every gradient is proved."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import symbp
from symbp.cli.main import main
from symbp.networks.importing import child_onnx, models, process

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch warns of itself.

FOLDER = Path(__file__).parent / "modules"
NAMES = ("lenet", "resnet_basic", "unet_small", "gpt_masked", "llama_block", "lstm_classifier", "seq2seq_attention")
FOLDED = ("resnet_basic", "unet_small")


def made(name):
    """One of the modules, its inputs, and its loss by name."""
    sys.path.insert(0, str(FOLDER))
    try:
        file = importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))
    return file.make(), file.example(), file.loss if isinstance(file.loss, str) else "mse_loss"


def network(place, loss):
    """The network of a file, read in this process."""
    try:
        answer = child_onnx.message(place.read_bytes(), loss)
    except child_onnx.RefusedError as error:
        answer = {"refused": [{"line": None, "what": each} for each in error.args]}
    return models.of_message(process.told(answer, process.ONNX, place.name), place.name)


def exported(folder, module, inputs, **options):
    place = folder / "model.onnx"
    torch.onnx.export(module, inputs, place, **options)
    return place


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_default_exporter(name, tmp_path):
    module, inputs, loss = made(name)
    place = exported(tmp_path, module, inputs, dynamo=True, verbose=False, external_data=False)
    found = network(place, loss)
    assert ("folded" in {each.what for each in found.sample.remarks}) == (name in FOLDED)
    d = symbp.derive(found)
    assert d.agreement.loss < 1e-12
    assert symbp.check(d, thorough=False).passed


def test_training_is_kept_where_the_file_keeps_it(tmp_path):
    """The older exporter can: then the gradients are PyTorch's own."""
    module, inputs, loss = made("resnet_basic")
    keep = torch.onnx.TrainingMode.PRESERVE
    place = exported(tmp_path, module, inputs, dynamo=False, training=keep, do_constant_folding=False)
    found = network(place, loss)
    assert found.sample.remarks == ()
    sample = found.sample
    (x,) = sample.x.values()
    d = symbp.derive(found)
    _, ours = d.compile()(sample.parameters, sample.x, sample.y)
    images = torch.tensor(x.T.reshape(inputs[0].shape))
    torch.nn.functional.cross_entropy(module(images), torch.tensor(sample.y.argmax(0))).backward()
    for name, each in module.named_parameters():
        np.testing.assert_allclose(sample.to_torch({name: ours[name]})[name], each.grad.numpy(), atol=1e-12)


def test_a_letter_for_the_examples(tmp_path):
    module, inputs, _ = made("lenet")
    batch = torch.export.Dim("batch", min=2)
    shapes = ({0: batch},)
    place = exported(tmp_path, module, inputs, dynamo=True, verbose=False, external_data=False, dynamic_shapes=shapes)
    assert symbp.derive(network(place, "cross_entropy")).batch


def test_on_the_command_line(tmp_path, capsys, monkeypatch):
    module, inputs, _ = made("resnet_basic")
    exported(tmp_path, module, inputs, dynamo=True, verbose=False, external_data=False)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "model.onnx", "--loss", "cross_entropy"]) == 0
    captured = capsys.readouterr()
    assert "reference evaluator" in " ".join(captured.out.split())
    assert "exported in inference mode: batch normalisation is folded" in captured.err
    assert main(["check", "model.onnx"]) == 2
    assert "--loss cross_entropy" in capsys.readouterr().err
    assert main(["check", "model.onnx", "--loss", "mse_loss", "--python", "python3"]) == 2
    assert "python" in capsys.readouterr().err


def file_of(tmp_path, nodes, *weights, shape=(2, 3)):
    """A file with these nodes from x to y."""
    given = [onnx.numpy_helper.from_array(np.array(value), name) for name, value in weights]
    graph = onnx.helper.make_graph(
        nodes, "g", [onnx.helper.make_tensor_value_info("x", 11, shape)],
        [onnx.helper.make_tensor_value_info("y", 11, None)], given,
    )  # fmt: skip
    place = tmp_path / "own.onnx"
    place.write_bytes(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)]).SerializeToString()
    )
    return place


W = ("layer.weight", np.ones((3, 4)) / 3)


def test_all_that_has_no_formula_is_named_at_once(tmp_path):
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "layer.weight"], ["z"]),
        onnx.helper.make_node("Hardmax", ["z"], ["h"]),
        onnx.helper.make_node("Det", ["h"], ["y"]),
    ]
    with pytest.raises(symbp.SpecError, match=r"Hardmax: no formula for it; .*Det: no formula for it"):
        network(file_of(tmp_path, nodes, W), "mse_loss")


def test_what_is_evaluated_alone_may_not_depend_on_weights(tmp_path):
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "layer.weight"], ["z"]),
        onnx.helper.make_node("Floor", ["z"], ["y"]),
    ]
    with pytest.raises(symbp.SpecError, match="Floor of values that weights or inputs have a part in"):
        network(file_of(tmp_path, nodes, W), "mse_loss")


def test_numbers_in_other_files_are_not_read(tmp_path):
    place = file_of(tmp_path, [onnx.helper.make_node("MatMul", ["x", "layer.weight"], ["y"])], W)
    model = onnx.load(place)
    onnx.save_model(model, place, save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(symbp.SpecError, match="in other files, which are not read"):
        network(place, "mse_loss")


@pytest.mark.parametrize("content", [b"", b"no file of that kind", bytes(range(256)) * 40])
def test_what_is_no_file_of_onnx(tmp_path, content):
    place = tmp_path / "bad.onnx"
    place.write_bytes(content)
    with pytest.raises(symbp.SpecError, match="ONNX"):
        symbp.derive(str(place))


@pytest.mark.parametrize("loss", child_onnx.LOSSES)
def test_losses(tmp_path, loss):
    nodes = [onnx.helper.make_node("MatMul", ["x", "layer.weight"], ["z"])]
    last = {"binary_cross_entropy": "Sigmoid", "nll_loss": "LogSoftmax"}.get(loss, "Tanh")
    found = network(file_of(tmp_path, [*nodes, onnx.helper.make_node(last, ["z"], ["y"])], W), loss)
    assert symbp.derive(found).agreement.right

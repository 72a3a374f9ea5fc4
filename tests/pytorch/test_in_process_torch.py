"""A module of this process is derived as it stands, and nothing of it changes."""

import pytest

import symbp
from symbp.errors import SpecError

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")
nn = torch.nn


def small():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return module, torch.randn(5, 3), torch.randint(0, 2, (5,))


def test_a_module_is_derived_and_its_page_shown() -> None:
    module, x, y = small()
    derivation = symbp.derive(module, x, y, "cross_entropy")
    assert "agrees with PyTorch on your model: 4 of 4" in derivation._repr_markdown_()
    sample = derivation.network.sample
    _, made = derivation.compile()(sample.parameters, sample.x, sample.y)
    nn.functional.cross_entropy(module(x), y).backward()
    for name, gradient in sample.to_torch(made).items():
        theirs = module.get_parameter(name).grad
        assert theirs is not None
        assert torch.allclose(torch.as_tensor(gradient).float(), theirs, atol=1e-6)


def test_nothing_of_the_module_changes() -> None:
    module, x, y = small()
    nn.functional.cross_entropy(module(x), y).backward()
    before = {name: (each.clone(), each.grad.clone()) for name, each in module.named_parameters()}
    symbp.derive(module, x, y, lambda output, target: nn.functional.cross_entropy(output, target))
    for name, each in module.named_parameters():
        assert torch.equal(each, before[name][0])
        assert torch.equal(each.grad, before[name][1])
    assert torch.get_default_dtype() is torch.float32


def test_without_inputs_it_is_said_what_is_missing() -> None:
    with pytest.raises(SpecError, match=r"give the module with its inputs"):
        symbp.derive(small()[0])
    with pytest.raises(SpecError, match=r"no loss: the model returns no number"):
        symbp.derive(*small()[:2])

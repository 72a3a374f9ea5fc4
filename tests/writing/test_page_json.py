"""A page as data: sentences, formulas in LaTeX and as text, numbers, symbols, by a schema that is published."""

import importlib.util
import json

import pytest

import symbp
from symbp.cli.main import main
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS
from symbp.pages.tell.check import check_page
from symbp.writing.page_json import page_data, schema
from tests.helpers.report_cases import need


def page(name, **options):
    return json.loads(symbp.render(symbp.derive(name), "json", **options))


def lines(blocks):
    for block in blocks:
        yield from block.get("lines", ()) if block["kind"] != "aside" else lines(block["blocks"])


def test_lines_have_numbers_formulas_and_symbols():
    found = page("sigmoid-mlp")
    assert found["title"] == ["Backpropagation through a three-layer network"]
    listed = list(lines(found["blocks"]))
    numbered = [each["number"] for each in listed if each["number"]]
    assert numbered == list(range(1, len(numbered) + 1))
    error = next(each for each in listed if each["parts"][0]["text"].startswith("δ_L ="))
    assert error["parts"][0]["tex"].startswith("\\delta^{(L)} = ")
    assert set(error["symbols"]) <= set(found["symbols"])
    assert {"input", "weight", "bias"} <= {each["role"] for each in found["symbols"].values()}


def test_references_have_the_number_of_their_line():
    found = page("batchnorm-mlp")
    numbers = {each["label"]: each["number"] for each in lines(found["blocks"]) if each["label"]}
    refs = [each for line in lines(found["blocks"]) for each in line["reason"] if isinstance(each, dict)]
    refs = [each for each in refs if each.get("kind") == "ref"]
    assert refs
    assert all(each["number"] == numbers[each["label"]] for each in refs)


def test_one_equation_is_a_page_of_its_lines():
    (block,) = page("sigmoid-mlp", only="W1")["blocks"]
    assert [each["kind"] for each in block["lines"]] == ["line", "line"]


def test_the_schema_is_printed(capsys):
    assert main(["schema", "--page"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


@pytest.mark.long
def test_every_page_is_right_by_the_schema():
    need("jsonschema", importlib.util.find_spec("jsonschema"))
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    for name in (*EXAMPLES, *OPERATIONS):
        validator.validate(page(name))
    derived = symbp.derive("sigmoid-mlp")
    found = page_data(check_page(symbp.check(derived, thorough=False), derived))
    assert validator.is_valid(json.loads(json.dumps(found)))
    del found["symbols"]
    found["blocks"] = ["a block that is none"]
    assert len(list(validator.iter_errors(found))) == 2

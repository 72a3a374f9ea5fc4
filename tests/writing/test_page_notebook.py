"""A notebook holds the page, the program and a check of it, and runs from top to bottom."""

import importlib.util
import json

import pytest

import symbp
from symbp.networks.examples import EXAMPLES
from symbp.networks.operations import OPERATIONS
from tests.helpers.report_cases import need

SHORT = ("two-two-two", "batchnorm")
RUN = ("sigmoid-mlp", "small-cnn", "transformer-block", "lstm")


def notebook(name, **options):
    return json.loads(symbp.render(symbp.derive(name), "ipynb", **options))


def code(cells):
    return ["".join(each["source"]) for each in cells if each["cell_type"] == "code"]


@pytest.mark.parametrize("name", SHORT)
def test_its_cells_are_page_program_and_check(name, capsys):
    found = notebook(name)
    first, *_, program, said, check = found["cells"]
    assert "".join(first["source"]).startswith("<!-- Written by symbp -->\n\n# ")
    assert "loss_and_gradients" in "".join(program["source"])
    assert said["cell_type"] == "markdown"
    assert check["id"] == f"code-{len(found['cells'])}"
    assert found == notebook(name)
    scope = {}
    for text in code(found["cells"]):
        exec(text, scope)
    assert capsys.readouterr().out.count("by a difference") == len(scope["gradients"])


def test_a_wrong_sign_stops_it():
    program, check = code(notebook("two-two-two")["cells"])
    scope = {}
    exec(program.replace("delta1 = delta_A1 *", "delta1 = -delta_A1 *"), scope)
    with pytest.raises(AssertionError, match="W1"):
        exec(check, scope)


def test_what_is_left_open_has_no_program():
    derived = symbp.derive(layers=2)
    *_, last = json.loads(symbp.render(derived, "ipynb"))["cells"]
    assert "# Program" in last["source"][0]
    assert "its activations and its loss open" in "".join(last["source"])


def test_one_equation_is_a_cell():
    (cell,) = notebook("sigmoid-mlp", only="delta1")["cells"]
    assert cell["source"][0] == "$$\n"


@pytest.mark.long
def test_every_notebook_is_one_by_the_schema():
    need("nbformat", importlib.util.find_spec("nbformat"))
    import nbformat

    for name in (*EXAMPLES, *OPERATIONS):
        nbformat.validate(notebook(name))
    broken = notebook("two-two-two")
    del broken["cells"][0]["source"]
    with pytest.raises(nbformat.ValidationError):
        nbformat.validate(broken)


@pytest.mark.long
def test_notebooks_run_from_top_to_bottom():
    """In one kernel, which takes a second to start."""
    need("nbclient", importlib.util.find_spec("nbclient"))
    import nbclient
    import nbformat

    whole = notebook(RUN[0])
    whole["cells"] += [each for name in RUN[1:] for each in notebook(name)["cells"]]
    for number, cell in enumerate(whole["cells"]):
        cell["id"] = str(number)
    whole = nbformat.reads(json.dumps(whole), 4)
    ran = nbclient.NotebookClient(whole, timeout=300).execute()
    outputs = [each.outputs[0].text for each in ran.cells if each.cell_type == "code" and each.outputs]
    assert len(outputs) == len(RUN)
    assert all("by a difference" in each for each in outputs)

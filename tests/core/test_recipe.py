"""Recipes: written, read, replayed; and what is wrong with bad ones."""

import json
from pathlib import Path

import msgspec
import pytest
import torch

import core
from core.document import parse_inputs
from core.edits import (
    Duplicate,
    Freeze,
    Insert,
    Move,
    Reinitialise,
    Remove,
    Rename,
    Replace,
    SetArguments,
    SetInputs,
    Together,
    Unfreeze,
    Unwrap,
    Wrap,
)
from core.errors import RecipeError, SaveRefused, SourceError
from core.recipe import Recipe, read_recipe, recipe_text

EXPRESSION = "Sequential(a=Linear(4, 4), b=Sequential(Linear(4, 4), ReLU()), c=Linear(4, 2))"

EVERY_EDIT = [
    Replace("a", "Linear(4, 4, bias=False)"),
    Insert("b", 1, "Dropout(0.5)"),
    Insert("", None, "Softmax(dim=1)", "out"),
    SetArguments("c", {"out_features": 3}),
    Move("b.0", "", 0),
    Rename("a", "first"),
    Wrap("c", "Sequential", "inner"),
    Duplicate("first"),
    Freeze("first"),
    Unfreeze("first"),
    Reinitialise("c"),
    SetInputs(parse_inputs("7,4")),
    Together((Remove("out"), Unwrap("c")), title="Tidy up"),
]


def test_every_edit_survives_the_file_and_gives_the_same_model(tmp_path: Path) -> None:
    session = core.open(EXPRESSION)
    for edit in EVERY_EDIT:
        session.apply(edit)
    file = session.save_recipe(tmp_path / "recipe.json")
    again = core.open(str(file))
    assert again.history.edits == tuple(EVERY_EDIT)
    assert repr(again.document.root) == repr(session.document.root)
    assert again.document.inputs == session.document.inputs
    assert list(again.document.state_dict()) == list(session.document.state_dict())
    assert again.history.is_clean
    while again.history.can_undo:
        again.undo()
    assert repr(again.document.root) == repr(session.history.origin.root)


def test_a_recipe_reads_like_what_was_typed(tmp_path: Path) -> None:
    session = core.open(EXPRESSION)
    session.apply("c = Linear(4, 10)")
    raw = json.loads(session.save_recipe(tmp_path / "r.json").read_text())
    assert raw["source"] == EXPRESSION
    assert raw["edits"] == [{"edit": "Replace", "path": "c", "layer": "Linear(4, 10)"}]


def test_tuples_come_back_as_tuples() -> None:
    recipe = Recipe(source="x", edits=(SetArguments("0", {"kernel_size": (3, 1)}),))
    again = msgspec.json.decode(recipe_text(recipe).encode(), type=Recipe)
    assert again == recipe


def test_a_recipe_is_not_written_over_without_a_yes(tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    file.write_text("precious")
    with pytest.raises(SaveRefused, match="exists"):
        core.open(EXPRESSION).save_recipe(file)
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("[1, 2]", "no recipe"),
        ('{"format": "something else"}', "no recipe"),
        ('{"format": "modelwright recipe", "schema_version": 99}', "newer Modelwright"),
        ('{"format": "modelwright recipe", "schema_version": "1"}', "schema version"),
        ('{"format": "modelwright recipe", "schema_version": 1}', "damaged"),
        (
            '{"format": "modelwright recipe", "schema_version": 1, "source": "x",'
            ' "edits": [{"edit": "Explode", "path": "fc"}]}',
            "Explode",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_recipe_is_said(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(text)
    with pytest.raises(RecipeError, match=reason):
        read_recipe(file)


def test_a_step_that_does_not_apply_is_named(tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    recipe = Recipe(source=EXPRESSION, edits=(Remove("a"), Replace("cc", "ReLU()")))
    file.write_text(recipe_text(recipe))
    with pytest.raises(RecipeError, match=r"Step 2 .*no module at 'cc'"):
        core.open(str(file))


def test_a_recipe_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises((RecipeError, SourceError), match="recipe"):
        core.open(str(tmp_path / "recipe.json"))


def test_a_recipe_finds_its_own_py_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\nclass Net(nn.Sequential):\n"
        "    def __init__(self, width=4):\n        super().__init__(nn.Linear(width, 2))\n"
    )
    file = tmp_path / "recipe.json"
    file.write_text(recipe_text(Recipe(source="net.py:Net(width=3)", inputs=("1,3",))))
    assert core.open(str(file), trust=True).document.module("0").in_features == 3


def test_undoing_a_loaded_recipe_keeps_the_weights() -> None:
    session = core.open(EXPRESSION)
    before = session.document.module("b.0").weight
    session.apply("c = Linear(4, 10)")
    session.undo()
    assert torch.equal(session.document.module("b.0").weight, before)

"""The sheets that re-wire: what they say before, what they refuse in place, what can be undone."""

import pytest
import torch
from PySide6.QtWidgets import QWidget
from torch import nn

from app.dialogs.ask_layer import AskLayerDialog
from app.dialogs.blocks import SaveBlockSheet, ShelfSheet
from app.dialogs.rewire import (
    AddInputSheet,
    AddOutputSheet,
    GroupSheet,
    RemoveInputSheet,
    RemoveOutputSheet,
    RemoveStepSheet,
    RenameStepSheet,
    WayForm,
    WrapSheet,
)
from core.dataflow import is_rewired
from core.document import InputSpec
from tests.app.flow.conftest import Studio
from tests.app.flow.test_panel import IMAGES, Block, Odd
from tests.app.test_actions import CONTROLS, _named

NUMBERS = (InputSpec(shape=(3, 4)),)


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 6)
        self.act = nn.ReLU()
        self.fc = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.act(self.body(x)))


@pytest.fixture
def head(studio: Studio) -> Studio:
    studio.opens(Head(), NUMBERS)
    return studio


def adding_input(studio: Studio, path: str = "") -> AddInputSheet:
    studio.selects(path)
    studio.triggers("add-input")
    return studio.sheet_of(AddInputSheet)


def says(studio: Studio, sheet: AddInputSheet | AddOutputSheet | WrapSheet) -> str:
    studio.settles(sheet)
    return sheet.said.text()


def test_an_input_joins_before_the_layer_that_is_selected_and_keeps_its_columns(
    head: Studio,
) -> None:
    before = head.document
    sheet = adding_input(head, "fc")
    assert sheet.before.step == "fc"
    assert sheet.shape.text() == "3"  # one number for each of the batch
    assert "fc: Linear(6, 2) becomes Linear(7, 2)." in says(head, sheet)
    head.accepts(sheet)
    fc = head.document.module("fc")
    assert torch.equal(fc.weight[:, :6], before.module("fc").weight)  # type: ignore[index]
    x, extra = torch.randn(3, 4), torch.zeros(3)
    assert torch.allclose(head.document.model()(x, extra), before.model()(x))
    head.window.desk.undo()
    assert head.document is before


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("class", "3", "a word of Python"),
        ("x", "3", "already"),
        ("two words", "3", "no name for a variable"),
        ("extra", "", "The shape of one tensor is wanted"),
        ("extra", "3, 0", "at least 1"),
        ("extra", "three", "three"),
        ("extra", "1,2 2,3", ""),
    ],
)
def test_a_bad_name_or_shape_is_refused_in_place(
    name: str, shape: str, sentence: str, head: Studio
) -> None:
    sheet = adding_input(head, "fc")
    sheet.name.setText(name)
    sheet.shape.setText(shape)
    assert sentence in says(head, sheet)
    assert sheet.said.tone == "problem"
    assert not sheet.ok.isEnabled()
    sheet.name.setText("fine")
    sheet.shape.setText("3")
    says(head, sheet)
    assert sheet.ok.isEnabled()


def test_a_step_that_is_not_there_is_refused_with_those_that_are(head: Studio) -> None:
    sheet = adding_input(head)
    sheet.before.setEditText("fcc")
    assert "no step 'fcc'" in says(head, sheet)
    assert not sheet.ok.isEnabled()


def test_a_shape_that_does_not_fit_says_what_then_fails(head: Studio) -> None:
    sheet = adding_input(head, "fc")
    sheet.shape.setText("5, 2")
    assert "Then" in says(head, sheet)


def test_an_input_that_may_be_left_out_changes_no_call(head: Studio) -> None:
    sheet = adding_input(head, "fc")
    sheet.shape.setText("3, 2")
    sheet.optional.setChecked(True)
    assert sheet.default.isEnabled()
    head.accepts(sheet)
    model = head.document.model()
    x = torch.randn(3, 4)
    assert torch.equal(model(x), model(x, extra=torch.zeros(3, 2)))


def test_an_input_can_join_nowhere_yet(head: Studio) -> None:
    sheet = adding_input(head)
    sheet.before.choose("")
    assert not sheet.dim.isEnabled()
    head.accepts(sheet)
    assert [each.name for each in head.document.inputs][-1] == "extra"


def test_where_a_step_reads_several_one_of_them_is_chosen(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    sheet = adding_input(studio)
    sheet.before.choose("add")
    assert sheet.port.isVisible()
    assert [sheet.port.itemText(n).split()[0] for n in range(2)] == ["tail", "x"]
    sheet.before.choose("conv")
    assert not sheet.port.isVisible()


def test_any_tensor_can_be_returned_and_is_what_a_hook_sees(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    studio.selects("")
    studio.triggers("add-output")
    sheet = studio.sheet_of(AddOutputSheet)
    sheet.tensor.choose("tail")
    assert "[2×3×8×8, 2×3×8×8]" in says(studio, sheet)
    studio.accepts(sheet)
    model, seen = studio.document.model().eval(), []
    model.tail.register_forward_hook(lambda _m, _i, out: seen.append(out))
    _, extra = model(torch.randn(2, 3, 8, 8))
    assert torch.equal(extra, seen[0])
    assert studio.window.desk.state.steps[-1].label == "Return tail too"
    studio.window.desk.undo()
    studio.rests()
    assert not is_rewired(studio.document.root)


def test_a_tensor_that_is_not_there_is_refused_in_place(head: Studio) -> None:
    head.selects("")
    head.triggers("add-output")
    sheet = head.sheet_of(AddOutputSheet)
    sheet.tensor.setEditText("nothing")
    assert "no step 'nothing'" in says(head, sheet)
    assert not sheet.ok.isEnabled()


@pytest.mark.parametrize(
    ("kind", "name", "sentence"),
    [
        ("Linear", "net", "no container"),
        ("two words", "net", "no name for a class"),
        ("", "net", "Give the class a name"),
        ("Model", "forward", "no name for a child"),
    ],
)
def test_names_that_a_class_cannot_have_are_refused_in_place(
    kind: str, name: str, sentence: str, head: Studio
) -> None:
    head.selects("")
    head.triggers("wrap-class")
    sheet = head.sheet_of(WrapSheet)
    sheet.kind.setText(kind)
    sheet.name.setText(name)
    assert sentence in says(head, sheet)
    assert not sheet.ok.isEnabled()


def test_what_cannot_be_read_cannot_be_re_wired_and_says_why(studio: Studio) -> None:
    studio.opens(Odd(), IMAGES)
    studio.selects("")
    for command, kind in (("add-input", AddInputSheet), ("add-output", AddOutputSheet)):
        studio.triggers(command)
        sheet = studio.sheet_of(kind)
        assert "cannot be read as a graph" in sheet.said.text()
        assert not sheet.ok.isEnabled()
        sheet.reject()
    refused: list[str] = []
    studio.window.jobs.refused.connect(refused.append)
    studio.selects("one")
    studio.triggers("insert-after")
    studio.waits(lambda: refused)
    assert "cannot be read as a graph" in refused[0]


# Inserting between steps


def test_a_layer_is_inserted_before_and_after_in_a_forward_of_its_own(head: Studio) -> None:
    before = head.document
    head.selects("act")
    head.inserts("insert-after", "Dropout(0.5)", "drop")
    head.selects("act")
    head.inserts("insert-before", "LayerNorm")
    assert [name for name, _ in head.document.root.named_children()][:3] == ["body", "act", "fc"]
    norm = next(m for m in head.document.root.modules() if isinstance(m, nn.LayerNorm))
    assert norm.normalized_shape == (6,)  # what fits there
    oracle, x = before.root, torch.randn(3, 4)
    with torch.no_grad():
        wanted = oracle.fc(oracle.act(norm(oracle.body(x))))  # type: ignore[operator]
        assert torch.allclose(head.document.model().eval()(x), wanted)


def test_what_several_steps_read_is_replaced_for_all_or_for_one(studio: Studio) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = nn.Linear(4, 4)
            self.c = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.a(x)
            return self.b(y) * self.c(y)

    studio.opens(Two(), NUMBERS)
    before, x = studio.document, torch.randn(3, 4)
    studio.selects("a")
    studio.triggers("insert-after")
    dialog = studio.sheet_of(AskLayerDialog)
    (form,) = dialog.findChildren(WayForm)
    texts = [form.box.itemText(n) for n in range(form.box.count())]
    assert texts == ["a → b and c, 3×4", "a → b, 3×4", "a → c, 3×4"]
    dialog.reject()
    root = before.root
    for choice, wanted in (
        (0, lambda y: root.b(y.relu()) * root.c(y.relu())),  # type: ignore[operator]
        (2, lambda y: root.b(y) * root.c(y.relu())),  # type: ignore[operator]
    ):
        studio.triggers("insert-after")
        dialog = studio.sheet_of(AskLayerDialog)
        (form,) = dialog.findChildren(WayForm)
        form.box.setCurrentIndex(choice)
        dialog.field.setText("ReLU")
        studio.settles(dialog)
        assert dialog._ok.isEnabled(), dialog.said.text()
        dialog._ok.click()
        studio.waits(lambda: studio.window.desk.state.cursor == 1)
        studio.rests()
        with torch.no_grad():
            assert torch.equal(studio.document.model()(x), wanted(root.a(x)))  # type: ignore[operator]
        studio.window.desk.undo()
        studio.rests()
        studio.selects("a")


def test_an_operation_can_be_inserted_too(head: Studio) -> None:
    before, x = head.document, torch.randn(3, 4)
    head.selects("act")
    head.inserts("insert-before", "softmax(1)")
    root = before.root
    with torch.no_grad():
        wanted = root.fc(root.act(root.body(x).softmax(1)))  # type: ignore[operator]
        assert torch.allclose(head.document.model()(x), wanted)


def test_a_layer_of_the_palette_goes_there_as_well(head: Studio) -> None:
    head.selects("act")
    head.window.commands.place_layer("after", "Dropout")
    dialog = head.sheet_of(AskLayerDialog)
    assert dialog.field.text() == "Dropout"
    dialog._ok.click()
    head.waits(lambda: head.window.desk.state.cursor == 1)
    assert is_rewired(head.document.root)


def test_in_a_container_inserting_goes_on_as_before(studio: Studio) -> None:
    studio.opens("Sequential(Linear(4, 4), ReLU())")
    studio.selects("0")
    studio.triggers("insert-after")
    dialog = studio.sheet_of(AskLayerDialog)
    assert dialog.findChildren(WayForm) == []


def test_every_control_of_every_sheet_has_a_name(head: Studio) -> None:
    for command, kind in (
        ("add-input", AddInputSheet), ("add-output", AddOutputSheet), ("wrap-class", WrapSheet),
        ("insert-after", AskLayerDialog), ("remove-input", RemoveInputSheet),
        ("remove-output", RemoveOutputSheet), ("rename-step", RenameStepSheet),
        ("remove-step", RemoveStepSheet), ("group-steps", GroupSheet),
        ("save-block", SaveBlockSheet),
    ):  # fmt: skip
        head.selects("fc")
        head.triggers(command)
        sheet = head.sheet_of(kind)
        from PySide6.QtWidgets import QLabel

        buddies = {label.buddy() for label in sheet.findChildren(QLabel) if label.buddy()}
        nameless = [
            each
            for each in sheet.findChildren(QWidget)
            if isinstance(each, CONTROLS) and not _named(each) and each not in buddies
        ]
        assert nameless == [], kind
        sheet.reject()


def test_every_control_of_the_shelf_has_a_name(studio: Studio) -> None:
    studio.triggers("my-blocks")
    (sheet,) = studio.window.findChildren(ShelfSheet)
    inside = sheet.findChildren(QWidget)
    assert [each for each in inside if isinstance(each, CONTROLS) and not _named(each)] == []

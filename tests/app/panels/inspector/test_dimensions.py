"""One number for every dimension, or one for each: value -> fields, fields -> value."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

import core
from app.panels.inspector.dimensions import DimensionsEditor
from core.session import Session
from tests.app.panels.inspector.conftest import Bench

Benches = Callable[..., Bench]


def session(layer: str) -> Session:
    return core.open(f"Sequential({layer})")


def editor(bench: Bench, name: str) -> DimensionsEditor:
    found = bench.panel.form.fields[name].editor
    assert isinstance(found, DimensionsEditor)
    return found


def fields(bench: Bench, name: str) -> list[str]:
    made = editor(bench, name)
    return [box.text() for box in (made.box, *made.boxes) if box.isVisible()]


def has(bench: Bench, name: str) -> Any:
    module = bench.session.document.module("0")
    return {e.parameter.name: e.value for e in core.form_of(module)}[name]


def enter(bench: Bench, name: str, at: int, text: str) -> None:
    box = editor(bench, name).boxes[at]
    box.line.setText(text)
    box.line.textEdited.emit(text)
    box.editingFinished.emit()


@pytest.mark.parametrize(
    ("layer", "name", "shown"),
    [
        ("Conv2d(3, 8, 3)", "kernel_size", ["3"]),
        ("Conv2d(3, 8, (3, 5))", "kernel_size", ["3", "5"]),
        ("Conv2d(3, 8, (3, 3))", "kernel_size", ["3"]),  # which is how PyTorch shows it, too
        ("Conv3d(3, 8, (1, 2, 3))", "kernel_size", ["1", "2", "3"]),
        ("Conv2d(3, 8, 3, padding='same')", "padding", ["same"]),
        ("AdaptiveAvgPool2d((1, None))", "output_size", ["1", "None"]),
        ("MaxPool2d(2)", "stride", ["None"]),
        ("ZeroPad2d((1, 2, 3, 4))", "padding", ["1", "2", "3", "4"]),
        ("Upsample(size=(8, 9))", "size", ["8", "9"]),
        ("Upsample(size=8)", "size", ["8"]),
    ],
)
def test_an_int_is_one_field_and_a_tuple_one_for_each(
    bench: Benches, layer: str, name: str, shown: list[str]
) -> None:
    made = bench(session(layer), "0")
    assert fields(made, name) == shown
    assert editor(made, name).linked == (len(shown) == 1)
    assert made.asked == []


def test_one_dimension_needs_no_link(bench: Benches) -> None:
    made = bench(session("Conv1d(3, 8, 3)"), "0")
    assert not isinstance(made.panel.form.fields["kernel_size"].editor, DimensionsEditor)


def test_opening_the_link_asks_for_nothing_and_a_field_for_a_tuple(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, 3, padding=1)"), "0")
    editor(made, "kernel_size").link.click()
    assert fields(made, "kernel_size") == ["3", "3"]
    editor(made, "kernel_size").boxes[0].editingFinished.emit()
    assert made.asked == []
    enter(made, "kernel_size", 1, "1")
    assert made.asked == [core.SetArguments("0", {"kernel_size": (3, 1)})]
    assert has(made, "kernel_size") == (3, 1)
    assert fields(made, "kernel_size") == ["3", "1"]


def test_closing_the_link_takes_the_first_for_all_and_is_an_int(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, (5, 3))"), "0")
    editor(made, "kernel_size").link.click()
    assert made.asked == [core.SetArguments("0", {"kernel_size": 5})]
    assert has(made, "kernel_size") == 5
    assert fields(made, "kernel_size") == ["5"]


def test_an_open_link_stays_open_while_other_things_change(bench: Benches) -> None:
    made = bench(session("Conv2d(4, 8, 3)"), "0")
    editor(made, "kernel_size").link.click()
    made.enter("groups", "2")
    assert fields(made, "kernel_size") == ["3", "3"]
    made.session.apply(core.SetArguments("0", {"kernel_size": 5}))
    made.show("0")
    assert fields(made, "kernel_size") == ["5"]


def test_fields_that_have_become_the_same_stay_until_they_are_linked(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, (3, 5))"), "0")
    enter(made, "kernel_size", 1, "3")
    assert made.asked == [core.SetArguments("0", {"kernel_size": (3, 3)})]
    assert fields(made, "kernel_size") == ["3", "3"]
    enter(made, "kernel_size", 0, "7")
    assert fields(made, "kernel_size") == ["7", "3"]
    editor(made, "kernel_size").link.click()
    assert fields(made, "kernel_size") == ["7"]
    assert has(made, "kernel_size") == 7


def test_undo_shows_the_one_field_again(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, 3)"), "0")
    editor(made, "stride").link.click()
    enter(made, "stride", 0, "2")
    assert fields(made, "stride") == ["2", "1"]
    made.session.undo()
    made.show("0")
    assert fields(made, "stride") == ["1"]
    assert len(made.asked) == 1


def test_each_field_is_stepped_by_itself(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Conv2d(3, 8, (3, 5))"), "0")
    editor(made, "kernel_size").boxes[1].stepBy(1)
    assert editor(made, "kernel_size").text() == "3, 6"
    qtbot.waitUntil(lambda: bool(made.asked))
    assert made.asked == [core.SetArguments("0", {"kernel_size": (3, 6)})]


def test_words_can_be_chosen_over_fields_and_numbers_typed_over_words(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, 3, padding=(1, 0))"), "0")
    assert fields(made, "padding") == ["1", "0"]
    menu = editor(made, "padding").stops[-1]
    assert isinstance(menu, QToolButton)
    editor(made, "padding").choose("same")
    assert made.asked == [core.SetArguments("0", {"padding": "same"})]
    assert fields(made, "padding") == ["same"]
    assert editor(made, "padding").link.isHidden()
    made.enter("padding", "2")
    assert has(made, "padding") == 2
    assert editor(made, "padding").link.isVisible()


def test_the_link_is_named_and_says_what_it_does(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, 3)"), "0")
    link = editor(made, "kernel_size").link
    assert link.accessibleName() == "Same in every dimension"
    assert link.isChecked()
    closed = link.icon().cacheKey()
    link.click()
    assert not link.isChecked()
    assert link.icon().cacheKey() != closed
    assert "each dimension" in link.toolTip().lower()


def test_nonsense_in_one_field_is_marked_and_given_back(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, (3, 5))"), "0")
    enter(made, "kernel_size", 1, "many")
    assert made.asked == []
    assert "kernel_size" in made.message("kernel_size")
    assert fields(made, "kernel_size") == ["3", "5"]  # it was left: nothing has the focus


def test_the_core_is_asked_while_one_is_typing_in_a_field(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Conv2d(3, 8, (3, 5))"), "0")
    box = editor(made, "kernel_size").boxes[0]
    box.line.setText("-1")
    box.line.textEdited.emit("-1")
    qtbot.waitUntil(lambda: bool(made.message("kernel_size")))
    assert editor(made, "kernel_size").wrong
    assert made.asked == []


def test_escape_takes_back_what_was_typed_in_a_field(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Conv2d(3, 8, (3, 5))"), "0")
    box = editor(made, "kernel_size").boxes[1]
    box.line.setText("7")
    box.line.textEdited.emit("7")
    qtbot.keyClick(editor(made, "kernel_size"), Qt.Key.Key_Escape)
    assert fields(made, "kernel_size") == ["3", "5"]


def test_a_tuple_that_is_not_the_default_is_bold_and_reset_links_again(bench: Benches) -> None:
    made = bench(session("Conv2d(3, 8, 3, stride=(2, 1))"), "0")
    field = made.panel.form.fields["stride"]
    assert field.label.font().bold()
    field.reset.click()
    assert made.asked == [core.SetArguments("0", {"stride": 1})]
    assert fields(made, "stride") == ["1"]
    assert not field.label.font().bold()


def test_the_focus_stays_in_the_editor_when_its_fields_change(bench: Benches, qtbot: QtBot) -> None:
    made = bench(session("Conv2d(3, 8, 3)"), "0")
    made.panel.activateWindow()
    one = editor(made, "stride")
    one.setFocus()
    qtbot.waitUntil(one.box.hasFocus)
    one.box.line.selectAll()
    qtbot.keyClicks(one.box, "2, 1")
    qtbot.keyClick(one.box, Qt.Key.Key_Return)
    assert fields(made, "stride") == ["2", "1"]
    assert one.boxes[0].hasFocus()
    assert made.asked == [core.SetArguments("0", {"stride": (2, 1)})]


def test_different_modules_are_mixed_and_one_number_is_given_to_all(bench: Benches) -> None:
    made = bench(core.open("Sequential(Conv2d(3, 8, 3), Conv2d(8, 8, (3, 5)))"), "0", "1")
    assert fields(made, "kernel_size") == [""]
    assert editor(made, "kernel_size").box.line.placeholderText() == "mixed"
    assert editor(made, "kernel_size").link.isHidden()
    made.enter("kernel_size", "3")
    assert made.asked == [core.SetArguments("1", {"kernel_size": 3})]
    assert fields(made, "kernel_size") == ["3"]

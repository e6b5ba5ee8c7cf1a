"""The dataflow beside the tree: what it draws, selection both ways, and when it works."""

import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from torch import nn

from app import theme
from app.flow.picture import Step
from core.document import InputSpec
from tests.app.flow.conftest import Studio
from tests.app.test_actions import CONTROLS, _named

IMAGES = (InputSpec(shape=(2, 3, 8, 8)),)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU()
        self.tail = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.conv(x))
        return self.relu(self.tail(y) + x)


class Odd(nn.Module):
    """What it does depends on numbers, so no graph can be read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 3, 1)
        self.two = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.one(x)
        return self.two(x) if float(x.abs().sum()) >= 0 else x


@pytest.fixture
def shown(studio: Studio) -> Studio:
    studio.opens(Block(), IMAGES)
    studio.window.actions_table.by_id["dataflow"].trigger()
    studio.waits(lambda: studio.flow.drawn is not None)
    studio.rests()
    return studio


def step(studio: Studio, name: str) -> Step:
    picture = studio.flow.view.picture
    assert picture is not None
    return next(each for each in picture.steps if each.name == name)


def click(studio: Studio, name: str, twice: bool = False) -> None:
    view = studio.flow.view
    at = view.place_of(step(studio, name)).center().toPoint()
    studio.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    if twice:
        studio.qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=at)
    studio.rests()


def test_every_step_of_the_forward_is_a_box_with_the_shape_it_gives(shown: Studio) -> None:
    picture = shown.flow.view.picture
    assert picture is not None
    assert [each.name for each in picture.steps] == [
        "x", "conv", "relu", "tail", "add", "relu_1", "output",
    ]  # fmt: skip
    assert step(shown, "conv").about == "Conv2d"
    assert step(shown, "relu_1").title == "relu"
    assert step(shown, "relu_1").about == "ReLU · relu_1"
    assert {each.gives for each in picture.steps[:-1]} == {"2×3×8×8"}
    labels = [each.label for each in picture.ways]
    assert labels.count("2×3×8×8") == 6  # one for each step that gives something
    assert {(each.source, each.target) for each in picture.ways} >= {("x", "add"), ("tail", "add")}


def test_no_two_boxes_overlap_and_no_shape_lies_on_a_box(shown: Studio) -> None:
    picture = shown.flow.view.picture
    assert picture is not None
    for number, one in enumerate(picture.steps):
        for other in picture.steps[number + 1 :]:
            assert not one.box.intersects(other.box)
        for way in picture.ways:
            assert not way.label or not way.plate.intersects(one.box)


def test_a_click_on_a_box_selects_its_module_in_the_tree(shown: Studio) -> None:
    click(shown, "tail")
    assert shown.window.desk.state.selection == ("tail",)
    assert shown.window.tree._chosen() == ("tail",)
    assert shown.flow.path == ""  # its own graph is one double click away
    assert shown.flow.view.marked == {"tail"}


def test_what_is_selected_in_the_tree_is_marked_at_each_of_its_calls(shown: Studio) -> None:
    shown.selects("relu")
    assert shown.flow.view.marked == {"relu", "relu_1"}
    shown.selects("")
    assert shown.flow.view.marked == frozenset()


def test_a_double_click_looks_into_a_module_and_the_way_above_leads_out(shown: Studio) -> None:
    click(shown, "tail", twice=True)
    assert shown.flow.path == "tail"
    assert [each.text() for each in shown.flow.way.buttons] == ["Block", "tail"]
    assert shown.window.desk.state.selection == ("tail",)
    shown.flow.way.buttons[0].click()
    shown.rests()
    assert shown.flow.path == ""
    assert shown.window.desk.state.selection == ("",)


def test_a_layer_deep_in_the_tree_is_shown_where_it_is_called(shown: Studio) -> None:
    shown.selects("tail.1")
    assert shown.flow.path == "tail"
    assert [each.path for each in shown.flow.view.picture.steps  # type: ignore[union-attr]
            if each.name in shown.flow.view.marked] == ["tail.1"]  # fmt: skip


def test_an_edit_is_drawn_and_undone(shown: Studio) -> None:
    shown.window.desk.ask("tail = Conv2d(3, 3, 1)")
    shown.waits(lambda: shown.window.desk.state.cursor == 1)
    shown.rests()
    shown.selects("")
    assert step(shown, "tail").about == "Conv2d"
    shown.window.desk.undo()
    shown.rests()
    assert step(shown, "tail").about == "Sequential"


def test_a_module_with_a_problem_is_drawn_with_it(shown: Studio) -> None:
    shown.window.desk.ask("tail = Conv2d(5, 3, 1)")
    shown.waits(lambda: shown.window.desk.state.cursor == 1)
    shown.rests()
    shown.selects("")
    assert "5 channels" in step(shown, "tail").problem


def test_nothing_is_worked_out_while_nobody_looks(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = studio.window.jobs.start

    def start(*args: object, **options: object) -> object:
        asked.append(str(options.get("title", "")))
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(studio.flow, "_jobs", type("Jobs", (), {"start": staticmethod(start)}))
    studio.opens(Block(), IMAGES)
    studio.selects("tail")
    assert asked == []
    studio.window.actions_table.by_id["dataflow"].trigger()
    studio.rests()
    assert asked == ["Drawing tail"]
    studio.window.actions_table.by_id["dataflow"].trigger()  # hides it again
    studio.selects("")
    assert asked == ["Drawing tail"]


def test_an_answer_about_a_model_that_is_gone_is_dropped(shown: Studio) -> None:
    wanted, drawn = shown.flow._of, shown.flow.drawn
    assert wanted is not None
    assert drawn is not None
    shown.window.desk.ask("relu = GELU()")
    shown.waits(lambda: shown.window.desk.state.cursor == 1)
    shown.rests()
    shown.flow._found(wanted, drawn)
    assert shown.flow.drawn is not drawn


def test_what_cannot_be_read_is_shown_as_it_ran_with_the_reason(studio: Studio) -> None:
    studio.opens(Odd(), IMAGES)
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.drawn is not None)
    studio.rests()
    assert "cannot be read" in studio.flow.note.text()
    assert [each.name for each in studio.flow.view.picture.steps] == [  # type: ignore[union-attr]
        "input", "one", "two", "output",
    ]  # fmt: skip
    click(studio, "two")
    assert studio.window.desk.state.selection == ("two",)


def test_a_model_without_weights_that_cannot_be_read_says_why_there_is_no_picture(
    studio: Studio,
) -> None:
    from core.document import Document
    from core.session import Session

    with torch.device("meta"):
        net = Odd()
    studio.window.desk.adopt(Session(Document.of(net, IMAGES)))
    studio.rests()
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.drawn is not None)
    assert studio.flow.view.picture is None
    assert "no weights to run it on" in studio.flow.note.text()


def test_a_detection_model_is_a_picture_of_one_run(studio: Studio) -> None:
    studio.opens("ssdlite320_mobilenet_v3_large")
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.drawn is not None)
    studio.rests()
    names = {each.path for each in studio.flow.view.picture.steps}  # type: ignore[union-attr]
    assert {"backbone", "head"} <= names
    assert studio.flow.note.isVisible()


# Zoom, place, keys


def test_zooming_with_the_wheel_keeps_what_is_under_the_mouse(shown: Studio) -> None:
    view = shown.flow.view
    at = view.place_of(step(shown, "conv")).center()
    before = view.scale
    wheel = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, wheel)
    assert view.scale > before
    assert (view.place_of(step(shown, "conv")).center() - at).manhattanLength() < 0.5
    shown.qtbot.keyClick(view, Qt.Key.Key_F)
    bounds = view.place_of(step(shown, "output"))
    assert view.rect().contains(bounds.toRect())


def test_dragging_moves_the_picture_and_chooses_nothing(shown: Studio) -> None:
    view, before = shown.flow.view, shown.window.desk.state.selection
    start = view.place_of(step(shown, "conv")).center().toPoint()
    place = view.place_of(step(shown, "conv")).topLeft()
    shown.qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    shown.qtbot.mouseMove(view, start + QPoint(20, 10))
    shown.qtbot.mouseMove(view, start + QPoint(40, 30))
    shown.qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 30))
    assert view.place_of(step(shown, "conv")).topLeft() - place == QPointF(40, 30)
    assert shown.window.desk.state.selection == before


def test_the_keyboard_walks_opens_and_leaves(shown: Studio) -> None:
    view = shown.flow.view
    view.current = None
    for _ in range(4):
        shown.qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.current == "tail"
    assert "tail, Sequential, gives 2×3×8×8" in view.accessibleDescription()
    shown.qtbot.keyClick(view, Qt.Key.Key_Return)
    shown.rests()
    assert shown.flow.path == "tail"
    shown.qtbot.keyClick(view, Qt.Key.Key_Backspace)
    shown.rests()
    assert shown.flow.path == ""
    shown.qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.scale > 1 or view.scale > 0.7


def test_the_right_button_shows_what_can_be_done_to_a_box(shown: Studio) -> None:
    wanted: list[QPoint] = []
    shown.flow.view.menu_wanted.disconnect()
    shown.flow.view.menu_wanted.connect(wanted.append)
    view = shown.flow.view
    for number, name in enumerate(("conv", "add"), 1):
        at = view.place_of(step(shown, name)).center().toPoint()
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(view, QContextMenuEvent(reason, at, view.mapToGlobal(at)))
        assert len(wanted) == number
        assert shown.flow.is_on_a_module == (name == "conv")  # an addition calls no module
    assert shown.window.desk.state.selection == ("conv",)


def test_every_control_has_a_name(shown: Studio) -> None:
    click(shown, "tail", twice=True)
    inside = shown.flow.findChildren(QWidget)
    nameless = [each for each in inside if isinstance(each, CONTROLS) and not _named(each)]
    assert nameless == []
    assert shown.flow.view.accessibleName()
    assert not [each for each in inside if isinstance(each, QLabel) and each.text() == ""
                and each.isVisible()]  # fmt: skip


def image_of(studio: Studio) -> QImage:
    return studio.flow.view.grab().toImage()


def test_it_is_drawn_in_the_colours_of_the_theme(shown: Studio, qapp: QApplication) -> None:
    light = image_of(shown)
    theme.apply(qapp, "dark")
    qapp.processEvents()
    dark = image_of(shown)
    assert light.pixelColor(2, 2) == QColor("#ffffff")
    assert dark.pixelColor(2, 2).lightness() < 60
    theme.apply(qapp, "light")


def test_a_marked_box_looks_another_way(shown: Studio) -> None:
    before = image_of(shown)
    shown.window.desk.select(("conv",))
    shown.rests()
    shown.flow.view.clearFocus()
    assert image_of(shown) != before


def test_hundreds_of_steps_are_shown_where_they_begin_and_can_be_seen_whole(
    studio: Studio,
) -> None:
    studio.opens(nn.Sequential(*(nn.ReLU() for _ in range(500))), (InputSpec(shape=(1, 4)),))
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.drawn is not None)
    view = studio.flow.view
    studio.rests()
    assert view.picture is not None
    assert len(view.picture.steps) == 502
    assert view.scale >= 0.7  # names can be read
    assert view.rect().contains(view.place_of(view.picture.steps[0]).toRect())
    view.fit()
    assert view.rect().contains(view.place_of(view.picture.steps[-1]).toRect())


def test_what_is_hidden_leaves_its_room_to_the_tree(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    inspector, tree = studio.window.docks["inspector"], studio.window.tree
    before = inspector.width(), tree.width()
    studio.triggers("dataflow")
    studio.waits(lambda: tree.width() < before[1])
    beside = inspector.width()
    studio.triggers("dataflow")
    studio.waits(lambda: tree.width() > before[1] - 20)
    assert abs(inspector.width() - beside) < 20

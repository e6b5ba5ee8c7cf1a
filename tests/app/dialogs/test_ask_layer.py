"""The sheet that asks for a layer: checked while typing, given only when it is known to fit."""

import threading
import time

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.consequence import Consequence
from app.dialogs.ask_layer import AskLayerDialog, arguments_hint
from app.jobs import Jobs
from core.errors import SpecError

Key = Qt.Key


class Check:
    """Refuses what has ``bad`` in it; remembers what it was asked, and from which thread."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, text: str) -> Consequence:
        self.asked.append(text)
        self.threads.add(threading.get_ident())
        if text.startswith("slow"):
            self.go_on.wait(20)
        if "raise" in text:
            raise SpecError("This cannot even be read.")
        return Consequence(f"consequence of {text}", refused="bad" in text)


@pytest.fixture
def check() -> Check:
    return Check()


def asking(qtbot: QtBot, jobs: Jobs, check: Check, text: str = "Linear(4, 2)") -> AskLayerDialog:
    dialog = AskLayerDialog("Replace fc", text, check, jobs)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def ok(dialog: AskLayerDialog) -> bool:
    return dialog.buttons.button(dialog.buttons.StandardButton.Ok).isEnabled()


def test_what_would_come_of_the_prefilled_layer_is_said_at_once(
    qtbot: QtBot, jobs: Jobs, check: Check
) -> None:
    dialog = asking(qtbot, jobs, check)
    qtbot.waitUntil(lambda: dialog.said.text() == "consequence of Linear(4, 2)")
    assert ok(dialog)
    assert dialog.field.selectedText() == "4, 2"
    assert threading.get_ident() not in check.threads


def test_a_refusal_is_said_and_cannot_be_accepted(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    dialog = asking(qtbot, jobs, check, "bad()")
    given: list[str] = []
    dialog.layer_given.connect(given.append)
    qtbot.waitUntil(lambda: dialog.said.tone == "problem")
    assert not ok(dialog)
    qtbot.keyClick(dialog.field, Key.Key_Return)
    qtbot.waitUntil(lambda: not jobs.running)
    assert given == []
    assert dialog.isVisible()


def test_an_error_of_the_check_is_a_refusal_like_any_other(
    qtbot: QtBot, jobs: Jobs, check: Check
) -> None:
    dialog = asking(qtbot, jobs, check, "raise")
    qtbot.waitUntil(lambda: dialog.said.text() == "This cannot even be read.")
    assert dialog.said.tone == "problem"
    assert not ok(dialog)


def test_typing_is_checked_when_it_pauses(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    dialog = asking(qtbot, jobs, check)
    qtbot.waitUntil(lambda: ok(dialog))
    dialog.field.clear()
    qtbot.keyClicks(dialog.field, "ReLU()")
    assert not ok(dialog)
    qtbot.waitUntil(lambda: dialog.said.text() == "consequence of ReLU()")
    assert check.asked == ["Linear(4, 2)", "ReLU()"]


def test_enter_gives_the_layer_once_as_soon_as_it_is_known_to_fit(
    qtbot: QtBot, jobs: Jobs, check: Check
) -> None:
    dialog = asking(qtbot, jobs, check)
    given: list[str] = []
    dialog.layer_given.connect(given.append)
    check.go_on.clear()
    dialog.field.setText("slow(1)")
    qtbot.keyClick(dialog.field, Key.Key_Return)
    assert given == []
    check.go_on.set()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert given == ["slow(1)"]


def test_an_answer_about_an_older_text_is_dropped(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    check.go_on.clear()
    dialog = asking(qtbot, jobs, check, "slow bad")
    dialog.field.setText("ReLU()")
    qtbot.waitUntil(lambda: dialog.said.text() == "consequence of ReLU()")
    check.go_on.set()
    qtbot.waitUntil(lambda: not jobs.running)
    assert dialog.said.text() == "consequence of ReLU()"
    assert ok(dialog)


def test_typing_after_enter_takes_the_enter_back(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    check.go_on.clear()
    dialog = asking(qtbot, jobs, check, "slow(1)")
    given: list[str] = []
    dialog.layer_given.connect(given.append)
    qtbot.keyClick(dialog.field, Key.Key_Return)
    dialog.field.setText("ReLU()")
    check.go_on.set()
    qtbot.waitUntil(lambda: ok(dialog))
    assert given == []


def test_escape_gives_nothing_and_cancels_the_check(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    check.go_on.clear()
    dialog = asking(qtbot, jobs, check, "slow(1)")
    given: list[str] = []
    dialog.layer_given.connect(given.append)
    qtbot.keyClick(dialog, Key.Key_Escape)
    check.go_on.set()
    qtbot.waitUntil(lambda: not jobs.running)
    time.sleep(0.01)
    assert given == []
    assert not dialog.isVisible()


def test_an_empty_field_asks_for_a_layer(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    dialog = asking(qtbot, jobs, check, "")
    assert "Type a layer" in dialog.said.text()
    assert not ok(dialog)
    assert check.asked == []


def test_names_of_layers_and_heads_are_completed(qtbot: QtBot, jobs: Jobs, check: Check) -> None:
    completer = asking(qtbot, jobs, check).field.completer()
    for typed, name in (("conv2", "Conv2d"), ("mlp", "preset:mlp")):
        completer.setCompletionPrefix(typed)
        model = completer.completionModel()
        assert name in [model.index(row, 0).data() for row in range(model.rowCount())]


@pytest.mark.parametrize(
    ("typed", "missing"),
    [
        ("Linear(", ["in_features", "out_features"]),
        ("Linear(4", ["out_features"]),
        ("Linear(4, ", ["out_features"]),
        ("Linear(out_features=4)", ["in_features"]),
        ("Linear(4, 2)", []),
        ("Linear", []),  # a name alone takes what fits the place
    ],
)
def test_arguments_that_are_still_missing_are_bold(typed: str, missing: list[str]) -> None:
    hint = arguments_hint(typed)
    assert hint.startswith("Linear(")
    assert [name for name in ("in_features", "out_features") if f"<b>{name}</b>" in hint] == missing


@pytest.mark.parametrize("typed", ["", "Nonsense(", "<b>Linear</b>(", "((((", "é"])
def test_of_what_is_no_layer_no_arguments_are_shown(typed: str) -> None:
    assert arguments_hint(typed) == ""


def test_a_long_refusal_is_shown_whole(qtbot: QtBot, jobs: Jobs) -> None:
    long = "This does not fit, because " + "of one thing and another, " * 20
    dialog = AskLayerDialog("Replace", "x()", lambda _: Consequence(long, refused=True), jobs)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.said.text() == long)
    qtbot.waitUntil(lambda: dialog.said.height() > dialog.fontMetrics().lineSpacing() * 5)

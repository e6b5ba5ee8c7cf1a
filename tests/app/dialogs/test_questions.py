"""Questions: about code, unsaved steps, files to write, and what went wrong."""

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAction, QKeySequence, QTextDocument, QTextDocumentFragment
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

import core
from app.dialogs import crash, save_weights
from app.dialogs.about import AboutDialog
from app.dialogs.command_palette import CommandPalette
from app.dialogs.preferences import PreferencesDialog
from app.dialogs.trust import TrustDialog
from app.dialogs.unsaved import UnsavedDialog
from app.settings import Settings

Yes, Cancel = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Cancel


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


def test_code_is_shown_and_not_running_it_is_the_default(tmp_path: Path, qtbot: QtBot) -> None:
    mark, file = tmp_path / "it_ran", tmp_path / "net.py"
    file.write_text(f"open({str(mark)!r}, 'w')\n")
    dialog = TrustDialog(file, file.read_bytes())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.path.text() == str(file)
    assert "it_ran" in dialog.code.toPlainText()
    assert dialog.keep.isDefault()
    accepted: list[bool] = []
    dialog.accepted.connect(lambda: accepted.append(True))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert accepted == []
    assert not mark.exists()
    dialog.show()
    dialog.run.click()
    assert accepted == [True]
    assert not mark.exists()  # the dialog itself runs nothing


def test_a_file_that_went_away_can_still_be_asked_about(tmp_path: Path, qtbot: QtBot) -> None:
    dialog = TrustDialog(tmp_path / "gone.py", b"x = 1\n")
    qtbot.addWidget(dialog)
    assert dialog.code.toPlainText() == "x = 1\n"
    assert "No such file" in dialog.facts.text()


@pytest.mark.parametrize(
    ("button", "answer"), [("Save", "save"), ("Discard", "discard"), ("Cancel", "cancel")]
)
def test_unsaved_steps_have_three_answers(button: str, answer: str, qtbot: QtBot) -> None:
    dialog = UnsavedDialog("resnet50", 3)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert "resnet50" in dialog.text()
    assert "3 steps" in dialog.informativeText()
    dialog.show()
    with qtbot.waitSignal(dialog.answered) as told:
        dialog.button(getattr(QMessageBox.StandardButton, button)).click()
    assert told.args == [answer]


def chooses(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))


def answers(monkeypatch: pytest.MonkeyPatch, button: object) -> list[str]:
    asked: list[str] = []

    def question(*args: object, **_: object) -> object:
        asked.append(str(args[2]))
        return button

    monkeypatch.setattr(QMessageBox, "question", question)
    return asked


def test_a_target_gets_its_suffix_and_its_folder_is_remembered(
    settings: Settings, tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooses(monkeypatch, tmp_path / "net")
    found = save_weights.ask_weights_target(QWidget(), settings, "resnet50", 0)
    assert found == tmp_path / "net.pth"
    assert settings.folder == tmp_path


def test_nothing_is_written_over_without_a_yes(
    settings: Settings, tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.pth").write_bytes(b"x" * 2048)
    chooses(monkeypatch, tmp_path / "old.pth")
    asked = answers(monkeypatch, Cancel)
    assert save_weights.ask_weights_target(QWidget(), settings, "net", 0) is None
    assert "old.pth" in asked[0]
    assert "2.00 KB" in asked[0]
    answers(monkeypatch, Yes)
    assert save_weights.ask_weights_target(QWidget(), settings, "net", 0) == tmp_path / "old.pth"


def test_the_weights_there_and_those_that_would_be_written_can_be_compared(
    settings: Settings, tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.open("Sequential(Linear(64, 64))").save(tmp_path / "old <1>.pth")
    chooses(monkeypatch, tmp_path / "old <1>.pth")
    asked = answers(monkeypatch, Cancel)
    new = core.open("Sequential(Linear(64, 32), ReLU(), Linear(32, 4))").document
    save_weights.ask_weights_target(QWidget(), settings, "net", 0, new)
    shown = QTextDocumentFragment.fromHtml(asked[0]).toPlainText().splitlines()
    assert shown[0] == "Write over old <1>.pth?"
    there = shown[shown.index("There now:") + 1]
    assert re.fullmatch(r"2 tensors, 1\d\.\d KB, written 20[\d: -]+", there)
    assert shown[shown.index("Would be written:") + 1] == "4 tensors, 8.64 KB"


class OnANarrowScreen(QWidget):
    """A widget on a screen of 400 by 700 logical pixels."""

    def screen(self) -> "OnANarrowScreen":  # type: ignore[override]
        return self

    def availableGeometry(self) -> QRect:
        return QRect(0, 0, 400, 700)


def test_on_a_narrow_screen_what_is_there_and_what_would_be_is_wrapped_and_not_cut(
    settings: Settings, tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.open("Sequential(Linear(64, 64))").save(tmp_path / "old.pth")
    chooses(monkeypatch, tmp_path / "old.pth")
    asked = answers(monkeypatch, Cancel)
    new = core.open("Linear(64, 32)").document
    for parent in (QWidget(), OnANarrowScreen()):
        save_weights.ask_weights_target(parent, settings, "net", 0, new)
    widths = []
    for text in asked:
        page = QTextDocument()
        page.setDefaultFont(OnANarrowScreen().font())
        page.setHtml(text)
        page.setTextWidth(280)
        widths.append(page.idealWidth())
    assert widths[0] > 280  # on a wide screen each stands on one line
    assert widths[1] <= 280


def test_a_recipe_that_would_be_written_over_says_how_many_steps_come(
    settings: Settings, tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.recipe.json").write_text("{}")
    chooses(monkeypatch, tmp_path / "a.recipe.json")
    asked = answers(monkeypatch, Cancel)
    assert save_weights.ask_recipe_target(QWidget(), settings, "net", 3) is None
    assert "2 B, written 20" in asked[0]
    assert "3 steps" in asked[0]


def test_a_model_with_problems_is_saved_only_by_those_who_insist(
    settings: Settings, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(monkeypatch, Cancel)
    assert save_weights.ask_weights_target(QWidget(), settings, "net", 2) is None
    assert "2 problems" in asked[0]


def test_thinking_better_of_it_writes_nothing(
    settings: Settings, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooses(monkeypatch, "")
    assert save_weights.ask_recipe_target(QWidget(), settings, "net") is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("", ""))
    assert save_weights.ask_file_to_open(QWidget(), settings) is None


@pytest.fixture
def palette(qtbot: QtBot) -> Iterator[CommandPalette]:
    window = QMainWindow()
    window.resize(900, 600)
    qtbot.addWidget(window)
    actions = [QAction(text, window) for text in ("&Replace…", "&Remove", "Save &Weights…")]
    actions[1].setEnabled(False)
    actions[1].setProperty("why", "Select a module.")
    actions[0].setShortcut(QKeySequence("Ctrl+R"))
    made = CommandPalette(actions, window)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    window.show()
    made.show()
    yield made
    made.close()
    window.close()


def rows(palette: CommandPalette) -> list[tuple[str, str]]:
    found = []
    for number in range(palette.list.topLevelItemCount()):
        item = palette.list.topLevelItem(number)
        assert item is not None
        found.append((item.text(0), item.text(1)))
    return found


def test_commands_are_found_by_a_few_letters(palette: CommandPalette) -> None:
    assert rows(palette) == [
        ("Replace", "Ctrl+R"), ("Save Weights", ""), ("Remove", "Select a module."),
    ]  # fmt: skip
    palette.field.setText("sv wei")
    assert rows(palette) == [("Save Weights", "")]


def test_enter_does_the_chosen_command_and_what_cannot_be_done_is_not(
    palette: CommandPalette, qtbot: QtBot
) -> None:
    done: list[str] = []
    for action in palette._actions:
        text = action.text()
        action.triggered.connect(lambda _=False, text=text: done.append(text))
    palette.field.setText("remove")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == []
    palette.field.setText("")
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["Save &Weights…"]
    assert not palette.isVisible()


def test_a_bug_shows_one_dialog_and_the_next_is_only_logged(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.excepthook, threading.excepthook
    hooks = crash.Hooks(lambda: None)
    for number in range(2):
        try:
            raise ZeroDivisionError(f"bug {number}")
        except ZeroDivisionError as error:
            hooks._caught(type(error), error, error.__traceback__)
    dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, crash.CrashDialog)]
    assert len(dialogs) == 1
    text = dialogs[0].details.toPlainText()
    assert "bug 0" in text
    assert "Python" in text
    assert "torch" in text
    assert "bug 1" in capsys.readouterr().err
    dialogs[0].close()
    assert (sys.excepthook, threading.excepthook) == before


def test_hooks_are_put_in_place_and_taken_away(qapp: object) -> None:
    before = sys.excepthook, threading.excepthook
    hooks = crash.install(lambda: None)
    assert sys.excepthook == hooks._caught
    hooks.remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_the_theme_is_chosen_and_what_is_remembered_forgotten(
    settings: Settings, qtbot: QtBot
) -> None:
    settings.note_recent("resnet50")
    dialog = PreferencesDialog(settings)
    qtbot.addWidget(dialog)
    chosen: list[str] = []
    dialog.theme_chosen.connect(chosen.append)
    dialog.theme.setCurrentIndex(2)
    dialog.theme.activated.emit(2)
    dialog.forget.click()
    assert chosen == ["dark"]
    assert settings.recent == []


def test_about_says_versions_and_licence(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert "MIT" in dialog.informativeText()
    assert "torch" in dialog.informativeText()

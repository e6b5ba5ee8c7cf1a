"""The question about code shows all of what would run, and where it is."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.dialogs.trust import TrustDialog, visible


def asking(qtbot: QtBot, path: Path) -> TrustDialog:
    dialog = TrustDialog(path, path.read_bytes() if path.is_file() else b"")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_the_size_and_the_day_of_the_file_are_said(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("x = 1\n" * 1000)
    dialog = asking(qtbot, file)
    facts = dialog.facts.text()
    assert "5.86 KB" in facts
    assert "changed 20" in facts
    assert "Only the first" not in facts


def test_a_long_path_is_shown_whole_and_does_not_widen_the_dialog(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / ("without_a_space_" * 12) / ("and_one_more_" * 12)
    folder.mkdir(parents=True)
    usual = asking(qtbot, tmp_path / "net.py")
    dialog = asking(qtbot, folder / "net.py")
    assert dialog.width() == usual.width()
    label = dialog.path
    assert label.text() == str(folder / "net.py")
    assert label.height() >= label.heightForWidth(label.width()) > 2 * label.fontMetrics().height()


def test_code_that_is_longer_than_what_is_shown_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("x = 1\n" * 50_000 + "evil()\n")
    dialog = asking(qtbot, file)
    assert "Only the first 200,000 characters" in dialog.facts.text()
    assert len(dialog.code.toPlainText()) == 200_000


def test_characters_that_turn_code_around_are_written_out(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "if level != 'user\u202e \u2066# check\u2069 \u2066': # \x1b[2K\n", encoding="utf-8"
    )
    dialog = asking(qtbot, file)
    shown = dialog.code.toPlainText()
    assert "'user<U+202E> <U+2066># check" in shown
    assert "<U+001B>[2K" in shown


@pytest.mark.parametrize("text", ["def f():\n\treturn 'é 模型'\r\n", "", "x = '🙂'"])
def test_ordinary_code_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space])
def test_no_key_pressed_without_looking_runs_the_code(
    qtbot: QtBot, tmp_path: Path, key: Qt.Key
) -> None:
    file = tmp_path / "net.py"
    file.write_text("x = 1\n")
    dialog = asking(qtbot, file)
    accepted: list[bool] = []
    dialog.accepted.connect(lambda: accepted.append(True))
    qtbot.keyClick(dialog.focusWidget() or dialog, key)
    assert accepted == []
    assert not dialog.isVisible()


def test_code_is_shown_in_the_encoding_it_will_be_run_in(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(b"# coding: utf-7\n# harmless +AAo-evil()\n")
    assert "\nevil()" in asking(qtbot, file).code.toPlainText()


def test_bytes_that_are_no_text_are_shown_all_the_same(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(b"x = '\xff'\n")
    assert asking(qtbot, file).code.toPlainText() == "x = '\ufffd'\n"

"""What is shown when a bug gets through: the details to copy, and a way to save a copy."""

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

if TYPE_CHECKING:
    from app.main_window import MainWindow

_log = logging.getLogger("modelwright")


class CrashDialog(QDialog):
    """``save_wanted``: the user wants a copy of the weights before anything else."""

    save_wanted = Signal()

    def __init__(self, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Something went wrong"))
        said = QLabel(
            self.tr("This is a fault of Modelwright. Your model is as it was before; save a copy"
                    " to be sure. The details below help to find the fault.")
        )  # fmt: skip
        said.setWordWrap(True)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("Details"))
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        copy = QPushButton(self.tr("Copy details"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details))
        save = QPushButton(self.tr("Save a copy…"))
        save.clicked.connect(self.save_wanted)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (said, self.details, buttons):
            column.addWidget(widget)
        self.resize(self.fontMetrics().averageCharWidth() * 90, self.fontMetrics().height() * 24)


class Hooks:
    """Python's and Qt's hooks for what nobody caught. One dialog at a time; the rest is logged."""

    def __init__(self, window: "Callable[[], MainWindow | None]") -> None:
        self._window = window
        self._shown: CrashDialog | None = None
        self._before = (sys.excepthook, threading.excepthook)
        self._qt_before: Any = None

    def install(self) -> "Hooks":
        """Put the hooks in place."""
        sys.excepthook = self._caught
        threading.excepthook = lambda a: self._caught(a.exc_type, a.exc_value, a.exc_traceback)
        self._qt_before = qInstallMessageHandler(_qt_said)
        return self

    def remove(self) -> None:
        """Put back what was there before."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(self._qt_before)

    def _caught(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
            return
        try:
            self._tell("".join(traceback.format_exception(kind, error, trace)))
        except Exception:  # a hook that fails would hide the first fault behind its own
            self._before[0](kind, error or kind(), trace)

    def _tell(self, text: str) -> None:
        _log.error("%s", text)
        if sys.stderr is not None:  # a program without a terminal has none, or a closed one
            with suppress(OSError, ValueError):
                print(text, file=sys.stderr)
        on_gui = threading.current_thread() is threading.main_thread()
        if self._shown is None and on_gui and QGuiApplication.instance() is not None:
            self._show(f"{versions()}\n\n{text}")

    def _show(self, details: str) -> None:
        window = self._window()
        if window is not None and not isValid(window):
            window = None
        dialog = CrashDialog(details, window)
        if window is not None:
            dialog.save_wanted.connect(lambda: window.commands.projects.save_as())
        dialog.finished.connect(self._closed)
        dialog.open()
        self._shown = dialog

    def _closed(self) -> None:
        self._shown = None


def install(window: "Callable[[], MainWindow | None]") -> Hooks:
    """Show what nobody caught over ``window()``."""
    return Hooks(window).install()


def versions() -> str:
    """Return the versions of what matters, a line each."""
    names = ("modelwright", "torch", "torchvision", "PySide6-Essentials")
    lines = [f"{name} {_version(name)}" for name in names]
    return "\n".join([*lines, f"Python {platform.python_version()}, {platform.platform()}"])


def _version(name: str) -> str:
    from importlib import metadata  # dear, and rarely wanted

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _qt_said(kind: QtMsgType, _: QMessageLogContext, message: str) -> Any:
    harmless = kind == QtMsgType.QtDebugMsg or message.startswith("This plugin does not support")
    level = logging.DEBUG if harmless else logging.WARNING
    _log.log(level, "Qt: %s", message)

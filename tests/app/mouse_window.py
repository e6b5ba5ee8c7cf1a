"""The window that a real mouse is tried on: ``python -m tests.app.mouse_window FACTS [FILE]``.

It writes what it shows, and where, to the file ``FACTS`` (JSON), ten times a second. With a file of
weights, the sheet that loads it is open over the window.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QTimer
from PySide6.QtWidgets import QAbstractItemView

from app import start
from app.dialogs.load import LoadSheet
from app.screenshot import is_ready

NET = "Sequential(a=Linear(4, 4), b=ReLU(), c=Sequential(Tanh(), GELU()), d=Linear(4, 2))"
#: With a module that has a forward of its own, for what is dropped between its rows.
WIRED = NET.removesuffix(")") + ", e=TransformerEncoderBlock(2, 1))"


def center(view: QAbstractItemView, index: QModelIndex) -> list[int]:
    rect = view.visualRect(index)
    at = view.viewport().mapToGlobal(QPoint(rect.left() + 20, rect.center().y()))
    return [at.x(), at.y(), rect.height()]


def on_the_sheet(sheet: LoadSheet) -> dict[str, object]:
    """What the sheet shows: its window, the rows by name, and what was paired."""
    table, model = sheet.match.table, sheet.match.model
    rows = {
        name: center(table, model.index(number, column))
        for number, row in enumerate(model.rows)
        for column, name in ((1, row.name), (3, row.stored))
        if name is not None
    }
    return {
        "window": int(sheet.winId()),
        "rows": rows,
        "pairs": sheet.case.pairs,
        "loads": sheet.load.isEnabled(),
        "cursor": 0,
    }


def main(facts: Path, file: Path | None = None) -> int:
    application, window = start.make(Path(tempfile.mkdtemp()) / "settings.ini")
    window.resize(1100, 700)
    window.move(0, 0)
    window.show()
    window.activateWindow()
    window.commands.open_source(NET if file is not None else WIRED)
    searched = False

    def write() -> None:
        nonlocal searched
        state, tree = window.desk.state, window.tree
        if not is_ready(window):
            return
        if file is not None:
            sheets = window.findChildren(LoadSheet)
            if not searched:
                window.commands.checkpoints.load(file)
                searched = True
            elif sheets and not sheets[0].case.working:
                tell(on_the_sheet(sheets[0]))
            return
        if not searched:  # one layer in the palette, so that it is known where
            window.palette_panel.focus_search()
            window.palette_panel.findChild(type(tree.find_bar.field)).setText("Softsign")
            tree.view.expand_all()
            searched = True
            return
        palette = window.palette_panel.findChild(QAbstractItemView)
        bubble = tree.view._bubble
        trash = tree.find_bar.trash
        at = trash.mapToGlobal(trash.rect().center())
        known = {
            "window": int(window.winId()),
            "children": [f"{p}:{type(m).__name__}" for p, m in state.document.modules()][1:],
            "cursor": state.cursor,
            "rows": {p: center(tree.view, tree.model.index_of(p)) for p, _ in
                     state.document.modules()},
            "layer": center(palette, palette.model().index(0, 0)),
            "trash": [at.x(), at.y()],
            "bubble": bubble.text() if bubble is not None and bubble.isVisible() else "",
        }  # fmt: skip
        tell(known)

    def tell(known: dict[str, object]) -> None:
        fresh = facts.with_suffix(".new")
        fresh.write_text(json.dumps(known))
        os.replace(fresh, facts)

    timer = QTimer()
    timer.timeout.connect(write)
    timer.start(100)
    return int(application.exec())


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

"""The module tree of a model with 110,000 modules: our item model and Qt's QStandardItemModel.

Both fill the same columns of the same view. Opening is everything up to the first painted frame.
Memory is that of the whole process, so each is measured in a process of its own.
"""

import gc
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
import torch
from measure import finish, judge, once
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QTreeView
from torch import nn

import core
from app import theme
from app.item_models.columns import Column
from app.item_models.module_tree import ModuleTreeModel
from app.jobs import Jobs
from app.panels.tree.view import TreeView
from app.state import State
from core.document import Document, parse_inputs
from core.session import Session

FRAME = 16.0


def document(outer: int = 100, middle: int = 100, leaves: int = 10) -> Document:
    """1 + outer * (1 + middle * (1 + leaves)) modules; the default is 110,101."""

    def row(count, make):
        return nn.Sequential(*[make() for _ in range(count)])

    with torch.device("meta"):
        root = row(outer, lambda: row(middle, lambda: row(leaves, lambda: nn.Linear(4, 4))))
    return Document.of(root, parse_inputs("1,4"))


def state_of(doc: Document) -> State:
    return State(doc, doc, core.analyse(doc).settle(), name="large")


class Ours:
    def __init__(self, state: State) -> None:
        self.model = ModuleTreeModel()
        self.view = TreeView(self.model, Jobs())
        self.state = state

    def open(self) -> None:
        self.model.show_state(self.state)
        self.view.expand(self.model.index(0, 0))
        paint(self.view)


class Theirs:
    """What one writes with Qt's own model: an item a cell, filled when the model is opened."""

    def __init__(self, state: State) -> None:
        self.model = QStandardItemModel()
        self.view = QTreeView()
        self.view.setUniformRowHeights(True)
        self.state = state

    def open(self) -> None:
        self.model.setColumnCount(len(Column))
        self.model.appendRow(self._row("large", "", self.state.document.root))
        self.view.setModel(self.model)
        self.view.expand(self.model.index(0, 0))
        paint(self.view)

    def _row(self, name: str, path: str, module: nn.Module) -> list[QStandardItem]:
        kind = type(module).__name__
        arguments = core.summary_text(module)
        texts = [name, "", kind, arguments, "1×4", "20", "16", ""]
        items = [QStandardItem(text) for text in texts]
        for child_name, child in module._modules.items():
            items[0].appendRow(self._row(child_name, f"{path}.{child_name}", child))
        return items


def paint(view: QTreeView) -> None:
    view.resize(1000, 800)
    view.show()
    QApplication.processEvents()
    view.viewport().repaint()


def resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


def memory_of(kind: str) -> None:
    """Print the MB that opening takes; run in a process of its own."""
    application = QApplication([])
    theme.apply(application, "light")
    warm = state_of(document(2, 2, 2))  # imports, fonts and icons are not the tree's
    {"ours": Ours, "theirs": Theirs}[kind](warm).open()
    made = {"ours": Ours, "theirs": Theirs}[kind](state_of(document()))
    before = resident()
    made.open()
    print(resident() - before)


def measured_memory(kind: str) -> float:
    run = subprocess.run(
        [sys.executable, __file__, kind], capture_output=True, text=True, check=True
    )
    return float(run.stdout.split()[-1])


def scrolled(view: QTreeView, frames: int = 300) -> list[float]:
    """Return the milliseconds of each frame while scrolling through everything."""
    bar = view.verticalScrollBar()
    took = []
    for number in range(frames):
        bar.setValue(bar.maximum() * number // frames)
        begin = time.perf_counter()
        view.viewport().repaint()
        took.append((time.perf_counter() - begin) * 1e3)
    return sorted(took)


def wheeled(view: QTreeView, frames: int = 300) -> list[float]:
    """Return the milliseconds of each frame while the wheel is turned, three rows a notch."""
    bar = view.verticalScrollBar()
    bar.setValue(0)
    QApplication.processEvents()
    return sorted(once(lambda: notch(bar)) for _ in range(frames))


def notch(bar) -> None:
    bar.setValue(bar.value() + 3)
    QApplication.processEvents()


def edited(rounds: int = 15) -> float:
    """Return the median milliseconds from an edit to its repainted row, in 40,000 modules."""
    session = Session(document(40, 90, 10))
    shown = Ours(state_of(session.document))
    shown.open()
    shown.view.expand_all()
    took = []
    for number in range(rounds):
        edit = f"{number}.3.5 = Linear(4, 4)"
        shown.view.scrollTo(shown.model.reveal(f"{number}.3.5"))
        QApplication.processEvents()
        took.append(once(lambda: show(session, edit, shown)))  # noqa: B023
    return statistics.median(took)


def show(session: Session, edit: str, shown: Ours) -> None:
    """What the desk does, in one go: edit, shapes, marks, rows, frame."""
    origin = session.history.origin
    after = session.apply(edit)
    report = core.analyse(after).settle()
    marks = {each.path: each.kind for each in core.difference(origin, after)}
    shown.model.show_state(State(after, origin, report, marks, name="large"))
    shown.view.viewport().repaint()


def rows(model, parent=None) -> int:
    parent = parent or QModelIndex()
    return sum(1 + rows(model, model.index(n, 0, parent)) for n in range(model.rowCount(parent)))


def main() -> None:
    application = QApplication([])
    theme.apply(application, "light")
    Ours(state_of(document(2, 2, 2))).open()
    state = state_of(document())
    ours, theirs = Ours(state), Theirs(state)
    opened = once(ours.open), once(theirs.open)
    print(f"opened: ours {opened[0]:.0f} ms, QStandardItemModel {opened[1]:.0f} ms")
    judge("opened, share of QStandardItemModel's time", opened[0] / opened[1], 0.02)
    expanded = once(ours.view.expand_all), once(theirs.view.expandAll)
    print(f"expand all: ours {expanded[0]:.0f} ms, QStandardItemModel {expanded[1]:.0f} ms")
    judge("opened and all expanded, share", sum([opened[0], expanded[0]]) / sum(
        [opened[1], expanded[1]]), 1.0)  # fmt: skip
    judge("expand all alone, share", expanded[0] / expanded[1], 1.0)
    assert ours.model.rowCount() == rows(theirs.model)
    gc.collect()
    gc.freeze()  # else the collector walks through the peer's 900,000 items in our frames
    frames = wheeled(ours.view), wheeled(theirs.view)
    print(f"frames of the wheel, ms: median {frames[0][150]:.1f}, theirs {frames[1][150]:.1f}")
    judge("99 of 100 frames of the wheel, ms", frames[0][-4], FRAME)
    jumps = scrolled(ours.view), scrolled(theirs.view)
    print(f"whole pages of new rows, ms: median {jumps[0][150]:.1f}, theirs {jumps[1][150]:.1f}")
    judge("99 of 100 whole pages of new rows, ms", jumps[0][-4], FRAME)
    judge("an edit among 40,000 modules to its repainted row, ms", edited(), 20.0)
    del theirs
    memory = measured_memory("ours"), measured_memory("theirs")
    print(f"memory: ours {memory[0]:.1f} MB, QStandardItemModel {memory[1]:.1f} MB")
    judge("memory when opened, share", memory[0] / memory[1], 0.1)
    finish()


if __name__ == "__main__":
    memory_of(sys.argv[1]) if len(sys.argv) > 1 else main()

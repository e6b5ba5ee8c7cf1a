"""Menus beside those of the menu bar: of what can be inserted, and of what is pointed at."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QWidget

import core
from app import icons
from app.actions import INSERT

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.main_window import MainWindow

#: Groups of the catalog that are blocks: ours, and those of the user.
BLOCKS = ("Blocks", "My blocks")


class Menus(QObject):
    """The parts of *Insert* that list what there is, and the context menus.

    The former belong to the actions of their rows, and are filled when they are opened.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._by_id = {
            "insert-block": self._menu("insert-block", self._fill_blocks),
            "insert-operation": self._menu("insert-operation", self._fill_operations),
        }

    def pop_up(self, row: str) -> None:
        """Show a menu by itself, at the row of the tree that is selected."""
        view = self._window.tree.view
        index = self._window.tree.model.index_of(self._window.desk.state.current or "")
        rect = view.visualRect(index)
        seen = rect.isValid() and view.viewport().rect().contains(rect.center())
        at = view.viewport().mapToGlobal(rect.bottomLeft()) if seen else QCursor.pos()
        self._by_id[row].popup(at)

    def show_on_modules(self, at: QPoint) -> None:
        """Show what can be done to the selected modules."""
        self._in_context().popup(at)

    def show_on_the_picture(self, at: QPoint) -> None:
        """Show what can be done to the steps chosen in the picture of a forward.

        On a way something can be inserted, and no more.
        """
        flow, table = self._window.flow, self._window.actions_table
        if flow.chosen_way is not None:
            menu = self._inserting(self._window)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        else:
            menu = self._in_context(flow.is_on_a_module)
            first = menu.actions()[0]
            for row in self._window.commands.flow.rows_for_the_picture():
                menu.insertAction(first, table.by_id[row])
            menu.insertSeparator(first)
        menu.popup(at)

    def _in_context(self, on_a_module: bool = True) -> QMenu:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addMenu(self._inserting(menu))
        if on_a_module:
            menu.addActions(self._window.actions_table.in_context())
        return menu

    def _inserting(self, parent: QWidget) -> QMenu:
        menu = QMenu(self.tr("&Insert"), parent)
        menu.setIcon(icons.icon("insert-into"))
        menu.addActions(self._window.actions_table.in_menu(INSERT))
        return menu

    def _menu(self, row: str, fill: "Callable[[QMenu], None]") -> QMenu:
        action = self._window.actions_table.by_id[row]
        menu = QMenu(action.text(), self._window)
        menu.setObjectName(row)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: fill(menu))
        action.setMenu(menu)
        return menu

    def _fill_blocks(self, menu: QMenu) -> None:
        menu.clear()
        before = ""
        for layer in core.layers().values():
            if layer.group not in BLOCKS:
                continue
            if before and layer.group != before:
                menu.addSection(layer.group)
            before = layer.group
            icon = icons.kind_icon(icons.kind_of(layer.name))
            action = menu.addAction(icon, layer.name)
            action.setToolTip(layer.summary)
            action.setStatusTip(layer.summary)
            action.triggered.connect(partial(self._place, layer.name))

    def _fill_operations(self, menu: QMenu) -> None:
        from core.dataflow.operations import OPERATIONS

        menu.clear()
        for operation in OPERATIONS.values():
            told = f"{operation.name} — {operation.summary}"
            action = menu.addAction(icons.kind_icon("ops"), told)
            action.setStatusTip(operation.summary)
            action.triggered.connect(partial(self._operate, operation.name))

    def _place(self, name: str, _: bool = False) -> None:
        self._window.commands.place_layer("after", name)

    def _operate(self, name: str, _: bool = False) -> None:
        self._window.commands.insert_operation(name)

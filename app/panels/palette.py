"""The palette: every layer that can be placed, in groups and by search."""

from html import escape

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QKeyEvent, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import icons
from app.item_models.palette import NAME, PaletteModel
from app.item_models.palette_entries import MY_BLOCKS, nearest
from app.panels.palette_note import LayerNote
from app.panels.palette_view import PaletteView

_MOST_RECENT = 8
_TO_THE_LIST = (
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
    Qt.Key.Key_Return, Qt.Key.Key_Enter,
)  # fmt: skip


class PalettePanel(QWidget):
    """Empty until :meth:`fill`, which needs torch. Names are a layer's or ``preset:NAME``.

    ``chosen``: Enter or a double click. ``placed``: ``replace``, ``before`` or ``after``, and a
    name. ``favourites_changed``: all of them, after the user starred one. ``renaming_wanted``,
    ``export_wanted`` and ``removal_wanted``: of a block of the user's own, by its name.
    """

    chosen = Signal(str)
    placed = Signal(str, str)
    favourites_changed = Signal(tuple)
    renaming_wanted = Signal(str)
    export_wanted = Signal(str)
    removal_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PaletteModel(self)
        self.field = SearchField()
        self.view = PaletteView(self.model)
        self.message = QLabel(self.tr("Loading layers…"))
        self.pages = QStackedWidget()
        self.note = LayerNote()
        self._set_up_message()
        self._lay_out()
        self._connect()
        self._refresh()

    def _set_up_message(self) -> None:
        self.message.setAccessibleName(self.tr("Layers"))
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.RichText)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.message.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        margin = self.fontMetrics().height()
        self.message.setBackgroundRole(QPalette.ColorRole.Base)  # as the list it stands in for
        self.message.setAutoFillBackground(True)
        self.message.setContentsMargins(margin, margin, margin, margin)

    def _lay_out(self) -> None:
        top = QVBoxLayout()
        top.setContentsMargins(8, 8, 8, 8)
        top.addWidget(self.field)
        self.pages.addWidget(self.message)
        self.pages.addWidget(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.pages, 1)
        column.addWidget(self.note)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._search)
        self.field.passed.connect(self.view.keyPressEvent)
        self.view.chosen.connect(self.chosen)
        self.view.starred.connect(self.toggle_favourite)
        self.view.menu_wanted.connect(self._show_menu)
        self.view.selectionModel().currentChanged.connect(self._describe)
        self.model.modelReset.connect(self._refresh)
        self.message.linkActivated.connect(self._search_for)

    # Given by the window

    def fill(self) -> None:
        """Show what the catalog has. Imports torch, so call it when that is there."""
        self.model.fill()

    def set_favourites(self, names: list[str] | tuple[str, ...]) -> None:
        """Take over the favourites that were kept; nothing is announced."""
        self.model.set_favourites(names)

    def set_recent(self, names: list[str] | tuple[str, ...]) -> None:
        """Take over the layers that were used last."""
        self.model.set_recent(tuple(names)[:_MOST_RECENT])

    def note_used(self, name: str) -> None:
        """Put a layer that was placed on top of the recent ones."""
        self.set_recent((name, *(each for each in self.model.recent if each != name)))

    @property
    def favourites(self) -> tuple[str, ...]:
        """The names of the favourites, in the order they were starred."""
        return self.model.favourites

    @property
    def recent(self) -> tuple[str, ...]:
        """The names of the layers that were used last, the latest first."""
        return self.model.recent

    def focus_search(self) -> None:
        """Put the cursor into the search field, ready to type over what is there."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    # Searching

    def _search(self, text: str) -> None:
        self.model.search(text)

    def _search_for(self, title: str) -> None:
        self.field.setText(title)
        self.field.setFocus()

    def _refresh(self) -> None:
        """Show the list, or say why there is none."""
        known, hits = bool(self.model.known), self.model.rowCount()
        self.pages.setCurrentWidget(self.view if hits else self.message)
        self.note.setVisible(known)
        if known and not hits:
            self.message.setText(self._nothing_fits(self.field.text().strip()))
        self._describe(self.view.currentIndex())

    def _nothing_fits(self, text: str) -> str:
        shown = text if len(text) <= 40 else text[:39] + "…"
        said = self.tr("No layer fits “{}”.").format(escape(shown))
        near = [f'<a href="{each}">{each}</a>' for each in nearest(text, self.model.known)]
        if near:
            return f"<p>{said}</p><p>{self.tr('Nearest:')} {', '.join(near)}</p>"
        hint = self.tr("Try a part of a name (norm), its letters (bn2d) or a group (pooling).")
        return f"<p>{said}</p><p>{hint}</p>"

    # One layer

    def toggle_favourite(self, name: str) -> None:
        """Make a layer a favourite, or no longer, and announce all of them."""
        kept = tuple(each for each in self.favourites if each != name)
        self.model.set_favourites(kept if len(kept) < len(self.favourites) else (*kept, name))
        self.favourites_changed.emit(self.favourites)

    def _describe(self, index: QModelIndex) -> None:
        entry = self.model.known.get(str(index.data(NAME)))
        if entry is None:
            how = self.tr("Drag a layer into the tree, or press Enter to replace what is selected.")
            self.note.say("", how)
        else:
            self.note.say(entry.signature, entry.summary)

    def _show_menu(self, name: str, at: QPoint) -> None:
        menu = self.menu_of(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu_of(self, name: str) -> QMenu:
        """Return the menu of what can be done with a layer."""
        entry = self.model.known[name]
        menu = QMenu(self)
        for how, icon, text in (
            ("replace", "replace", self.tr("&Replace selected with {}").format(entry.title)),
            ("before", "insert-before", self.tr("Insert &before selected")),
            ("after", "insert-after", self.tr("Insert &after selected")),
        ):
            self._add(menu, icon, text).triggered.connect(
                lambda _=False, how=how: self.placed.emit(how, name)
            )
        menu.addSeparator()
        starred = name in self.favourites
        text = self.tr("Remove from &favourites") if starred else self.tr("Add to &favourites")
        self._add(menu, "star" if starred else "star-filled", text).triggered.connect(
            lambda: self.toggle_favourite(name)
        )
        if entry.group == MY_BLOCKS:
            menu.addSeparator()
            for icon, text, signal in (
                ("rename", self.tr("Re&name block…"), self.renaming_wanted),
                ("export", self.tr("&Export block…"), self.export_wanted),
                ("trash", self.tr("Re&move block…"), self.removal_wanted),
            ):
                self._add(menu, icon, text).triggered.connect(
                    lambda _=False, signal=signal: signal.emit(name)
                )
        if entry.url:
            self._add(menu, "link", self.tr("Open &documentation")).triggered.connect(
                lambda: QDesktopServices.openUrl(QUrl(entry.url))
            )
        return menu

    def _add(self, menu: QMenu, icon: str, text: str) -> QAction:
        return menu.addAction(icons.icon(icon), text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()  # links keep the colour they were made with


class SearchField(QLineEdit):
    """A search field; keys that move in the list are ``passed`` on, Escape empties it."""

    passed = Signal(QKeyEvent)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(self.tr("Search layers"))
        self.setAccessibleName(self.tr("Search layers"))
        self.setToolTip(
            self.tr("A name, its letters (bn2d), a group or a word; Enter takes the best one")
        )
        self.setClearButtonEnabled(True)
        self._glass = self.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _TO_THE_LIST:
            self.passed.emit(event)
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._glass.setIcon(icons.icon("search"))

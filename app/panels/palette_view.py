"""The list in the palette: from it layers are dragged, chosen with Enter, asked about."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from app.drag_pixmap import drag_pixmap
from app.item_models.palette import GROUP, NAME, PaletteModel
from app.item_models.palette_entries import FAVOURITES, HEADS, MY_BLOCKS, RECENT
from app.panels.palette_delegate import PaletteDelegate

Index = QModelIndex | QPersistentModelIndex
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PaletteView(QTreeView):
    """Shows a :class:`PaletteModel`; which groups are open survives a search.

    ``chosen``: a layer's name. ``starred``: the one whose star was clicked. ``menu_wanted``: a
    layer's name and where, on the screen.
    """

    chosen = Signal(str)
    starred = Signal(str)
    menu_wanted = Signal(str, QPoint)

    def __init__(self, model: PaletteModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette_model = model
        self._open = {FAVOURITES, RECENT, HEADS, MY_BLOCKS}
        self._scrolled = 0
        self._drawing = PaletteDelegate(self)
        self.setModel(model)
        self.setItemDelegate(self._drawing)
        self._set_up()
        self._drawing.starred.connect(self.starred)
        self.expanded.connect(self._note_open)
        self.collapsed.connect(self._note_closed)
        self.clicked.connect(self._toggle)
        self.doubleClicked.connect(self._choose)
        model.modelAboutToBeReset.connect(self._keep_place)
        model.modelReset.connect(self._restore)
        model.rowsInserted.connect(self._open_groups)

    def _set_up(self) -> None:
        self.setAccessibleName(self.tr("Layers"))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setIndentation(round(self.fontMetrics().height() * 1.05))
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setExpandsOnDoubleClick(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)

    @property
    def current(self) -> str | None:
        """The name of the layer that is current; ``None`` for a group or nothing."""
        name = self.currentIndex().data(NAME)
        return None if name is None else str(name)

    def choose_current(self) -> None:
        """Do as Enter does on the current row."""
        self._choose(self.currentIndex())

    def _choose(self, index: Index) -> None:
        if name := index.data(NAME):
            self.chosen.emit(name)

    # Groups

    def _toggle(self, index: QModelIndex) -> None:
        if index.data(GROUP) is not None:
            self.setExpanded(index, not self.isExpanded(index))

    def _note_open(self, index: QModelIndex) -> None:
        self._open.add(str(index.data(GROUP)))

    def _note_closed(self, index: QModelIndex) -> None:
        self._open.discard(str(index.data(GROUP)))

    def _open_groups(self) -> None:
        model = self._palette_model
        for row in range(model.rowCount()):
            index = model.index(row, 0)
            if index.data(GROUP) in self._open and not self.isExpanded(index):
                self.expand(index)

    def _keep_place(self) -> None:
        if not self._palette_model.is_searching:
            self._scrolled = self.verticalScrollBar().value()

    def _restore(self) -> None:
        searching = self._palette_model.is_searching
        self.setRootIsDecorated(not searching)
        if searching:
            self.setCurrentIndex(self._palette_model.index(0, 0))
            return
        self._open_groups()
        self.executeDelayedItemsLayout()  # before it, the scroll bar has no range
        self.verticalScrollBar().setValue(self._scrolled)

    # What is done with a layer

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._toggle(self.currentIndex())
            self.choose_current()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if name := index.data(NAME):
            at = self.visualRect(index).center() if by_key else event.pos()
            self.menu_wanted.emit(name, self.viewport().mapToGlobal(at))

    def startDrag(self, actions: Qt.DropAction) -> None:
        if drag := self.drag_of(self.currentIndex()):
            drag.exec(Qt.DropAction.CopyAction)

    def drag_of(self, index: QModelIndex) -> QDrag | None:
        """Return the drag of a row's layer, not yet begun; ``None`` for a group."""
        if index.data(NAME) is None:
            return None
        icon, ratio = index.data(Qt.ItemDataRole.DecorationRole), self.devicePixelRatio()
        assert isinstance(icon, QIcon)
        drag = QDrag(self)
        drag.setMimeData(self._palette_model.mimeData([index]))
        drag.setPixmap(drag_pixmap(str(index.data()), icon, self.palette(), ratio))
        drag.setHotSpot(QPoint(-10, -6))
        return drag

"""The sheet that lists the models of a ``.py``, and asks for what the chosen one needs."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.item_models.offers import OffersModel
from app.parts import WrappedLabel
from app.said import Said
from app.tables import dress
from core.errors import SourceError, Unchosen

if TYPE_CHECKING:
    from core.offered import Offer

#: Widths of the columns, in letters.
_LETTERS = (56, 20, 6)
#: So many rows and so many fields are seen before one has to scroll.
_MOST_ROWS, _MOST_FIELDS = 9, 7


class PickModelDialog(QDialog):
    """``picked`` carries the source to open: ``net.py:Net(in_ch=3)``. Nothing was run to list it.

    What is typed for a model is kept while another one is looked at.
    """

    picked = Signal(str)

    def __init__(self, unchosen: Unchosen, parent: QWidget | None = None) -> None:
        from core.offered import likeliest

        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Choose a model"))
        self._path = unchosen.path
        self._typed: dict[str, dict[str, str]] = {unchosen.chosen: dict(unchosen.given)}
        self.model = OffersModel(unchosen.offers)
        self.fields: dict[str, QLineEdit] = {}
        self.heading = WrappedLabel(self._heading(unchosen))
        self.table = self._table()
        self.form = QScrollArea()
        self.form.setWidgetResizable(True)
        self.form.setFrameShape(QFrame.Shape.NoFrame)
        self.form.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.form.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.said = Said(lines=2)
        self.said.setAccessibleName(self.tr("What will be opened, or what is missing"))
        self.buttons = QDialogButtonBox()
        self.opens = self.buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.opens.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.pick)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.heading)
        column.addWidget(self.table, 1)
        column.addWidget(self.form)
        column.addWidget(self.said)
        column.addWidget(self.buttons)
        self.table.selectionModel().currentRowChanged.connect(self._ask)
        first = next((e for e in self.model.offers if e.name == unchosen.chosen), None)
        self.table.selectRow(self.model.offers.index(first or likeliest(self.model.offers)))
        self.resize(self.fontMetrics().averageCharWidth() * 116, self.sizeHint().height())
        self.table.setFocus()
        if first is not None:
            self._focus_what_is_missing()

    @property
    def offer(self) -> "Offer":
        """The model that is chosen."""
        return self.model.offers[max(0, self.table.currentIndex().row())]

    def pick(self) -> None:
        """Give the source, or say what is missing and go there."""
        try:
            call = self.offer.written(self._now())
        except SourceError as error:
            self.said.say(str(error), "problem")
            self._focus_what_is_missing()
            return
        self.accept()
        self.picked.emit(f"{self._path}:{call}")

    def _heading(self, unchosen: Unchosen) -> str:
        name = self._path.name
        if unchosen.chosen:
            return self.tr("{} in {} needs arguments. The code was read, not run.").format(
                unchosen.chosen, name
            )
        return self.tr("{} has several models. The code was read, not run.").format(name)

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        dress(table, self.tr("Models in the file"), _LETTERS, stretched=1)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setHighlightSections(False)
        table.doubleClicked.connect(self.pick)
        line = table.verticalHeader().defaultSectionSize()
        rows = min(_MOST_ROWS, len(self.model.offers)) + 1
        table.setMinimumHeight(line * rows + table.horizontalHeader().sizeHint().height() // 2)
        return table

    def _ask(self) -> None:
        """Show a field for each argument of what is chosen now."""
        offer = self.offer
        before = self._typed.setdefault(offer.name, {})
        self.fields = {}
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(0, 0, 0, 0)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        for name, title, hint in self._asked(offer):
            field = QLineEdit(before.get(name, ""))
            field.setFont(fixed)
            field.setPlaceholderText(hint)
            field.setAccessibleName(f"{title}, {hint}")
            field.textChanged.connect(self._tell)
            label = QLabel(title)
            label.setBuddy(field)
            form.addRow(label, field)
            self.fields[name] = field
        if not self.fields:
            form.addRow(QLabel(self.tr("It takes no arguments.")))
        self.form.setWidget(inside)
        # Room for as many as are usual: choosing another row must not move the buttons.
        most = max(len(each.asked or ("",)) for each in self.model.offers)
        row = QLineEdit().sizeHint().height() + max(0, form.verticalSpacing())
        self.form.setFixedHeight(row * max(1, min(_MOST_FIELDS, most)))
        self._order()
        self._tell()

    def _asked(self, offer: "Offer") -> list[tuple[str, str, str]]:
        """Return name, title and hint of each field."""
        if offer.asked is None:
            return [("", self.tr("Arguments"), self.tr("as one writes them: 3, classes=10"))]
        return [
            (
                each.name,
                f"{each.name} *" if each.needed else each.name,
                self.tr("needed, such as {}").format(each.example) if each.needed
                else self.tr("{} if left empty").format(each.default),
            )
            for each in offer.asked
        ]  # fmt: skip

    def _order(self) -> None:
        """Lead Tab from the list through the fields to the buttons: the fields are newer."""
        before: QWidget = self.table
        for each in (*self.fields.values(), *self.buttons.buttons()):
            QWidget.setTabOrder(before, each)
            before = each

    def _now(self) -> dict[str, str]:
        return {name: field.text() for name, field in self.fields.items()}

    def _tell(self) -> None:
        self._typed[self.offer.name] = self._now()
        try:
            call = self.offer.written(self._now())
        except SourceError as error:
            self.said.say(str(error))
            return
        self.said.say(self.tr("Opens {}").format(f"{self._path.name}:{call}"))

    def _focus_what_is_missing(self) -> None:
        empty = (n for n in self.offer.needed if not self.fields[n].text().strip())
        field = self.fields.get(next(empty, ""))
        if field is not None:
            field.setFocus()
            # Where the sheet is not laid out yet, there is nothing to scroll.
            QTimer.singleShot(0, field, lambda: self.form.ensureWidgetVisible(field))

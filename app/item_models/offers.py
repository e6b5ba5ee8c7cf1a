"""The models that a ``.py`` offers, as a table: how each is called, what it says it is, where."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt

from app.item_models.row_table import Index, RowTableModel

if TYPE_CHECKING:
    from core.offered import Offer


def _tr(text: str) -> str:
    return QCoreApplication.translate("Offers", text)


class OffersModel(RowTableModel):
    """One row for each class or function."""

    def __init__(self, offers: "Sequence[Offer]") -> None:
        super().__init__((_tr("Model"), _tr("What it is"), _tr("Line")))
        self.offers = tuple(offers)

    def shown(self) -> "Sequence[Offer]":
        return self.offers

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        offer = self.offers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (offer.signature, offer.about, str(offer.line))[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (offer.signature, offer.about, "")[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0 and offer.needed:
            return _tr("{}, needs {}").format(offer.signature, ", ".join(offer.needed))
        return None

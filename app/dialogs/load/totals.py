"""The totals of a plan: a bar of what becomes of the model's tensors, and the words to it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import numbers, theme
from app.item_models.plan_rows import STATUS, word_of

if TYPE_CHECKING:
    from core.checkpoint import Plan

#: Statuses whose tensors are not in the model: they are told, but take no part of the bar.
_OF_THE_FILE = ("unexpected", "dropped", "ignored")


class TotalsBar(QWidget):
    """One piece for each status, as wide as its share of the model's tensors."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[str, int]] = []
        self.setAccessibleName(self.tr("Totals"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(round(self.fontMetrics().height() * 2.1))

    def show_plan(self, plan: "Plan | None") -> None:
        """Show the totals of another plan."""
        self._parts = [] if plan is None else [(s, n) for s in STATUS if (n := plan.counts[s])]  # type: ignore[index]
        self.setAccessibleDescription(", ".join(self.legend()))
        self.setToolTip(", ".join(self.legend()))  # for where not all of it has room
        self.update()

    def legend(self) -> list[str]:
        """Return each status with its number of tensors."""
        return [f"{numbers.exact(count)} {word_of(status)}" for status, count in self._parts]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = [part for part in self._parts if part[0] not in _OF_THE_FILE]
        total = sum(count for _, count in bar)
        line, left = self.fontMetrics().height(), 0.0
        for status, count in bar:
            width = self.width() * count / total
            painter.fillRect(QRectF(left, 1, max(1.0, width - 1), line * 0.45), _colour(status))
            left += width
        self._write(painter, line)
        painter.end()

    def _write(self, painter: QPainter, line: int) -> None:
        left = 0.0
        for (status, _), text in zip(self._parts, self.legend(), strict=True):
            mark = QRectF(left, line * 1.05, line * 0.6, line * 0.6)
            painter.fillRect(mark, _colour(status))
            painter.setPen(self.palette().color(self.foregroundRole()))
            room = QRectF(mark.right() + 4, line * 0.8, self.width(), line * 1.1)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
            left = mark.right() + 4 + self.fontMetrics().horizontalAdvance(text) + line


def _colour(status: str) -> QColor:
    colour = theme.tone("accent" if status == "loaded" else STATUS[status][1])
    if status in ("renamed", "sliced", "missing"):  # told from its neighbour by shade, and word
        colour.setAlphaF(0.65)
    return colour

"""What looks the same in many rows, drawn or laid out once: arrows, check boxes, texts.

A frame has some 40 rows. Laying out a text takes three times as long as drawing it, and Qt's style
takes longer for a check box than a row may take.
"""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QPixmap, QStaticText
from PySide6.QtWidgets import QStyle, QStyleOption, QStyleOptionViewItem, QWidget

State = QStyle.StateFlag
_CHECKS = {
    Qt.CheckState.Checked: State.State_On,
    Qt.CheckState.Unchecked: State.State_Off,
    Qt.CheckState.PartiallyChecked: State.State_NoChange,
}
#: Beyond this they are laid out anew; no frame has a tenth of it.
_MOST_TEXTS = 4_000


class Text:
    """A text that is laid out, and how large it is then."""

    __slots__ = ("height", "laid_out", "width")

    def __init__(self, text: str, font: QFont) -> None:
        self.laid_out = QStaticText(text)
        self.laid_out.setTextFormat(Qt.TextFormat.PlainText)
        self.laid_out.prepare(font=font)
        size = self.laid_out.size()
        self.width, self.height = size.width(), size.height()


class Stamps:
    """Those of one widget, until its font, palette or style is another."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._pictures: dict[tuple[object, ...], QPixmap] = {}
        self._texts: dict[tuple[str, bool], Text] = {}
        self._short: dict[tuple[str, bool, int], Text] = {}
        self._fonts: dict[bool, QFont] = {}

    def clear(self) -> None:
        """Forget all of them."""
        for each in (self._pictures, self._texts, self._short, self._fonts):
            each.clear()

    def font(self, bold: bool) -> QFont:
        """Return the widget's font, or the bold one."""
        font = self._fonts.get(bold)
        if font is None:
            font = self._fonts[bold] = QFont(self._widget.font())
            font.setBold(bold)
        return font

    def text(self, text: str, bold: bool, room: int) -> Text:
        """Return a text laid out, cut to what there is room for."""
        found = self._texts.get((text, bold))
        if found is None:
            if len(self._texts) > _MOST_TEXTS:
                self._texts.clear()
            found = self._texts[text, bold] = Text(text, self.font(bold))
        if found.width <= room:
            return found
        short = self._short.get((text, bold, room))
        if short is None:
            if len(self._short) > _MOST_TEXTS:
                self._short.clear()
            metrics = QFontMetrics(self.font(bold))
            cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            short = self._short[text, bold, room] = Text(cut, self.font(bold))
        return short

    def arrow(self, expanded: bool, chosen: bool, size: QSize) -> QPixmap:
        """Return the style's arrow before a row that has others below it."""

        def draw(painter: QPainter) -> None:
            option = QStyleOption()
            option.initFrom(self._widget)
            if chosen:
                colour = option.palette.color(QPalette.ColorRole.HighlightedText)
                option.palette.setColor(QPalette.ColorRole.WindowText, colour)
                option.palette.setColor(QPalette.ColorRole.Text, colour)
            option.rect = QRect(QPoint(), size)
            option.state = State.State_Children | State.State_Enabled | State.State_Item
            if expanded:
                option.state |= State.State_Open
            self._style.drawPrimitive(
                QStyle.PrimitiveElement.PE_IndicatorBranch, option, painter, self._widget
            )

        return self._picture(("arrow", expanded, chosen), size, draw)

    def check(self, state: Qt.CheckState, width: int, height: int) -> QPixmap:
        """Return a cell with the check box where the delegate looks for clicks on it."""

        def draw(painter: QPainter) -> None:
            option = QStyleOptionViewItem()
            option.initFrom(self._widget)
            option.rect = QRect(0, 0, width, height)
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
            option.checkState = state
            box = QStyle.SubElement.SE_ItemViewItemCheckIndicator
            option.rect = self._style.subElementRect(box, option, self._widget)
            option.state = State.State_Enabled | _CHECKS[state]
            self._style.drawPrimitive(
                QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck, option, painter, self._widget
            )

        return self._picture(("check", state), QSize(width, height), draw)

    @property
    def _style(self) -> QStyle:
        return self._widget.style()

    def _picture(
        self, name: tuple[object, ...], size: QSize, draw: Callable[[QPainter], None]
    ) -> QPixmap:
        ratio = self._widget.devicePixelRatioF()
        key = (*name, size.width(), size.height(), ratio)
        found = self._pictures.get(key)
        if found is None:
            found = QPixmap(size * ratio)
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            draw(painter)
            painter.end()
            self._pictures[key] = found
        return found

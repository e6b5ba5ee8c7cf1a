"""Icons: own SVGs, drawn in the colour of the text that stands beside them.

``icon(name)`` is ``resources/icons/NAME.svg``; ``currentColor`` in it is replaced. Icons made
before the theme changed keep their colours: whoever holds one asks again on ``PaletteChange``.
"""

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).parent.parent / "resources" / "icons"
_SIZES = (16, 20, 24, 32, 48, 64)


def icon(name: str, colour: QColor | None = None) -> QIcon:
    """Return the icon called ``name`` in the text's colour, or in ``colour``."""
    palette = QGuiApplication.palette()
    plain = colour or palette.color(QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    chosen = palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(name, plain.name(), disabled.name(), chosen.name())


@cache
def _icon(name: str, plain: str, disabled: str, chosen: str) -> QIcon:
    made = QIcon()
    modes = {
        QIcon.Mode.Normal: plain, QIcon.Mode.Disabled: disabled, QIcon.Mode.Selected: chosen,
    }  # fmt: skip
    for mode, colour in modes.items():
        for size in _SIZES:
            made.addPixmap(pixmap(name, size, QColor(colour)), mode)
    return made


def pixmap(name: str, size: int, colour: QColor) -> QPixmap:
    """Draw an icon, ``size`` device pixels wide and high."""
    renderer = QSvgRenderer(QByteArray(_text(name).replace("currentColor", colour.name()).encode()))
    drawn = QPixmap(QSize(size, size))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text(encoding="utf-8")

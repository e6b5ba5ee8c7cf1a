"""How wide texts are, as plain numbers, so that a graph can be laid out off the GUI thread."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontMetricsF

#: What names and shapes are written with; anything else is taken as wide as an ``m``.
_KNOWN = "".join(map(chr, range(32, 127))) + "×·…→"


@dataclass(frozen=True)
class Letters:
    """The widths of letters in the two fonts of a picture, and the heights of their lines."""

    title: Mapping[str, float]
    small: Mapping[str, float]
    title_height: float
    small_height: float

    def title_width(self, text: str) -> float:
        """Return how wide a name is."""
        return _width(self.title, text)

    def small_width(self, text: str) -> float:
        """Return how wide a type or a shape is."""
        return _width(self.small, text)


def title_font(font: QFont) -> QFont:
    """Return the font of names."""
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made


def small_font(font: QFont) -> QFont:
    """Return the font of types and shapes."""
    made = QFont(font)
    if font.pointSizeF() > 0:
        made.setPointSizeF(font.pointSizeF() * 0.88)
    else:
        made.setPixelSize(max(1, round(font.pixelSize() * 0.88)))
    return made


def letters(font: QFont) -> Letters:
    """Measure a font; only the GUI thread may."""
    title, small = QFontMetricsF(title_font(font)), QFontMetricsF(small_font(font))
    return Letters(
        {each: title.horizontalAdvance(each) for each in _KNOWN},
        {each: small.horizontalAdvance(each) for each in _KNOWN},
        title.height(),
        small.height(),
    )


def _width(widths: Mapping[str, float], text: str) -> float:
    return sum(widths.get(each, widths["m"]) for each in text)

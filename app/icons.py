"""Icons: own SVGs, drawn in the colour of the text that stands beside them.

``icon(name)`` is ``resources/icons/NAME.svg``; ``currentColor`` in it is replaced. Icons made
before the theme changed keep their colours: whoever holds one asks again on ``PaletteChange``.

Layers have a picture and a colour by their kind, which follows from their group in the catalog.
"""

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

import core
from app import theme

FOLDER = Path(__file__).parent.parent / "resources" / "icons"
_SIZES = (16, 20, 24, 32, 48)

#: Kind -> its colour on light and on dark; a test holds each to 3:1 against what is behind it.
KINDS: dict[str, tuple[str, str]] = {
    "convolution": ("#2459c4", "#7aa7ff"),
    "linear": ("#0b6e7f", "#4cc3d6"),
    "normalization": ("#2e7d32", "#7fd08a"),
    "activation": ("#b45309", "#f2a65a"),
    "pooling": ("#7b3fb8", "#c49bff"),
    "dropout": ("#68707d", "#9aa3b1"),
    "recurrent": ("#b0307a", "#f28bc4"),
    "transformer": ("#4c3fc4", "#a59bff"),
    "embedding": ("#0a6b5a", "#56cdb4"),
    "container": ("#4a5568", "#aab4c4"),
    "shape": ("#7a5230", "#d3a67a"),
    "padding": ("#6b6257", "#b5aa9b"),
    "vision": ("#0369a1", "#5cc0f5"),
    "loss": ("#b3261e", "#ff8f86"),
    "shuffle": ("#86198f", "#e58bee"),
    "distance": ("#9a3412", "#f0996f"),
    "ops": ("#3f6212", "#a9cf5d"),
    "composite": ("#475a7d", "#a3b6dc"),
    "block": ("#1e5fa8", "#7db8f5"),
    "head": ("#8a5a00", "#e9bd5a"),
    "root": ("#2459c4", "#86b1ff"),
}


def icon(name: str, colour: QColor | None = None) -> QIcon:
    """Return the icon called ``name`` in the text's colour, or in ``colour``."""
    palette = QGuiApplication.palette()
    plain = colour or palette.color(QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    chosen = palette.color(QPalette.ColorRole.HighlightedText)
    return _icon(name, plain.name(), disabled.name(), chosen.name())


def first_icon(name: str, size: int, colour: QColor | None = None) -> QIcon:
    """Return an icon as the first frame shows it: in one size, to be clicked or disabled.

    :func:`icon` draws fifteen pictures. Whoever shows this one asks for that once there is time.
    """
    palette = QGuiApplication.palette()
    plain = colour or palette.color(QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    made = QIcon()
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    for mode, tone in ((QIcon.Mode.Normal, plain), (QIcon.Mode.Disabled, disabled)):
        drawn = pixmap(name, round(size * ratio), tone)
        drawn.setDevicePixelRatio(ratio)
        made.addPixmap(drawn, mode)
    return made


def layer_icon(type_name: str) -> QIcon:
    """Return the icon of a layer by the name of its class, which may be any class at all.

    It asks the catalog, so torch has to be there already.
    """
    return kind_icon(kind_of(type_name))


def kind_icon(kind: str) -> QIcon:
    """Return the icon of a kind of layers, in the colour of the kind."""
    return icon(f"layer-{kind}", kind_colour(kind))


def kind_colour(kind: str) -> QColor:
    """Return the colour of a kind of layers, on the palette that is in use."""
    return QColor(KINDS[kind][theme.is_dark()])


def kind_of(type_name: str) -> str:
    """Return the kind of a class; ``composite`` for what the catalog does not know."""
    known = core.layers()
    layer = known.get(type_name)
    if layer is None:
        return "composite"
    if layer.group == "Lazy":  # a layer that waits for its sizes is of the kind it will be
        layer = known.get(type_name.removeprefix("Lazy"), layer)
    return kind_of_group(layer.group)


def kind_of_group(group: str) -> str:
    """Return the kind of the layers in a group of the catalog."""
    kind = {"torchvision.ops": "ops", "Heads": "head"}.get(group, group.lower())
    return kind if kind in KINDS else "block"


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
    drawn = QPixmap(_drawn(name, size))
    painter = QPainter(drawn)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(drawn.rect(), colour)
    painter.end()
    return drawn


@cache
def _drawn(name: str, size: int) -> QPixmap:
    """Rendering costs most, so it is done once and coloured for each mode and theme."""
    drawn = QPixmap(QSize(size, size))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    _renderer(name).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn


@cache
def _renderer(name: str) -> QSvgRenderer:
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", "#000000").encode()))

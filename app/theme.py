"""Light and dark: two palettes on Fusion, and the tones that carry meaning.

Every pair of text and background in here has a contrast of at least 4.5:1; a test computes it.
Fusion outlines fields by darkening the window's colour, which on a dark window nobody sees: so in
the dark, fields are lighter than what they stand on.
"""

from typing import Any, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

Theme = Literal["system", "light", "dark"]
Tone = Literal["new", "changed", "problem", "good", "muted", "accent", "line", "surface"]

Role = QPalette.ColorRole
_ROLES: dict[QPalette.ColorRole, tuple[str, str]] = {
    Role.Window: ("#f3f4f7", "#191c22"),
    Role.WindowText: ("#1b2029", "#e6e9ef"),
    Role.Base: ("#ffffff", "#272c35"),
    Role.AlternateBase: ("#f8f9fb", "#2b303a"),
    Role.Text: ("#1b2029", "#e6e9ef"),
    Role.PlaceholderText: ("#68707d", "#8f98a6"),
    Role.Button: ("#fbfbfd", "#2f343e"),
    Role.ButtonText: ("#1b2029", "#e6e9ef"),
    Role.BrightText: ("#b3261e", "#ff8f86"),
    Role.Highlight: ("#2459c4", "#2f62c9"),
    Role.HighlightedText: ("#ffffff", "#ffffff"),
    Role.Link: ("#1d56c9", "#86b1ff"),
    Role.LinkVisited: ("#6a3fb5", "#c0a3ff"),
    Role.ToolTipBase: ("#262b35", "#353a45"),
    Role.ToolTipText: ("#ffffff", "#f2f4f8"),
    Role.Accent: ("#2459c4", "#5b8def"),
    Role.Light: ("#ffffff", "#343944"),
    Role.Midlight: ("#e9ebf0", "#2c313b"),
    Role.Mid: ("#c3c8d1", "#434a57"),
    Role.Dark: ("#a2a9b5", "#0f1116"),
    Role.Shadow: ("#7d8592", "#000000"),
}
_DISABLED = ("#6d7582", "#858d9a")
#: Fusion draws no outline that is seen on dark around boxes and circles: their inside has to do.
_MARKS = "#4a5262"
TONES: dict[Tone, tuple[str, str]] = {
    "new": ("#0a6b38", "#5fd39a"),
    "changed": ("#855200", "#f0b75a"),
    "problem": ("#b3261e", "#ff8f86"),
    "good": ("#0a6b38", "#5fd39a"),
    "muted": ("#5c6471", "#9aa3b1"),
    "accent": ("#2459c4", "#86b1ff"),
    "line": ("#d9dce3", "#3a404c"),
    "surface": ("#eceef3", "#242831"),
}


#: What an application is marked with that has the style; to look at the style itself makes the many
#: classes of Qt's styles, a thirtieth of all that happens before the first frame.
_IN_FUSION = "in_fusion"


def application(name: str) -> QApplication:
    """Make the application, in Fusion from its start."""
    made = QApplication([name, "-style", "Fusion"])
    made.setProperty(_IN_FUSION, True)
    return made


def palette(dark: bool) -> QPalette:
    """Return the light or the dark palette."""
    made = QPalette()
    for role, colours in _ROLES.items():
        made.setColor(role, QColor(colours[dark]))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[dark]))
    return made


def _with_marks(dark: bool) -> QPalette:
    """Return the palette for what is a box or a circle to tick: on dark, it needs to be lighter."""
    made = palette(dark)
    if dark:
        made.setColor(Role.Base, QColor(_MARKS))
    return made


def is_dark(of: QPalette | None = None) -> bool:
    """Say whether a palette (the application's) is the dark one."""
    of = of or QGuiApplication.palette()
    return of.color(Role.Base).lightness() < 128


def tone(name: Tone, of: QPalette | None = None) -> QColor:
    """Return the colour that carries a meaning, on the palette that is in use."""
    return QColor(TONES[name][is_dark(of)])


def apply(application: QApplication, theme: Theme = "system") -> None:
    """Put the application into a theme; ``system`` is what the desktop says, light if nothing."""
    if not application.property(_IN_FUSION):
        application.setStyle("Fusion")
        application.setProperty(_IN_FUSION, True)
    scheme = application.styleHints().colorScheme()
    dark = scheme == Qt.ColorScheme.Dark if theme == "system" else theme == "dark"
    application.setPalette(palette(dark))
    ticked: tuple[Any, ...] = ("QRadioButton", "QCheckBox")  # the stubs say bytes, Qt takes texts
    for kind in ticked:
        application.setPalette(_with_marks(dark), kind)


def contrast(first: QColor, second: QColor) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(v) for v in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

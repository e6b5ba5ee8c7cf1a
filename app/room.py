"""How large a sheet opens: in letters and lines, and never larger than where it is shown."""

from PySide6.QtWidgets import QWidget

#: A window on a full screen still has a frame and a title, in lines.
_FRAME = 3


def open_at(sheet: QWidget, letters: int, lines: int) -> None:
    """Give a sheet its first size; a small screen, or the window it is over, holds all of it."""
    metrics, parent = sheet.fontMetrics(), sheet.parentWidget()
    room = sheet.screen().availableSize()
    room.setHeight(room.height() - _FRAME * metrics.height())
    if parent is not None:
        room = room.expandedTo(parent.window().size())
    sheet.resize(letters * metrics.averageCharWidth(), lines * metrics.height())
    sheet.resize(sheet.size().boundedTo(room))

"""Where a module stands: each module above it as a button that goes there."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app import theme
from app.flow.picture import short

_MOST = 3  # so many buttons; in the middle, the rest is one


class Breadcrumb(QWidget):
    """``wanted``: the path of a module above."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[str, str] | None = None
        self.buttons: list[QToolButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Where this is"))

    def show_path(self, path: str, root: str) -> None:
        """Show the way from the model, which is called ``root``, to a module."""
        if self._shown == (path, root):
            return
        self._shown = (path, root)
        while self._row.count() > 1:
            item = self._row.takeAt(0)
            taken = item.widget() if item is not None else None
            if taken is not None:
                taken.hide()
                taken.deleteLater()
        self.buttons = []
        names = path.split(".") if path else []
        places = [("", root), *((".".join(names[: n + 1]), names[n]) for n in range(len(names)))]
        if len(places) > _MOST:
            above = places[-3][0]
            places = [places[0], (above, "…"), *places[-2:]]
        for number, (place, text) in enumerate(places):
            if number:
                between = QLabel("›")
                between.setForegroundRole(self.foregroundRole())
                self._row.insertWidget(self._row.count() - 1, between)
            self._add(place, text, place == path)

    def _add(self, place: str, text: str, here: bool) -> None:
        button = QToolButton()
        button.setText(short(text))
        button.setAutoRaise(True)
        button.setToolTip(place or text)
        button.setAccessibleName(place or text)
        button.setEnabled(not here)
        if here:  # where one is reads as text, not as something that cannot be done
            palette = button.palette()
            for role in (button.foregroundRole(), palette.ColorRole.ButtonText):
                colour = theme.palette(theme.is_dark()).color(palette.ColorRole.WindowText)
                palette.setColor(palette.ColorGroup.Disabled, role, colour)
            button.setPalette(palette)
        button.clicked.connect(partial(self.wanted.emit, place))
        self.buttons.append(button)
        self._row.insertWidget(self._row.count() - 1, button)

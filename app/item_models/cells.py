"""What the cells of the module tree say: texts, icons and colours of one row, made once a state."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QColor, QFont, QIcon

import core
from app import icons, numbers, theme
from app.item_models.columns import SHARE, Column
from app.item_models.nodes import Node
from app.state import State

if TYPE_CHECKING:
    from core.analysis import ModuleReport, Value

Role = Qt.ItemDataRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NUMBERS = (Column.PARAMETERS, Column.MACS)
_WITH_ICONS = frozenset(map(int, (Column.NAME, Column.MARK)))
_COLOURED = frozenset(map(int, (Column.MARK, Column.ARGUMENTS, Column.OUTPUT)))


def tr(text: str) -> str:
    """Translate a text of the tree."""
    return QCoreApplication.translate("ModuleTree", text)


#: Kind of change -> (icon, tone, word).
MARKS: dict[str, tuple[str, theme.Tone, str]] = {
    "added": ("new-mark", "new", "new"),
    "replaced": ("new-mark", "new", "new"),
    "changed": ("changed-mark", "changed", "changed"),
    "moved": ("moved-mark", "changed", "moved"),
    "weights": ("weights-mark", "changed", "weights"),
    "not loaded": ("warning", "problem", "not loaded"),
    "frozen": ("freeze", "changed", "frozen"),
    "thawed": ("thaw", "changed", "thawed"),
}
_HEADERS = {
    Column.NAME: ("Module", "The name by which its parent knows it"),
    Column.MARK: ("Change", "What is different from the model that was opened, and problems"),
    Column.TYPE: ("Type", "The module's class"),
    Column.ARGUMENTS: ("Arguments", "The arguments of its constructor"),
    Column.OUTPUT: ("Output", "The shape of what it gives: batch, channels, height, width"),
    Column.PARAMETERS: ("Parameters", "Numbers in its weights; the bar is its share of all"),
    Column.MACS: ("MACs", "Multiply-accumulate operations of one forward"),
    Column.TRAINED: ("Train", "Whether its weights are trained; uncheck to freeze them"),
}


def header(section: int, role: int) -> Any:
    """Return what a column's header says."""
    title, tip = _HEADERS[Column(section)]
    if role == Role.DisplayRole:
        return tr(title)
    if role in (Role.ToolTipRole, Role.StatusTipRole):
        return tr(tip)
    if role == Role.TextAlignmentRole and section in NUMBERS:
        return RIGHT
    return None


class Facts:
    """What all rows of one state share: the problems by path, and the total for the bars."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._icons: dict[str, QIcon] = {}
        self._tones: dict[theme.Tone, QColor] = {}

    def of(self, node: Node) -> "Cells":
        """Return the cells of a row; they are kept with it until the state is another."""
        if node.seen is None or node.seen[0] is not self:
            node.seen = (self, Cells(self, node))
        cells = node.seen[1]
        assert isinstance(cells, Cells)
        return cells

    def layer_icon(self, kind: str) -> QIcon:
        """Return the icon of a class; it is asked for once, since most rows share a few."""
        found = self._icons.get(kind)
        if found is None:
            found = self._icons[kind] = icons.layer_icon(kind)
        return found

    def tone(self, name: theme.Tone) -> QColor:
        """Return the colour that carries a meaning, asked for once."""
        found = self._tones.get(name)
        if found is None:
            found = self._tones[name] = theme.tone(name)
        return found

    @cached_property
    def problems(self) -> dict[str, list[str]]:
        """The sentences about each module."""
        found: dict[str, list[str]] = {}
        for problem in self.state.report.problems if self.state.report is not None else ():
            found.setdefault(problem.path, []).append(problem.message)
        return found

    @cached_property
    def troubled(self) -> frozenset[str]:
        """The paths of modules with a problem somewhere inside."""
        above: set[str] = set()
        for path in self.problems:
            while path:
                path = path.rpartition(".")[0]
                above.add(path)
        return frozenset(above)


class Cells:
    """The cells of one row."""

    def __init__(self, facts: Facts, node: Node) -> None:
        self._facts = facts
        self._state = facts.state
        self._node = node
        self._module = node.module
        self.is_root = node.parent is None
        self.path = node.path
        self.name = node.name
        self.depth = node.depth

    @cached_property
    def report(self) -> "ModuleReport | None":
        """What the analysis says of the module, once it is there."""
        report = self._state.report
        return None if report is None else report.module(self.path)

    @cached_property
    def _given(self) -> "Value | None":
        """What the module gives, once the analysis is there."""
        return None if self.report is None else self.report.output

    @property
    def trains(self) -> bool:
        """Whether there is anything to freeze."""
        return self.report is not None and self.report.parameters > 0

    def cell(self, column: int, role: int) -> Any:
        """Return what Qt asks about a cell."""
        if role in (Role.DisplayRole, Role.AccessibleTextRole):
            return self.texts[column]
        if role == Role.EditRole:
            return self.name if column == Column.NAME else None
        if role == Role.TextAlignmentRole:
            return RIGHT if column in NUMBERS else None
        if role == Role.DecorationRole:
            return self.icon(column)
        if role == Role.ForegroundRole:
            return self.colour(column)
        if role == Role.CheckStateRole:
            return self.check() if column == Column.TRAINED else None
        if role == Role.FontRole:
            return self.font(column)
        if role == Role.ToolTipRole:
            return self._tip(column)
        if role == SHARE and column == Column.PARAMETERS:
            return self.share()
        return None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The words of each column."""
        name = (self._state.name if self.is_root else "") or self.name
        mark = self._mark
        return (
            name,
            tr(mark[2]) if mark else "",
            type(self._module).__name__,
            self._arguments(),
            self._output(),
            numbers.count(self.report.parameters) if self.trains and self.report else "",
            numbers.macs(self.report.macs) if self.report and self.report.macs else "",
            "",
        )

    @cached_property
    def drawn(self) -> tuple[tuple[int, str, Any, Any], ...]:
        """What is drawn, where there is anything: column, text, icon and colour."""
        return tuple(
            [
                (column, text, self.icon(column) if column in _WITH_ICONS else None,
                 self.colour(column) if column in _COLOURED else None)
                for column, text in enumerate(self.texts)
                if text
            ]
        )  # fmt: skip

    @cached_property
    def _mark(self) -> tuple[str, theme.Tone, str] | None:
        if self.path in self._facts.problems:
            return ("problem-mark", "problem", "problem")
        if self.path in self._facts.troubled:
            return ("problem-mark", "muted", "inside")
        return MARKS.get(self._state.marks.get(self.path, ""))

    def _arguments(self) -> str:
        """Describe the module once: it never changes, and most rows outlive an edit."""
        known = self._node.arguments
        if known is None or known[0] is not self._module:
            known = self._node.arguments = (self._module, core.summary_text(self._module))
        return known[1]

    def _output(self) -> str:
        if self.report is None:
            return "…"
        if not self.report.reached:
            return tr("not called")
        return tr("fails") if self._given is None else str(self._given)

    def icon(self, column: int) -> Any:
        """Return the icon of a cell, if it has one."""
        if column == Column.NAME:
            return self._facts.layer_icon(type(self._module).__name__)
        if column == Column.MARK and self._mark:
            return icons.icon(self._mark[0], self._facts.tone(self._mark[1]))
        return None

    def colour(self, column: int) -> Any:
        """Return the colour of a cell's text, where it is not the usual one."""
        if column == Column.MARK and self._mark:
            return self._facts.tone(self._mark[1])
        if column == Column.OUTPUT and self.report is not None:
            if not self.report.reached:
                return self._facts.tone("muted")
            if self._given is None or self.report.assumed:
                return self._facts.tone("problem")
        return self._facts.tone("muted") if column == Column.ARGUMENTS else None

    def check(self) -> Any:
        """Return whether the weights are trained; ``None`` where there are none."""
        if not self.trains or self.report is None:
            return None
        if self.report.trainable == 0:
            return Qt.CheckState.Unchecked
        whole = self.report.trainable == self.report.parameters
        return Qt.CheckState.Checked if whole else Qt.CheckState.PartiallyChecked

    def font(self, column: int) -> Any:
        """Return the font of a cell, where it is not the usual one."""
        if column == Column.NAME and self.is_root:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def _tip(self, column: int) -> str | None:
        if column == Column.MARK and self.path in self._facts.problems:
            return "\n".join(self._facts.problems[self.path])
        if column == Column.PARAMETERS and self.trains and self.report is not None:
            tip = tr("{} parameters, {} of them trained")
            return tip.format(
                numbers.exact(self.report.parameters), numbers.exact(self.report.trainable)
            )
        if column == Column.MACS and self.report is not None and self.report.macs:
            return numbers.exact(self.report.macs)
        if column == Column.NAME:
            return self.path or self._state.name
        return self.texts[column] or None

    def share(self) -> float:
        """Return the module's share of all parameters, 0 to 1."""
        report = self._state.report
        if report is None or self.report is None or not report.parameters:
            return 0.0
        return self.report.parameters / report.parameters

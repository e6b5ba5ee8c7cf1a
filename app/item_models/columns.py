"""The columns of the module tree, and what its cells say beyond Qt's own roles."""

from enum import IntEnum

from PySide6.QtCore import Qt


class Column(IntEnum):
    """The columns, from left to right."""

    NAME = 0
    MARK = 1
    TYPE = 2
    ARGUMENTS = 3
    OUTPUT = 4
    PARAMETERS = 5
    MACS = 6
    TRAINED = 7


#: The module's share of all parameters, 0 to 1, for the bar.
SHARE = Qt.ItemDataRole.UserRole + 1
#: The module's path.
PATH = Qt.ItemDataRole.UserRole + 2

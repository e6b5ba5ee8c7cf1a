"""What the window shows, as one frozen value. Views are given it and redo what is different."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.analysis import Report
    from core.document import Document
    from core.edits import Step


@dataclass(frozen=True)
class State:
    """A moment of the open session; without one, ``document`` is ``None``.

    ``report`` belongs to ``document`` and is ``None`` while it is being worked out. ``marks`` says
    which modules differ from the origin: path -> added, replaced, changed, moved, weights, frozen,
    thawed. ``selection`` are paths, the current one first. ``project`` is the file that the work
    is kept in, if there is one, and ``clean`` whether it stands there as it is, or
    else how many steps are ``unsaved``. ``edited``: layers differ from the origin's, not values
    alone; ``None`` while that is not worked out.
    """

    document: "Document | None" = None
    origin: "Document | None" = None
    report: "Report | None" = None
    marks: Mapping[str, str] = field(default_factory=dict)
    steps: "tuple[Step, ...]" = ()
    cursor: int = 0
    selection: tuple[str, ...] = ()
    name: str = ""
    clean: bool = True
    project: "Path | None" = None
    unsaved: int = 0
    edited: bool | None = None

    @property
    def current(self) -> str | None:
        """The path of the one module that inspector and menus speak of, if there is one."""
        return self.selection[0] if self.selection else None

    @property
    def title(self) -> str:
        """What the work is called: by its project, or as the model is."""
        return self.project.name if self.project is not None else self.name

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return self.cursor + 1 < len(self.steps)


def unet_above(document: "Document", path: str) -> str | None:
    """Return the path of the U-Net on an encoder that a module is, or is a part of."""
    names = path.split(".") if path else []
    for length in range(len(names), -1, -1):
        above = ".".join(names[:length])
        kinds = type(document.module(above)).__mro__
        if any(each.__name__ == "EncoderUNet" for each in kinds):
            return above
    return None

"""Who can open what: one dictionary of openers, asked in order.

An opener looks at a text (``resnet50``, ``net.py:Net``, a recipe's file) and makes a document of
it. A room that knows another form registers it with :func:`opener` when it is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.document import Document, InputSpec
from core.errors import Cancelled, SourceError
from core.user_code import Code

Progress = Callable[[int, int, str], None]
Trust = bool | Code | Callable[[Path], bool]


@dataclass(frozen=True)
class Request:
    """What somebody wants opened, and how: the arguments of ``open_source``."""

    text: str
    trust: Trust = False
    structure: bool | None = None
    pretrained: bool | str = False
    inputs: tuple[InputSpec, ...] | None = None
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None
    allow: frozenset[str] = frozenset()
    classes: str | Path | None = None

    def trusts(self, code: Code) -> bool:
        """Say whether this code may run; asks, where there is somebody to ask.

        Raises SourceError if the file is no longer what was looked at.
        """
        if isinstance(self.trust, bool):
            return self.trust
        if isinstance(self.trust, Code):
            return self.trust.agrees_to(code)
        allowed = bool(self.trust(code.path))
        # Who was asked has read the file by now: what stands there is what may have been seen.
        return allowed and Code.there(code.path).agrees_to(code)

    def check_cancelled(self) -> None:
        """Raise :class:`~core.errors.Cancelled` if the user stopped it."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled(f"Opening {self.text} was stopped.")

    def refuse_pretrained(self, what: str) -> None:
        """Raise if pretrained weights are wanted of something that has none."""
        if self.pretrained:
            raise SourceError(
                f"Pretrained weights exist for torchvision and timm models; {what} has none."
                " Open it without, and load a file of weights after."
            )

    def about(self, text: str) -> "Request":
        """Return the same wishes about another text: for openers that open a model on the way."""
        return replace(self, text=text)


@dataclass(frozen=True)
class Opener:
    """One form of text: how to recognise it, how to write it, and what opens it."""

    name: str
    form: str
    matches: Callable[[str], bool]
    opens: Callable[[Request], Document]


openers: dict[str, Opener] = {}


def opener(
    name: str, *, matches: Callable[[str], bool], form: str, before: str | None = None
) -> Callable[[Callable[[Request], Document]], Callable[[Request], Document]]:
    """Register a function as what opens the texts that ``matches`` says yes to.

    ``form`` is how such a text is written, for the sentence that lists what there is. Openers are
    asked in the order they were registered, or before the one named.
    """

    def register(opens: Callable[[Request], Document]) -> Callable[[Request], Document]:
        if name in openers:
            raise ValueError(f"There is an opener '{name}' already.")
        if before is not None and before not in openers:
            raise ValueError(f"There is no opener '{before}' to stand before.")
        later = list(openers)[list(openers).index(before) :] if before else []
        openers[name] = Opener(name, form, matches, opens)
        for each in later:
            openers[each] = openers.pop(each)
        return opens

    return register

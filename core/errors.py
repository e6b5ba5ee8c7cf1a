"""Everything that can be refused, as one tree.

    ModelwrightError
    ├── SourceError            a model could not be found or built
    │   ├── NotTrusted         its code would have to run, and nobody has said yes
    │   ├── NotAllowed         a whole model names classes that nobody has allowed
    │   ├── MissingClass       a whole model needs a class that is not here
    │   ├── Unchosen           a .py offers several models, or one that has to be given arguments
    │   └── TooLarge           it would not fit in memory
    ├── SpecError              a layer spec could not be read or built
    ├── InputError             an input's shape or type makes no sense
    ├── EditRefused            an edit does not apply to this document
    │   └── Untraceable        a forward cannot be read as a graph, so it cannot be re-wired
    ├── RecipeError            a recipe could not be read or replayed
    ├── ProjectError           a project could not be read, or its weights are not those it had
    ├── CheckpointError        a file of weights could not be read or does not fit
    │   └── NothingInCommon    no tensor of it fits one of the model's
    ├── PlacementError         a device is not there, or a model does not run on it
    ├── SaveRefused            a file could not be written; what was there is untouched
    └── Cancelled              the user stopped it

Each is one or two sentences for the person at the screen: what was expected, what came, where, what
to do. Any other exception that leaves ``core`` is a bug.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any


class ModelwrightError(Exception):
    """Something was refused; ``str(error)`` is the sentence to show."""


class SourceError(ModelwrightError):
    """A model could not be found or built."""


class NotTrusted(SourceError):
    """Opening this means running the code in ``path``, and nobody has allowed that yet.

    ``data`` are the bytes of it. ``open_source(..., trust=Code(error.path, error.data))`` is a yes
    to these, and to no others.
    """

    def __init__(self, message: str, path: Path, data: bytes) -> None:
        super().__init__(message)
        self.path = path
        self.data = data


class NotAllowed(SourceError):
    """Opening the whole model at ``path`` means importing and calling ``names``.

    Nobody has allowed that.
    """

    def __init__(self, message: str, names: tuple[str, ...], path: Path | None = None) -> None:
        super().__init__(message)
        self.names = names
        self.path = path


class MissingClass(SourceError):
    """The whole model at ``path`` needs the class ``name``, which cannot be imported here."""

    def __init__(self, message: str, name: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.path = path


class Unchosen(SourceError):
    """The ``.py`` at ``path`` offers several models, or the one meant has to be given arguments.

    None of its code was run. ``text`` is what was to be opened; ``offers``
    (:class:`core.offered.Offer`) are what there is to choose, and ``chosen`` is the name of the one
    that was named and lacks arguments, or ``""``; ``given`` are those it has, as text.
    """

    def __init__(
        self,
        message: str,
        text: str,
        path: Path,
        offers: tuple[Any, ...],
        chosen: str = "",
        given: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.text = text
        self.path = path
        self.offers = offers
        self.chosen = chosen
        self.given = dict(given or {})


class TooLarge(SourceError):
    """The model's parameters do not fit in memory."""


class SpecError(ModelwrightError):
    """A layer spec could not be read, or its layer could not be built."""


class InputError(ModelwrightError):
    """An input's shape, type or structure makes no sense."""


class EditRefused(ModelwrightError):
    """An edit does not apply to this document; the document is as before."""


class Untraceable(EditRefused):
    """A forward cannot be read as a graph, so it cannot be re-wired; the sentence says why."""


class RecipeError(ModelwrightError):
    """A recipe could not be read or replayed."""


class ProjectError(ModelwrightError):
    """A project could not be read, or what belongs to it is not what it was."""


class CheckpointError(ModelwrightError):
    """A file of weights could not be read, or does not fit the model."""


class NothingInCommon(CheckpointError):
    """No tensor of a file fits one of the model's.

    ``plan`` (:class:`core.checkpoint.Plan`) has the rows of both, to be paired by hand.
    """

    def __init__(self, message: str, plan: Any) -> None:
        super().__init__(message)
        self.plan = plan


class PlacementError(ModelwrightError):
    """A device is not there, or a model does not fit or run on it."""


class SaveRefused(ModelwrightError):
    """A file could not be written; what was there before is untouched."""


class Cancelled(ModelwrightError):
    """The user stopped it."""


def nearest(name: str, names: Iterable[str], count: int = 3) -> str:
    """Return ``" Did you mean a, b or c?"`` for the names closest to ``name``, or ``""``."""
    known = list(names)
    close = get_close_matches(name, known, count, cutoff=0.55)
    if not close:
        lowered = {each.lower(): each for each in known}
        close = [lowered[c] for c in get_close_matches(name.lower(), lowered, count, cutoff=0.55)]
    if not close:
        return ""
    listed = close[0] if len(close) == 1 else ", ".join(close[:-1]) + " or " + close[-1]
    return f" Did you mean {listed}?"

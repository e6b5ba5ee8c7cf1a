"""Where a model comes from: a name, a file, an import path, an expression.

:func:`open_source` asks the registered openers in turn; each is one file here.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from core.document import Document, InputSpec, parse_inputs
from core.errors import SourceError, nearest

# The order of these imports is the order in which the openers are asked.
from core.source.registry import Opener, Progress, Request, Trust, opener, openers  # isort: skip
from core.source import torchvision, timm, python_file, whole_model, expression, unet, import_path  # isort: skip
from core.source.torchvision import torchvision_problem
from core.source.zoo import ModelEntry, models
from core.user_code import Code


def open_source(
    text: str,
    *,
    trust: Trust = False,
    structure: bool | None = None,
    pretrained: bool | str = False,
    inputs: str | tuple[InputSpec, ...] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    allow: Collection[str] = (),
    classes: str | Path | None = None,
) -> Document:
    """Open the model that ``text`` names.

    ``trust`` says whether a user's code may run, or is asked with its path, or is the code that
    somebody looked at and allowed, a :class:`Code`. ``structure``: build the structure only, on the
    meta device (``None``: when the weights would not fit in half the free memory; ``False``:
    never). ``pretrained``: the default weights, or their name. ``inputs``, also as text
    (``1,3,224,224``), replaces those that would be guessed. ``allow`` names classes that a whole
    model in a file may be made of, besides PyTorch's; ``classes`` is a ``.py`` that defines them
    (it is run, if trusted). Raises
    :class:`~core.errors.SourceError`, and :class:`~core.errors.InputError` for a text that is none.
    """
    given = parse_inputs(inputs) if isinstance(inputs, str) else inputs
    request = Request(text.strip(), trust, structure, pretrained, given, progress, cancelled)
    request = replace(request, allow=frozenset(allow), classes=classes)
    for each in openers.values():
        if each.matches(request.text):
            return each.opens(request)
    forms = ", ".join(each.form for each in openers.values())
    hint = nearest(text.partition("(")[0].strip(), torchvision.names())
    raise SourceError(f"'{text.strip()}' names no model.{hint} A source is one of: {forms}.")


__all__ = [
    "Code",
    "ModelEntry",
    "Opener",
    "Request",
    "expression",
    "import_path",
    "models",
    "open_source",
    "opener",
    "openers",
    "python_file",
    "timm",
    "torchvision",
    "torchvision_problem",
    "unet",
    "whole_model",
]

"""What there is to read about a module: a sentence or a paragraph, an address, a file."""

import inspect
import re
from dataclasses import dataclass

from torch import nn

from core.catalog.layers import MY_BLOCKS, layer_of
from core.catalog.prose import plain

_OURS = ("torch.", "torchvision.", "timm.", "core.")


@dataclass(frozen=True)
class About:
    """``text`` is plain, ``url`` leads to documentation, ``file`` holds the class's source.

    A file is named only for classes that are the user's own.
    """

    text: str = ""
    url: str = ""
    file: str = ""
    module: str = ""


def about(module: nn.Module) -> About:
    """Return what is known about the class of ``module``; nothing of it is guessed."""
    cls = type(module)
    layer = layer_of(cls)
    if layer is not None and layer.cls is cls:
        file = _file(cls) if layer.group == MY_BLOCKS else ""
        return About(layer.summary, layer.url, file, cls.__module__)
    own = "" if cls.__module__.startswith(_OURS) else _file(cls)
    url = layer.url if layer is not None else ""
    return About(_paragraph(cls.__dict__.get("__doc__")), url, own, cls.__module__)


def _paragraph(doc: str | None) -> str:
    """Return the first paragraph of a docstring without its markup."""
    if not doc:
        return ""
    return plain(" ".join(re.split(r"\n\s*\n", inspect.cleandoc(doc))[0].split()))


def _file(cls: type[nn.Module]) -> str:
    try:
        return inspect.getsourcefile(cls) or ""
    except (OSError, TypeError):
        return ""

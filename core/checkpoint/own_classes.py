"""A whole model with blocks of ours: their source goes along, and the pickle names that.

A pickle names classes by the module they are imported from, and ``core.blocks`` is nowhere but
here. So the model that is written has classes of a file beside it, ``NAME_blocks.py``, which is our
own source and imports only torch.
"""

import re
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from core.blocks import TITLE_BESIDE, block_classes, source_of_classes
from core.errors import SaveRefused


@dataclass(frozen=True)
class Companion:
    """The file that has to lie beside a whole model, so that it opens."""

    path: Path
    source: str

    @property
    def module(self) -> str:
        """The name by which it is imported, and by which the pickle names its classes."""
        return self.path.stem


def companion_of(root: nn.Module, path: Path) -> Companion | None:
    """Return what has to lie beside a whole model at ``path``; ``None`` where it has no blocks."""
    source = source_of_classes(block_classes(root), TITLE_BESIDE)
    if not source:
        return None
    name = re.sub(r"\W", "_", path.stem)
    return Companion(path.with_name(f"{'_' if name[0].isdigit() else ''}{name}_blocks.py"), source)


def check_free(companion: Companion, overwrite: bool) -> None:
    """Raise :class:`~core.errors.SaveRefused` where another file has that name."""
    path = companion.path
    if path.exists() and not overwrite and path.read_bytes() != companion.source.encode():
        raise SaveRefused(
            f"{path} exists already and is something else; the model needs its blocks there. Say"
            " yes to overwriting it, or choose another name."
        )


@contextmanager
def told_by(companion: Companion | None, model: nn.Module) -> Iterator[None]:
    """While inside, the blocks in ``model`` are of the companion's classes.

    ``model`` is written to: it is a copy that no document holds.
    """
    if companion is None:
        yield
        return
    module = types.ModuleType(companion.module)
    before = sys.modules.get(companion.module)
    sys.modules[companion.module] = module  # where pickle looks whether a name means its class
    try:
        exec(compile(companion.source, str(companion.path), "exec"), module.__dict__)
        ours = block_classes(model)
        for each in list(model.modules()):
            if type(each) in ours:
                each.__class__ = getattr(module, type(each).__name__)
        yield
    finally:
        if before is None:
            del sys.modules[companion.module]
        else:
            sys.modules[companion.module] = before

"""Saving a model that only its own code can build: ``NAME.pth`` and, beside it, ``NAME.py``."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import save_state_dict
from core.document import Document
from core.errors import SaveRefused
from core.export.source import file_name, model_source
from core.export.verify import Verdict, verify


@dataclass(frozen=True)
class TakenHome:
    """The files that were written, and what a fresh process made of them."""

    weights: Path
    code: Path
    verdict: Verdict


def take_home(
    document: Document, path: str | Path, *, overwrite: bool = False, whole: bool = False
) -> TakenHome:
    """Write the weights to ``path`` and the code that builds the model beside it.

    ``whole`` writes the model as a whole instead, pickled where its classes are those of the code:
    it opens wherever that can be imported.

    Both are tried in a fresh process first: it imports the code without Modelwright, loads
    strictly, and its outputs are compared. Raises :class:`~core.errors.SaveRefused`; then nothing
    is written.
    """
    path = Path(path)
    code = path.with_name(file_name(path.stem) + ".py")
    for each in (path, code):
        if each.exists() and not overwrite:
            raise SaveRefused(
                f"{each} exists already; say yes to overwriting it, or choose another."
            )
    source = model_source(document, code.stem)
    if not path.parent.is_dir():
        raise SaveRefused(f"The folder {path.parent} does not exist; create it, or save elsewhere.")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}.") as folder:
            tried = Path(folder) / path.name
            save_state_dict(document, tried)
            written = Path(folder) / code.name
            written.write_text(source.text, encoding="utf-8")
            pickled = Path(folder) / "whole.pth" if whole else None
            verdict = verify(document, written, tried, source.folders, pickled)
            os.replace(tried if pickled is None else pickled, path)
            os.replace(written, code)
    except OSError as error:
        raise SaveRefused(f"{path} could not be written: {error.strerror or error}.") from error
    return TakenHome(path, code, verdict)

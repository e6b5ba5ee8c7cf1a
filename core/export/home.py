"""Saving a model that only its own code can build: ``NAME.pth`` and, beside it, ``NAME.py``."""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.checkpoint import SaveOptions, atomic_write, save, save_state_dict
from core.dataflow import is_rewired
from core.document import Document
from core.errors import Cancelled, SaveRefused
from core.export.source import ModelSource, file_name, model_source
from core.export.verify import Verdict, verify
from core.files.writing.atomic import check_place, take_place
from core.user_code import goes_along

Progress = Callable[[int, int, str], None]
Asked = Callable[[], bool]
#: The folder, inside the one that everything is written to first, that the fresh process reads.
_TRIAL = "trial"


@dataclass(frozen=True)
class TakenHome:
    """The files that were written, and what a fresh process made of them.

    ``weights`` is the file to load; weights in several files are all in ``files``, the index last.
    """

    weights: Path
    code: Path
    verdict: Verdict
    files: tuple[Path, ...] = ()


def code_beside(path: str | Path) -> Path:
    """Return where the code goes that belongs to weights at ``path``: ``my-net.pth``, my_net.py."""
    path = Path(path)
    return path.with_name(file_name(path.stem) + ".py")


def needs_code(document: Document) -> bool:
    """Whether weights alone are worth nothing, since no other code builds the model.

    So it is where a forward was written here, and where it has blocks of the user's.
    """
    return any(is_rewired(each) or goes_along(type(each)) for each in document.root.modules())


def take_home(
    document: Document,
    path: str | Path,
    options: SaveOptions | None = None,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> TakenHome:
    """Write the weights to ``path``, in the form of ``options``, and the code beside them.

    A whole model is pickled where its classes are those of the code: it opens wherever that can be
    imported.

    The code is tried in a fresh process first: it imports it without Modelwright, loads the state
    dict strictly, and its outputs are compared. Raises :class:`~core.errors.SaveRefused` and
    :class:`~core.errors.Cancelled`; then nothing is written.
    """
    path, code = Path(path), code_beside(path)
    form = replace(options or SaveOptions(), overwrite=True)
    _check_form(form, path)
    for each in (path, code):
        if each.exists() and not overwrite:
            raise SaveRefused(
                f"{each} exists already; say yes to overwriting it, or choose another."
            )
    source = model_source(document, code.stem)
    _check_name(source, code)
    if not path.parent.is_dir():
        raise SaveRefused(f"The folder {path.parent} does not exist; create it, or save elsewhere.")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}.") as folder:
            if form.what == "whole model":
                files, verdict = _pickled(document, source, Path(folder), path, code)
            else:
                files, verdict = _written(
                    document, source, Path(folder), path, code, form, progress, cancelled
                )
            if cancelled is not None and cancelled():
                raise Cancelled("Saving was stopped; nothing was written.")
            moved = tuple(path.with_name(each.name) for each in files)
            for each, target in zip(files, moved, strict=True):
                take_place(each, target)
            take_place(Path(folder) / _TRIAL / code.name, code)
    except OSError as error:
        raise SaveRefused(f"{path} could not be written: {error.strerror or error}.") from error
    return TakenHome(moved[-1], code, verdict, (*moved[:-1], code, moved[-1]))


def write_code(
    document: Document, code: str | Path, *, overwrite: bool = False
) -> tuple[Path, Verdict]:
    """Write the Python that builds the model, alone, for weights that stand in a file already.

    A fresh process tries it as :func:`take_home` has it tried. Raises
    :class:`~core.errors.SaveRefused`; then nothing is written.
    """
    code = Path(code)
    if code.exists() and not overwrite:
        raise SaveRefused(f"{code} exists already; say yes to overwriting it, or choose another.")
    if code.suffix != ".py" or file_name(code.stem) != code.stem:
        raise SaveRefused(
            f"{code.name} is no name that Python imports; choose one such as"
            f" {file_name(code.stem)}.py."
        )
    check_place(code)
    source = model_source(document, code.stem)
    _check_name(source, code)
    with tempfile.TemporaryDirectory() as folder:
        trial = _trial(source, Path(folder), code)
        state = save_state_dict(document, trial.with_name("state.pth"))
        verdict = verify(document, trial, state, source.folders)
    with atomic_write(code) as file:
        file.write(source.text.encode())
    return code, verdict


def _check_form(form: SaveOptions, path: Path) -> None:
    """Refuse what a fresh process cannot pickle so: it has the model as it is, on the CPU."""
    if form.what == "whole model" and (
        form.dtype or form.module_prefix or form.device != "cpu" or path.suffix == ".safetensors"
    ):
        raise SaveRefused(
            f"A re-wired model is saved whole as it is, in one {path.stem}.pth from the CPU, with"
            " its code beside it; choose the weights to have them in another form."
        )


def _written(
    document: Document, source: ModelSource, folder: Path, path: Path, code: Path,
    form: SaveOptions, progress: Progress | None, cancelled: Asked | None,
) -> tuple[tuple[Path, ...], Verdict]:  # fmt: skip
    """Write the weights in their form, and try the code with them or with a plain copy."""
    files = save(document, folder / path.name, form, progress=progress, cancelled=cancelled)
    trial, state = _trial(source, folder, code), files[-1]
    if not _is_plain(form, path):
        state = save_state_dict(document, trial.with_name("state.pth"))
    verdict = verify(document, trial, state, source.folders)
    if state.parent == trial.parent:
        state.unlink()
    return files, verdict


def _pickled(
    document: Document, source: ModelSource, folder: Path, path: Path, code: Path
) -> tuple[tuple[Path, ...], Verdict]:
    """Let the fresh process pickle the model, whose classes there are those of the code."""
    trial = _trial(source, folder, code)
    state = save_state_dict(document, trial.with_name("state.pth"))
    verdict = verify(document, trial, state, source.folders, folder / path.name)
    state.unlink()
    return (folder / path.name,), verdict


def _trial(source: ModelSource, folder: Path, code: Path) -> Path:
    """Write the code where only the fresh process finds it."""
    (folder / _TRIAL).mkdir()
    written = folder / _TRIAL / code.name
    written.write_text(source.text, encoding="utf-8")
    return written


def _is_plain(form: SaveOptions, path: Path) -> bool:
    """Whether the file is a state dict as the model itself has it, which a fresh process loads."""
    changed = form.module_prefix or form.dtype is not None or form.shard_size is not None
    return form.what == "state dict" and not changed and path.suffix != ".safetensors"


def _check_name(source: ModelSource, code: Path) -> None:
    """Refuse a file that would stand in the way of one that it imports: ``torch.py``, say."""
    name = re.escape(code.stem)
    if re.search(rf"^(?:from|import) {name}\b", source.text, re.MULTILINE):
        raise SaveRefused(
            f"The code would be written to {code.name}, and imports another {code.stem} itself;"
            " save under another name."
        )

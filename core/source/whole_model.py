"""A whole model that ``torch.save(model)`` pickled. Only classes that are allowed are ever made.

torch's own restricted unpickler builds it (``weights_only=True``) with a list of classes: modules
of PyTorch and torchvision, and what the user allows by name or gives as a ``.py``. Nothing else in
the file can be imported or called, whatever the file has become since it was looked at. Files of
before 1.6, which that unpickler refuses, are built by our own hand (:mod:`core.source.described`).
"""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from core.blocks import BLOCKS, TITLE_BESIDE, source_of_classes
from core.document import Document
from core.errors import CheckpointError, MissingClass, NotAllowed, NotTrusted, SourceError
from core.files import Contents, Named, in_a_sentence, read_contents
from core.files.which import which
from core.source.building import Plan, opened
from core.source.described import built
from core.source.registry import Request, opener
from core.user_code import Code, imported

_SUFFIXES = (".pth", ".pt", ".pkl", ".bin", ".ckpt")
#: torch's own list knows the makers of tensors and plain data; these prefixes are modules.
_MODULES = ("torch.nn.", "torchvision.")


@opener(
    "whole model",
    matches=lambda text: Path(text).suffix in _SUFFIXES,
    form="model.pth (a whole model)",
)
def _open(request: Request) -> Document:
    request.refuse_pretrained("a whole model in a file")
    path = Path(request.text).expanduser()
    try:
        contents = read_contents(path)
    except CheckpointError as error:
        raise SourceError(str(error)) from error
    if contents.kind != "whole model":
        raise SourceError(_no_model(contents))
    given = _given(request, contents)
    allowed = list(_allowed(contents, request, given))
    inner: list[str] = []

    def build() -> nn.Module:
        loads = _loaded if contents.format == "torch zip" else _of_old_format
        return _unwrapped(loads(contents, allowed), inner)

    document = _adopted(request, Plan(request.text, "whole model", build))
    if not inner:
        return document
    note = f"It was wrapped in {' in '.join(inner)}; what is inside was opened."
    return document.saying(note)


def _adopted(request: Request, plan: Plan) -> Document:
    """Open what was built; a module may lack what its class of today expects of it."""
    try:
        return opened(request, plan)
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceError(
            f"The model in {request.text} is not whole: {error}. The file is damaged, or of another"
            " version of PyTorch. Its weights can still be loaded into a model that is open."
        ) from error


def _given(request: Request, contents: Contents) -> Callable[[str], Any]:
    """Return what finds a class by name in the ``.py`` that was given for it; runs that, if so."""
    if request.classes is None:
        return _ours(contents).get
    path = Path(request.classes).expanduser()
    try:
        code = Code.read(path)
    except OSError as error:
        raise SourceError(f"{path} could not be read: {error}.") from error
    if not request.trusts(code):
        raise NotTrusted(
            f"The classes in {path} are had by running it, and nobody has allowed that. Look at"
            " the file, and say that you trust it (--trust).",
            path,
            code.data,
        )
    module = imported(code)
    return lambda name: getattr(module, name.rpartition(".")[2], None)


def _ours(contents: Contents) -> dict[str, Any]:
    """Return the blocks of ours that the file names, by the names it has for them.

    Saving a whole model writes their source beside it. Where that is still the very text, our own
    classes are meant, and nothing of the file has to be run.
    """
    known = {cls.__name__: cls for cls in BLOCKS}
    files: dict[str, dict[str, Any]] = {}
    for each in contents.names:
        module, _, name = each.name.rpartition(".")
        if module.endswith("_blocks") and module.isidentifier() and name in known:
            files.setdefault(module, {})[each.name] = known[name]
    found: dict[str, Any] = {}
    for module, classes in files.items():
        file = contents.path.with_name(f"{module}.py")
        text = source_of_classes(classes.values(), TITLE_BESIDE)
        if file.is_file() and file.read_bytes() == text.encode():
            found |= classes
    return found


def _allowed(
    contents: Contents, request: Request, given: Callable[[str], Any]
) -> Iterator[tuple[Any, str]]:
    """Yield what may be made, with the name that the file has for it."""
    refused: list[Named] = []
    for each in contents.names:
        found = given(each.name) if not each.name.startswith(_MODULES) else None
        if found is not None:
            yield found, each.name
        elif each.verdict == "known":
            module = _module_class(each.name)
            if module is not None:
                yield module, each.name
        elif each.name in request.allow:
            yield _imported(each.name, contents), each.name
        else:
            refused.append(each)
    if refused:
        _refuse(contents, refused)


def _module_class(name: str) -> Any:
    """Return a class of PyTorch or torchvision that is a module; ``None`` for anything else."""
    if not name.startswith(_MODULES):
        return None
    try:
        found = _by_name(name)
    except (ImportError, AttributeError):
        raise MissingClass(
            f"{name} is not in the PyTorch or torchvision that is installed; the file is of"
            " another version of it.",
            name,
        ) from None
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None


def _imported(name: str, contents: Contents) -> Any:
    try:
        return _by_name(name)
    except (ImportError, AttributeError):
        module, _, last = name.rpartition(".")
        raise MissingClass(
            f"{contents.path} needs the class {last} of {module}, which cannot be imported here."
            f" Give the .py that defines {last} (--classes FILE.py).",
            name,
            contents.path,
        ) from None


def _by_name(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def _refuse(contents: Contents, refused: list[Named]) -> None:
    names = tuple(each.name for each in refused)
    listed = "; ".join(f"{each.name} ({each.why})" for each in refused[:6])
    more = f"; and {len(refused) - 6} more" if len(refused) > 6 else ""
    raise NotAllowed(
        f"Opening {contents.path} would import and call what no one has allowed: {listed}{more}."
        " Allow each by name if you know it (--allow NAME), or give the .py that defines it"
        " (--classes FILE.py).",
        names,
        contents.path,
    )


def _loaded(contents: Contents, allowed: list[tuple[Any, str]]) -> Any:
    try:
        with torch.serialization.safe_globals([*allowed]):
            return torch.load(contents.path, map_location="cpu", weights_only=True, mmap=True)
    except UnpicklingError as error:
        said = str(error).partition("WeightsUnpickler error:")[2].strip() or str(error)
        raise SourceError(
            f"{contents.path} was not opened: {said.splitlines()[0]} Its weights can still be"
            " loaded into a model that is open."
        ) from error
    except (RuntimeError, AttributeError, TypeError, KeyError, ValueError, EOFError) as error:
        raise SourceError(
            f"{contents.path} could not be built as a whole: {type(error).__name__}: {error}. Its"
            " weights can still be loaded into a model that is open."
        ) from error


def _of_old_format(contents: Contents, allowed: list[tuple[Any, str]]) -> Any:
    """Build what a file before 1.6 describes: ``weights_only=True`` refuses all models there."""
    try:
        return built(contents.tree, {name: found for found, name in allowed})
    except CheckpointError as error:
        raise SourceError(
            f"{contents.path} was not opened: {error} Its weights can still be loaded into a model"
            " that is open."
        ) from error
    except (RuntimeError, AttributeError, TypeError, KeyError, ValueError) as error:
        raise SourceError(
            f"{contents.path} could not be built as a whole: {type(error).__name__}: {error}. Its"
            " weights can still be loaded into a model that is open."
        ) from error


def _unwrapped(model: Any, wrappers: list[str]) -> nn.Module:
    wrapping = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while isinstance(model, wrapping):
        wrappers.append(type(model).__name__)
        model = model.module
    if not isinstance(model, nn.Module):
        raise SourceError(f"The file gives a {type(model).__name__}; a model was expected.")
    return model


def _no_model(contents: Contents) -> str:
    weights = next(iter(contents.weights), None)
    shapes = {name: each.shape for name, each in weights.tensors.items()} if weights else {}
    guesses = which(shapes) if shapes else ()
    told = f"{contents.path} holds no whole model. {in_a_sentence(contents, guesses)}."
    if weights is None:
        return f"{told} There is nothing to open in it."
    hint = f" It looks like {guesses[0].source} ({guesses[0]})." if guesses else ""
    return f"{told} Open the model it belongs to, and load the file into it.{hint}"

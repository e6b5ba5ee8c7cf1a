"""Saving a document: as a state dict, a training dictionary or a whole model, atomically."""

import io
import pickle
import pickletools
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from core.checkpoint.casting import casting
from core.checkpoint.outgoing import outgoing
from core.checkpoint.own_classes import check_free, companion_of, told_by
from core.checkpoint.training import rebound
from core.document import Document, weight_id
from core.errors import Cancelled, SaveRefused
from core.files.writing import Meter, atomic_write, layout_of, write_weights

What = Literal["state dict", "training", "whole model"]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SaveOptions:
    """How to save. The format follows the suffix: ``.pth .pt .pkl .bin`` or ``.safetensors``.

    ``legacy`` writes as PyTorch did before 1.6. ``module_prefix`` puts ``module.`` before every
    name, which only code that loads into a DataParallel wants; without it a file loads everywhere.
    ``device`` is where a whole model is put first: a file of ``cuda:0`` loads there without a
    ``map_location``, and nowhere else. ``dtype`` is for floating numbers. ``shard_size`` is in
    bytes. A training dictionary has ``"model"`` and, re-bound to the parameters of now, what was
    loaded with the document; ``extras`` are added to it.
    """

    what: What = "state dict"
    legacy: bool = False
    module_prefix: bool = False
    dtype: str | None = None
    device: str = "cpu"
    shard_size: int | None = None
    overwrite: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)


def save(
    document: Document,
    path: str | Path,
    options: SaveOptions | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Path, ...]:
    """Write a document and return the files, the index of shards last.

    A whole model with blocks of ours comes with their source, which is the first of the files.
    ``progress`` counts bytes. Raises :class:`~core.errors.SaveRefused`,
    :class:`~core.errors.Cancelled`; what was there before is then untouched, nothing is left.
    """
    options = options or SaveOptions()
    path = Path(path)
    state = document.state_dict()
    _check(state)
    layout = layout_of(path, legacy=options.legacy)
    if path.exists() and not path.is_dir() and not options.overwrite:
        raise SaveRefused(f"{path} exists already; say yes to overwriting it, or choose another.")
    if options.what == "state dict" and layout != "safetensors" and _is_plain(state, options):
        # PyTorch's own writer is the fastest where it writes what is asked for, and nothing more.
        _write(_as_state_dict(state, options), state, path, options, progress, cancelled)
        return (path,)
    if options.what == "state dict":
        tensors = outgoing(state, "module." if options.module_prefix else "")
        if options.dtype is not None:
            tensors = list(map(casting(options.dtype), tensors))
        return write_weights(
            path,
            tensors,
            layout,
            metadata=_versions(state, options),
            shard_size=options.shard_size,
            progress=progress,
            cancelled=cancelled,
        )
    if layout == "safetensors" or options.shard_size is not None:
        raise SaveRefused(
            f"A {options.what} is more than tensors, which is all that {path.name} can hold; save"
            " it as one .pth, or save the state dict."
        )
    if options.what == "whole model":
        return _save_whole(document, path, options, progress, cancelled)
    what = _training(document, options)
    _write(what, state, path, options, progress, cancelled)
    return (path,)


def _save_whole(
    document: Document,
    path: Path,
    options: SaveOptions,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> tuple[Path, ...]:
    """Write the model and, where it has blocks of ours, their source: both, or neither."""
    companion = companion_of(document.root, path)
    if companion is not None:
        check_free(companion, options.overwrite)
    model = document.model()
    with ExitStack() as stack:
        stack.enter_context(told_by(companion, model))
        whole = _whole(model, options)
        if companion is not None:
            source = stack.enter_context(atomic_write(companion.path))
            source.write(companion.source.encode())
        _write(whole, document.state_dict(), path, options, progress, cancelled)
    return (path,) if companion is None else (companion.path, path)


def _write(
    what: Any,
    state: Mapping[str, Tensor],
    path: Path,
    options: SaveOptions,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    size = sum(each.untyped_storage().nbytes() for each in state.values())
    meter = Meter(size, f"Writing {path.name}", progress, cancelled)
    with atomic_write(path) as file:
        counted: Any = _Counted(file, meter)
        with _own_errors():
            torch.save(what, counted, _use_new_zipfile_serialization=not options.legacy)


def save_state_dict(
    weights: Document | Mapping[str, Tensor], path: str | Path, *, overwrite: bool = False
) -> Path:
    """Write name -> tensor as ``torch.save`` does, atomically, under any name.

    Raises :class:`~core.errors.SaveRefused`: never over an existing file without ``overwrite``,
    nor of a structure without weights.
    """
    path = Path(path)
    state = weights.state_dict() if isinstance(weights, Document) else weights
    _check(state)
    if path.exists() and not path.is_dir() and not overwrite:
        raise SaveRefused(f"{path} exists already; say yes to overwriting it, or choose another.")
    with atomic_write(path) as file, _own_errors():
        torch.save(_compact(state), file)
    return path


@contextmanager
def _own_errors() -> Iterator[None]:
    """Let out what stopped torch's writer, around which it raises a RuntimeError of its own."""
    try:
        yield
    except RuntimeError as error:
        cause = error.__context__
        known = isinstance(cause, OSError | Cancelled)
        raise cause if cause is not None and known else OSError(str(error)) from error


def _is_plain(state: Mapping[str, Any], options: SaveOptions) -> bool:
    """Say whether a state dict is to be written as it is, in one file.

    A tensor that sees a part of a larger storage would take all of it along.
    """
    return (
        options.dtype is None
        and options.shard_size is None
        and all(
            type(each.data) is Tensor
            and each.layout == torch.strided
            and each.device.type == "cpu"
            and not (each.is_quantized or each.is_conj() or each.is_neg())
            and each.untyped_storage().nbytes() == each.numel() * each.element_size()
            for each in state.values()
        )
    )


def _as_state_dict(state: Mapping[str, Tensor], options: SaveOptions) -> dict[str, Tensor]:
    prefix = "module." if options.module_prefix else ""
    named = OrderedDict((prefix + name, each.detach()) for name, each in state.items())
    versions = _versions(state, options)
    if versions is not None:
        named._metadata = OrderedDict(versions)  # type: ignore[attr-defined]
    return named


def _versions(state: Mapping[str, Any], options: SaveOptions) -> Mapping[str, Any] | None:
    """Return the versions of the layers, under the names that are written."""
    versions: Mapping[str, Any] | None = getattr(state, "_metadata", None)
    if versions is None or not options.module_prefix:
        return versions
    return {"": {"version": 1}} | {f"module.{k}".rstrip("."): v for k, v in versions.items()}


def _training(document: Document, options: SaveOptions) -> dict[str, Any]:
    state = document.state_dict()
    others = {} if document.training is None else rebound(document.training, document).entries
    plain = _compact(_cast(state, options))
    named = {f"module.{k}": v for k, v in plain.items()} if options.module_prefix else plain
    return {"model": named, **others, **options.extras}


def _whole(model: torch.nn.Module, options: SaveOptions) -> torch.nn.Module:
    """Return the model as it is to be written, if another program can import its classes."""
    model = _placed(model, options.device)
    if options.dtype is not None:
        model = model.to(getattr(torch, options.dtype))
    for name in _classes(model):
        if name.partition(".")[0] in ("core", "app"):
            raise SaveRefused(
                f"The model holds an object of {name}, which only Modelwright has; a whole model"
                " with it would open nowhere else. Save the state dict."
            )
        if _is_private(name.rpartition(".")[0]):
            raise SaveRefused(
                f"{name} is a class of your own file, which no other program can import by that"
                " name. Save the state dict, and load it into the class."
            )
    return _wrapped(model, options.device) if options.module_prefix else model


def _wrapped(model: torch.nn.Module, device: str) -> torch.nn.Module:
    """Wrap a model where it is: PyTorch's own wrapper moves it to the first GPU there is."""
    if not device.startswith("cpu"):
        return torch.nn.DataParallel(model)
    wrapper = torch.nn.DataParallel.__new__(torch.nn.DataParallel)
    torch.nn.Module.__init__(wrapper)
    wrapper.module, wrapper.device_ids = model, []  # as it is where there are no GPUs
    return wrapper


def _placed(model: torch.nn.Module, device: str) -> torch.nn.Module:
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise SaveRefused(
            f"The model cannot be put on {device} to be saved from there: {first} Choose a device"
            " that this machine has."
        ) from error


def _is_private(module: str) -> bool:
    """Whether a module is a user's file, which has a name here that it has nowhere else."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        file is not None
        and Path(file).stem != module.rpartition(".")[2] != "__init__"
        and (Path(file).stem != "__init__")
    )


def _classes(model: torch.nn.Module) -> set[str]:
    """Return every class and function that a pickle of the model names."""
    bare = io.BytesIO()
    try:
        _WithoutTensors(bare, protocol=2).dump(model)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SaveRefused(
            f"The model cannot be pickled as a whole ({error}); save the state dict."
        ) from error
    return {
        str(argument).replace(" ", ".")
        for opcode, argument, _ in pickletools.genops(bare.getvalue())
        if opcode.name == "GLOBAL"
    }


class _WithoutTensors(pickle.Pickler):
    """Pickles what stands around the weights."""

    def persistent_id(self, value: object) -> str | None:
        return "tensor" if isinstance(value, Tensor) else None


def _cast(state: Mapping[str, Tensor], options: SaveOptions) -> Mapping[str, Tensor]:
    if options.dtype is None:
        return state
    dtype = getattr(torch, options.dtype)
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}


#: Bytes that are written between two looks at whether the user wants to stop.
_PIECE = 4 << 20


class _Counted(io.RawIOBase):
    """A file for ``torch.save`` that counts what is written to it."""

    def __init__(self, file: Any, meter: Meter) -> None:
        self._file, self._meter = file, meter

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Write through, a piece at a time: PyTorch hands a whole tensor over at once."""
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), _PIECE):
            self._meter.add(int(self._file.write(view[begin : begin + _PIECE])))
        return len(view)

    def flush(self) -> None:
        """Flush through."""
        self._file.flush()


def _check(state: Mapping[str, Tensor]) -> None:
    lazy = [
        name for name, tensor in state.items() if isinstance(tensor, Tensor) and is_lazy(tensor)
    ]
    if lazy:
        raise SaveRefused(f"{lazy[0]} has no shape yet: run the model, or replace the lazy layer.")
    if any(isinstance(tensor, Tensor) and tensor.is_meta for tensor in state.values()):
        raise SaveRefused(
            "This model was opened as a structure only, so it has no weights to save."
            " Open it with real weights, or save the recipe."
        )


def _compact(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without gradients, a view of a larger storage as a tensor of its own.

    ``torch.save`` writes whole storages. Tied weights stay one tensor, and are written once.
    """
    copies: dict[object, Tensor] = {}
    compact: OrderedDict[str, Tensor] = OrderedDict()
    metadata = getattr(state, "_metadata", None)
    if metadata is not None:
        compact._metadata = metadata  # type: ignore[attr-defined]
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            compact[name] = tensor
            continue
        number = weight_id(tensor)
        if number not in copies:
            whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
            plain = tensor.detach()
            copies[number] = plain if whole else plain.clone()
        compact[name] = copies[number]
    return compact

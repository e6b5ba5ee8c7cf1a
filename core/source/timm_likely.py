"""Which of timm's models a file is of. timm has over a thousand: they are built as far as needed.

One model of each family is built first, on the meta device and without initialising, and the
families whose names resemble the file's are built whole, until one fits or time is up. What was
built is remembered in the user's cache folder, so that the next question is answered at once.
"""

import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.errors import Cancelled, SaveRefused
from core.files.naming import unwrapped
from core.files.which import Fingerprints, Guess, Shape, common_prefix, which
from core.files.writing.atomic import atomic_write
from core.source.registry import Progress
from core.source.timm import library

_LEAST, _NEAR = 0.2, 0.5  # share of names a family must have in common, alone and beside the best
_ALIKE = 0.9  # share of names in common from which a model is compared tensor by tensor
_CLOSER = 12
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Likely:
    """The guesses; how many models were compared of those that could have been.

    ``finished`` is false where time was up before one fitted or all were compared; asked again,
    it goes on from there.
    """

    guesses: tuple[Guess, ...]
    compared: int
    of: int
    finished: bool


def likely(
    shapes: Mapping[str, Shape],
    *,
    seconds: float = 60.0,
    families: Collection[str] | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Likely:
    """Return the models of timm that tensors of these names and shapes may belong to.

    Models are built for at most ``seconds``; ``families`` are timm's modules to look into (all),
    ``folder`` is where fingerprints are kept (:func:`cache_folder`). Raises
    :class:`~core.errors.SourceError` where timm is not installed, and
    :class:`~core.errors.Cancelled`.
    """
    timm = library()
    from timm.models import list_models, list_modules

    wanted = list_modules() if families is None else [m for m in list_modules() if m in families]
    # The plainest of a family has the shortest name.
    members = {m: sorted(list_models(module=m), key=lambda n: (len(n), n)) for m in wanted}
    known = _Known(timm, folder or cache_folder(), seconds, progress, cancelled)
    try:
        return _search(shapes, {m: names for m, names in members.items() if names}, known)
    finally:
        known.keep()


def cache_folder() -> Path:
    """Return the user's folder for what can be made again; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "modelwright"


def _search(
    shapes: Mapping[str, Shape], members: Mapping[str, list[str]], known: "_Known"
) -> Likely:
    finished = known.build([names[0] for names in members.values()], "a model of each family")
    near = _resembling(shapes, members, known)
    candidates = [name for family in near for name in members[family]]
    finished = finished and _build_until_one_fits(shapes, candidates, known)
    compared = {name: known.model(name) for name in candidates if known.has(name)}
    best = nlargest(_CLOSER, compared, key=lambda name: _in_common(shapes, compared[name]))
    guesses = which(shapes, Fingerprints.of({f"timm:{name}": compared[name] for name in best}))
    return Likely(guesses, len(compared), len(candidates), finished)


def _build_until_one_fits(shapes: Mapping[str, Shape], names: list[str], known: "_Known") -> bool:
    """Say whether one fitted, or all were built, before time was up."""
    if any(_fits(shapes, known.model(name)) for name in names):
        return True
    for number, name in enumerate(names):
        if known.has(name):
            continue
        if not known.build([name], f"{name}, {number + 1} of {len(names)}"):
            return False
        if _fits(shapes, known.model(name)):
            return True
    return True


def _resembling(
    shapes: Mapping[str, Shape], members: Mapping[str, list[str]], known: "_Known"
) -> list[str]:
    """Return the families whose first model has names like the file's, numbers apart."""
    firsts = {m: _signature(known.model(names[0])) for m, names in members.items()}
    plain = _signature(unwrapped(shapes)[0].values())
    prefix = common_prefix(plain, set().union(*firsts.values()))
    mine = {name.removeprefix(prefix) for name in plain}
    shares = {m: len(mine & names) / len(mine | names) for m, names in firsts.items() if names}
    least = max(_LEAST, _NEAR * max(shares.values(), default=0.0))
    return sorted((m for m in shares if shares[m] >= least), key=lambda m: (-shares[m], m))


def _signature(names: Collection[str]) -> set[str]:
    return {_NUMBER.sub("#", name) for name in names}


def _in_common(shapes: Mapping[str, Shape], model: Mapping[str, Shape]) -> float:
    """Return the share of tensors with one name and one shape, of all on either side."""
    plain = unwrapped(shapes)[0]
    prefix = common_prefix(plain.values(), model)
    mine = {(there.removeprefix(prefix), shapes[name]) for name, there in plain.items()}
    return len(mine & model.items()) / max(1, len(mine | model.items()))


def _fits(shapes: Mapping[str, Shape], model: Mapping[str, Shape]) -> bool:
    """Whether all is there and alike, but perhaps the number of classes."""
    if abs(len(shapes) - len(model)) > (1 - _ALIKE) * len(model):
        return False
    return any(guess.whole for guess in which(shapes, Fingerprints.of({"timm:model": model})))


class _Known:
    """The fingerprints that are there by now, and how long more may be made."""

    def __init__(
        self,
        timm: Any,
        folder: Path,
        seconds: float,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._timm, self._progress, self._cancelled = timm, progress, cancelled
        self._file = folder / f"timm-{timm.__version__}.json.gz"
        self._ends, self._fresh = time.monotonic() + seconds, 0
        self._models: dict[str, dict[str, Shape]] = {}
        # Nothing kept yet, or damaged: it is made again.
        with suppress(OSError, ValueError, LookupError, TypeError, EOFError):
            kept = Fingerprints.read(self._file.read_bytes())
            self._models = {name: kept.model(name) for name in kept.sets}

    def has(self, name: str) -> bool:
        """Whether it was built, now or before."""
        return name in self._models

    def model(self, name: str) -> dict[str, Shape]:
        """Return name -> shape; nothing for what is not known or cannot be built."""
        return self._models.get(name, {})

    def build(self, names: list[str], text: str) -> bool:
        """Build what is not known yet and say whether there was time for it."""
        missing = [name for name in names if not self.has(name)]
        for number, name in enumerate(missing):
            if self._cancelled is not None and self._cancelled():
                raise Cancelled("Looking through timm's models was stopped.")
            if time.monotonic() >= self._ends:
                return False
            if self._progress is not None:
                self._progress(number, len(missing), f"Building {text}")
            self._models[name] = dict(_tensors(self._timm, name))
            self._fresh += 1
        return True

    def keep(self) -> None:
        """Write down what was built; where that is not possible it is built again next time."""
        if not self._fresh:
            return
        with suppress(OSError, SaveRefused):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._file) as file:
                file.write(Fingerprints.of(self._models).written())


def _tensors(timm: Any, name: str) -> Iterator[tuple[str, Shape]]:
    """Yield names and shapes of a model; nothing of one that cannot be built without memory."""
    try:
        with warnings.catch_warnings(), torch.device("meta"), _Uninitialised():
            warnings.simplefilter("ignore")
            state = timm.create_model(name).state_dict()
    except Exception:  # whatever a builder trips over: this model is not among the answers
        return
    for key, tensor in state.items():
        if isinstance(tensor, Tensor):
            yield key, tuple(tensor.shape)


class _Uninitialised(TorchFunctionMode):
    """Passes over what fills tensors without values: most of the time of a build goes there."""

    _FILLING = frozenset(
        {
            Tensor.uniform_, Tensor.normal_, Tensor.erfinv_, Tensor.mul_, Tensor.add_,
            Tensor.clamp_, Tensor.fill_, Tensor.zero_, torch.nn.init.trunc_normal_,
            torch.nn.init.kaiming_uniform_, torch.nn.init.kaiming_normal_,
        }
    )  # fmt: skip

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in self._FILLING and args and isinstance(args[0], Tensor) and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))

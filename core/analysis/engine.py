"""One pass over a model: every module call is seen, and answered from memory where it can be.

``nn.Module._call_impl`` is patched for the duration, under one lock. (It is all that ``__call__``
does; setting ``__call__`` itself takes up to a millisecond: it is a slot of every subclass.) A call
whose structure and inputs have been met before is answered with fresh meta tensors; any other runs
the original on a shallow clone, so that nothing is written to the document.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.overrides import TorchFunctionMode

from core.analysis import clones
from core.analysis.calls import Call, Failure, Place
from core.analysis.descriptions import TENSORS, Describer, Description, fresh, of_tensor, rebuild
from core.analysis.expectations import expectation
from core.analysis.frames import Frame, Originals, adopt
from core.analysis.lazy import concrete
from core.analysis.meta import MetaMode
from core.analysis.numbers import NumbersMode
from core.analysis.positions import Watches
from core.analysis.rules import by_rule, operator_of
from core.analysis.structure import Structure, facts_of
from core.errors import Cancelled

#: ``nn.Module`` is patched for all threads: one pass at a time.
LOCK = threading.RLock()

Progress = Callable[[int, int, str], None]

_MOST_INPUTS = 64
_ABOUT_META = re.compile(r"\bmeta\b|data.dependent", re.I)
_NO_FORWARD = 'is missing the required "forward" function'


class NeedsNumbers(BaseException):
    """This forward cannot run on shapes alone.

    Not an ``Exception``: a forward that catches those must not swallow it.
    """


class Pass:
    """One run of a model's forward. ``real`` runs on numbers and remembers nothing."""

    def __init__(
        self,
        root: nn.Module,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        *,
        real: bool = False,
    ) -> None:
        self.frame: Frame | None = None
        self.result: Call | None = None
        self._root = root
        self._progress = progress
        self._cancelled = cancelled
        self._real = real
        self._watched = progress is not None or cancelled is not None
        self._done = 0
        self._total = facts_of(root).structure.size
        self._climbing: BaseException | None = None
        self._originals = Originals(_real_clone if real else clones.clone)
        self._containers = clones.Containers()
        self._mode = MetaMode(self)
        self._seen: TorchFunctionMode = NumbersMode(self) if real else self._mode
        self._thread = get_ident()
        self._watches = Watches(self._position_read)
        self._original_call: Callable[..., Any] = nn.Module._call_impl

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Run the model; raises :class:`NeedsNumbers` and ``Cancelled``, nothing else."""
        with self._patched(), torch.no_grad(), self._seen:
            try:
                self._answer(self._root, args, kwargs)
            except Cancelled:
                raise
            except Exception:
                if self._cancelled is not None and self._cancelled():
                    raise Cancelled("The analysis was stopped.") from None
        assert self.result is not None
        return self.result

    def within(self, work: Callable[[], None]) -> None:
        """Do ``work`` as a forward is done in here: on shapes, with every module call answered."""
        with self._patched(), torch.no_grad(), self._mode:
            work()

    def about_meta(self, error: BaseException) -> bool:
        """Say whether an error is one of running without numbers."""
        if self._real or _NO_FORWARD in str(error):
            return False
        return isinstance(error, NotImplementedError) or bool(_ABOUT_META.search(str(error)))

    @contextmanager
    def _patched(self) -> Iterator[None]:
        """See every module call of this thread."""
        mine = get_ident()
        original = self._original_call
        answer = self._answer

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if get_ident() != mine:
                return original(module, *args, **kwargs)
            return answer(module, args, kwargs)

        nn.Module._call_impl = call  # type: ignore[method-assign, assignment]
        self._watches.put_on(facts_of(self._root).structure.positions)
        try:
            yield
        finally:
            nn.Module._call_impl = original  # type: ignore[method-assign]
            self._watches.take_off()
            self._containers.put_back()

    def _position_read(self) -> None:
        """Note that what is running now depends on where a block stands."""
        frame = self.frame if get_ident() == self._thread else None
        while frame is not None and not frame.positional:
            frame.positional = True
            frame = frame.parent

    def _answer(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer one call: from memory, by a rule, or by running it."""
        # Torch functions are not to be seen while the inputs are being described.
        with torch._C.DisableTorchFunction():
            original = self._originals.of(module)
            structure = facts_of(original).structure
            frame = self.frame
            place: Place = "" if frame is None else frame.place_of(original)
            if self._watched:
                self._watch(frame, place)
            args, kwargs, inputs, tensors = self._described(args, kwargs)
            if tensors is not None and not structure.lively:
                call = known_call(structure, inputs) or _ruled(original, structure, inputs)
                if call is not None and call.output is not None:
                    self._done += structure.size
                    if call.positional:
                        self._position_read()
                    self._record(place, call)
                    return rebuild(call.output, tensors)
            # A module that calls itself goes on with the clone it runs on.
            twin = self._originals.twin(original) if module is original else module
        return self._run(original, twin, structure, place, inputs, tensors, args, kwargs)

    def _described(
        self, args: Any, kwargs: dict[str, Any]
    ) -> tuple[Any, dict[str, Any], Description, list[Tensor] | None]:
        """Return the arguments, their description, and their tensors.

        One tensor alone is described by itself, anything else as (args, kwargs). There are no
        tensors (``None``) where the call cannot be answered from memory. The document's own tensors
        among the arguments come back as their twins.
        """
        if len(args) == 1 and not kwargs:
            x = args[0]
            if type(x) is Tensor and x.is_meta and x.layout is torch.strided:
                return args, kwargs, (x.shape, x.stride(), x.dtype), [x]
        if not self._real:
            args, kwargs = self._mode.twinned(args), self._mode.twinned(kwargs)
        describer = Describer()
        single = len(args) == 1 and not kwargs and type(args[0]) in TENSORS
        inputs = describer.describe(args[0] if single else (tuple(args), kwargs))
        known = describer.known and _all_meta(describer.tensors) and _hashable(inputs)
        return args, kwargs, inputs, describer.tensors if known and not self._real else None

    def _record(self, place: Place, call: Call) -> None:
        if self.frame is None:
            self.result = call
        else:
            self.frame.inner.append((place, call))

    def _watch(self, frame: Frame | None, place: Place) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The analysis was stopped.")
        if self._progress is not None:
            above = frame.path if frame is not None else ""
            name = place if type(place) is str else ""
            path = f"{above}.{name}" if above and name else above or name
            self._progress(min(self._done, self._total), self._total, path)

    def _run(
        self,
        module: nn.Module,
        twin: nn.Module,
        structure: Structure,
        place: Place,
        inputs: Description,
        tensors: list[Tensor] | None,
        args: Any,
        kwargs: Any,
    ) -> Any:
        """Run a module's forward on a clone and record what happened."""
        parent = self.frame
        frame = self.frame = Frame(
            module, twin, parent, _path(parent, place) if self._watched else ""
        )
        if structure.containers is None:
            structure.containers = clones.containers_of(module)
        held = self._containers.watch(module, structure.containers)
        described: Description | None = None
        known = False
        self._done += 1
        try:
            output = self._forward(frame, args, kwargs)
            with torch._C.DisableTorchFunction():
                describer = Describer(_tensors_of(inputs, args, kwargs, tensors))
                described = describer.describe(output)
                known = tensors is not None and describer.known and _all_meta(describer.tensors)
        finally:
            self.frame = parent
            with torch._C.DisableTorchFunction():
                call = Call(
                    inputs, described, tuple(frame.inner), tuple(frame.operators),
                    tuple(frame.failures), bool(frame.failures) and described is not None,
                )  # fmt: skip
                call.positional = frame.positional
                self._record(place, call)
                self._settle(frame, structure, place, held)
                if known and not structure.lively:
                    _remember(structure, inputs, call)
        return output

    def _settle(self, frame: Frame, structure: Structure, place: Place, held: list[Any]) -> None:
        """See whether the run wrote to anything: then it has to run each time, its callers too."""
        written = clones.written(frame.twin, frame.module)
        if written:
            self._originals.keep(frame.twin, frame.module)
        elif place or frame.parent is None:  # else the one it was called by still runs on it
            self._originals.drop(frame.twin, frame.module)
        if written and frame.parent is not None:
            adopt(frame.parent, place, frame.twin, self._originals)
        if written or frame.lively or self._containers.changed(held):
            structure.lively = True
        if structure.lively and frame.parent is not None:
            frame.parent.lively = True

    def _forward(self, frame: Frame, args: Any, kwargs: Any) -> Any:
        """Run; where it fails, and it is this module's own fault, assume an output if possible."""
        if isinstance(frame.module, LazyModuleMixin) and frame.module.has_uninitialized_params():
            return self._concrete(frame, args, kwargs)
        try:
            return self._original_call(frame.twin, *args, **kwargs)
        except Cancelled:
            raise
        except Exception as error:
            if self._climbs(error):
                raise
            self._needs_numbers(error)
            frame.failures.append(Failure(_words(error)))
            if self._real:
                self._climbing = error
                raise
            return self._assumed(frame, error, args, kwargs)

    def _assumed(self, frame: Frame, error: Exception, args: Any, kwargs: Any) -> Any:
        """Run a failing module with what it expects, or with results assumed where it fails."""
        failures = frame.failures
        try:
            fitting = _fitting(frame.module, args)
            if fitting is not None:
                return self._fitted(frame, args, fitting, kwargs)
            frame.begin_again()
            output = self._original_call(frame.twin, *args, **kwargs)
            if not frame.failures:
                frame.failures = failures
            return output
        except Cancelled:
            raise
        except Exception as again:
            self._needs_numbers(again)
            if not frame.failures:
                frame.failures = failures
            self._climbing = again
            raise again from error

    def _fitted(self, frame: Frame, args: Any, fitting: Description, kwargs: Any) -> Any:
        """Run a module with an input that fits, in the place of what came."""
        with torch._C.DisableTorchFunction():
            first = fresh(fitting)
            answer = by_rule(frame.module, fitting) if len(args) == 1 and not kwargs else None
            if answer is not None:
                if answer[1] is not None:
                    frame.operators.append(operator_of(answer[1]))
                return rebuild(answer[0], [first])
        replaced = [first if each is args[0] else each for each in args]
        return self._original_call(frame.twin, *replaced, **kwargs)

    def _concrete(self, frame: Frame, args: Any, kwargs: Any) -> Any:
        """Run a lazy layer as the layer it would become for these inputs."""
        with torch._C.DisableTorchFunction():
            frame.failures.append(Failure("its size is not known before its first input", "lazy"))
            layer = concrete(frame.module, args, kwargs)
        return self._original_call(layer, *args, **kwargs)

    def _climbs(self, error: BaseException) -> bool:
        """Say whether a deeper module has already been blamed for this error."""
        seen: BaseException | None = error
        while seen is not None:
            if seen is self._climbing:
                self._climbing = error
                return True
            seen = seen.__cause__ or seen.__context__
        return False

    def _needs_numbers(self, error: Exception) -> None:
        if self.about_meta(error):
            raise NeedsNumbers(_words(error)) from error


def _hashable(value: Description) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _ruled(module: nn.Module, structure: Structure, inputs: Description) -> Call | None:
    if type(inputs[0]) is not torch.Size:
        return None
    answer = by_rule(module, inputs)
    if answer is None:
        return None
    call = Call(inputs, answer[0], cost=answer[1])
    _remember(structure, inputs, call)
    return call


def known_call(structure: Structure, inputs: Description) -> Call | None:
    """Return what is remembered of a structure for these inputs."""
    call: Call | None = structure.calls.get(inputs)
    if call is None and structure.like is not None:
        call = structure.like.calls.get(inputs)
    return call


def _remember(structure: Structure, inputs: Description, call: Call) -> None:
    """Remember a call for every module of this structure, wherever it stands if it did not ask."""
    if structure.like is not None and not call.positional:
        structure = structure.like
    if len(structure.calls) >= _MOST_INPUTS:
        structure.calls.clear()
    structure.calls[inputs] = call


def _tensors_of(
    inputs: Description, args: Any, kwargs: Any, tensors: list[Tensor] | None
) -> list[Tensor]:
    """Return the tensors among the arguments, in the order of their description."""
    if tensors is not None:
        return tensors
    describer = Describer()
    describer.describe(args[0] if of_tensor(inputs) else (tuple(args), kwargs))
    return describer.tensors


def _all_meta(tensors: list[Tensor]) -> bool:
    return all(each.is_meta for each in tensors)


def _fitting(module: nn.Module, args: Any) -> Description | None:
    """Return what ``module`` would accept in the place of its first argument, where it is known."""
    if not args or type(args[0]) not in TENSORS or args[0].layout is not torch.strided:
        return None
    with torch._C.DisableTorchFunction():
        first = args[0]
        found = expectation(module, (first.shape, first.stride(), first.dtype))
        return None if found is None else found.fitting


def _path(parent: Frame | None, place: Place) -> str:
    if parent is None or type(place) is not str:
        return ""
    return f"{parent.path}.{place}" if parent.path and place else parent.path or place


def _real_clone(module: nn.Module) -> nn.Module:
    """Return a clone whose buffers are its own: counters in them are counted up in place."""
    twin = clones.clone(module)
    for name, buffer in twin._buffers.items():
        if buffer is not None:
            twin._buffers[name] = buffer.clone()
    return twin


def _words(error: BaseException) -> str:
    text = str(error).strip()
    return text or type(error).__name__

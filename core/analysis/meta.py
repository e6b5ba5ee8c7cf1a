"""Let a forward run on shapes alone: every real tensor it touches becomes a meta twin.

The document's parameters stay real; the inputs are on meta. While the mode is on, each torch
function is seen before it runs: what is real in its arguments is exchanged, and the operator is
answered from memory where it has been met before. A constant made inside the forward keeps its
values for as long as it only meets others of its kind.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from core.analysis import operators
from core.analysis.calls import Failure
from core.analysis.descriptions import TENSORS, Describer, tensors_in
from core.analysis.expectations import assumed_result
from core.analysis.shortcuts import shortcut
from core.document import IdentityCache

if TYPE_CHECKING:
    from core.analysis.engine import Pass


def _getters(*names: str) -> set[Any]:
    return {getattr(Tensor, name).__get__ for name in names}


#: Answered by the tensor itself, whatever device it is on.
_READS: frozenset[Any] = frozenset(
    {
        *_getters("shape", "dtype", "ndim", "layout", "requires_grad", "itemsize", "is_leaf"),
        *_getters("is_sparse", "is_quantized", "is_nested", "is_meta", "nbytes"),
        Tensor.size, Tensor.dim, Tensor.ndimension, Tensor.numel, Tensor.nelement, Tensor.stride,
        Tensor.is_contiguous, Tensor.is_floating_point, Tensor.is_complex, Tensor.is_signed,
        Tensor.element_size, Tensor.__len__, Tensor.storage_offset, torch.numel,
        torch.is_floating_point, torch.is_complex, torch.is_tensor,
    }
)  # fmt: skip
_DEVICE = Tensor.device.__get__  # type: ignore[attr-defined]
#: Need numbers: right for real tensors, impossible on meta.
_VALUES: frozenset[Any] = frozenset(
    {
        Tensor.item, Tensor.tolist, Tensor.__bool__, Tensor.__int__, Tensor.__float__,
        Tensor.__index__, Tensor.numpy, Tensor.__array__, Tensor.__contains__, Tensor.equal,
        Tensor.allclose, torch.equal, torch.allclose, torch.is_nonzero, Tensor.is_nonzero,
        Tensor.__repr__, Tensor.__format__,
    }
)  # fmt: skip
_MOVES: frozenset[Any] = frozenset({Tensor.to, Tensor.cpu, Tensor.cuda})
#: Views: making one costs less than looking it up.
_CHEAP: frozenset[Any] = frozenset(
    {
        Tensor.permute, torch.permute, Tensor.transpose, torch.transpose, Tensor.view,
        Tensor.unsqueeze, torch.unsqueeze, Tensor.detach, Tensor.__getitem__, Tensor.expand,
        Tensor.t, Tensor.unbind, torch.flatten, Tensor.flatten, Tensor.chunk, torch.chunk,
        Tensor.split, torch.split,
        *_getters("T", "mT", "data"),
    }
)  # fmt: skip

_twins: IdentityCache[Tensor] = IdentityCache()


def forget_twins() -> None:
    """Forget the meta twins of real tensors."""
    global _twins
    _twins = IdentityCache()


def twin_of(tensor: Tensor) -> Tensor:
    """Return the meta tensor that stands for a real one, always the same."""
    twin = _twins.get(tensor)
    if twin is None:
        if tensor.layout is torch.strided:
            twin = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
        else:
            twin = tensor.to("meta")
        _twins.set(tensor, twin)
    return twin


def _look_up(indices: Tensor) -> None:
    """Refuse what only newer torch refuses on meta: to look something up by floating numbers."""
    if indices.dtype not in (torch.int32, torch.int64):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types:"
            f" Long, Int; but got {indices.dtype} instead"
        )


class MetaMode(TorchFunctionMode):
    """Runs every torch function of one pass on meta."""

    def __init__(self, run: "Pass") -> None:
        super().__init__()
        self._run = run
        self._constants: IdentityCache[bool] = IdentityCache()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Answer one function: see the class."""
        if func in _READS:
            return func(*args, **(kwargs or {}))
        if func == _DEVICE:
            return self._device(args[0])
        tensors = _tensors((args, kwargs) if kwargs else args)
        real = [each for each in tensors if not each.is_meta]
        if len(real) == len(tensors) and (not real or func in _VALUES or self.constant(real)):
            return self._with_values(func, args, kwargs or {}, real)
        if real:
            args = self.on_meta(args)
            kwargs = self.on_meta(kwargs) if kwargs else None
        try:
            return self._on_meta(func, args, kwargs or {})
        except Exception as error:
            return self._failed(error, func, args, kwargs or {})

    def constant(self, tensors: list[Tensor]) -> bool:
        """Say whether all of these were made by the forward itself."""
        return all(self._constants.get(each) for each in tensors)

    def twinned(self, value: Any) -> Any:
        """Return a call's arguments with the document's tensors exchanged, not constants."""
        return self.on_meta(value, keep=True)

    def on_meta(self, value: Any, *, keep: bool = False) -> Any:
        """Return ``value`` with every real tensor in it exchanged for its twin."""
        kind = type(value)
        if kind in TENSORS or isinstance(value, Tensor):
            if value.is_meta or _uninitialised(value) or (keep and self._constants.get(value)):
                return value
            return twin_of(value)
        if kind is tuple or kind is list:
            return kind([self.on_meta(each, keep=keep) for each in value])
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return kind(*[self.on_meta(each, keep=keep) for each in value])
        if kind is dict:
            return {key: self.on_meta(each, keep=keep) for key, each in value.items()}
        return value

    def _device(self, tensor: Tensor) -> torch.device:
        if tensor.is_meta or self._constants.get(tensor):
            return tensor.device
        return torch.device("meta")

    def _with_values(
        self, func: Callable[..., Any], args: Any, kwargs: dict[str, Any], real: list[Tensor]
    ) -> Any:
        """Run on real tensors: constants, and the numbers in the document's own."""
        if real and not self.constant(real) and self._run.frame is not None:
            # What comes out depends on weights, not on shapes: never answer from memory.
            self._run.frame.lively = True
        result = func(*args, **kwargs)
        for each in _tensors(result):
            if not each.is_meta:
                self._constants.set(each, True)
        return result

    def _on_meta(self, func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        if func in _CHEAP or torch.is_grad_enabled():
            return func(*args, **kwargs)
        if func in _MOVES:
            return _moved(func, args, kwargs)
        if func is F.embedding:
            _look_up(*args[:1])
        if not kwargs:
            quick = shortcut(func, args)
            if quick is not None:
                return quick
        describer = Describer()
        arguments = describer.describe((args, kwargs))
        if not describer.known:
            return func(*args, **kwargs)
        operator = operators.known((func, arguments))
        if operator is None:
            before = [(t.shape, t.stride(), t.dtype) for t in describer.tensors]
            output = func(*args, **kwargs)
            operator = self._remember(func, arguments, describer, before, output)
        else:
            output = operators.answered(operator, describer)
        if operator is not None and func in operators.COSTLY and self._run.frame is not None:
            self._run.frame.operators.append(operator)
        return output

    def _remember(
        self, func: Any, arguments: Any, describer: Describer, before: list[Any], output: Any
    ) -> operators.Operator | None:
        """Remember an operator, unless it changed the shape of what it was given."""
        after = [(t.shape, t.stride(), t.dtype) for t in describer.tensors]
        described = describer.describe(output)
        if not describer.known or before != after:
            return None
        if not all(each.is_meta for each in describer.tensors):
            return None
        return operators.remembered(func, arguments, described)

    def _failed(self, error: Exception, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Give what the operator would likely have given, where the pass is at that."""
        frame = self._run.frame
        if frame is None or not frame.assuming or self._run.about_meta(error):
            raise error
        arguments = Describer().describe((args, kwargs))
        name = getattr(func, "__name__", str(func))
        result = assumed_result(name, args)
        if result is None:
            raise error
        operands = tuple(tensors_in(arguments))
        frame.failures.append(Failure(str(error), "operation", name, operands))
        return result


def _tensors(value: Any) -> list[Tensor]:
    """Return the tensors in (nested) arguments."""
    if isinstance(value, Tensor):
        return [value]
    found: list[Tensor] = []
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return found
    for each in value:
        if type(each) in TENSORS or isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, (tuple, list, dict)):
            found += _tensors(each)
    return found


def _uninitialised(tensor: Tensor) -> bool:
    return isinstance(tensor, (torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer))


def _moved(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Change the dtype but never the device: ``x.to(self.weight.device)`` means "where I am"."""
    if func is not Tensor.to:
        return args[0]
    args = [
        torch.device("meta") if isinstance(each, torch.device) or _names_device(each) else each
        for each in args
    ]
    if "device" in kwargs:
        kwargs = {**kwargs, "device": "meta"}
    return func(*args, **kwargs)


def _names_device(value: Any) -> bool:
    return isinstance(value, str)

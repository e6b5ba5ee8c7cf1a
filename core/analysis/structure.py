"""What a module *is*, apart from its weights' values: equal blocks are analysed once.

Two modules have one :class:`Structure` when class, plain attributes, shapes of own tensors, and the
structures of their children are equal. It is found once per module object (module objects never
change) and lives as long as some module of it.
"""

import functools
import types
import weakref
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from core.analysis.descriptions import TENSORS
from core.analysis.positions import is_position
from core.document import IdentityCache

_MACHINERY = frozenset(nn.Module().__dict__) - {"training"}
_SIMPLE = frozenset(
    {
        int, str, bytes, type(None), type, torch.dtype, torch.device, torch.Size, range,
        types.FunctionType, types.BuiltinFunctionType,
    }
)  # fmt: skip
_TYPED = frozenset({bool, float, complex})
_NONE: frozenset[tuple[type, str]] = frozenset()
_UNSIZED = (nn.UninitializedParameter, nn.UninitializedBuffer)


class Structure:
    """Everything that decides on shapes, shared by all modules for which it is the same.

    ``calls`` remembers what came out for which inputs. A ``lively`` structure is never answered
    from there: it has hooks, or writes to itself, or something inside it does. ``positions`` names
    the numbers in it that only say where a block stands, and ``like`` is the structure without
    them (``None`` where there are none).
    """

    __slots__ = (
        "__weakref__", "bytes", "calls", "containers", "key", "like", "lively", "parameters",
        "positions", "size",
    )  # fmt: skip

    def __init__(self, key: Any, lively: bool, parameters: int, nbytes: int, size: int) -> None:
        self.key = key
        self.lively = lively
        self.parameters = parameters
        self.bytes = nbytes
        self.size = size
        self.calls: dict[Any, Any] = {}
        self.containers: tuple[str, ...] | None = None
        self.like: Structure | None = None
        self.positions: frozenset[tuple[type, str]] = frozenset()


class Facts(NamedTuple):
    """A module's structure, and how many of its parameters are trainable."""

    structure: Structure
    trainable: int


class Held:
    """An object inside a key: equal only to itself, and not kept alive where that is possible."""

    __slots__ = ("number", "reference")

    def __init__(self, value: Any) -> None:
        self.number = id(value)
        self.reference: Any
        try:
            self.reference = weakref.ref(value)
        except TypeError:
            self.reference = lambda: value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Held) or self.number != other.number:
            return False
        mine = self.reference()
        return mine is not None and mine is other.reference()

    def __hash__(self) -> int:
        return self.number


_interned: "weakref.WeakValueDictionary[Any, Structure]" = weakref.WeakValueDictionary()
_facts: IdentityCache[Facts] = IdentityCache()


def forget_structures() -> None:
    """Forget every structure and all that was remembered with it."""
    global _facts
    _facts = IdentityCache()
    _interned.clear()


def facts_of(module: nn.Module) -> Facts:
    """Return the facts of ``module``, walking only what is new."""
    return _facts.get(module) or _found(module, set())


def _found(module: nn.Module, above: set[int]) -> Facts:
    lively = bool(module._forward_hooks or module._forward_pre_hooks)
    parameters, nbytes, trainable, tensors = _own_tensors(module)
    size = 1
    children: list[Any] = []
    attributes, positions = _attributes(module)
    if module._modules:
        if id(module) in above:  # a module inside itself has no structure to share
            return Facts(Structure(Held(module), True, 0, 0, 0), 0)
        above.add(id(module))
        for name, child in module._modules.items():
            if child is None:
                children.append((name, None))
                continue
            facts = _facts.get(child) or _found(child, above)
            structure = facts.structure
            children.append((name, structure))
            lively = lively or structure.lively
            parameters += structure.parameters
            nbytes += structure.bytes
            size += structure.size
            trainable += facts.trainable
            if structure.positions and not structure.positions <= positions:
                positions |= structure.positions
        above.discard(id(module))
        children.append(_twice(module))
    kind = type(module)
    key = (kind, attributes, tensors, tuple(children))
    structure = _interned_structure(key, lively, parameters, nbytes, size)
    if positions and structure.like is None:
        structure.positions = positions
        mine = tuple([each for each in attributes if (kind, each[0]) not in positions])
        key = (kind, mine, tensors, tuple(map(_like, children)))
        structure.like = _interned_structure(key, lively, parameters, nbytes, size)
    facts = Facts(structure, trainable)
    _facts.set(module, facts)
    return facts


def _like(child: Any) -> Any:
    """Return a child's name and structure without positions; anything else as it is."""
    if len(child) == 2 and type(child[1]) is Structure:
        return (child[0], child[1].like or child[1])
    return child


def _interned_structure(
    key: Any, lively: bool, parameters: int, nbytes: int, size: int
) -> Structure:
    try:
        known = _interned.get(key)
    except TypeError:  # something in it cannot be hashed: nobody shares this one
        return Structure(None, lively, parameters, nbytes, size)
    if known is None or (lively and not known.lively):
        known = _interned[key] = Structure(key, lively, parameters, nbytes, size)
    return known


def _own_tensors(module: nn.Module) -> tuple[int, int, int, tuple[Any, ...]]:
    """Return (parameters, bytes, trainable, what of the tensors decides on shapes)."""
    parameters = nbytes = trainable = 0
    described: list[Any] = []
    for name, tensor in module._parameters.items():
        if tensor is None or isinstance(tensor, _UNSIZED):
            described.append((name, tensor if tensor is None else Held(tensor)))
            continue
        number = tensor.numel()
        parameters += number
        nbytes += number * tensor.itemsize
        trainable += number if tensor.requires_grad else 0
        described.append((name, _tensor(tensor)))
    for name, buffer in module._buffers.items():
        if buffer is None or isinstance(buffer, _UNSIZED):
            described.append((name, buffer if buffer is None else Held(buffer)))
            continue
        nbytes += buffer.numel() * buffer.itemsize
        described.append((name, _tensor(buffer)))
    return parameters, nbytes, trainable, tuple(described)


def _tensor(tensor: Tensor) -> Any:
    if type(tensor) in TENSORS and tensor.layout is torch.strided:
        return (tensor.shape, tensor.stride(), tensor.dtype)
    return Held(tensor)


def _attributes(module: nn.Module) -> tuple[tuple[Any, ...], frozenset[tuple[type, str]]]:
    """Return what is plain in a module, and which of it only says where the module stands."""
    found = [
        (name, value if type(value) in _SIMPLE else _frozen(value, module))
        for name, value in module.__dict__.items()
        if name not in _MACHINERY
    ]
    positions = [(type(module), name) for name, value in found if is_position(name, value, module)]
    return tuple(found), frozenset(positions) if positions else _NONE


def _frozen(value: Any, module: nn.Module) -> Any:
    """Return something hashable that is equal for values that mean the same."""
    kind = type(value)
    if kind in _SIMPLE or value is Ellipsis:
        return value
    if kind in _TYPED:
        return (kind, value)
    if kind is tuple or kind is list:
        return (kind, tuple([e if type(e) in _SIMPLE else _frozen(e, module) for e in value]))
    if isinstance(value, dict):
        pairs = [(_frozen(k, module), _frozen(v, module)) for k, v in value.items()]
        return (kind, tuple(pairs))
    if kind is functools.partial:
        parts = (value.func, value.args, value.keywords)
        return (kind, *[_frozen(each, module) for each in parts])
    if kind is types.MethodType and value.__self__ is module:
        return (kind, value.__func__)
    if kind is weakref.ref and isinstance(value(), Tensor):
        return kind  # an LSTM's memory of its own weights
    if isinstance(value, Tensor):
        return _tensor(value)
    return Held(value)


def _twice(module: nn.Module) -> tuple[int, ...]:
    """Return which children are the same object, as positions; empty where none are."""
    children = module._modules
    if len(children) < 2:
        return ()
    numbers = [id(each) for each in children.values() if each is not None]
    if len(set(numbers)) == len(numbers):
        return ()
    return tuple(numbers.index(number) for number in numbers)

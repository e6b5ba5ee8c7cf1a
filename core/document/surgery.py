"""Changing a tree of modules without changing any module: path copying.

The modules from the root to the change are copied, shallowly: a new object of the same class with
dictionaries of its own. Every other module and every tensor is shared with the old tree. Nothing
here calls ``__init__``, computes, or writes to a module that was there before.
"""

import types
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from core.document.records import inherit
from core.errors import EditRefused, nearest

_REGISTRIES = ("_modules", "_parameters", "_buffers")
_HOLDERS = (list, tuple, set, frozenset, dict)
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type, types.FunctionType)


def split(path: str) -> tuple[str, str]:
    """Return the path of the parent and the name of the child: ``"a.b.c"`` -> ``("a.b", "c")``."""
    parent, _, name = path.rpartition(".")
    return parent, name


def join(parent: str, name: str) -> str:
    """Return the path of the child ``name`` of ``parent``."""
    return f"{parent}.{name}" if parent else name


def find(root: nn.Module, path: str) -> nn.Module:
    """Return the module at ``path``; raises :class:`EditRefused`, naming the nearest path."""
    return chain(root, path)[-1]


def chain(root: nn.Module, path: str) -> list[nn.Module]:
    """Return the modules from ``root`` to ``path``, both included."""
    modules = [root]
    if not path:
        return modules
    for name in path.split("."):
        child = modules[-1]._modules.get(name)
        if child is None:
            known = [each for each, _ in root.named_modules() if each]
            raise EditRefused(f"There is no module at '{path}'.{nearest(path, known)}")
        modules.append(child)
    return modules


def shallow_copy(module: nn.Module) -> nn.Module:
    """Return a new module of the same class that shares children, tensors and attributes."""
    twin: nn.Module = object.__new__(type(module))
    attributes = dict(module.__dict__)
    for name in _REGISTRIES:
        attributes[name] = attributes[name].copy()
    attributes["_non_persistent_buffers_set"] = set(module._non_persistent_buffers_set)
    for name, value in attributes.items():
        if isinstance(value, types.MethodType) and value.__self__ is module:
            attributes[name] = types.MethodType(value.__func__, twin)
    twin.__dict__.update(attributes)
    return twin


def with_children(module: nn.Module, children: Mapping[str, nn.Module | None]) -> nn.Module:
    """Return a copy of ``module`` whose children are exactly ``children``, in that order."""
    twin = shallow_copy(module)
    gone = dict(module._modules)
    twin.__dict__["_modules"] = dict(children)
    # Where one child stands for another under the same name, plain references follow it.
    swaps = {
        id(old): children[name]
        for name, old in gone.items()
        if old is not None and name in children and children[name] is not old
    }
    swaps[id(module)] = twin
    _swap_attributes(twin, swaps)
    inherit(twin, module, edited=True)
    return twin


def reclassed(
    module: nn.Module, kind: type[nn.Module], children: Mapping[str, nn.Module | None]
) -> nn.Module:
    """Return a copy of ``module`` of class ``kind``, a kin of its own, with these children.

    Nothing but the class and the children differs; the constructor call is remembered as edited.
    """
    twin = with_children(module, children)
    twin.__class__ = kind
    return twin


def with_tensors(module: nn.Module, tensors: Mapping[str, Tensor | None]) -> nn.Module:
    """Return a copy of ``module`` with some of its own parameters and buffers replaced."""
    twin = shallow_copy(module)
    swaps: dict[int, Any] = {id(module): twin}
    for name, tensor in tensors.items():
        registry = twin._parameters if name in twin._parameters else twin._buffers
        swaps[id(registry[name])] = tensor
        registry[name] = tensor  # type: ignore[assignment]
    _swap_attributes(twin, swaps)
    inherit(twin, module)
    return twin


def replaced_at(root: nn.Module, path: str, new: nn.Module) -> nn.Module:
    """Return the tree with ``new`` at ``path`` alone; other uses of the old module keep it."""
    line = chain(root, path)
    names = path.split(".") if path else []
    swaps: dict[int, Any] = {id(line[-1]): new}
    for parent, name in zip(reversed(line[:-1]), reversed(names), strict=True):
        twin = shallow_copy(parent)
        twin._modules[name] = new
        swaps[id(parent)] = twin
        _swap_attributes(twin, swaps)
        inherit(twin, parent, edited=True)
        new = twin
    return new


def replaced(root: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """Return the tree with ``new`` for ``old`` at every use of it, plain references included.

    Whatever reaches ``old`` must be copied, also through attributes and in circles: the copies are
    made first, then their references are turned to each other.
    """
    if root is old:
        return new
    affected = _reaching(root, old)
    twins = {id(each): shallow_copy(each) for each in affected if each is not old}
    swaps: dict[int, Any] = {**twins, id(old): new}
    for each in affected:
        if each is old:
            continue
        twin = twins[id(each)]
        for name, child in twin._modules.items():
            if id(child) in swaps:
                twin._modules[name] = swaps[id(child)]
        _swap_attributes(twin, swaps)
        inherit(twin, each, edited=True)
    return twins.get(id(root), root)


def retensored(root: nn.Module, tensors: Mapping[int, Tensor]) -> nn.Module:
    """Return the tree with parameters and buffers exchanged, ``{id(old): new}``, at every use.

    Modules that hold none of them, and reach none that does, are shared; ``root`` itself is
    returned where nothing is exchanged.
    """
    holders = {
        id(module): module
        for module in root.modules()
        if any(id(t) in tensors for r in (module._parameters, module._buffers) for t in r.values())
    }
    affected: dict[int, nn.Module] = {}
    _collect(root, holders, affected)
    twins = {number: shallow_copy(module) for number, module in affected.items()}
    swaps: dict[int, Any] = {**tensors, **twins}
    for number, twin in twins.items():
        for registry in (twin._parameters, twin._buffers, twin._modules):
            for name, value in registry.items():
                if id(value) in swaps:
                    registry[name] = swaps[id(value)]
        _swap_attributes(twin, swaps)
        inherit(twin, affected[number])
    return twins.get(id(root), root)


def _collect(
    root: nn.Module, holders: Mapping[int, nn.Module], affected: dict[int, nn.Module]
) -> None:
    """Fill ``affected`` with the holders and every module from which one can be reached."""
    above: dict[int, list[nn.Module]] = {}
    for module in root.modules():
        held = [each for each in module._modules.values() if each is not None]
        for each in [*held, *plain_references(module)]:
            above.setdefault(id(each), []).append(module)
    waiting = list(holders.values())
    while waiting:
        module = waiting.pop()
        if id(module) not in affected:
            affected[id(module)] = module
            waiting.extend(above.get(id(module), ()))


def is_tangled(root: nn.Module) -> bool:
    """Say whether any module or tensor under ``root`` is held at more than one place."""
    modules: set[int] = {id(root)}
    storages: set[int] = set()
    waiting = [root]
    while waiting:
        module = waiting.pop()
        for child in module._modules.values():
            if child is None:
                continue
            if id(child) in modules:
                return True
            modules.add(id(child))
            waiting.append(child)
        for registry in (module._parameters, module._buffers):
            for tensor in registry.values():
                if tensor is None or not tensor.numel():
                    continue
                number = tensor.untyped_storage()._cdata
                if number in storages:
                    return True
                storages.add(number)
        if next(plain_references(module), None) is not None:
            return True
    return False


def plain_references(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules ``module`` holds as plain attributes, in lists, or as bound methods."""
    for name, value in module.__dict__.items():
        if name in _REGISTRIES or isinstance(value, _PLAIN):
            continue
        if isinstance(value, types.MethodType) and value.__self__ is module:
            continue
        yield from _modules_in(value, 3)


def _modules_in(value: Any, depth: int) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, types.MethodType):
        if isinstance(value.__self__, nn.Module):
            yield value.__self__
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            if not isinstance(each, _PLAIN):
                yield from _modules_in(each, depth - 1)
    elif depth and isinstance(value, dict):
        for each in value.values():
            if not isinstance(each, _PLAIN):
                yield from _modules_in(each, depth - 1)


def _reaching(root: nn.Module, target: nn.Module) -> list[nn.Module]:
    """Return every module from which ``target`` can be reached, itself included."""
    holders: dict[int, list[nn.Module]] = {}
    seen = {id(root): root}
    waiting = [root]
    while waiting:
        module = waiting.pop()
        held = [each for each in module._modules.values() if each is not None]
        for each in [*held, *plain_references(module)]:
            holders.setdefault(id(each), []).append(module)
            if id(each) not in seen:
                seen[id(each)] = each
                waiting.append(each)
    found = {id(target): target}
    waiting = [target]
    while waiting:
        for holder in holders.get(id(waiting.pop()), ()):
            if id(holder) not in found:
                found[id(holder)] = holder
                waiting.append(holder)
    return list(found.values())


def _swap_attributes(module: nn.Module, swaps: Mapping[int, Any]) -> None:
    """Turn plain references in a fresh copy from the old objects to the new ones."""
    for name, value in module.__dict__.items():
        if name in _REGISTRIES or isinstance(value, _PLAIN):
            continue
        swapped = _swapped(value, swaps, 3)
        if swapped is not value:
            module.__dict__[name] = swapped


def _swapped(value: Any, swaps: Mapping[int, Any], depth: int) -> Any:
    """Return ``value`` with the objects of ``swaps`` exchanged; itself where it has none."""
    if id(value) in swaps:
        return swaps[id(value)]
    if isinstance(value, types.MethodType):
        owner = swaps.get(id(value.__self__))
        return value if owner is None else types.MethodType(value.__func__, owner)
    if not depth or not isinstance(value, _HOLDERS) or not value:
        return value
    if not isinstance(value, dict):
        if type(value) not in _HOLDERS:  # a named tuple, say: nobody knows how to build another
            return value
        items = [_swapped(each, swaps, depth - 1) for each in value]
        if all(a is b for a, b in zip(items, value, strict=True)):
            return value
        return type(value)(items)
    pairs = {key: _swapped(each, swaps, depth - 1) for key, each in value.items()}
    if all(pairs[key] is each for key, each in value.items()):
        return value
    twin = value.copy()
    twin.update(pairs)
    return twin

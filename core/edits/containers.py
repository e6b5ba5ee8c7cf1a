"""Containers: the modules whose children are a list or a dictionary that the user may change.

``Sequential`` and ``ModuleList`` with children "0", "1", ... are *positional*: they renumber.
Others are *named*, and stay so.
"""

import re
import types
from collections.abc import Iterable, Iterator

from torch import nn

from core.dataflow import is_rewired
from core.dataflow.lists import runs_children
from core.document import Document, join
from core.document.surgery import with_children
from core.errors import EditRefused

Children = list[tuple[str, nn.Module]]

CONTAINERS: dict[str, type[nn.Module]] = {
    "Sequential": nn.Sequential,
    "ModuleList": nn.ModuleList,
    "ModuleDict": nn.ModuleDict,
}


def is_container(module: nn.Module) -> bool:
    """Say whether children may be inserted into ``module``, moved and taken out.

    A re-wired one has a forward of its own, which names its children, or runs all there are.
    """
    names_children = is_rewired(module) and not runs_children(module)
    return isinstance(module, tuple(CONTAINERS.values())) and not names_children


def is_positional(module: nn.Module) -> bool:
    """Say whether the children are numbered rather than named."""
    if isinstance(module, nn.ModuleList):
        return True
    names = list(module._modules)
    numbered = names == [str(number) for number in range(len(names))]
    return isinstance(module, nn.Sequential) and numbered


def children_of(module: nn.Module) -> Children:
    """Return the children by name, in order; empty places are left out."""
    return [(name, child) for name, child in module._modules.items() if child is not None]


def with_list(module: nn.Module, children: Children) -> nn.Module:
    """Return a copy of the container with these children, renumbered where they are numbered."""
    if is_positional(module):
        children = [(str(number), child) for number, (_, child) in enumerate(children)]
    return with_children(module, dict(children))


def container_at(document: Document, path: str, purpose: str) -> nn.Module:
    """Return the container at ``path`` or refuse, saying why ``purpose`` needs one."""
    module = document.module(path)
    if is_container(module):
        return module
    raise EditRefused(
        f"{called(path, module)} has a forward of its own, which would not call {purpose}."
        " Only Sequential, ModuleList and ModuleDict take further children:"
        " replace a child, or wrap one in Sequential and put the layer there."
    )


def called(path: str, module: nn.Module) -> str:
    """Return how to speak of a module: "layer1.0 (Bottleneck)"."""
    return f"{path or 'The model'} ({type(module).__name__})"


def position(index: int | None, count: int, path: str) -> int:
    """Return where to insert among ``count`` children; ``None`` is the end, -1 before the last."""
    if index is None:
        return count
    if not -count <= index <= count:
        raise EditRefused(
            f"{path or 'The model'} has {count} children, so an index goes from 0 to {count};"
            f" {index} came."
        )
    return index % count if index < 0 else index


def checked_name(parent: nn.Module, path: str, name: str) -> str:
    """Return ``name`` if a child of ``parent`` can be called so, else refuse."""
    if not name:
        raise EditRefused("A module needs a name; an empty one came.")
    if "." in name:
        raise EditRefused(
            f"'{name}' cannot be a name: a dot separates a module from its child."
            f" Use {name.replace('.', '_')}, say."
        )
    if name in parent._modules:
        raise EditRefused(f"{path or 'The model'} already has a child called '{name}'.")
    if hasattr(parent, name):
        raise EditRefused(
            f"'{name}' is already an attribute of {type(parent).__name__}; choose another name."
        )
    return name


def free_name(parent: nn.Module, child: nn.Module, taken: Iterable[str] = ()) -> str:
    """Return a name for a new child, after its class: conv2d, conv2d_2, relu, ..."""
    words = re.sub(r"(?<=[a-z])LU", "lu", type(child).__name__)  # ReLU and SiLU are one word
    base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words).lower()
    used = {*parent._modules, *taken}
    name, number = base, 1
    while name in used or hasattr(parent, name):
        number += 1
        name = f"{base}_{number}"
    return name


def forward_may_use(parent: nn.Module, name: str) -> bool:
    """Say whether the parent's own code names this child, or looks children up in ways unseen."""
    for code in _own_code(type(parent)):
        words = {*code.co_names, *(c for c in code.co_consts if isinstance(c, str))}
        if name in words or words & {"getattr", "get_submodule", "__getattr__"}:
            return True
    return False


def _own_code(cls: type[nn.Module]) -> Iterator[types.CodeType]:
    """Yield the code of every method written below ``nn.Module``, constructors left out."""
    stop = {nn.Module, object, *CONTAINERS.values()}
    for each in cls.__mro__:
        if each in stop:
            continue
        for name, value in vars(each).items():
            function = getattr(value, "__func__", getattr(value, "fget", value))
            if name != "__init__" and isinstance(function, types.FunctionType):
                yield from _nested(function.__code__)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def put(document: Document, path: str, children: Children) -> Document:
    """Return the document with the container at ``path`` holding exactly ``children``."""
    return document.replace(path, with_list(document.module(path), children))


def child_path(document: Document, parent: str, index: int) -> str:
    """Return the path of the child at ``index`` of the container at ``parent``."""
    return join(parent, list(document.module(parent)._modules)[index])

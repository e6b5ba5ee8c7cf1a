"""A picture of a forward that cannot be read: the calls of one real run, and which led to which.

The model runs once on a copy that shares its weights. Each tensor remembers which calls it came
from, through whatever functions it went; a call reads what its arguments came from. Children can be
changed by such a picture, the way between them cannot.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from core.dataflow.graph import OUTPUT, Graph, Node, Ref
from core.document import Document, join
from core.document.shell import Shell
from core.errors import Untraceable

_LISTS = (nn.ModuleList, nn.ModuleDict)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs",
          "_forward_pre_hooks_with_kwargs", "_forward_hooks_always_called")  # fmt: skip


def recorded(document: Document, path: str, reason: str) -> Graph:
    """Return what the module at ``path`` called when the model ran once on its example inputs.

    ``reason`` is why its forward could not be read. Raises :class:`~core.errors.Untraceable` with
    it where the model cannot be run either.
    """
    document.module(path)
    if any(each.is_meta for each in document.root.parameters()):
        raise Untraceable(f"{reason} There are no weights to run it on, so there is no picture.")
    shell = Shell(document.root, training=False, whole=True).root
    picture = _Picture()
    picture.watch(shell.get_submodule(path))
    args, kwargs = document.example_inputs()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), picture:
            shell(*args, **kwargs)
    except Exception as error:
        text = str(error).partition("\n")[0]
        raise Untraceable(f"{reason} Nor does it run on its example inputs: {text}") from error
    if not picture.nodes:
        raise Untraceable(f"{reason} It is not called when the model runs.")
    return Graph(tuple(picture.nodes), (reason, "This is a picture of one run, to look at."))


@dataclass
class _Picture(TorchFunctionMode):
    """Follows tensors through the first call of one module."""

    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._sources: Any = WeakTensorKeyDictionary()
        self._inside = False
        self._depth = 0
        self._names: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if self._inside and not self._depth:
            came = self._from((args, kwargs))
            if came:
                self._mark(result, came)
        return result

    def watch(self, module: nn.Module) -> None:
        """See the first call of ``module``, and the calls of its children in it."""
        for path, child in _children("", module):
            self._hook(child, self._begun(path), self._ended)
        self._hook(module, self._entered, self._left)

    def _hook(self, module: nn.Module, before: Any, after: Any) -> None:
        for name in _HOOKS:  # the copy's own: those of the document are not to be written to
            module.__dict__[name] = OrderedDict(module.__dict__[name])
        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after, with_kwargs=True)

    def _entered(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self.nodes:
            return  # only its first call is drawn
        self._inside = True
        names = [f"input_{number}" for number in range(len(args))] if len(args) > 1 else ["input"]
        for name, value in [*zip(names, args, strict=False), *kwargs.items()]:
            self.nodes.append(Node(name, "input", name))
            self._mark(value, frozenset({name}))

    def _left(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if self._inside:
            self._inside = False
            self.nodes.append(Node(OUTPUT, "output", OUTPUT, self._refs(output)))

    def _begun(self, path: str) -> Callable[..., None]:
        def begun(_: nn.Module, args: Any, kwargs: Any) -> None:
            if self._inside and not self._depth:
                name, number = path.replace(".", "_"), 1
                while name in self._names:
                    name, number = f"{path.replace('.', '_')}_{number}", number + 1
                self._names.add(name)
                self.nodes.append(Node(name, "call", path, self._refs((args, kwargs))))
            self._depth += 1

        return begun

    def _ended(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        self._depth -= 1
        if self._inside and not self._depth:
            self._mark(output, frozenset({self.nodes[-1].name}))

    def _refs(self, value: Any) -> tuple[Ref, ...]:
        came = self._from(value)
        return tuple(Ref(node.name) for node in self.nodes if node.name in came)

    def _from(self, value: Any) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for each in _tensors(value):
            found |= self._sources.get(each, frozenset())
        return found

    def _mark(self, value: Any, sources: frozenset[str]) -> None:
        for each in _tensors(value):
            self._sources[each] = sources


def _tensors(value: Any) -> list[Tensor]:
    """Return the tensors in a value, also those an object such as an ImageList holds."""
    found = []
    for each in tree_leaves(value):
        if isinstance(each, Tensor):
            found.append(each)
        elif hasattr(each, "__dict__") and not isinstance(each, (nn.Module, type)):
            found += [t for t in tree_leaves(vars(each)) if isinstance(t, Tensor)]
    return found


def _children(path: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the children, those in lists and dictionaries instead of these."""
    found = []
    for name, child in module._modules.items():
        if isinstance(child, _LISTS):
            found += _children(join(path, name), child)
        elif child is not None:
            found.append((join(path, name), child))
    return found

"""Running a forward on symbols: torch.fx, with every child as a leaf.

fx patches ``nn.Module`` for all threads while it traces; what other threads call meanwhile is
passed on as it is. The forward runs on a shell, so that nothing it writes reaches the document.
"""

import inspect
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from core.dataflow.symbols import Dictionary, Keyed, Symbol
from core.document.shell import Shell
from core.errors import Untraceable

#: fx patches ``nn.Module``: one trace at a time.
LOCK = threading.RLock()

#: Functions that read a tensor's numbers or form; they are answered, not recorded.
_READS = frozenset(
    {
        "__get__", "__len__", "__bool__", "__int__", "__float__", "__index__", "__repr__",
        "__format__", "__hash__", "size", "dim", "ndimension", "numel", "nelement", "stride",
        "item", "tolist", "is_floating_point", "is_complex", "is_contiguous", "element_size",
        "is_tensor", "storage_offset", "equal",
    }
)  # fmt: skip


def traced(
    shell: Shell, constants: Mapping[str, Any], kinds: Mapping[str, type | Keyed]
) -> fx.Graph:
    """Return fx's graph of the forward of ``shell``; parameters in ``constants`` have that value.

    ``kinds`` tells which of the others are lists, tuples or dictionaries (with their names, where
    they are known); the rest are tensors.
    Raises :class:`~core.errors.Untraceable`, with the reason.
    """
    _check(shell.root)
    with LOCK, _plain_names(), _asked_for_types(shell.root, kinds), torch.no_grad():
        tracer = Tracer(shell, constants, kinds)
        try:
            with _Recording(tracer):
                return tracer.trace(shell.root)
        except Untraceable:
            raise
        except Exception as error:  # a forward that gets symbols may raise anything
            raise Untraceable(_reason(shell.root, error)) from error


class Tracer(fx.Tracer):
    """fx's tracer for one module: children are leaves, tensors are found by identity."""

    def __init__(
        self, shell: Shell, constants: Mapping[str, Any], kinds: Mapping[str, type | Keyed]
    ) -> None:
        super().__init__()
        self.proxy_buffer_attributes = True
        self._shell = shell
        self._constants = constants
        self._kinds = kinds
        self._thread = get_ident()
        code = getattr(inspect.unwrap(type(shell.root).forward), "__code__", None)
        self._file = code.co_filename if code is not None else ""
        self._tensors: dict[int, str] | None = None
        self._known: dict[str, Any] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Every child is."""
        return True

    def path_of_module(self, mod: nn.Module) -> str:
        """Return where a module that is called stands."""
        path = self._shell.path_of(mod)
        if path is None:
            raise Untraceable(
                f"{_the(self._shell.root)} calls a {type(mod).__name__} that does not stand below"
                " it, which a graph cannot tell."
            )
        if not path:
            raise Untraceable(f"{_the(self._shell.root)} calls itself, which a graph cannot tell.")
        return path

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        """Make a node, and remember the line of the module's file it came from."""
        node = super().create_node(*args, **kwargs)
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back  # type: ignore[assignment]
        if frame is not None:
            file = self._file.replace("\\", "/").rpartition("/")[2]
            node.meta["source"] = f"{file}:{frame.f_lineno}"
        return node

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Record a call of a child; calls of other threads are made."""
        if get_ident() != self._thread:
            return forward(*args, **kwargs)
        return self.create_proxy("call_module", self.path_of_module(m), args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Return a symbol for a parameter or buffer, anything else as it is."""
        if get_ident() != self._thread or not isinstance(attr_val, Tensor):
            return attr_val
        path = self.path_of_tensor(attr_val)
        if path is None:
            return attr_val
        if path not in self._known:
            self._known[path] = self.create_proxy("get_attr", path, (), {})
        return self._known[path]

    def path_of_tensor(self, tensor: Tensor) -> str | None:
        """Return where a parameter, a buffer, or a tensor held as an attribute stands."""
        if self._tensors is None:
            self._tensors = dict(_tensors(self._shell.root))
        return self._tensors.get(id(tensor))

    def create_arg(self, a: Any) -> Any:
        """Return an argument as a graph holds it."""
        if isinstance(a, Tensor):
            symbol = self.getattr("", a, {})
            if symbol is a:
                raise Untraceable(
                    f"The forward of {_the(self._shell.root)} uses a tensor that is neither its own"
                    " nor made from its inputs."
                )
            return symbol.node
        if type(a) is OrderedDict:
            pairs = [(key, self.create_arg(value)) for key, value in a.items()]
            return self.create_node("call_function", OrderedDict, (pairs,), {})
        if isinstance(a, nn.Module):
            raise Untraceable(
                f"The forward of {_the(self._shell.root)} hands a module over to a function,"
                " inside which a graph cannot look."
            )
        try:
            return super().create_arg(a)
        except NotImplementedError:
            if isinstance(a, (type, types.FunctionType, types.BuiltinFunctionType, torch.Size)):
                return a
            raise

    def proxy(self, node: fx.Node) -> Symbol:
        """Return the symbol of a node; of a dictionary with known names, one that answers."""
        kind = self._kinds.get(str(node.target)) if node.op == "placeholder" else None
        return Dictionary(node, self, kind.names) if isinstance(kind, Keyed) else Symbol(node, self)

    def _proxy_placeholder(self, name: str, concrete_args: Any, sig: Any, fn: Any) -> Any:
        """Return the symbol of an input, or what is fixed for it."""
        bare = name.lstrip("*")
        if bare in self._constants:
            return self._constants[bare]
        return super()._proxy_placeholder(name, concrete_args, sig, fn)


class _Recording(TorchFunctionMode):
    """Records torch functions that touch no symbol: ``torch.rand(3)``, ``self.mean * 2``.

    Without it they would be computed once, while tracing, and be the same number ever after.
    """

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self._tracer = tracer

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        leaves = tree_leaves((args, kwargs))
        if any(isinstance(each, fx.Proxy) for each in leaves):
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in _READS:
            return func(*args, **kwargs)
        if not any(isinstance(each, Tensor) for each in leaves):
            if not _makes_tensor(func, args, kwargs):
                return func(*args, **kwargs)
            return self._tracer.create_proxy("call_function", func, args, kwargs)
        kind = "call_method" if _is_method(func) else "call_function"
        return self._tracer.create_proxy(
            kind, name if kind == "call_method" else func, args, kwargs
        )


def _makes_tensor(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Say whether a function that is given no tensor makes one."""
    with torch.random.fork_rng(devices=[]):
        return isinstance(func(*args, **kwargs), Tensor)


def _is_method(func: Any) -> bool:
    return bool(torch.overrides.is_tensor_method_or_property(func))


def _check(root: nn.Module) -> None:
    if isinstance(root, torch.jit.ScriptModule):
        raise Untraceable(f"{_the(root)} is compiled by TorchScript, so it has no code to read.")
    if "forward" in root.__dict__:
        raise Untraceable(f"The forward of {_the(root)} was set on the object, not on its class.")
    forward = getattr(type(root), "forward", None)
    if forward is nn.Module.forward or forward is None:
        raise Untraceable(f"{type(root).__name__} has no forward; it is not called itself.")


def _tensors(root: nn.Module) -> Iterator[tuple[int, str]]:
    """Yield every tensor below ``root`` by identity, with its path; the first path counts."""
    seen: set[int] = set()
    waiting: list[tuple[str, nn.Module]] = [("", root)]
    done: set[int] = set()
    while waiting:
        prefix, module = waiting.pop()
        if id(module) in done:
            continue
        done.add(id(module))
        for registry in (module._parameters, module._buffers, module.__dict__):
            for name, value in registry.items():
                if isinstance(value, Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    yield id(value), f"{prefix}{name}"
        for name, child in reversed(module._modules.items()):
            if child is not None:
                waiting.append((f"{prefix}{name}.", child))


@contextmanager
def _asked_for_types(root: nn.Module, kinds: Mapping[str, type | Keyed]) -> Iterator[None]:
    """Let ``isinstance(x, Tensor)`` be true of a symbol, in the files the module is written in.

    A symbol cannot be a tensor, and a forward that asks must not go another way for that. For
    anything else the answer is the usual one, so other threads do not notice.
    """

    def answer(value: Any, classes: Any) -> bool:
        if not isinstance(value, fx.Proxy):
            return isinstance(value, classes)
        node = value.node
        kind: type = Tensor
        if node.op == "placeholder":
            told = kinds.get(str(node.target), Tensor)
            kind = dict if isinstance(told, Keyed) else told
        elif node.target is getattr:
            return isinstance(value, classes)  # a size or a number: nobody knows
        return issubclass(kind, classes)

    files = {sys.modules[c.__module__] for c in type(root).__mro__ if c.__module__ in sys.modules}
    own = [f for f in files if not f.__name__.startswith(("torch.", "builtins"))]
    changed = [file for file in own if "isinstance" not in vars(file)]
    for file in changed:
        file.isinstance = answer  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for file in changed:
            del file.isinstance  # type: ignore[attr-defined]


@contextmanager
def _plain_names() -> Iterator[None]:
    """Keep fx's patches of ``nn.Module`` where they were if a trace is broken off."""
    call, get = nn.Module.__call__, nn.Module.__getattr__
    try:
        yield
    finally:
        if nn.Module.__call__ is not call:
            nn.Module.__call__ = call  # type: ignore[method-assign]
        if nn.Module.__getattr__ is not get:
            nn.Module.__getattr__ = get  # type: ignore[method-assign, assignment]


def _the(module: nn.Module) -> str:
    return type(module).__name__


def _reason(root: nn.Module, error: Exception) -> str:
    """Say why a forward cannot be read, and in which line."""
    text = str(error).strip().partition("\n")[0]
    if "cannot be iterated" in text:
        text = "it goes through a tensor, or through something as long as a tensor, in a loop"
    elif "control flow" in text or "data-dependent" in text:
        text = "which way it goes depends on the numbers in a tensor, or on its shape"
    elif "'len' is not supported" in text:
        text = "it asks for the len() of something that is not there yet"
    elif isinstance(error, (TypeError, ValueError)) and "Proxy" in text + repr(error):
        text = "it hands a tensor over to code that needs numbers"
    elif not text:
        text = type(error).__name__
    return f"The forward of {_the(root)} cannot be read as a graph{_line(root, error)}: {text}."


def _line(root: nn.Module, error: BaseException) -> str:
    """Return ", line 12 of net.py", the deepest line of the module's own file."""
    code = getattr(type(root).forward, "__code__", None)
    trace, line = error.__traceback__, 0
    while trace is not None and code is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    if not line or code is None:
        return ""
    return f" (line {line} of {code.co_filename.replace(chr(92), '/').rpartition('/')[2]})"

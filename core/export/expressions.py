"""The expression that constructs a module, and what it would construct, without memory.

``baseline`` modules stand on the meta device: they are looked at for what they are made of, and
what the document has beyond that is then written as statements.
"""

import copy
import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch
from torch import nn

from core.catalog import build, describe, find_layer, layer_of
from core.catalog.parameters import signature_of
from core.catalog.refs import function_of
from core.catalog.spec import LayerRef, LayerSpec
from core.dataflow import own_class
from core.dataflow.expressions import Names
from core.document import join, record_of, recording
from core.errors import EditRefused, ModelwrightError, SaveRefused

LISTS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Built:
    """A module as an expression, and what it builds."""

    text: str
    baseline: nn.Module


@dataclass(frozen=True)
class Root:
    """A model's own builder, such as ``resnet18(num_classes=10)``, for the class it gives."""

    kind: type[nn.Module]
    write: Callable[[Names], str]
    build: Callable[[], nn.Module]


class Literals:
    """The plain values in constructor calls, by place: ``conv1.in_channels`` is 3.

    ``written`` tells what stands at some places instead, such as the name of a parameter.
    """

    def __init__(self, written: Mapping[str, str] | None = None) -> None:
        self.found: dict[str, bool | int | float | str] = {}
        self._written = written or {}

    def text(self, path: str, argument: str, value: Any) -> str | None:
        """Return what is to be written at a place; ``None`` for the value itself."""
        if not isinstance(value, (bool, int, float, str)):
            return None
        place = join(path, argument)
        self.found.setdefault(place, value)
        return self._written.get(place)


class Expressions:
    """Writes modules as expressions; the first of a builder's class is written as its call."""

    def __init__(self, names: Names, root: Root | None, literals: Literals | None = None) -> None:
        self._names = names
        self._root = root
        self._literals = literals or Literals()

    def of(self, module: nn.Module, path: str) -> Built:
        """Return how to build a module like this; raises SaveRefused where nobody knows."""
        kind = own_class(module)
        if self._root is not None and kind is self._root.kind:
            root, self._root = self._root, None
            return Built(root.write(self._names), _on_meta(root.build))
        if kind in LISTS:
            return self._list(module, kind, path)
        if kind is nn.Module:
            return Built(f"{self._names.of(nn.Module)}()", nn.Module().eval())
        of_torch = kind.__module__.startswith("torch.nn.")
        if of_torch or (layer_of(kind) is not None and record_of(module) is None):
            return self._layer(module, path)
        return self._recorded(module, path)

    def _list(self, module: nn.Module, kind: type[nn.Module], path: str) -> Built:
        children = {
            name: self.of(child, join(path, name))
            for name, child in module._modules.items()
            if child is not None
        }
        numbered = list(children) == [str(number) for number in range(len(children))]
        texts = [each.text for each in children.values()]
        held = OrderedDict((name, each.baseline) for name, each in children.items())
        made: nn.Module
        if kind is nn.ModuleDict:
            pairs = ", ".join(
                f"{self._names.value(n)}: {t}" for n, t in zip(children, texts, strict=True)
            )
            inner, made = "{" + pairs + "}", nn.ModuleDict(held)
        elif kind is nn.ModuleList:
            inner, made = f"[{', '.join(texts)}]", nn.ModuleList(held.values())
        elif numbered:
            inner, made = ", ".join(texts), nn.Sequential(*held.values())
        else:
            pairs = ", ".join(
                f"({self._names.value(n)}, {t})" for n, t in zip(children, texts, strict=True)
            )
            inner, made = f"{self._names.of(OrderedDict)}([{pairs}])", nn.Sequential(held)
        return Built(f"{self._names.of(kind)}({inner})", made.eval())

    def _layer(self, module: nn.Module, path: str) -> Built:
        try:
            spec = describe(module)
            with torch.device("meta"):
                made = build(spec, device="meta")
            return Built(self._spec(spec, path), made.eval())
        except (ModelwrightError, NotImplementedError, RuntimeError) as error:
            if record_of(module) is not None:
                return self._recorded(module, path)
            raise SaveRefused(
                f"{_the(module, path)} cannot be written as Python: {error}"
            ) from error

    def _recorded(self, module: nn.Module, path: str) -> Built:
        record = record_of(module)
        if record is None:
            raise SaveRefused(
                f"{_the(module, path)} was not built here, so nobody knows the arguments it was"
                " constructed with, and no code can be written that builds it."
            )
        try:
            called = [*signature_of(record.cls).parameters]
            args = [
                self._argument(each, path, name)
                for name, each in zip_longest(called[: len(record.args)], record.args, fillvalue="")
            ]
            args += [
                f"{name}={self._argument(each, path, name)}" for name, each in record.kwargs.items()
            ]
            text = f"{self._names.of(record.cls)}({', '.join(args)})"
        except EditRefused as error:
            raise SaveRefused(
                f"{_the(module, path)} cannot be written as Python: {error}"
            ) from error
        given, named = without_memory(record.args), without_memory(record.kwargs)
        return Built(text, _on_meta(lambda: record.cls(*given, **named)))

    def _argument(self, value: Any, path: str, name: str = "") -> str:
        """Write a constructor argument; ``name`` is its parameter's."""
        written = self._literals.text(path, name, value) if name else None
        if written is not None:
            return written
        if isinstance(value, nn.Module):
            return self.of(value, join(path, name) if name else path).text
        if isinstance(value, functools.partial):
            inner = [self._argument(each, path) for each in (value.func, *value.args)]
            inner += [f"{n}={self._argument(each, path)}" for n, each in value.keywords.items()]
            return f"{self._names.of(functools.partial)}({', '.join(inner)})"
        if isinstance(value, OrderedDict):
            pairs = ", ".join(
                f"({self._names.value(k)}, {self._argument(v, path)})" for k, v in value.items()
            )
            return f"{self._names.of(OrderedDict)}([{pairs}])"
        if type(value) in (list, tuple):
            inner = [self._argument(each, path) for each in value]
            ends = "[]" if isinstance(value, list) else "()"
            comma = "," if isinstance(value, tuple) and len(inner) == 1 else ""
            return f"{ends[0]}{', '.join(inner)}{comma}{ends[1]}"
        if type(value) is dict:
            pairs = ", ".join(
                f"{self._names.value(k)}: {self._argument(v, path)}" for k, v in value.items()
            )
            return "{" + pairs + "}"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [
                f"{f.name}={self._argument(getattr(value, f.name), path)}"
                for f in dataclasses.fields(value)
                if f.init
            ]
            return f"{self._names.of(type(value))}({', '.join(fields)})"
        return self._names.value(value)

    def _spec(self, value: Any, path: str, argument: str = "") -> str:
        """Write a layer spec as PyTorch is written; ``argument`` is the one that it stands for."""
        written = self._literals.text(path, argument, value) if argument else None
        if written is not None:
            return written
        if isinstance(value, LayerSpec):
            inner = join(path, argument) if argument else path
            known = [] if value.name == "partial" else find_layer(value.name).parameters
            called = [each.name for each in known][: len(value.args)]
            pairs = zip_longest(called, value.args, fillvalue="")
            args = [self._spec(each, inner, name) for name, each in pairs]
            args += [f"{n}={self._spec(each, inner, n)}" for n, each in value.kwargs.items()]
            if value.name == "partial":
                return f"{self._names.of(functools.partial)}({', '.join(args)})"
            return f"{self._names.of(find_layer(value.name).cls)}({', '.join(args)})"
        if isinstance(value, LayerRef):
            return self._names.of(function_of(value) or find_layer(value.name).cls)
        if type(value) in (list, tuple, dict):
            return self._argument(value, "")
        return self._names.value(value)


def without_memory(value: Any) -> Any:
    """Return a copy of arguments in which every tensor is a meta tensor of its own.

    A constructor may initialise the modules it is given, and those are the document's.
    """
    memo: dict[int, Any] = {}

    def find(each: Any) -> None:
        if isinstance(each, nn.Module):
            for tensor in (*each.parameters(), *each.buffers()):
                twin = torch.empty_like(tensor, device="meta")
                memo[id(tensor)] = (
                    nn.Parameter(twin, tensor.requires_grad)
                    if isinstance(tensor, nn.Parameter)
                    else twin
                )
        elif isinstance(each, (list, tuple)):
            for inner in each:
                find(inner)
        elif isinstance(each, dict):
            for inner in each.values():
                find(inner)

    find(value)
    return copy.deepcopy(value, memo) if memo else value


def _on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Build without memory where that can be; a few constructors need numbers."""
    with recording():
        try:
            with torch.device("meta"):
                return build().eval()
        except (NotImplementedError, RuntimeError):
            return build().eval()


def _the(module: nn.Module, path: str) -> str:
    return f"{path or 'The model'} ({type(module).__name__})"

"""The call a model came from: a torchvision or timm builder, as code and as a function."""

from typing import Any

from torch import nn

from core.dataflow.expressions import Names
from core.document import Source
from core.errors import ModelwrightError
from core.export.expressions import Root
from core.source.calls import Call, parameters, parse_call


def builder_of(source: Source) -> Root | None:
    """Return the builder of a source that has one by name; others are written as constructors."""
    kind, _, text = source.text.partition(":")
    if source.kind != kind or kind not in ("torchvision", "timm"):
        return None
    try:
        call = parse_call(text)
        return _torchvision(call) if kind == "torchvision" else _timm(call)
    except (ModelwrightError, ValueError, ImportError):
        return None


def _torchvision(call: Call) -> Root:
    from torchvision.models import get_model_builder

    function: Any = get_model_builder(call.name)
    # Without weights, and without those of a backbone, whose default would be downloaded.
    bare = {"weights": None}
    if "weights_backbone" in parameters(function):
        bare["weights_backbone"] = None
    kwargs = {**bare, **call.kwargs}

    def build() -> nn.Module:
        model: nn.Module = function(*call.args, **kwargs)
        return model

    def write(names: Names) -> str:
        shown = {k: v for k, v in kwargs.items() if k != "weights"}
        return f"{names.of(function)}({_arguments(names, call.args, shown)})"

    return Root(_kind_of(build), write, build)


def _timm(call: Call) -> Root:
    import timm

    def build() -> nn.Module:
        model: nn.Module = timm.create_model(call.name, *call.args, **call.kwargs)
        return model

    def write(names: Names) -> str:
        inner = _arguments(names, (call.name, *call.args), call.kwargs)
        return f"{names.module('timm', 'timm')}.create_model({inner})"

    return Root(_kind_of(build), write, build)


def _kind_of(build: Any) -> type[nn.Module]:
    import torch

    with torch.device("meta"):
        return type(build())


def _arguments(names: Names, args: Any, kwargs: Any) -> str:
    texts = [names.value(each) for each in args]
    texts += [f"{name}={names.value(value)}" for name, value in kwargs.items()]
    return ", ".join(texts)

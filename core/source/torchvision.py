"""torchvision's models by name, with their pretrained weights."""

import functools
import importlib
from typing import Any

from torch import nn

from core.document import Document, InputSpec
from core.errors import SourceError, nearest
from core.source.building import Plan, opened
from core.source.calls import Call, head, parameters, parse_call
from core.source.inputs import detection, image, optical_flow, video
from core.source.pretrained import fetched
from core.source.registry import Request, opener

_PREFIX = "torchvision:"


@functools.cache
def torchvision_problem() -> str | None:
    """Return why torchvision cannot be used here, as a sentence, or ``None``."""
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # one that does not match its torch raises RuntimeError
        return (
            f"torchvision cannot be imported ({str(error).splitlines()[0]}), so its models are not"
            " available. Install the torchvision that matches this torch."
        )
    return None


def names() -> list[str]:
    """Return the names of all builders; none where torchvision is missing."""
    if torchvision_problem():
        return []
    from torchvision.models import list_models

    return sorted(list_models())


def task(name: str) -> str:
    """Return what a builder's models are for, from the module it is in."""
    home = _builder(name).__module__.split(".")
    for part, task in (
        ("detection", "detection"), ("segmentation", "segmentation"), ("video", "video"),
        ("optical_flow", "optical flow"), ("quantization", "quantized"),
    ):  # fmt: skip
        if part in home:
            return task
    return "classification"


def weights_of(name: str) -> Any:
    """Return the enum of a builder's weights, or ``None`` where it has none."""
    from torchvision.models import get_model_weights

    try:
        return get_model_weights(name)
    except (ValueError, RuntimeError):
        return None


def _matches(text: str) -> bool:
    name = head(text)
    if name.startswith(_PREFIX):
        return True
    return ":" not in name and name in names()


@opener("torchvision", matches=_matches, form="a torchvision model (resnet50)")
def _open(request: Request) -> Document:
    problem = torchvision_problem()
    if problem:
        raise SourceError(problem)
    call = parse_call(request.text.removeprefix(_PREFIX))
    if call.name not in names():
        raise SourceError(f"torchvision has no model '{call.name}'.{nearest(call.name, names())}")
    kwargs = dict(call.kwargs)
    wanted = kwargs.pop("weights", None) or request.pretrained
    builder = _builder(call.name)
    if "weights_backbone" in parameters(builder):
        kwargs.setdefault("weights_backbone", None)  # its default would download
    weights = _weights(call, wanted, request) if wanted else None
    shown = {k: v for k, v in kwargs.items() if not (k == "weights_backbone" and v is None)}
    text = _PREFIX + str(Call(call.name, call.args, shown))

    def build() -> nn.Module:
        model: nn.Module = builder(*call.args, weights=weights, progress=False, **kwargs)
        return model

    feed = functools.partial(_inputs, call.name, weights)
    plan = Plan(text, "torchvision", build, feed, weights.name if weights else None)
    return opened(request, plan)


def _builder(name: str) -> Any:
    from torchvision.models import get_model_builder

    return get_model_builder(name)


def _weights(call: Call, wanted: bool | str, request: Request) -> Any:
    """Find the weights by name and bring their file, so that the builder finds it in its folder."""
    if request.structure:
        raise SourceError("Pretrained weights and structure only contradict each other; drop one.")
    enum = weights_of(call.name)
    known = [] if enum is None else [each.name for each in enum]
    if not known:
        raise SourceError(f"torchvision has no pretrained weights for {call.name}.")
    if wanted is True or wanted == "DEFAULT":
        weights = enum.DEFAULT
    elif str(wanted).rpartition(".")[2] in known:
        weights = enum[str(wanted).rpartition(".")[2]]
    else:
        hint = nearest(str(wanted), known) or f" There are {', '.join(known)}."
        raise SourceError(f"{call.name} has no weights called '{wanted}'.{hint}")
    classes = call.kwargs.get("num_classes")
    theirs = len(weights.meta.get("categories") or ())
    if classes is not None and theirs and classes != theirs:
        raise SourceError(
            f"{call.name}'s weights {weights.name} are for {theirs} classes, and {classes} are"
            " asked for. Open it without num_classes, and replace the head after."
        )
    fetched(weights.url, f"{call.name}'s weights {weights.name}", request)
    return weights


def _inputs(name: str, weights: Any, root: nn.Module) -> tuple[InputSpec, ...]:
    kind = task(name)
    if kind == "detection":
        return detection()
    if kind == "optical flow":
        return optical_flow()
    size = _crop(name, weights)
    if kind == "video":
        return video(size or 112)
    own = getattr(root, "image_size", None)
    return image(own if isinstance(own, int) else size or 224)


def _crop(name: str, weights: Any) -> int | None:
    """Return the size that the transforms of the weights cut out."""
    enum = weights_of(name)
    if weights is None and enum is not None and len(enum):
        weights = enum.DEFAULT
    keywords = getattr(getattr(weights, "transforms", None), "keywords", None) or {}
    size = keywords.get("crop_size")
    if isinstance(size, (list, tuple)):
        size = size[-1]
    return size if isinstance(size, int) else None

"""A torchvision backbone as the encoder of a U-Net: its feature maps, one for each resolution.

Nobody has to say where the stages of a backbone are. It is run once on the meta device, and the
modules through which the image goes one after the other are noted with the size of what they give;
a stage is what lies between two changes of the resolution.
"""

import functools
import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Not square, so that height, width and channels are told apart; swin has the channels last.
_HEIGHT = 256
_WIDTH = 192
# What turns features into classes; squeezenet's is convolutional, so its shapes do not tell.
_HEADS = frozenset({"classifier", "fc", "head", "heads"})
# Transformers that take images of one size, which to find out takes building them all.
_ONE_SIZE = ("vit_", "maxvit_")
# Two builders draw their weights by scipy, for minutes, and have heads on the side.
_ARGUMENTS = {
    "googlenet": {"init_weights": False, "aux_logits": False},
    "inception_v3": {"init_weights": False, "aux_logits": False},
}


@dataclass(frozen=True)
class Stage:
    """Modules that run one after the other, the last of which gives the map of a resolution.

    The map has ``channels`` and is the image halved ``level`` times.
    """

    paths: tuple[str, ...]
    level: int
    channels: int
    channels_last: bool


class Encoder(nn.Module):
    """A torchvision backbone that gives the last feature map of each of its resolutions.

    ``(B, in_channels, H, W)`` to a list of maps, largest first. Its children are the backbone's own
    under their own names, so pretrained weights load; what makes classes of features is left out.
    ``depth`` is how often the image is halved at most; ``None`` is as often as the backbone does.
    """

    def __init__(self, backbone: str, in_channels: int = 3, depth: int | None = None) -> None:
        super().__init__()
        if in_channels < 1:
            raise ValueError(f"in_channels is 1 or more; {in_channels} came.")
        stages = _as_deep_as(depth, backbone, stages_of(backbone))
        model = _backbone(backbone)
        self.backbone = backbone
        self.in_channels = in_channels
        self.depth = depth
        self.stages = tuple(stage.paths for stage in stages)
        self.levels = tuple(stage.level for stage in stages)
        self.channels = tuple(stage.channels for stage in stages)
        self.channels_last = tuple(stage.channels_last for stage in stages)
        _prune(model, [path for stage in stages for path in stage.paths])
        if in_channels != 3:
            _feed(model, in_channels)
        for name, child in model.named_children():
            self.add_module(name, child)
        self.counts = tuple(_containers(self.stages, self))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Run the stages and keep what each of them gives."""
        for path, count in self.counts:
            if len(self.get_submodule(path)._modules) != count:
                raise RuntimeError(
                    f"{path} of the encoder has other layers than the {count} its stages were found"
                    f" for ({self.backbone}). Change layers inside them, or wrap one in Sequential."
                )
        maps = []
        for stage, channels_last in zip(self.stages, self.channels_last, strict=True):
            for path in stage:
                x = self.get_submodule(path)(x)
            maps.append(x.permute(0, 3, 1, 2) if channels_last else x)
        return maps


def encoders() -> tuple[str, ...]:
    """Return the names of the torchvision models that a U-Net stands on."""
    from torchvision import models

    names = models.list_models(module=models)
    return tuple(name for name in names if not name.startswith(_ONE_SIZE))


@functools.cache
def stages_of(backbone: str) -> tuple[Stage, ...]:
    """Return the stages of a torchvision model; raises ValueError where it has no several."""
    with torch.device("meta"):
        model = _backbone(backbone)
    found = tuple(_stages(_chain(model)))
    if len(found) < 2:
        raise ValueError(
            f"{backbone} has no feature maps of several sizes for images of any size, so no U-Net"
            " stands on it; take a resnet, efficientnet, convnext, mobilenet, vgg, swin, densenet"
            " or regnet."
        )
    return found


def _backbone(name: str) -> nn.Module:
    """Build a torchvision classification model without weights, where the default device is."""
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(
            f"encoder is the name of one of torchvision's {len(known)} classification models, such"
            f" as resnet34; '{name}' came."
        )
    arguments: dict[str, Any] = _ARGUMENTS.get(name, {})
    on_meta = torch.get_default_device().type == "meta"
    with _SmallNumbersAreReal() if on_meta else nullcontext():
        model: nn.Module = models.get_model(name, weights=None, **arguments)
    return model.to("meta") if on_meta else model


class _SmallNumbersAreReal(TorchFunctionMode):
    """Leaves on the CPU what builders read values out of: regnets compute their widths so."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.arange, torch.linspace, torch.tensor):
            kwargs.setdefault("device", "cpu")
        return func(*args, **kwargs)


def _chain(model: nn.Module) -> list[tuple[str, Tensor]]:
    """Run a model on meta; return what the image goes through one by one, and what each gives."""
    order: list[str] = []
    given: dict[str, Any] = {}
    gives: dict[str, Any] = {}
    handles = []
    for path, module in model.named_modules():
        if not path:
            continue

        def before(_: nn.Module, args: tuple[Any, ...], path: str = path) -> None:
            order.append(path)
            given[path] = args[0] if args else None

        def after(_: nn.Module, __: Any, output: Any, path: str = path) -> None:
            gives[path] = output

        handles += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    image = torch.empty(1, 3, _HEIGHT, _WIDTH, device="meta")
    try:
        with torch.no_grad():
            model.eval()(image)
    except Exception:  # made for one size of images, as vision transformers are
        return []
    finally:
        for handle in handles:
            handle.remove()
    return list(_links(model, "", image, order, given, gives))


def _links(
    module: nn.Module,
    prefix: str,
    x: Tensor,
    order: list[str],
    given: dict[str, Any],
    gives: dict[str, Any],
) -> Iterator[tuple[str, Tensor]]:
    children = {f"{prefix}{name}": child for name, child in module.named_children()}
    for path in [each for each in order if each in children]:
        child, output = children[path], gives.get(path)
        if given[path] is not x or not isinstance(output, Tensor) or output.dim() != 4:
            return
        if path in _HEADS or isinstance(child, nn.AdaptiveAvgPool2d):
            return
        inner = {
            _level(gives[each])
            for each in order
            if each.rpartition(".")[0] == path and each in gives
        }
        if isinstance(child, nn.Sequential) and len(inner) > 1:
            yield from _links(child, f"{path}.", x, order, given, gives)
        else:
            yield path, output
        x = output


def _stages(chain: list[tuple[str, Tensor]]) -> Iterator[Stage]:
    paths: list[str] = []
    for number, (path, output) in enumerate(chain):
        paths.append(path)
        following = chain[number + 1][1] if number + 1 < len(chain) else None
        if following is None or _level(following) != _level(output):
            last = _channels_last(output)
            yield Stage(tuple(paths), _level(output), int(output.shape[3 if last else 1]), last)
            paths = []


def _level(output: Any) -> int:
    """Return how often the height was halved, by and large: inception's stem cuts borders off."""
    if not isinstance(output, Tensor) or output.dim() != 4:
        return -1
    return round(math.log2(_HEIGHT / output.shape[1 if _channels_last(output) else 2]))


def _channels_last(output: Tensor) -> bool:
    """Tell by the ratio of the sides, which no layer changes by much."""
    _, a, b, c = output.shape
    return abs(b / c - _HEIGHT / _WIDTH) > abs(a / b - _HEIGHT / _WIDTH)


def _as_deep_as(depth: int | None, backbone: str, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    if depth is None:
        return stages
    least, most = stages[1].level, stages[-1].level
    kept = tuple(stage for stage in stages if stage.level <= depth)
    if len(kept) < 2 or depth > most:
        raise ValueError(
            f"depth is {least} to {most} with {backbone}, which halves the image {most} times;"
            f" {depth} came."
        )
    return kept


def _prune(module: nn.Module, paths: list[str], prefix: str = "") -> None:
    """Take away from a fresh model what is on none of the paths."""
    for name, child in list(module.named_children()):
        path = f"{prefix}{name}"
        if path in paths:
            continue
        if any(each.startswith(f"{path}.") for each in paths):
            _prune(child, paths, f"{path}.")
        else:
            delattr(module, name)


def _feed(model: nn.Module, channels: int) -> None:
    """Make the first convolution of a fresh model take images of so many channels."""
    path, conv = next(
        (path, each) for path, each in model.named_modules() if isinstance(each, nn.Conv2d)
    )
    new = nn.Conv2d(
        channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        bias=conv.bias is not None,
    )
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, new)


def _containers(stages: tuple[tuple[str, ...], ...], root: nn.Module) -> Iterator[tuple[str, int]]:
    """Yield the containers of which the stages name single children, with how many those are."""
    parents = dict.fromkeys(path.rpartition(".")[0] for stage in stages for path in stage)
    for parent in parents:
        if parent:
            yield parent, len(root.get_submodule(parent)._modules)

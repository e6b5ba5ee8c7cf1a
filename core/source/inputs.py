"""What a model is fed when nobody has said: guessed from its first layer and its forward."""

import inspect

from torch import nn

from core.document import InputSpec

#: Sizes to try a model with, by the number of spatial dimensions.
_SPATIAL = {1: (128,), 2: (224, 224), 3: (16, 112, 112)}


def image(size: int, channels: int = 3) -> tuple[InputSpec, ...]:
    """Return one square image."""
    return (InputSpec("x", (1, channels, size, size)),)


def video(size: int, frames: int = 16) -> tuple[InputSpec, ...]:
    """Return one clip."""
    return (InputSpec("x", (1, 3, frames, size, size)),)


def detection(size: int = 320) -> tuple[InputSpec, ...]:
    """Return a list of one image, which is what torchvision's detection models take."""
    item = InputSpec(shape=(3, size, size))
    return (InputSpec("images", kind="list", items=(item,)),)


def optical_flow(size: int = 128) -> tuple[InputSpec, ...]:
    """Return two frames; RAFT wants at least 128 pixels, in multiples of 8."""
    return tuple(InputSpec(name, (1, 3, size, size)) for name in ("image1", "image2"))


def required(root: nn.Module) -> list[str]:
    """Return the arguments that forward cannot do without."""
    try:
        signature = inspect.signature(root.forward)
    except (TypeError, ValueError):
        return []
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, each in signature.parameters.items()
        if each.default is each.empty and each.kind not in several
    ]


def unknown(root: nn.Module) -> tuple[str, ...]:
    """Return the note that says which inputs are to be given, where some are."""
    names = required(root)
    if not names:
        return ()
    return (
        f"What it is fed is not known: forward takes {' and '.join(names)}; give their shapes.",
    )


def guessed(root: nn.Module) -> tuple[InputSpec, ...]:
    """Guess from the first layer that says what it takes; ``()`` where there is more than one."""
    names = required(root)
    if len(names) != 1:
        return ()
    for module in root.modules():
        found = _fed(module)
        if found is not None:
            return (InputSpec(names[0], *found),)
    return ()


def _fed(module: nn.Module) -> tuple[tuple[int, ...], str] | None:
    if isinstance(module, nn.modules.conv._ConvNd):
        dimensions = len(module.kernel_size)
        channels = module.in_channels
        if channels:
            size = _SPATIAL[dimensions]
            return (1, channels, *size), "float32"
        return (1, 3, *_SPATIAL[dimensions]), "float32"  # a lazy one takes what comes
    if isinstance(module, nn.Linear):
        return (1, module.in_features or 16), "float32"
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return (1, 16), "int64"
    if isinstance(module, nn.RNNBase):
        shape = (1, 16) if module.batch_first else (16, 1)
        return (*shape, module.input_size), "float32"
    if isinstance(module, nn.MultiheadAttention):
        return (1, 16, module.embed_dim), "float32"
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        dimensions = {"BatchNorm2d": 2, "BatchNorm3d": 3}.get(type(module).__name__, 0)
        return (2, module.num_features, *_SPATIAL.get(dimensions, ())), "float32"
    if isinstance(module, nn.LayerNorm):
        return (1, *module.normalized_shape), "float32"
    return None

"""Constructor arguments read off a finished layer, for those that nobody saw being built.

Layers of ``torch.nn`` keep most arguments in attributes of the same name; the exceptions are here.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog.layers import Layer
from core.catalog.parameters import Parameter
from core.catalog.refs import named
from core.catalog.spec import LayerRef


class _Unknown:
    """The argument cannot be read off the layer."""


UNKNOWN = _Unknown()

_Reader = Callable[[Any], Any]


# Both kinds of transformer layer keep nothing of what they are given, but their children do.
_TRANSFORMER_LAYER: dict[str, _Reader] = {
    "d_model": lambda m: m.self_attn.embed_dim,
    "nhead": lambda m: m.self_attn.num_heads,
    "dim_feedforward": lambda m: m.linear1.out_features,
    "dropout": lambda m: m.dropout.p,
    "layer_norm_eps": lambda m: m.norm1.eps,
    "batch_first": lambda m: m.self_attn.batch_first,
    "bias": lambda m: m.linear1.bias is not None,
}


def _of_first_layer(reader: _Reader) -> _Reader:
    return lambda module: reader(module.encoder.layers[0])


# By name: not every class is in every torch.
_READERS: dict[str, dict[str, _Reader]] = {
    "MultiheadAttention": {
        "bias": lambda m: m.in_proj_bias is not None,
        "add_bias_kv": lambda m: m.bias_k is not None,
        "kdim": lambda m: None if m.kdim == m.embed_dim else m.kdim,
        "vdim": lambda m: None if m.vdim == m.embed_dim else m.vdim,
    },
    "TransformerEncoderLayer": _TRANSFORMER_LAYER,
    "TransformerDecoderLayer": _TRANSFORMER_LAYER,
    "TransformerEncoder": {"encoder_layer": lambda m: m.layers[0]},
    "TransformerDecoder": {"decoder_layer": lambda m: m.layers[0]},
    "Transformer": {
        "num_encoder_layers": lambda m: m.encoder.num_layers,
        "num_decoder_layers": lambda m: m.decoder.num_layers,
        **{name: _of_first_layer(read) for name, read in _TRANSFORMER_LAYER.items()},
        "activation": lambda m: m.encoder.layers[0].activation,
        "norm_first": lambda m: m.encoder.layers[0].norm_first,
    },
    "AdaptiveLogSoftmaxWithLoss": {"cutoffs": lambda m: list(m.cutoffs[:-1])},
    "LinearCrossEntropyLoss": {
        "in_features": lambda m: m.linear.in_features,
        "bias": lambda m: m.linear.bias is not None,
    },
    # What they hold is set up from the machine's devices, not from what was given.
    "DataParallel": {"device_ids": lambda _: UNKNOWN, "output_device": lambda _: UNKNOWN},
    "EncoderUNet": {"encoder": lambda m: m.encoder.backbone},
    "TripletMarginWithDistanceLoss": {
        "distance_function": lambda m: (
            None if isinstance(m.distance_function, nn.Module) else m.distance_function
        )
    },
}


def read(module: nn.Module, layer: Layer, parameter: Parameter) -> Any:
    """Return the value ``module`` has for ``parameter`` now, or ``UNKNOWN``."""
    reader = _READERS.get(layer.name, {}).get(parameter.name)
    try:
        if reader is not None:
            return reader(module)
        if parameter.name == "bias":
            return _bias(module)
        value = getattr(module, parameter.name)
    except (AttributeError, IndexError, TypeError):
        return UNKNOWN
    return value if _is_plausible(parameter, value) else UNKNOWN


def _bias(module: nn.Module) -> Any:
    for name in ("affine", "elementwise_affine"):
        if getattr(module, name, True) is False:
            return UNKNOWN  # without scaling there is no bias either way
    bias = module.bias
    if isinstance(bias, (bool, type(None), Tensor)):
        return bias if isinstance(bias, bool) else bias is not None
    return UNKNOWN


def _is_plausible(parameter: Parameter, value: Any) -> bool:
    if value is None:
        return True
    if parameter.kind == "module":
        return isinstance(value, nn.Module)
    if isinstance(value, nn.Module):
        return False
    if parameter.kind in ("layer", "device", "dtype"):
        return False
    if isinstance(value, Tensor):
        return parameter.kind == "tensor"
    return not callable(value) or parameter.kind in ("function", "activation")


def same(parameter: Parameter, given: Any, found: Any) -> bool:
    """Say whether ``found`` in a layer is what ``given`` to its constructor leads to."""
    if given is found:
        return True
    if isinstance(given, Tensor) or isinstance(found, Tensor):
        both = isinstance(given, Tensor) and isinstance(found, Tensor)
        return bool(both and given.shape == found.shape and torch.equal(given, found))
    if parameter.kind in ("activation", "function", "layer"):
        return bool(_plain(given) == _plain(found))
    if isinstance(found, (tuple, list)):
        if isinstance(given, (tuple, list)):
            return tuple(given) == tuple(found)
        return len(found) > 0 and all(each == given for each in found)
    if isinstance(given, (tuple, list)):
        return False
    return bool(given == found) and isinstance(given, bool) == isinstance(found, bool)


def _plain(value: Any) -> Any:
    """Return the word for what may be written as a word or as a function."""
    value = named(value)
    return value.name.removeprefix("F.") if isinstance(value, LayerRef) else value

"""What signatures do not tell: choices, `*args` constructors, kinds of unannotated parameters."""

import inspect
from inspect import Parameter as P
from typing import Any

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
REDUCTIONS = ("none", "mean", "sum")

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})

# Public in torch.nn, but only there to be inherited from; ``Container`` is long deprecated.
BASES = frozenset({"Module", "Container", "RNNBase", "RNNCellBase"})

# Still accepted by PyTorch, no longer meant to be used: not for a form.
DEPRECATED = frozenset({"size_average", "reduce", "min_value", "max_value"})

# A parameter of this name is of this kind wherever nothing better is known.
KINDS: dict[str, str] = {
    "device": "device",
    "dtype": "dtype",
    "bias": "bool",
    "embed_dim": "int",
    "num_heads": "int",
    "kdim": "int",
    "vdim": "int",
    "size_average": "bool",
    "reduce": "bool",
    "output_device": "device",
    "custom_encoder": "module",
    "custom_decoder": "module",
    "encoder_layer": "module",
    "decoder_layer": "module",
    "distance_function": "function",
}

CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("*", "padding_mode"): PADDING_MODES,
    ("*", "reduction"): REDUCTIONS,
    ("RNN", "nonlinearity"): ("tanh", "relu"),
    ("RNNCell", "nonlinearity"): ("tanh", "relu"),
    ("GELU", "approximate"): ("none", "tanh"),
    ("EmbeddingBag", "mode"): ("sum", "mean", "max"),
    ("Upsample", "mode"): (
        "nearest",
        "linear",
        "bilinear",
        "bicubic",
        "trilinear",
        "nearest-exact",
    ),
    ("StochasticDepth", "mode"): ("batch", "row"),
}
# What may stand in for the numbers.
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    (name, "padding"): ("same", "valid")
    for name in ("Conv1d", "Conv2d", "Conv3d", "LazyConv1d", "LazyConv2d", "LazyConv3d")
}

# Transposed convolutions know one way to pad, whatever their annotation says.
for _name in ("ConvTranspose", "LazyConvTranspose"):
    for _dims in (1, 2, 3):
        CHOICES[f"{_name}{_dims}d", "padding_mode"] = ("zeros",)

# Kinds that an annotation gets wrong: torchvision's ``BroadcastingList2`` reads as ``None``.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("RoIAlign", "output_size"): "int_or_tuple",
    ("RoIPool", "output_size"): "int_or_tuple",
    ("MultiScaleRoIAlign", "output_size"): "int_or_tuple",
    ("FeaturePyramidNetwork", "extra_blocks"): "module",
    ("SyncBatchNorm", "process_group"): "any",
    ("Unflatten", "dim"): "int",  # torch 2.11 and before also take the name of a dimension
}

# Sizes of two dimensions whose class name does not say so.
TWO_DIMENSIONAL = frozenset({"Fold", "Unfold", "RoIAlign", "RoIPool", "MultiScaleRoIAlign"})


def _signature(**defaults: Any) -> inspect.Signature:
    return inspect.Signature(
        [
            P(name, P.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)
            for name, (kind, default) in defaults.items()
        ]
    )


_RECURRENT: dict[str, tuple[Any, Any]] = {
    "num_layers": (int, 1),
    "bias": (bool, True),
    "batch_first": (bool, False),
    "dropout": (float, 0.0),
    "bidirectional": (bool, False),
}
_SIZES: dict[str, tuple[Any, Any]] = {"input_size": (int, P.empty), "hidden_size": (int, P.empty)}
_FACTORY: dict[str, tuple[Any, Any]] = {"device": (P.empty, None), "dtype": (P.empty, None)}

# Constructors that take ``*args``; the order is that of ``RNNBase``, where it counts.
SIGNATURES: dict[str, inspect.Signature] = {
    "LSTM": _signature(**_SIZES, **_RECURRENT, proj_size=(int, 0), **_FACTORY),
    # The fourth positional argument of an RNN is its nonlinearity: it is taken out of ``args[3]``.
    "RNN": _signature(
        **_SIZES,
        num_layers=(int, 1),
        nonlinearity=(str, "tanh"),
        **{name: each for name, each in _RECURRENT.items() if name != "num_layers"},
        **_FACTORY,
    ),
    **{
        name: _signature()
        for name in (
            "Identity", "LogSigmoid", "Sigmoid", "Softmax2d", "Softsign", "Tanh", "Tanhshrink",
            "Sequential", "ModuleList", "ModuleDict",
        )
    },
}  # fmt: skip

# ``GRU(args, kwargs)`` goes on to ``RNNBase`` as it is, where ``proj_size`` sits before ``device``.
SIGNATURES["GRU"] = _signature(**_SIZES, **_RECURRENT)
SIGNATURES["GRU"] = SIGNATURES["GRU"].replace(
    parameters=[
        *SIGNATURES["GRU"].parameters.values(),
        P("device", P.KEYWORD_ONLY, default=None),
        P("dtype", P.KEYWORD_ONLY, default=None),
    ]
)

# Functions that layers take as their activation. A closed list: whatever else a name could reach
# (``torch.load``, say) must not be reachable from a text.
ACTIVATIONS = (
    "relu", "relu6", "gelu", "silu", "mish", "selu", "celu", "elu", "leaky_relu", "rrelu", "tanh",
    "sigmoid", "softplus", "softsign", "hardswish", "hardsigmoid", "hardtanh", "logsigmoid",
    "tanhshrink", "hardshrink", "softshrink", "softmax", "log_softmax", "softmin", "glu",
    "pairwise_distance", "cosine_similarity",
)  # fmt: skip
TORCH_FUNCTIONS = ("relu", "tanh", "sigmoid", "selu", "celu", "softmax", "sin", "cos", "exp")

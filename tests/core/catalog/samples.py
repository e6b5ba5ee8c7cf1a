"""Sensible required arguments for every layer that has some."""

from core.catalog import Layer, layers

_BY_NAME = {
    "in_features": "8", "out_features": "4", "in_channels": "4", "out_channels": "8",
    "in1_features": "3", "in2_features": "4", "num_features": "4", "num_channels": "8",
    "num_groups": "2", "normalized_shape": "8", "kernel_size": "3", "input_size": "8",
    "hidden_size": "6", "num_embeddings": "10", "embedding_dim": "8", "embed_dim": "8",
    "num_heads": "2", "d_model": "8", "nhead": "2", "num_layers": "2", "num_classes": "4",
    "n_classes": "20", "cutoffs": "[5, 10]", "output_size": "2", "upscale_factor": "2",
    "downscale_factor": "2", "groups": "2", "dim": "1", "unflattened_size": "(2, 2)",
    "threshold": "0.1", "value": "0.5", "size": "2", "norm_type": "2.0", "padding": "1",
    "encoder_layer": "TransformerEncoderLayer(8, 2)",
    "decoder_layer": "TransformerDecoderLayer(8, 2)",
    "module": "Linear(8, 4)", "p": "0.1", "block_size": "3", "input_channels": "4",
    "squeeze_channels": "2", "hidden_channels": "[8, 4]", "dims": "[0, 2, 1]", "mode": '"row"',
    "in_channels_list": "[4, 8]", "featmap_names": '["0", "1"]', "sampling_ratio": "2",
    "spatial_scale": "0.5", "n_channels": "3", "skip_channels": "3", "gate_channels": "8",
    "inplanes": "8", "planes": "4", "inp": "8", "oup": "4", "channels": "8",
    "encoder": '"squeezenet1_1"', "backbone": '"squeezenet1_1"',
}  # fmt: skip


def sample(layer: Layer) -> str:
    """Return the text of this layer with its required arguments, and no others."""
    if layer.name == "FractionalMaxPool2d" or layer.name == "FractionalMaxPool3d":
        return f"{layer.name}(2, output_size=2)"  # one of two optional sizes is in fact required
    return f"{layer.name}({', '.join(_BY_NAME[each.name] for each in layer.required)})"


def samples() -> dict[str, str]:
    return {name: sample(layer) for name, layer in layers().items()}

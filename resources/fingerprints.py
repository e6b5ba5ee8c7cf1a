"""Write down names and shapes of torchvision's models and our U-Nets: of which is a file?

    python resources/fingerprints.py

Names and shapes are kept once each; a model is a row of numbers. The file is the same, byte for
byte, for the same torchvision.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torchvision
from torchvision import models

import core

FILE = Path(__file__).parent / "fingerprints.json.gz"
#: Calls whose models have parts that a plain call leaves out, and published weights have.
_VARIANTS = (
    "googlenet(aux_logits=True)",
    "inception_v3(aux_logits=False)",
    "fcn_resnet50(aux_loss=True)",
    "fcn_resnet101(aux_loss=True)",
    "deeplabv3_resnet50(aux_loss=True)",
    "deeplabv3_resnet101(aux_loss=True)",
    "deeplabv3_mobilenet_v3_large(aux_loss=True)",
)
#: The U-Nets of images in colour and in grey; which() puts the classes of a file for these.
_UNETS = tuple(
    f"UNet({channels}, n_classes=2{bilinear})"
    for channels in (3, 1)
    for bilinear in ("", ", bilinear=True")
)


def sources() -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield what ``core.open`` understands, and the model, without memory for its weights."""
    builders = (f"torchvision:{call}" for call in (*sorted(models.list_models()), *_VARIANTS))
    for source in (*builders, *_UNETS):
        yield source, core.open_source(source, structure=True).root


def fingerprints() -> dict[str, Any]:
    names: dict[str, int] = {}
    shapes: dict[tuple[int, ...], int] = {}
    found: dict[str, list[int]] = {}
    for source, model in sources():
        row = []
        for name, tensor in model.state_dict().items():
            if isinstance(tensor, torch.Tensor):
                row.append(names.setdefault(name, len(names)))
                row.append(shapes.setdefault(tuple(tensor.shape), len(shapes)))
        if row not in found.values() or "(" not in source:  # a variant that is none
            found[source] = row
    return {
        "torchvision": torchvision.__version__.partition("+")[0],
        "names": list(names),
        "shapes": [list(shape) for shape in shapes],
        "models": found,
    }


if __name__ == "__main__":
    text = json.dumps(fingerprints(), separators=(",", ":")).encode()
    with FILE.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(text)
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")

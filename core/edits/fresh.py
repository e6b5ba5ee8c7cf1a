"""Building the new modules that edits put into a document."""

import torch
from torch import Tensor, nn

from core.catalog import build, parse_spec
from core.document import Document
from core.document.surgery import find


def built(layer: str, document: Document, path: str) -> nn.Module:
    """Build a layer as the document has its others: on their device, in their dtype, in eval mode.

    The module at ``path`` decides, where it has weights; else the model as a whole. Raises
    :class:`~core.errors.SpecError`.
    """
    example = _example(find(document.root, path)) if path else None
    if example is None:
        example = _example(document.root)
    device = str(example.device) if example is not None else "cpu"
    new = build(parse_spec(layer), device=device)
    if example is not None and example.dtype != torch.get_default_dtype():
        new.to(example.dtype)
    return new.eval()


def _example(module: nn.Module) -> Tensor | None:
    """Return some floating point tensor below ``module``, or ``None``."""
    for registry in (module.parameters(), module.buffers()):
        for tensor in registry:
            if tensor.is_floating_point():
                return tensor
    return None

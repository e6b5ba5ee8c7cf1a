"""Every block's own forward can be traced with its children as leaves, so it can be re-wired."""

from typing import Any

import pytest
import torch
from torch import fx, nn

import core
from core.blocks import BLOCKS

FED: dict[str, tuple[Any, ...]] = {
    "DoubleConv(3, 4)": ((3, 9, 7),),
    "Down(3, 4)": ((3, 9, 7),),
    "Up(8, 4)": ((8, 4, 3), (4, 9, 7)),
    "OutConv(3, 4)": ((3, 9, 7),),
    "UNet(3, 2, width=2, depth=2)": ((3, 9, 7),),
    'EncoderUNet("mobilenet_v3_small", 3, 2, width=2)': ((3, 65, 67),),
    'Encoder("mobilenet_v3_small")': ((3, 65, 67),),
    "Merge(4, 3, 2)": ((4, 4, 3), (3, 9, 7)),
    "BasicBlock(3, 4)": ((3, 9, 7),),
    "Bottleneck(3, 4)": ((3, 9, 7),),
    "InvertedResidual(4, 4)": ((4, 9, 7),),
    "SEBlock(4)": ((4, 9, 7),),
    "CBAM(4)": ((4, 9, 7),),
    "AttentionGate(4, 6)": ((4, 9, 7), (6, 5, 4)),
    "ASPP(4, (1, 2), 4)": ((4, 9, 7),),
    "FPN([3, 4], 4)": ([(3, 9, 7), (4, 5, 4)],),
    "PatchEmbedding(3, 4, 2)": ((3, 9, 7),),
    "TransformerEncoderBlock(8, 2)": ((5, 8),),
}


class ChildrenAsLeaves(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def tensors(shape: Any) -> Any:
    if isinstance(shape, list):
        return [tensors(each) for each in shape]
    return torch.randn(2, *shape)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b)


def test_all_blocks_are_here() -> None:
    assert {text.partition("(")[0] for text in FED} == {cls.__name__ for cls in BLOCKS}


@pytest.mark.parametrize("text", FED)
def test_a_block_is_traced_for_any_size(text: str) -> None:
    module = core.open(text).model()
    graph = ChildrenAsLeaves().trace(module)
    traced = fx.GraphModule(module, graph)
    inputs = [tensors(shape) for shape in FED[text]]
    with torch.no_grad():
        assert same(traced(*inputs), module(*inputs))

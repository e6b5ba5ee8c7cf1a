"""Our building blocks as ordinary modules, which need torch and torchvision and nothing of ours.

Each is in the catalog and can be placed by its name. :func:`source_of` writes those of a document
as one file, with which the model opens where Modelwright is not.
"""

from torch import nn

from core.blocks.aspp import ASPP
from core.blocks.assembler import Assembly, check_image
from core.blocks.attention import CBAM, AttentionGate, SEBlock
from core.blocks.encoder import Encoder, Stage, encoders, stages_of
from core.blocks.encoder_unet import EncoderUNet, Merge
from core.blocks.fpn import FPN
from core.blocks.inverted_residual import InvertedResidual
from core.blocks.residual import BasicBlock, Bottleneck
from core.blocks.source import TITLE_BESIDE, block_classes, source_of, source_of_classes
from core.blocks.transformer import PatchEmbedding, TransformerEncoderBlock
from core.blocks.unet import DoubleConv, Down, OutConv, UNet, Up

#: What can be placed, in the order in which it is shown.
BLOCKS: tuple[type[nn.Module], ...] = (
    DoubleConv, Down, Up, OutConv, UNet, EncoderUNet, Encoder, Merge,
    BasicBlock, Bottleneck, InvertedResidual,
    SEBlock, CBAM, AttentionGate,
    ASPP, FPN,
    PatchEmbedding, TransformerEncoderBlock,
)  # fmt: skip

__all__ = [
    "ASPP",
    "BLOCKS",
    "CBAM",
    "FPN",
    "Assembly",
    "AttentionGate",
    "BasicBlock",
    "Bottleneck",
    "DoubleConv",
    "Down",
    "Encoder",
    "EncoderUNet",
    "InvertedResidual",
    "Merge",
    "OutConv",
    "PatchEmbedding",
    "SEBlock",
    "TITLE_BESIDE",
    "Stage",
    "TransformerEncoderBlock",
    "UNet",
    "Up",
    "block_classes",
    "check_image",
    "encoders",
    "source_of",
    "source_of_classes",
    "stages_of",
]

"""What it means that a tensor of a file has another shape than the model's."""

import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["classes", "channels", "positions", "sizes"]
Shape = tuple[int, ...]

_POSITIONS = re.compile(
    r"(^|[._])(pos_?embed\w*|pos(ition(al)?)?_emb\w*|relative_position_bias_table"
    r"|position_embeddings?\.weight)$"
)
#: Buffers that a model makes itself, and whose values in a file are of no use to it.
MADE_BY_THE_MODEL = re.compile(
    r"(^|\.)(num_batches_tracked|relative_position_index|relative_coords_table|position_ids"
    r"|attn_mask)$"
)
#: What is said of a tensor whose shape is the model's in another order.
PERMUTED = "permuted"


def kinds_of(differing: Mapping[str, tuple[Shape, Shape]]) -> dict[str, Kind]:
    """Say for each tensor name -> (shape in the model, in the file) what kind of difference it is.

    ``classes``: a layer with another number of outputs, its bias with it. ``channels``: a
    convolution with another number of inputs. ``positions``: position embeddings of another grid.
    ``sizes``: anything else.
    """
    found = {name: _kind(name, *shapes) for name, shapes in differing.items()}
    for name, kind in found.items():
        if kind == "classes" and len(differing[name][0]) == 1:  # a bias means what its weight means
            weight = name.rpartition(".")[0] + ".weight"
            if found.get(weight) != "classes" or not name.endswith("bias"):
                found[name] = "sizes"
    return found


def _kind(name: str, here: Shape, there: Shape) -> Kind:
    if len(here) != len(there) or not here:
        return "sizes"
    if _POSITIONS.search(name):
        same = here[-1] == there[-1] and here[:-2] == there[:-2] and len(here) > 1
        return "positions" if same else "sizes"
    if here[1:] == there[1:]:
        return "classes"
    if len(here) > 2 and here[0] == there[0] and here[2:] == there[2:]:
        return "channels"
    return "sizes"

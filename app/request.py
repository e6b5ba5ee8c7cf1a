"""What somebody wants opened, and how."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.document import InputSpec


@dataclass(frozen=True)
class OpenRequest:
    """The arguments of ``core.open``: a source, its weights, structure only, other inputs."""

    text: str
    pretrained: bool | str = False
    structure: bool | None = None
    inputs: "tuple[InputSpec, ...] | None" = None

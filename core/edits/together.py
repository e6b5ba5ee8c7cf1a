"""Several edits as one step, and the edit of the model's inputs."""

from core.document import Document, InputSpec
from core.edits.arguments import SetArguments
from core.edits.base import Edit
from core.edits.encoders import SwapEncoder
from core.edits.grouping import Group, Ungroup
from core.edits.lists import RouteByKey, RunInOrder
from core.edits.ports import AddInput, AddOutput, RemoveInput, RemoveOutput
from core.edits.rewiring import (
    AddNode,
    Bypass,
    Connect,
    Disconnect,
    InsertOnEdge,
    OutOfPlace,
    RemoveNode,
    RenameNode,
    Reroute,
)
from core.edits.structure import Duplicate, Insert, Move, Remove, Rename, Replace, Unwrap, Wrap
from core.edits.training import Freeze, Reinitialise, Unfreeze
from core.errors import EditRefused


class SetInputs(Edit, frozen=True):
    """Feed the model something else: other shapes, dtypes, or other arguments of ``forward``."""

    inputs: tuple[InputSpec, ...]

    @property
    def label(self) -> str:
        """Name the new inputs."""
        return f"Set the input to {'; '.join(map(str, self.inputs)) or 'nothing'}"

    def apply(self, document: Document) -> Document:
        """Return the document with these inputs."""
        return document.with_inputs(self.inputs)


class Together(Edit, frozen=True):
    """Several edits as one step of the history: all of them apply, or none."""

    edits: "tuple[AnyEdit, ...]"
    title: str = ""

    @property
    def label(self) -> str:
        """Give the title, or the labels of the edits."""
        return self.title or "; ".join(edit.label for edit in self.edits)

    def apply(self, document: Document) -> Document:
        """Apply one after the other; the first refusal refuses all."""
        if not self.edits:
            raise EditRefused("There is no edit to apply.")
        notes: tuple[str, ...] = ()
        for edit in self.edits:
            document = edit.apply(document)
            notes += document.notes
        return document.with_root(document.root, *notes)


AnyEdit = (
    Replace
    | Insert
    | Remove
    | Move
    | Rename
    | SetArguments
    | Wrap
    | Unwrap
    | Duplicate
    | Freeze
    | Unfreeze
    | Reinitialise
    | SwapEncoder
    | SetInputs
    | InsertOnEdge
    | AddNode
    | RemoveNode
    | Bypass
    | Connect
    | Disconnect
    | Reroute
    | OutOfPlace
    | RenameNode
    | RunInOrder
    | RouteByKey
    | AddInput
    | RemoveInput
    | AddOutput
    | RemoveOutput
    | Group
    | Ungroup
    | Together
)

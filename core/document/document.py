"""The document: an immutable snapshot of a model, its inputs and where it came from."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn

from core.document import surgery
from core.document.inputs import InputSpec, example_inputs
from core.document.records import inherit


@dataclass(frozen=True)
class Source:
    """Where a model came from.

    ``text`` is what ``open_source`` understands and gives the same model again. ``kind`` is one of
    torchvision, timm, file, import, expression, object. ``weights`` names pretrained weights that
    were loaded. ``notes`` are sentences for the user, such as why only the structure was built.
    """

    text: str
    kind: str = "object"
    weights: str | None = None
    structure_only: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Document:
    """One state of a model. Nothing in it is ever changed; edits make new documents.

    Two documents are the same when they are the same object: comparing by value would mean
    comparing weights. ``notes`` is what the edit that made this document has to say, and
    ``tangled`` is whether some module or tensor is held at more than one place. ``training`` is
    what a checkpoint held beside the weights, such as an optimizer's state, and stays with the
    document through edits (:mod:`core.checkpoint.training`).
    """

    root: nn.Module
    inputs: tuple[InputSpec, ...] = ()
    source: Source = field(default_factory=lambda: Source("(unnamed)"))
    notes: tuple[str, ...] = ()
    tangled: bool = True
    training: Any = None

    @classmethod
    def of(
        cls,
        root: nn.Module,
        inputs: tuple[InputSpec, ...] = (),
        source: Source | None = None,
        notes: tuple[str, ...] = (),
    ) -> "Document":
        """Adopt a freshly built model: it is put into eval mode and from then on left alone.

        Hand over a model nobody else uses: a document's modules must not be written to.
        """
        root.eval()
        source = source or Source(type(root).__name__)
        return cls(root, inputs, source, notes, surgery.is_tangled(root))

    def module(self, path: str) -> nn.Module:
        """Return the module at ``path`` (``""`` is the root); raises :class:`EditRefused`."""
        return surgery.find(self.root, path)

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield every place in the tree with its module, parents first.

        A module that is used at two places comes twice, once under each path.
        """
        return _places("", self.root, frozenset())

    def paths_of(self, module: nn.Module) -> list[str]:
        """Return every path at which this very module stands."""
        return [path for path, each in self.modules() if each is module]

    def replace(self, path: str, new: nn.Module, *, every_use: bool = True) -> "Document":
        """Return a document with ``new`` at ``path``.

        Where the old module is used at several places, all of them change, unless ``every_use`` is
        false: then this one place becomes independent. ``new`` is adopted: put into eval mode.
        """
        old = self.module(path)
        if every_use and self.tangled:
            root = surgery.replaced(self.root, old, new)
        else:
            root = surgery.replaced_at(self.root, path, new)
        return self.with_root(root)

    def with_root(self, root: nn.Module, *notes: str, tangled: bool = False) -> "Document":
        """Return a document with another tree, made by surgery from this one's."""
        return replace(self, root=root, notes=notes, tangled=self.tangled or tangled)

    def with_inputs(self, inputs: tuple[InputSpec, ...]) -> "Document":
        """Return a document that is fed something else."""
        return replace(self, inputs=inputs, notes=())

    def saying(self, *notes: str) -> "Document":
        """Return the same document with more to say."""
        return replace(self, notes=(*self.notes, *notes))

    def example_inputs(self, device: str = "cpu") -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return ``(args, kwargs)`` the model can be called with."""
        return example_inputs(self.inputs, device)

    def state_dict(self) -> dict[str, Tensor]:
        """Return what ``root.state_dict()`` does; the tensors are the document's own.

        It is torch's ordered dictionary with the versions of the layers in ``_metadata``, without
        which some models (mnasnet) take their own weights for those of an older release.
        """
        return self.root.state_dict()

    def model(self) -> nn.Module:
        """Return an ordinary ``nn.Module`` with weights of its own, ready to train.

        It is in eval mode, as the document is; call ``.train()`` on it before training.
        """
        twin = copy.deepcopy(self.root, _computed(self.root))
        for original, copied in zip(self.root.modules(), twin.modules(), strict=True):
            inherit(copied, original)
        return twin


def _computed(root: nn.Module) -> dict[int, Any]:
    """Return a copy of each tensor that a module has computed and kept, for deepcopy's memo.

    The old ``weight_norm`` keeps the weight it made, which torch refuses to copy.
    """
    held = (value for module in root.modules() for value in vars(module).values())
    return {
        id(value): value.detach().clone()
        for value in held
        if isinstance(value, Tensor) and not value.is_leaf
    }


def _places(path: str, module: nn.Module, above: frozenset[int]) -> Iterator[tuple[str, nn.Module]]:
    yield path, module
    if id(module) in above:
        return  # a module inside itself: shown once, not for ever
    above = above | {id(module)}
    for name, child in module._modules.items():
        if child is not None:
            yield from _places(surgery.join(path, name), child, above)

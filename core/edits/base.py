"""What every edit is: plain facts, a label, and a function from a document to a document."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from core.document import Document


class Edit(msgspec.Struct, frozen=True, tag_field="edit", tag=True, omit_defaults=True):
    """One thing a user can do to a document.

    The fields of an edit are plain, JSON-able facts, so that a list of edits is a recipe. ``apply``
    never changes the document it is given; it returns a new one or raises
    :class:`~core.errors.EditRefused` or :class:`~core.errors.SpecError` with one clear sentence.
    """

    @property
    def label(self) -> str:
        """What the undo menu says: "Replace fc with Linear(2048, 10)"."""
        raise NotImplementedError

    def apply(self, document: "Document") -> "Document":
        """Return the document after the edit, or raise."""
        raise NotImplementedError

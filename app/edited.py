"""Whether a model is still what its source builds, and so what code for it has to say."""

from typing import TYPE_CHECKING

import core

if TYPE_CHECKING:
    from app.state import State


def is_edited(state: "State") -> bool:
    """Whether layers were changed, so that the call of the source builds another model."""
    if state.edited is not None or state.document is None or state.origin is None:
        return bool(state.edited)
    return any(c.kind != "weights" for c in core.difference(state.origin, state.document))


def edits_told(state: "State") -> str:
    """Return the edits as lines of comments, for code that cannot make them."""
    steps = [each.label for each in state.steps[1 : state.cursor + 1] if each.edit]
    told = "".join(f"#   {line}\n" for each in steps for line in each.splitlines())
    return f"\n\n# The model was edited; build it with these edits:\n{told}".rstrip()

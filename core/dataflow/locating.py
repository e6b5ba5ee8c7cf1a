"""Which module a step belongs to, told by one dotted name: ``layer1.0.conv2``."""

from core.dataflow.changing import find
from core.dataflow.trace import graph_of
from core.document import Document
from core.errors import EditRefused


def locate(document: Document, text: str) -> tuple[str, str]:
    """Return ``(path, step)``: the outermost module whose forward has the step, and its name there.

    Raises EditRefused where none has.
    """
    parts = text.split(".")
    refusal: EditRefused | None = None
    for number in range(len(parts)):
        path, step = ".".join(parts[:number]), ".".join(parts[number:])
        try:
            find(graph_of(document, path), step.partition("[")[0])
            return path, step
        except EditRefused as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def beside(path: str, text: str) -> str:
    """Return what a step is called in the module at ``path``, if it was told from the root."""
    return text.removeprefix(f"{path}.") if path else text

"""Document, its inputs, path copying, and comparing two documents."""

from core.document.document import Document, Source
from core.document.identity import IdentityCache
from core.document.inputs import InputSpec, example_inputs, parse_input, parse_inputs
from core.document.records import Record, inherit, record_of, recording, remember
from core.document.surgery import join, split

__all__ = [
    "Document",
    "IdentityCache",
    "InputSpec",
    "Record",
    "Source",
    "example_inputs",
    "inherit",
    "join",
    "parse_input",
    "parse_inputs",
    "record_of",
    "recording",
    "remember",
    "split",
]

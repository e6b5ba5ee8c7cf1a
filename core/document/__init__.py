"""Document, its inputs, path copying, and comparing two documents."""

from core.document.difference import Change, difference
from core.document.document import Document, Source
from core.document.identity import IdentityCache
from core.document.inputs import InputSpec, example_inputs, parse_input, parse_inputs
from core.document.ledger import Entry, Ledger, key_map, ledger
from core.document.lineage import derive, hand_on, is_loaded, origin_of, weight_id
from core.document.overlap import fill, stacked
from core.document.records import Record, forget, inherit, record_of, recording, remember
from core.document.surgery import join, split

__all__ = [
    "Change",
    "Document",
    "Entry",
    "IdentityCache",
    "InputSpec",
    "Ledger",
    "Record",
    "Source",
    "derive",
    "difference",
    "example_inputs",
    "fill",
    "forget",
    "hand_on",
    "inherit",
    "is_loaded",
    "join",
    "key_map",
    "ledger",
    "origin_of",
    "parse_input",
    "parse_inputs",
    "record_of",
    "recording",
    "remember",
    "split",
    "stacked",
    "weight_id",
]

"""Taking a model home: Python that builds it without Modelwright, tried in a fresh process."""

from core.export.block import BlockParameter, block_source, numbers_in, save_block
from core.export.block_parameters import suggest_parameters
from core.export.home import TakenHome, code_beside, needs_code, take_home, write_code
from core.export.source import ModelSource, model_source
from core.export.verify import Verdict, verify

__all__ = [
    "BlockParameter",
    "ModelSource",
    "TakenHome",
    "Verdict",
    "block_source",
    "code_beside",
    "model_source",
    "needs_code",
    "numbers_in",
    "save_block",
    "suggest_parameters",
    "take_home",
    "verify",
    "write_code",
]

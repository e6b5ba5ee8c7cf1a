"""Taking a model home: Python that builds it without Modelwright, tried in a fresh process."""

from core.export.home import TakenHome, code_beside, take_home, write_code
from core.export.source import ModelSource, model_source
from core.export.verify import Verdict, verify

__all__ = [
    "ModelSource",
    "TakenHome",
    "Verdict",
    "code_beside",
    "model_source",
    "take_home",
    "verify",
    "write_code",
]

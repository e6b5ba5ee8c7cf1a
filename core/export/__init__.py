"""Taking a model home: Python that builds it without Modelwright, tried in a fresh process."""

from core.export.home import TakenHome, take_home
from core.export.source import ModelSource, model_source
from core.export.verify import Verdict, verify

__all__ = ["ModelSource", "TakenHome", "Verdict", "model_source", "take_home", "verify"]

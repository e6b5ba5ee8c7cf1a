"""Plain text out of PyTorch's docstrings."""

import inspect
import re

_ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|etc|vs|cf)\.\s")


def first_sentence(doc: str | None) -> str:
    """Return the first sentence of a docstring without its reStructuredText, or ``""``."""
    if not doc:
        return ""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(doc))
    # LSTM and its kin begin with their signature, since they take ``*args``.
    paragraph = next((each for each in paragraphs if not each.startswith("__init__(")), "")
    text = plain(" ".join(paragraph.split()))
    kept = _ABBREVIATIONS.sub(lambda found: found[0].rstrip() + "\N{NO-BREAK SPACE}", text)
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z])", kept, maxsplit=1)[0]
    return sentence.replace("\N{NO-BREAK SPACE}", " ").rstrip(" :")


def plain(text: str) -> str:
    """Return ``text`` without roles, literals, links, emphasis and TeX commands."""
    text = re.sub(r":math:`([^`]*)`", lambda found: _untexed(found[1]), text)
    text = re.sub(r":[a-z:]+:`~?(?:[\w.]*\.)?([\w]+)(?: ?<[^`]*>)?`", r"\1", text)
    text = re.sub(r":[a-z:]+:`([^`<]*?)\s*(?:<[^`]*>)?`", r"\1", text)
    text = re.sub(r"``([^`]*)``", r"\1", text)
    text = re.sub(r"`([^`<]*?)\s*(?:<[^`]*>)?`_{0,2}", r"\1", text)
    return re.sub(r"\*{1,2}([^*]+)\*{1,2}", r"\1", text)


def _untexed(formula: str) -> str:
    formula = re.sub(r"\\(?:text|mathrm|operatorname)\{([^}]*)\}", r"\1", formula)
    formula = formula.replace(r"\times", "×").replace(r"\_", "_").replace(r"\ell", "ℓ")
    return re.sub(r"[\\{}]", "", formula)

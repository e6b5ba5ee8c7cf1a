"""What a terminal adds to a refusal: the option that allows it, and the commands to type next."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

import click

from core.errors import ModelwrightError, Unchosen
from core.offered import Offer, likeliest

#: What core says to anybody, and how it is said here.
_WORDS = {"say yes to overwriting it": "add --force to overwrite it"}


def refuse(error: ModelwrightError, arguments: Sequence[str]) -> None:
    """Say on standard error why the program with these arguments did nothing; JSON if asked for."""
    message = in_words_of_a_terminal(str(error))
    if "--json" in arguments:
        told: dict[str, Any] = {"kind": type(error).__name__, "message": message}
        if isinstance(error, Unchosen):
            told["offers"] = [_json(each, error) for each in error.offers]
        click.echo(json.dumps({"error": told}, indent=2))
    click.echo(click.style("Refused: ", fg="red", bold=True) + message, err=True)
    if isinstance(error, Unchosen):
        click.echo("\n".join(_listed(error, arguments)), err=True)


def in_words_of_a_terminal(message: str) -> str:
    """Return a sentence of core with the options that do here what it speaks of."""
    for said, typed in _WORDS.items():
        message = message.replace(said, typed)
    return message


def _listed(error: Unchosen, arguments: Sequence[str]) -> list[str]:
    """Return the lines under the sentence: what there is, and what to type for each."""
    chosen = [each for each in error.offers if each.name == error.chosen]
    if chosen:
        return [
            f"  {chosen[0].signature}",
            "For example:",
            f"  {_typed(chosen[0], error, arguments)}",
        ]
    wide = min(60, max(len(each.signature) for each in error.offers))
    lines = [
        f"  line {each.line:<4} {each.signature:<{wide}}  {each.about}".rstrip()
        for each in error.offers
    ]
    lines.append("Type one of (the values are examples):")
    first = likeliest(error.offers)
    ordered = [first, *(each for each in error.offers if each is not first)]
    return lines + [f"  {_typed(each, error, arguments)}" for each in ordered]


def _typed(offer: Offer, error: Unchosen, arguments: Sequence[str]) -> str:
    """Return the command that was typed, with this model in the place of the file."""
    source = f"{error.path}:{offer.example}"
    words = [source if each.strip() == error.text else each for each in arguments]
    return shlex.join(["modelwright", *words])


def _json(offer: Offer, error: Unchosen) -> dict[str, Any]:
    return {
        "name": offer.name,
        "kind": offer.kind,
        "line": offer.line,
        "signature": offer.signature,
        "needed": list(offer.needed),
        "about": offer.about,
        "source": f"{error.path}:{offer.example}",
    }

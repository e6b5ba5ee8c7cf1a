"""What doing something would lead to, in one sentence for the person who is about to do it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Consequence:
    """The sentence; ``refused`` says that it is the reason why it cannot be done."""

    text: str
    refused: bool = False

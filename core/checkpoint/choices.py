"""What the user has said about a file's conditions: ``weights=model_ema``, ``channels=mean``."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import CheckpointError

#: What can be said about sizes that differ, and what each means.
ANSWERS = {
    "classes": {"slice": "take the rows that overlap; the rest keeps the model's own values"},
    "channels": {
        "sum": "share the sum over the file's channels out over the model's",
        "mean": "give every channel the mean of the file's",
        "slice": "take the first channels as they are",
    },
    "positions": {"interpolate": "interpolate the grid of positions, bicubic"},
    "sizes": {"slice": "take what overlaps; the rest keeps the model's own values"},
}


@dataclass(frozen=True)
class Choices:
    """The answers; ``None`` where nothing was said."""

    weights: str | None = None
    prefix: str | None = None
    classes: str | None = None
    channels: str | None = None
    positions: str | None = None
    sizes: str | None = None

    @classmethod
    def read(cls, texts: Iterable[str]) -> "Choices":
        """Read ``KEY=VALUE`` texts; raises :class:`~core.errors.CheckpointError`."""
        said: dict[str, str] = {}
        for text in texts:
            key, equals, value = (part.strip() for part in text.partition("="))
            if not equals or key not in cls.__dataclass_fields__:
                keys = ", ".join(cls.__dataclass_fields__)
                raise CheckpointError(f"'{text}' is no choice; one reads KEY=VALUE, KEY of {keys}.")
            if key in ANSWERS and value not in ANSWERS[key]:
                raise CheckpointError(
                    f"'{text}': {key} can be {' or '.join(ANSWERS[key])}, not '{value}'."
                )
            if said.setdefault(key, value) != value:
                raise CheckpointError(f"{key} was chosen twice: '{said[key]}' and '{value}'.")
        return cls(**said)

"""The recipe: source, inputs and edits as JSON, to be replayed elsewhere.

    {
      "format": "modelwright recipe",
      "schema_version": 1,
      "source": "torchvision:resnet50",
      "weights": null,
      "inputs": ["1,3,224,224"],
      "edits": [{"edit": "Replace", "path": "fc", "layer": "Linear(2048, 10)"}]
    }

Inputs and layers are written as people type them. A recipe holds no weights.
"""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from core.checkpoint import atomic_write
from core.document import Document, InputSpec, parse_input
from core.edits import AnyEdit, Edit, History
from core.errors import EditRefused, ModelwrightError, RecipeError, SaveRefused, SpecError
from core.source import Request, open_source, opener

FORMAT = "modelwright recipe"
SCHEMA_VERSION = 1


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How to come from a source to an edited model."""

    format: str = FORMAT
    schema_version: int = SCHEMA_VERSION
    source: str
    weights: str | None = None
    structure_only: bool = False
    inputs: tuple[str, ...] = ()
    edits: tuple[AnyEdit, ...] = ()

    def input_specs(self) -> tuple[InputSpec, ...]:
        """Return the inputs as values; raises :class:`~core.errors.InputError`."""
        return tuple(parse_input(text) for text in self.inputs)


def recipe_of(origin: Document, edits: Sequence[Edit]) -> Recipe:
    """Write down how ``edits`` were made on ``origin``."""
    source = origin.source
    return Recipe(
        source=source.text,
        weights=source.weights,
        structure_only=source.structure_only,
        inputs=tuple(map(str, origin.inputs)),
        edits=tuple(edits),  # type: ignore[arg-type]
    )


def recipe_text(recipe: Recipe) -> str:
    """Return the recipe as indented JSON; what an edit leaves at its default is left out."""
    return msgspec.json.format(msgspec.json.encode(recipe), indent=2).decode() + "\n"


def save_recipe(recipe: Recipe, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write the recipe atomically; raises :class:`~core.errors.SaveRefused`."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise SaveRefused(f"{path} exists already; say yes to overwriting it, or choose another.")
    with atomic_write(path) as file:
        file.write(recipe_text(recipe).encode())
    return path


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe; raises :class:`~core.errors.RecipeError` and says what is wrong with it."""
    path = Path(path)
    raw = json_of(path, FORMAT, SCHEMA_VERSION, RecipeError)
    try:
        return msgspec.convert(raw, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{path} is a damaged recipe: {error}.") from error


def json_of(path: Path, form: str, version: int, refused: type[ModelwrightError]) -> dict[str, Any]:
    """Read a file of ours that says it is of this ``form`` and of no newer ``version``.

    Raises ``refused`` with what is wrong with it.
    """
    what = form.rpartition(" ")[2]
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise refused(f"{path} could not be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"{path} is no {what}: it is not JSON ({error}).") from error
    if not isinstance(raw, dict) or raw.get("format") != form:
        raise refused(f'{path} is no {what}: it does not say "format": "{form}".')
    known = raw.get("schema_version")
    if not isinstance(known, int) or known < 1:
        raise refused(f"{path} names no schema version that there ever was: {known!r}.")
    if known > version:
        raise refused(
            f"{path} was written by a newer Modelwright (schema {known}; this one knows {version})."
            " Update Modelwright to open it."
        )
    return raw


def replay(recipe: Recipe, document: Document) -> History:
    """Apply the edits of ``recipe`` to ``document``, which may carry other weights.

    Raises :class:`~core.errors.RecipeError`, naming the step that does not apply.
    """
    history = History(document, clock=_never_merging())
    for number, edit in enumerate(recipe.edits, 1):
        try:
            history.do(edit)
        except (EditRefused, SpecError) as error:
            raise RecipeError(f"Step {number} of the recipe ({edit.label}): {error}") from error
    history.mark_clean()
    return history


def open_recipe(path: str | Path, **options: Any) -> tuple[Recipe, Document]:
    """Read a recipe and open its source, before any edit; options are ``open_source``'s."""
    recipe = read_recipe(path)
    return recipe, open_origin(recipe, _beside(recipe.source, Path(path).parent), **options)


def open_origin(recipe: Recipe, source: str, **options: Any) -> Document:
    """Open what a recipe begins with, found at ``source``; options are ``open_source``'s."""
    if recipe.inputs and not options.get("inputs"):
        options["inputs"] = recipe.input_specs()
    if recipe.weights and not options.get("pretrained"):
        options["pretrained"] = recipe.weights
    if recipe.structure_only and options.get("structure") is None:
        options["structure"] = True
    return open_source(source, **options)


def is_recipe(text: str) -> bool:
    """Say whether ``text`` names a JSON file, which is what recipes are."""
    return text.strip().endswith(".json") and "(" not in text


@opener("recipe", matches=is_recipe, form="recipe.json", before="torchvision")
def _open(request: Request) -> Document:
    options = {f.name: getattr(request, f.name) for f in fields(request) if f.name != "text"}
    recipe, document = open_recipe(request.text.strip(), **options)
    return replay(recipe, document).document


def _beside(source: str, folder: Path) -> str:
    """Look for a ``.py`` file next to the recipe, where it is not found from here."""
    name, colon, rest = source.partition(".py")
    file = Path(name + ".py")
    if colon and not file.exists() and not file.is_absolute() and (folder / file).exists():
        return f"{folder / file}{rest}"
    return source


def _never_merging() -> Any:
    ticks = iter(range(0, 10**9, 3600))
    return lambda: float(next(ticks))

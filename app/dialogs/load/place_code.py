"""The code of the third step: lines for the user's own script, and the Python they may need."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

import core
from app.code_view import CodeView
from app.dialogs.load.case import Case
from app.edited import edits_told, is_edited
from app.jobs import Jobs
from app.said import Said
from app.state import State
from core.files.code import literal

if TYPE_CHECKING:
    from core.checkpoint import Plan
    from core.errors import ModelwrightError
    from core.export import ModelSource, Verdict
    from core.files.which import Guess

#: A guess that shares more than this with the file is what a script should build.
_SURE = 0.9
#: Values that are worked out as they are loaded, which no line of a script does.
_WORKED_OUT = ("channels ", "positions", "overlap", "weight norm")
_READ_THAT = "load it in Modelwright, save it, and read that.\n"


class PlaceCode(QWidget):
    """Code that loads the file of a case onto a place.

    ``code_wanted``: the Python that builds an edited model is to be written; where it would lie.
    """

    code_wanted = Signal(Path)

    def __init__(self, jobs: Jobs, state: State) -> None:
        super().__init__()
        self._jobs, self._state = jobs, state
        self._case: Case | None = None
        self._read = Path()
        self._edited = is_edited(state)
        self._source: ModelSource | None = None
        self._why_not = ""
        self._verdict = ""
        self._shown: tuple[str, tuple[int, ...]] = ("cpu", ())
        #: The file that the code imports an edited model from, once it was asked where to write it.
        self.written: Path | None = None
        self.view = CodeView(self.tr("Code for your own script"))
        self.said = Said()
        self.said.setAccessibleName(self.tr("What the code needs"))
        self.write = QPushButton(self.tr("&Write the code…"))
        self.write.setAutoDefault(False)
        self.write.clicked.connect(lambda: self.code_wanted.emit(self._beside()))
        line = QHBoxLayout()
        line.addWidget(self.said, 1)
        line.addWidget(self.write)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view, 1)
        column.addLayout(line)
        self.said.hide()
        self.write.hide()

    def show_file(self, case: Case) -> None:
        """Speak of this file from now on."""
        other = self._case is None or self._read != case.path
        self._case, self._read = case, case.path
        document = self._state.document
        if other and self._edited and document is not None:
            self.written, self._verdict = None, ""
            name = self._beside().stem
            self._jobs.start(lambda _: core.model_source(document, name), self._can, self._cannot)

    def show_place(self, place: str, gpus: tuple[int, ...]) -> None:
        """Show the code for a place: cpu, cuda, dp or ddp, and the numbers of the GPUs."""
        self._shown = (place, gpus)
        self.view.show_code(self._script(place, gpus))
        self._offer()

    def is_tried(self, code: Path) -> None:
        """Say that it is being written: that takes seconds."""
        told = self.tr("A fresh process tries {} before it is written…").format(code.name)
        self.said.say(told, "muted")
        self.write.setEnabled(False)

    def was_written(self, found: "tuple[Path, Verdict]") -> None:
        """Import the model from the file that was just written."""
        self.write.setEnabled(True)
        self.written, verdict = found
        self._verdict = str(verdict)
        self.show_place(*self._shown)

    def was_not_written(self, error: "ModelwrightError") -> None:
        """Say why there is no such file."""
        self.write.setEnabled(True)
        self.said.say(str(error), "problem")

    # What an edited model needs

    def _can(self, found: "ModelSource") -> None:
        self._source = found
        self.show_place(*self._shown)

    def _cannot(self, error: "ModelwrightError") -> None:
        self._why_not = str(error)
        self.show_place(*self._shown)

    @property
    def _imports_it(self) -> bool:
        """Whether the code imports the model as it is on the desk from a file of its own."""
        return self._edited and self._source is not None and self._fits

    @property
    def _fits(self) -> bool:
        """Whether the file is of the model as it is on the desk, edits and all."""
        plan = self._case.plan if self._case is not None else None
        return plan is not None and plan.fits and plan.trained is None

    def _beside(self) -> Path:
        """Return the file that the code imports from; first that is one beside the weights."""
        if self.written is not None:
            return self.written
        assert self._case is not None
        path = self._case.path
        return core.code_beside(path / path.name if path.is_dir() else path)

    def _offer(self) -> None:
        """Say which file the code needs, and offer to write it where it is not there."""
        shown = self._edited and self._fits
        self.said.setVisible(shown)
        self.write.setVisible(shown and self._source is not None)
        if not shown:
            return
        if self._source is None:
            told = self.tr("The model was edited, and code that builds it cannot be written: {}")
            self.said.say(told.format(self._why_not) if self._why_not else "", "changed")
            return
        code = self._beside()
        self.write.setText(self.tr("&Write {}…").format(code.name))
        if self._verdict:
            self.said.say(f"{code.name}: {self._verdict}.{self._imports()}", "good")
        elif (there := _text_of(code)) is not None:
            same = there == self._source.text
            told = self.tr("The model was edited. {} is there, and builds it.")
            if not same:
                told = self.tr("The model was edited. {} is there, but it is another: the code"
                               " needs the one that builds it.")  # fmt: skip
            self.said.say(told.format(code.name) + self._imports(), "good" if same else "changed")
        else:
            told = self.tr("The model was edited: the code needs {}, which builds it.")
            self.said.say(told.format(code.name) + self._imports(), "changed")

    def _imports(self) -> str:
        """Say what else has to be found by Python, where it is not beside the code."""
        assert self._source is not None
        others = [each for each in self._source.folders if each != self._beside().parent]
        told = self.tr(" It imports your own files from {}: start Python where it finds them.")
        return told.format(", ".join(map(str, others))) if others else ""

    # The code

    def _script(self, place: str, gpus: tuple[int, ...]) -> str:
        from core.placement import Layout, distributed_script, loading_script

        kwargs = self._facts_of_the_file(in_each=place == "ddp")
        listed = ",".join(map(str, gpus))
        if place == "ddp":
            return distributed_script(gpus=listed or 2, **kwargs)
        contents = self._case.contents if self._case is not None else None
        wrapped = contents is not None and any(".module." in f".{n}" for n in contents.tensors)
        whole = contents is not None and contents.kind == "whole model"
        saved = Layout(several=wrapped, whole=whole)
        if place == "cpu":
            return loading_script(saved, Layout(gpus="none"), **kwargs)
        if place == "cuda":
            return loading_script(saved, Layout(gpus=str(gpus[0]) if gpus else "0"), **kwargs)
        return loading_script(saved, Layout(several=True, gpus=listed or "0,1"), **kwargs)

    def _facts_of_the_file(self, in_each: bool) -> dict[str, Any]:
        """Return how a script builds the model of the file and gets at its weights.

        ``in_each``: several processes run these lines.
        """
        from core.files.code import weights_code

        case = self._case
        file, read = "model.pth", ""
        if case is not None and case.contents is not None and case.contents.weights:
            file = case.path.name
            weights = case.plan.weights if case.plan is not None else None
            read = weights_code(case.contents, weights, in_each=in_each)
            read += self._misfit() + _renaming(case.plan)
        imports, build = self._building()
        return {"build": build, "imports": imports, "file": file, "read": read}

    def _building(self) -> tuple[str, str]:
        """Return imports and call: of the model on the desk, or of the one the file is of."""
        from core.document import Source
        from core.placement import building_code

        if self._imports_it:
            return f"from {self._beside().stem} import build_model", "build_model()"
        document, guess = self._state.document, self._guess
        source = document.source if document is not None else Source("")
        if self._edited and self._fits:
            imports, build = building_code(source)
            return imports + edits_told(self._state), build
        return building_code(Source(guess.source, "torchvision") if guess else source)

    @property
    def _guess(self) -> "Guess | None":
        """The model that the file is of, by all its names and sizes, where that is sure."""
        found = self._case.guesses if self._case is not None else ()
        if self._edited and self._fits:
            return None
        return found[0] if found and found[0].share > _SURE else None

    def _misfit(self) -> str:
        """Say in a comment that the file is not all of what the script builds."""
        guess, plan = self._guess, self._case.plan if self._case is not None else None
        if guess is not None:
            return "" if guess.whole else f"# Not all of it fits this model: {_READ_THAT}"
        worked_out = [row for row in plan.rows if row.how.startswith(_WORKED_OUT)] if plan else []
        told = f"# {len(worked_out)} tensors are worked out for this model: {_READ_THAT}"
        return told if worked_out else ""


def _text_of(code: Path) -> str | None:
    """Return what stands in a file; ``None`` where there is none that can be read."""
    try:
        return code.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _renaming(plan: "Plan | None") -> str:
    """Return the line that takes away what all names of the file begin with, or says what differs.

    ``module.`` is not one of these: scripts take it off wherever it stands.
    """
    if plan is None:
        return ""
    rows = [(row.name, row.stored) for row in plan.rows if row.name and row.stored]
    more = {there.removesuffix(own) if there.endswith(own) else None for own, there in rows}
    if more <= {"", "module."}:
        return ""
    first = next(iter(more))
    if len(more) > 1 or first is None:
        return f"# Names differ from the model's: {_READ_THAT}"
    start = literal(first)
    return (
        "state = {\n"
        f"    name.removeprefix({start}): tensor\n"
        f"    for name, tensor in state.items() if name.startswith({start})\n"
        "}\n"
    )

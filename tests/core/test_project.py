"""Projects: saved, opened again, moved about, damaged; the oracle is plain PyTorch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import core
from core.document import Document
from core.errors import Cancelled, ModelwrightError, NotTrusted, ProjectError, SaveRefused
from core.project import read_project
from core.session import Session

NET = "Sequential(a=Linear(4, 8), act=ReLU(), b=Linear(8, 2))"
OWN = """
from torch import nn
open({mark!r}, "a").write("ran")
class Net(nn.Sequential):
    def __init__(self, width=4):
        super().__init__(nn.Linear(width, 8), nn.ReLU(), nn.Linear(8, 2))
"""


def plain() -> nn.Sequential:
    """The same network, of plain PyTorch."""
    net = nn.Sequential()
    net.add_module("a", nn.Linear(4, 8))
    net.add_module("act", nn.ReLU())
    net.add_module("b", nn.Linear(8, 2))
    return net


def loaded(folder: Path, **options: Any) -> tuple[Session, dict[str, torch.Tensor]]:
    """Return a session that weights were loaded into, and these."""
    state = plain().state_dict()
    torch.save(state, folder / "trained.pth")
    session = core.open(NET, **options)
    found = core.load(core.match(session.document, core.read_contents(folder / "trained.pth")))
    session.adopt(found.document, "Load trained.pth")
    return session, state


def weights_in(folder: Path, stem: str = "net") -> list[Path]:
    return sorted(folder.glob(f"{stem}.*.pth"))


def same(session: Session, state: dict[str, torch.Tensor]) -> bool:
    own = session.document.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[k], v) for k, v in state.items())


def test_the_steps_come_back_and_can_be_undone(tmp_path: Path) -> None:
    session = core.open(NET, inputs="3,4")
    session.apply("b = Linear(8, 5)")
    session.apply(core.Freeze("a"))
    saved = session.save_project(tmp_path / "net.modelwright")
    assert saved.files == (tmp_path / "net.modelwright",)
    assert session.history.is_clean
    again = core.open(str(saved.path))
    assert again.history.edits == session.history.edits
    assert repr(again.document.root) == repr(session.document.root)
    assert again.document.inputs == session.document.inputs
    assert not again.document.module("a").weight.requires_grad
    assert again.history.is_clean
    assert again.project == saved.path
    again.undo()
    again.undo()
    assert again.document.module("b").out_features == 2
    assert not again.history.is_clean


def test_weights_that_were_loaded_go_along_and_fresh_ones_do_not(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    session.apply("act = Tanh()")
    core.open(NET).save_project(tmp_path / "fresh.modelwright")
    assert weights_in(tmp_path, "fresh") == []
    saved = session.save_project(tmp_path / "net.modelwright")
    assert [saved.weights] == weights_in(tmp_path)
    assert same(core.open(str(saved.path)), state)
    net = plain()
    net.load_state_dict(torch.load(saved.files[0], weights_only=True), strict=True)
    assert all(torch.equal(v, state[k]) for k, v in net.state_dict().items())


def test_undoing_an_edit_of_a_project_loses_no_weights(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    session.apply(core.Freeze("a"))
    session.apply("b = Linear(8, 5)")
    session.apply("act = Tanh()")
    made = session.document.state_dict()
    session.save_project(tmp_path / "net.modelwright")
    again = core.open(str(tmp_path / "net.modelwright"))
    assert same(again, made)
    assert [each.label for each in again.history.steps][-1] == "Weights of net.modelwright"
    again.undo()  # the head that an edit made is fresh now, and what it began with is not
    again.undo()
    assert str(again.document.module("act")) == "ReLU()"
    assert torch.equal(again.document.module("a").weight, state["a.weight"])
    again.jump(0)
    assert torch.equal(again.document.module("a").weight, state["a.weight"])
    assert again.document.module("a").weight.requires_grad
    assert again.document.module("b").out_features == 2
    again.jump(2)
    saved = again.save_project()
    assert saved.weights is not None  # they are still a file's
    found = torch.load(saved.weights, weights_only=True)
    assert torch.equal(found["a.weight"], state["a.weight"])


def test_a_weight_that_was_cut_from_a_loaded_one_goes_along(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    session.apply("a = Linear(4, 8)")
    session.apply("b.out_features = 1")
    saved = session.save_project(tmp_path / "net.modelwright")
    again = core.open(str(saved.path))
    assert torch.equal(again.document.module("b").weight, state["b.weight"][:1])
    assert torch.equal(again.document.module("a").weight, session.document.module("a").weight)


def test_an_optimizer_that_was_loaded_stays_with_the_project(tmp_path: Path) -> None:
    net = plain()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    file = tmp_path / "training.pth"
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, file)
    session = core.open(NET)
    found = core.load(core.match(session.document, core.read_contents(file)))
    session.adopt(found.document, "Load")
    session.save_project(tmp_path / "net.modelwright")
    again = core.open(str(tmp_path / "net.modelwright"))
    core.save(again.document, tmp_path / "out.pth", core.SaveOptions(what="training"))
    out = torch.load(tmp_path / "out.pth", weights_only=True)
    assert out["epoch"] == 3
    moments = [each["exp_avg"] for each in out["optimizer"]["state"].values()]
    meant = [each["exp_avg"] for each in optimizer.state_dict()["state"].values()]
    assert all(torch.equal(one, other) for one, other in zip(moments, meant, strict=True))


def test_a_structure_without_weights_is_kept_as_one(tmp_path: Path) -> None:
    session = core.open(NET, structure=True)
    session.apply("act = Tanh()")
    saved = session.save_project(tmp_path / "net.modelwright")
    again = core.open(str(saved.path))
    assert saved.weights is None
    assert again.document.source.structure_only
    assert again.document.module("a").weight.is_meta


def test_a_rewired_model_comes_back_with_its_forward(tmp_path: Path) -> None:
    session, _ = loaded(tmp_path, inputs="1,4")
    session.apply(core.AddOutput("", "act", "hidden"))
    session.save_project(tmp_path / "net.modelwright")
    again = core.open(str(tmp_path / "net.modelwright"))
    x = torch.ones(2, 4)
    with torch.no_grad():
        ours, theirs = session.model()(x), again.model()(x)
    assert len(ours) == len(theirs) == 2
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_saving_again_leaves_one_file_of_weights_and_none_where_none_is_needed(
    tmp_path: Path,
) -> None:
    session, _ = loaded(tmp_path)
    first = session.save_project(tmp_path / "net.modelwright").weights
    session.apply("b = Linear(8, 3)")
    second = session.save_project().weights
    assert first != second
    assert weights_in(tmp_path) == [second]
    session.jump(0)
    assert session.save_project().weights is None
    assert weights_in(tmp_path) == []
    assert (tmp_path / "trained.pth").exists()


def test_weights_that_another_project_names_stay(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    shutil.copy(saved.path, tmp_path / "old.modelwright")
    session.apply("b = Linear(8, 3)")
    session.save_project()
    assert same(core.open(str(tmp_path / "old.modelwright")), state)


def test_a_file_of_the_users_with_the_name_of_the_project_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_text("mine")
    session, _ = loaded(tmp_path)
    session.save_project(tmp_path / "net.modelwright")
    assert (tmp_path / "net.pth").read_text() == "mine"


def test_nothing_is_written_over_without_a_yes(tmp_path: Path) -> None:
    (tmp_path / "net.modelwright").write_text("precious")
    with pytest.raises(SaveRefused, match="exists"):
        core.open(NET).save_project(tmp_path / "net.modelwright")
    assert (tmp_path / "net.modelwright").read_text() == "precious"


def test_saving_without_a_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaveRefused, match="where"):
        core.open(NET).save_project()


def test_a_model_that_nobody_can_build_again_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaveRefused, match="object"):
        Session(Document.of(plain())).save_project(tmp_path / "net.modelwright")
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_between_the_two_files_leaves_the_old_project_whole(
    tmp_path: Path,
) -> None:
    session, state = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    script = (
        "import os, core, core.project.saving\n"
        f"session = core.open({str(saved.path)!r})\n"
        "session.apply('b = Linear(8, 3)')\n"
        "core.project.saving.atomic_write = lambda _: os._exit(9)\n"
        "session.save_project()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(core.__file__).parents[1])
    assert done.returncode == 9
    assert len(weights_in(tmp_path)) == 2  # the new ones are written, and nothing names them
    assert same(core.open(str(saved.path)), state)


def test_stopping_leaves_the_old_project_and_nothing_else(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    before = sorted(tmp_path.iterdir())
    session.apply("b = Linear(8, 3)")
    asked = iter([False] * 3 + [True] * 99)
    with pytest.raises(Cancelled):
        core.save_project(
            session.document, session.recipe(), saved.path, overwrite=True,
            cancelled=lambda: next(asked),
        )  # fmt: skip
    assert sorted(tmp_path.iterdir()) == before
    assert same(core.open(str(saved.path)), state)


# What belongs to it has changed


def test_weights_that_are_not_there_are_said(tmp_path: Path) -> None:
    session, _ = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    assert saved.weights is not None
    saved.weights.unlink()
    with pytest.raises(ProjectError, match=rf"needs its weights, {saved.weights.name}, beside it"):
        core.open(str(saved.path))


@pytest.mark.parametrize("longer", [True, False])
def test_weights_of_other_contents_are_said(tmp_path: Path, longer: bool) -> None:
    session, _ = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    assert saved.weights is not None
    data = bytearray(saved.weights.read_bytes())
    data[len(data) // 2] ^= 1
    saved.weights.write_bytes(data + b"x" if longer else data)
    with pytest.raises(ProjectError, match="not the file of weights that"):
        core.open(str(saved.path))


def test_weights_that_stand_outside_its_folder_are_not_opened(tmp_path: Path) -> None:
    session, _ = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    raw = json.loads(saved.path.read_text())
    raw["weights"]["file"] = "../secret.pth"
    saved.path.write_text(json.dumps(raw))
    with pytest.raises(ProjectError, match="outside its own folder"):
        core.open(str(saved.path))


def test_a_project_moved_with_its_weights_opens(tmp_path: Path) -> None:
    session, state = loaded(tmp_path)
    saved = session.save_project(tmp_path / "net.modelwright")
    there = tmp_path / "there"
    there.mkdir()
    for each in saved.files:
        shutil.move(each, there)
    assert same(core.open(str(there / "net.modelwright")), state)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("\0\0\0", "not JSON"),
        ("[1]", "no project"),
        ('{"format": "modelwright recipe"}', "no project"),
        ('{"format": "modelwright project", "schema_version": 99}', "newer Modelwright"),
        (
            '{"format": "modelwright project", "schema_version": 1,'
            ' "recipe": {"schema_version": 99, "source": "x"}}',
            "newer Modelwright",
        ),
        ('{"format": "modelwright project", "schema_version": 1}', "damaged project"),
        (
            '{"format": "modelwright project", "schema_version": 1,'
            ' "recipe": {"source": "x", "edits": [{"edit": "Explode"}]}}',
            "Explode",
        ),
    ],
)
def test_what_is_no_project_is_said(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "net.modelwright"
    file.write_text(text)
    with pytest.raises(ProjectError, match=reason):
        read_project(file)
    with pytest.raises(ModelwrightError, match=reason):
        core.open(str(file))


def test_a_project_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="could not be read"):
        core.open(str(tmp_path / "gone.modelwright"))


# A class in the user's own file


@pytest.fixture
def own(tmp_path: Path) -> Callable[[], Path]:
    """Return a project of a class in a file, whose running leaves a mark; the mark is cleared."""

    def make() -> Path:
        code, mark = tmp_path / "code", tmp_path / "ran"
        code.mkdir()
        (code / "net.py").write_text(OWN.format(mark=str(mark)))
        session = core.open(f"{code / 'net.py'}:Net(width=3)", trust=True, inputs="1,3")
        session.apply("2 = Linear(8, 7)")
        saved = session.save_project(code / "net.modelwright")
        mark.unlink()
        return saved.path

    return make


def test_opening_runs_no_code_that_nobody_has_allowed(
    tmp_path: Path, own: Callable[[], Path]
) -> None:
    project = own()
    with pytest.raises(NotTrusted) as refused:
        core.open(str(project))
    assert refused.value.path == project.parent / "net.py"
    assert not (tmp_path / "ran").exists()
    again = core.open(str(project), trust=core.Code(refused.value.path, refused.value.data))
    assert again.document.module("2").out_features == 7
    assert (tmp_path / "ran").exists()


def test_project_and_code_may_be_moved_together(tmp_path: Path, own: Callable[[], Path]) -> None:
    project = own()
    assert json.loads(project.read_text())["recipe"]["source"] == "net.py:Net(width=3)"
    project.parent.rename(tmp_path / "elsewhere")
    again = core.open(str(tmp_path / "elsewhere" / "net.modelwright"), trust=True)
    assert again.document.module("0").in_features == 3


def test_code_that_was_moved_is_asked_for_and_found_beside_the_project(
    tmp_path: Path, own: Callable[[], Path]
) -> None:
    project = own()
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(project.parent / "net.py", moved / "net.py")
    with pytest.raises(ProjectError, match=r"begins with net.py.*Put net.py beside"):
        core.open(str(project), trust=True)
    session = core.open(f"{moved / 'net.py'}:Net(width=3)", trust=True)
    far = session.save_project(project.parent / "far.modelwright").path
    shutil.move(moved / "net.py", project.parent / "net.py")
    assert core.open(str(far), trust=True).document.module("0").in_features == 3


def test_code_that_has_changed_so_that_the_weights_do_not_fit_is_said(
    tmp_path: Path, own: Callable[[], Path]
) -> None:
    project = own()
    session = core.open(str(project), trust=True)
    torch.save(session.document.state_dict(), tmp_path / "w.pth")
    found = core.load(core.match(session.document, core.read_contents(tmp_path / "w.pth")))
    session.adopt(found.document, "Load")
    session.save_project()
    file = project.parent / "net.py"
    file.write_text(file.read_text().replace("nn.Linear(width, 8)", "nn.Linear(width, 9)"))
    with pytest.raises(ProjectError, match="the source has changed"):
        core.open(str(project), trust=True)


# The terminal


def test_the_terminal_saves_opens_and_edits_projects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli import main

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    project, state = str(tmp_path / "net.modelwright"), plain().state_dict()
    torch.save(state, tmp_path / "trained.pth")
    status, out, _ = run("edit", NET, "--weights", str(tmp_path / "trained.pth"),
                         "--replace", "act=Tanh()", "--save", project)  # fmt: skip
    assert status == 0
    assert "net.modelwright" in out
    status, out, _ = run("show", project)
    assert status == 0
    assert "Tanh" in out
    status, _, err = run("edit", project, "--replace", "act=GELU()", "--save", project)
    assert status == 2
    assert "exists" in err
    run("edit", project, "--replace", "act=GELU()", "--save", project, "--force")
    again = core.open(project)
    assert len(again.history.edits) == 2
    assert same(again, state)
    status, out, _ = run("match", project, str(tmp_path / "trained.pth"))
    assert status == 0
    (weights,) = weights_in(tmp_path)
    weights.unlink()
    status, _, err = run("show", project)
    assert status == 2
    assert "needs its weights" in err


def test_a_recipe_opened_with_other_weights_keeps_its_steps(tmp_path: Path) -> None:
    from core.cli import main

    session = core.open(NET)
    session.apply("act = Tanh()")
    session.save_recipe(tmp_path / "r.json")
    torch.save(plain().state_dict(), tmp_path / "w.pth")
    with pytest.raises(SystemExit):
        main(["edit", str(tmp_path / "r.json"), "--weights", str(tmp_path / "w.pth"),
              "--recipe", str(tmp_path / "again.json")])  # fmt: skip
    again = json.loads((tmp_path / "again.json").read_text())
    assert [each["edit"] for each in again["edits"]] == ["Replace"]

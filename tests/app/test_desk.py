"""Everything asked of the desk is answered by one state; late answers are dropped."""

import threading
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from torch import nn

import core
from app.desk import Desk
from app.jobs import Jobs
from app.state import State
from core.checkpoint import Loaded
from core.document import Document, InputSpec
from core.session import Session


@pytest.fixture
def desk(jobs: Jobs) -> Desk:
    made = Desk(jobs)
    net = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    made.adopt(Session(Document.of(net, (InputSpec(shape=(1, 8)),))))
    return made


def settled(desk: Desk, qtbot: QtBot) -> State:
    qtbot.waitUntil(lambda: desk.state.report is not None and not desk._waiting, timeout=30_000)
    return desk.state


def test_an_edit_shows_its_document_its_shapes_and_what_it_made(desk: Desk, qtbot: QtBot) -> None:
    settled(desk, qtbot)
    desk.ask("2 = Linear(4, 3)")
    qtbot.waitUntil(lambda: desk.state.cursor == 1)
    state = settled(desk, qtbot)
    assert state.report is not None
    assert state.report.document is state.document
    assert str(state.report.output) == "1×3"
    assert state.selection == ("2",)
    assert state.marks == {"2": "changed"}
    assert not state.clean


def test_edits_are_made_in_the_order_they_were_asked_for(desk: Desk, qtbot: QtBot) -> None:
    for _ in range(5):
        desk.ask(core.Insert("", None, "ReLU()"))
    desk.ask(core.Remove("0"))
    qtbot.waitUntil(lambda: desk.state.cursor == 6)
    assert len(list(desk.session.document.root)) == 7  # type: ignore[union-attr, call-overload]


def test_a_refused_edit_is_said_and_changes_nothing(desk: Desk, qtbot: QtBot) -> None:
    before = settled(desk, qtbot)
    with qtbot.waitSignal(desk.refused) as said:
        desk.ask(core.Remove("nothing"))
    assert "nothing" in said.args[0]
    assert desk.state is before


def test_undo_redo_and_jump(desk: Desk, qtbot: QtBot) -> None:
    origin = desk.state.document
    desk.ask("2 = Linear(4, 3)")
    desk.ask("1 = GELU()")
    qtbot.waitUntil(lambda: desk.state.cursor == 2)
    desk.undo()
    assert desk.state.cursor == 1
    desk.redo()
    assert desk.state.cursor == 2
    desk.jump(0)
    assert desk.state.document is origin
    with qtbot.waitSignal(desk.refused):
        desk.undo()


def test_an_answer_for_a_model_that_is_no_longer_wanted_is_dropped(
    jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    really = core.open

    def slow(text: str, **options: object) -> Session:
        if text.startswith("Linear(1"):
            goes_on.wait(20)
        return really(text, **options)

    monkeypatch.setattr(core, "open", slow)
    desk = Desk(jobs)
    desk.open("Linear(1, 1)")
    desk.open("Linear(2, 2)")
    qtbot.waitUntil(lambda: desk.session is not None, timeout=20_000)
    goes_on.set()
    qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
    assert desk.session is not None
    assert desk.session.document.source.text == "Linear(2, 2)"


def test_weights_are_written_and_the_mark_of_changes_goes(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.ask("2 = Linear(4, 3)")
    qtbot.waitUntil(lambda: desk.state.cursor == 1)
    with qtbot.waitSignal(desk.saved):
        desk.save(tmp_path / "net.pth")
    assert desk.state.clean
    plain = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3))
    plain.load_state_dict(torch.load(tmp_path / "net.pth"), strict=True)


def test_a_save_that_fails_is_said_and_the_mark_stays(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.ask("2 = Linear(4, 3)")
    qtbot.waitUntil(lambda: desk.state.cursor == 1)
    with qtbot.waitSignal(desk.refused):
        desk.save(tmp_path / "no" / "such" / "folder.pth")
    assert not desk.state.clean


def loaded(document: Document, path: Path, state: dict[str, torch.Tensor]) -> Loaded:
    torch.save(state, path)
    return core.load(core.match(document, core.read_contents(path)), partial=True)


def test_what_was_loaded_becomes_a_step_that_can_be_undone(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    settled(desk, qtbot)
    other = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    origin, file = desk.state.document, tmp_path / "w.pth"
    assert origin is not None
    with qtbot.waitSignal(desk.told) as told:
        desk.take_loaded(loaded(origin, file, other.state_dict()), origin, file)
    assert told.args == ["w.pth: 4 of 4 loaded and compared"]
    assert desk.state.document is not None
    assert torch.equal(desk.state.document.root[0].weight, other[0].weight)  # type: ignore[index]
    desk.undo()
    assert desk.state.document is origin


def test_what_a_file_did_not_have_is_marked_until_it_is_undone_or_loaded(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    settled(desk, qtbot)
    origin, file = desk.state.document, tmp_path / "w.pth"
    assert origin is not None
    whole = {name: tensor + 1 for name, tensor in origin.state_dict().items()}
    part = {name: tensor for name, tensor in whole.items() if name.startswith("0.")}
    desk.take_loaded(loaded(origin, file, part), origin, file)
    settled(desk, qtbot)
    assert desk.state.marks["2"] == "not loaded"
    assert "0" not in desk.state.marks or desk.state.marks["0"] == "weights"
    desk.ask("1 = Tanh()")
    qtbot.waitUntil(lambda: desk.state.cursor == 2)
    settled(desk, qtbot)
    assert desk.state.marks["2"] == "not loaded"
    now = desk.state.document
    assert now is not None
    desk.take_loaded(loaded(now, file, whole), now, file)
    settled(desk, qtbot)
    assert "not loaded" not in desk.state.marks.values()
    desk.jump(0)
    settled(desk, qtbot)
    assert desk.state.marks == {}


def test_what_was_loaded_into_a_model_that_is_another_by_now_is_refused(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    settled(desk, qtbot)
    origin, file = desk.state.document, tmp_path / "w.pth"
    assert origin is not None
    late = loaded(origin, file, dict(origin.state_dict()))
    desk.ask("1 = Tanh()")
    qtbot.waitUntil(lambda: desk.state.cursor == 1)
    edited = desk.state.document
    with qtbot.waitSignal(desk.refused):
        desk.take_loaded(late, origin, file)
    assert desk.state.document is edited


def test_code_is_run_only_after_a_yes(jobs: Jobs, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("from torch import nn\nclass Net(nn.Module): pass\n")
    desk = Desk(jobs)
    with qtbot.waitSignal(desk.trust_wanted) as wanted:
        desk.open(f"{file}:Net()")
    again, code = wanted.args
    assert code.path == file
    assert code.data == file.read_bytes()
    assert desk.session is None
    again()
    qtbot.waitUntil(lambda: desk.session is not None)


def test_code_that_was_agreed_to_is_not_asked_about_again_until_it_changes(
    jobs: Jobs, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "net.py"
    text = "from torch import nn\nclass A(nn.Module): pass\nclass B(nn.Module): pass\n"
    file.write_text(text)
    desk, asked = Desk(jobs), []
    desk.trust_wanted.connect(lambda again, code: asked.append(again))
    desk.open(f"{file}:C")
    qtbot.waitUntil(lambda: len(asked) == 1)
    with qtbot.waitSignal(desk.refused):  # it is run, and has no such class
        asked[0]()
    desk.open(f"{file}:B")
    qtbot.waitUntil(lambda: desk.session is not None)
    assert len(asked) == 1
    file.write_text(text + "print('something else')\n")
    desk.open(f"{file}:A")
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert desk.session is not None
    assert type(desk.session.document.root).__name__ == "B"


def test_the_selection_goes_to_what_is_still_there(desk: Desk, qtbot: QtBot) -> None:
    settled(desk, qtbot)
    desk.select(("2",))
    desk.ask(core.Remove("2"))
    qtbot.waitUntil(lambda: desk.state.cursor == 1)
    assert desk.state.selection == ("",)

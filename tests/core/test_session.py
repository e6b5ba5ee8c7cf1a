"""The session: one signal, and the notebook's five lines."""

import copy

import pytest
import torch
from torch import nn

import core
from core.errors import EditRefused, ModelwrightError, SpecError
from core.session import Changed


@pytest.fixture
def session() -> core.Session:
    return core.open("Sequential(fc1=Linear(4, 8), relu=ReLU(), fc2=Linear(8, 2))")


def test_every_change_is_announced_once_with_before_and_after(session: core.Session) -> None:
    heard: list[Changed] = []
    session.changed.connect(heard.append)
    first = session.document
    second = session.apply("fc2 = Linear(8, 3)")
    session.undo()
    session.redo()
    session.jump(0)
    assert [(c.before, c.after) for c in heard] == [
        (first, second), (second, first), (first, second), (second, first),
    ]  # fmt: skip


def test_a_refused_edit_is_not_announced(session: core.Session) -> None:
    heard: list[Changed] = []
    session.changed.connect(heard.append)
    for text in ("fc9 = Linear(8, 3)", "fc2 = Linaer(8, 3)", "nonsense", "fc2.out = 3", "= 3", ""):
        with pytest.raises(ModelwrightError):
            session.apply(text)
    assert heard == []
    assert session.history.cursor == 0


def test_edits_are_understood_as_text(session: core.Session) -> None:
    session.apply("fc1.out_features = 6")
    assert session.document.module("fc1").out_features == 6
    session.apply("del relu")
    assert list(session.document.root._modules) == ["fc1", "fc2"]
    session.apply("net.fc2 = nn.Linear(6, 3)")
    assert session.document.module("fc2").out_features == 3


def test_problems_come_with_repairs_that_repair(session: core.Session) -> None:
    session.apply("fc1.out_features = 6")
    problem = session.problems[0]
    assert problem.path == "fc2"
    assert problem.repairs
    session.apply(problem.repairs[0])
    assert session.problems == ()


def test_the_ledger_and_the_difference_tell_what_happened(session: core.Session) -> None:
    session.apply("fc2 = Linear(8, 3)")
    assert session.ledger.count("kept") == 2
    assert session.ledger.count("new") == 2
    assert session.ledger.count("dropped") == 2
    assert session.ledger.share_kept == pytest.approx(40 / 58)
    assert [str(change) for change in session.difference] == [
        "~ fc2: Linear(in_features=8, out_features=2, bias=True)"
        " -> Linear(in_features=8, out_features=3, bias=True)"
    ]


def test_the_model_is_ready_to_train_and_the_document_is_not_touched(
    session: core.Session,
) -> None:
    before = copy.deepcopy(session.document.state_dict())
    model = session.model().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.mse_loss(model(torch.randn(5, 4)), torch.zeros(5, 2)).backward()
    optimizer.step()
    after = session.document.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not torch.equal(model.fc1.weight, after["fc1.weight"])


def test_errors_are_of_one_tree(session: core.Session) -> None:
    with pytest.raises(SpecError):
        session.apply("fc2 = __import__('os').system('true')")
    with pytest.raises(EditRefused):
        session.undo()

"""Optimizer state through edits; torch.optim itself is the oracle."""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.checkpoint import SaveOptions, load, match, save
from core.checkpoint.training import rebound
from core.document import Document
from core.edits import Edit, Insert, Move, Remove, Replace
from core.files import read_contents
from core.session import Session


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
    )


Make = Callable[[nn.Module], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Make] = {
    "Adam": lambda model: torch.optim.Adam(model.parameters(), lr=0.01),
    "SGD": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "AdamW in groups": lambda model: torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
            {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
        ]
    ),
    "RMSprop": lambda model: torch.optim.RMSprop(model.parameters(), momentum=0.5),
}


def trained(make: Make) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(3)
    model = net()
    optimizer = make(model)
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def opened(make: Make, folder: Path) -> tuple[Session, nn.Module, torch.optim.Optimizer]:
    model, optimizer = trained(make)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "lr_scheduler": scheduler.state_dict(),
            "epoch": 7,
            "args": argparse.Namespace(lr=0.1, name="x"),
        },
        folder / "t.pth",
    )
    found = load(match(Document.of(net()), read_contents(folder / "t.pth")))
    return Session(found.document), model, optimizer


def by_name(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return {n: optimizer.state[p] for n, p in model.named_parameters() if p in optimizer.state}


def built(document: Document, like: torch.optim.Optimizer) -> tuple[nn.Module, Any, Any]:
    """An optimizer of the document's model into which the re-bound state was loaded."""
    model = document.model()
    found = rebound(document.training, document)
    parameters = dict(model.named_parameters())
    groups = [{"params": [parameters[n] for n in names]} for names in found.groups["optimizer"]]
    optimizer = type(like)(groups, lr=0.5)  # type: ignore[call-arg]
    optimizer.load_state_dict(found.entries["optimizer"])
    return model, optimizer, found


EDITS: dict[str, tuple[list[Edit], dict[str, str]]] = {
    "nothing": ([], {}),
    "head": ([Replace("4", "Linear(4, 9)")], {}),
    "inserted": ([Insert("", 1, "ReLU()")], {"2": "1", "3": "2", "4": "3", "5": "4"}),
    "swapped": ([Move("2", "", 3)], {"2": "3", "3": "2"}),
    "removed": ([Remove("3")], {"3": "4"}),
}


@pytest.mark.parametrize("which", OPTIMIZERS)
@pytest.mark.parametrize("what", EDITS)
def test_moments_follow_their_parameters(which: str, what: str, tmp_path: Path) -> None:
    session, model, optimizer = opened(OPTIMIZERS[which], tmp_path)
    edits, places = EDITS[what]
    for edit in edits:
        session.apply(edit)
    edited, loaded, found = built(session.document, optimizer)
    before, after = by_name(model, optimizer), by_name(edited, loaded)
    fresh = {"4.weight", "4.bias"} if what == "head" else set()
    assert set(after) == {n for n, _ in edited.named_parameters()} - fresh
    for name, state in after.items():
        place, _, last = name.partition(".")
        then = before[f"{places.get(place, place)}.{last}"]
        for key, value in state.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(then[key])), (name, key)
    for group, old in zip(loaded.param_groups, optimizer.param_groups, strict=True):
        assert group["lr"] == old["lr"]
        assert group["weight_decay"] == old["weight_decay"]
    assert not found.warnings
    edited.train()(torch.randn(8, 4)).sum().backward()
    loaded.step()


def test_by_number_swapped_layers_would_take_each_others_moments(tmp_path: Path) -> None:
    """What plain PyTorch does with the old state after the swap, beside what is right."""
    session, model, optimizer = opened(OPTIMIZERS["Adam"], tmp_path)
    session.apply(Move("2", "", 3))
    swapped = session.document.model()
    plain = torch.optim.Adam(swapped.parameters())
    plain.load_state_dict(optimizer.state_dict())
    before, wrong = by_name(model, optimizer), by_name(swapped, plain)
    assert torch.equal(wrong["2.weight"]["exp_avg"], before["2.weight"]["exp_avg"])
    edited, loaded, _ = built(session.document, optimizer)
    right = by_name(edited, loaded)
    assert torch.equal(right["2.weight"]["exp_avg"], before["3.weight"]["exp_avg"])


def test_one_more_step_is_the_step_that_would_have_been(tmp_path: Path) -> None:
    session, model, optimizer = opened(OPTIMIZERS["Adam"], tmp_path)
    edited, loaded, _ = built(session.document, optimizer)
    x = torch.randn(8, 4)
    for each, steps in ((model, optimizer), (edited, loaded)):
        each.train()
        steps.zero_grad()
        each(x).square().sum().backward()
        steps.step()
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(edited.state_dict()[name], tensor)


def test_what_is_new_and_what_goes_is_said(tmp_path: Path) -> None:
    session, _, _ = opened(OPTIMIZERS["Adam"], tmp_path)
    session.apply(Replace("4", "Linear(4, 9)"))
    found = rebound(session.document.training, session.document)
    assert any("4.weight, 4.bias new" in note for note in found.notes)
    assert any("the state of 4.weight, 4.bias was dropped" in note for note in found.notes)


def test_a_parameter_in_no_group_is_a_warning(tmp_path: Path) -> None:
    def head_only(model: nn.Module) -> torch.optim.Optimizer:
        for parameter in list(model.parameters())[:-2]:
            parameter.requires_grad_(False)
        return torch.optim.Adam([p for p in model.parameters() if p.requires_grad])

    model, optimizer = trained(head_only)
    file = tmp_path / "t.pth"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    frozen = net()
    for parameter in list(frozen.parameters())[:-2]:
        parameter.requires_grad_(False)
    session = Session(load(match(Document.of(frozen), read_contents(file))).document)
    assert session.document.training.bound["optimizer"] == ("4.weight", "4.bias")
    session.apply("0 = Linear(4, 4)")
    found = rebound(session.document.training, session.document)
    assert not [each for each in found.warnings if each.startswith("4.")]
    thawed = Session(session.document)
    from core.edits import Unfreeze

    thawed.apply(Unfreeze("2"))
    warnings = rebound(thawed.document.training, thawed.document).warnings
    assert any("2.weight is in no parameter group" in each for each in warnings)


def test_an_optimizer_of_something_else_is_kept_and_said(tmp_path: Path) -> None:
    other = nn.Linear(9, 9)
    optimizer = torch.optim.Adam(other.parameters())
    other(torch.randn(2, 9)).sum().backward()
    optimizer.step()
    file = tmp_path / "t.pth"
    torch.save({"model": net().state_dict(), "optimizer": optimizer.state_dict()}, file)
    training = load(match(Document.of(net()), read_contents(file))).document.training
    assert training.bound["optimizer"] is None
    assert "could not be told apart" in training.notes[0]


def test_it_is_saved_with_the_document_and_loads_in_plain_pytorch(tmp_path: Path) -> None:
    session, _, optimizer = opened(OPTIMIZERS["SGD"], tmp_path)
    session.apply(Replace("4", "Linear(4, 9)"))
    (file,) = save(session.document, tmp_path / "out.pth", SaveOptions("training"))
    found = torch.load(file, weights_only=True)
    assert found["epoch"] == 7
    assert found["args"] == {"lr": 0.1, "name": "x"}
    assert found["lr_scheduler"]["step_size"] == 3
    model = net()
    model[4] = nn.Linear(4, 9)
    model.load_state_dict(found["model"], strict=True)
    plain = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    plain.load_state_dict(found["optimizer"])
    assert plain.param_groups[0]["lr"] == 0.1
    state = copy.deepcopy(plain.state[model[0].weight]["momentum_buffer"])
    assert torch.equal(state, optimizer.state_dict()["state"][0]["momentum_buffer"])

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
    "body and head": lambda model: torch.optim.Adam(
        [
            {"params": [*model[:4].parameters()], "lr": 0.001, "weight_decay": 0.1},
            {"params": [*model[4].parameters()], "lr": 0.01},
        ]
    ),
    "head and body": lambda model: torch.optim.SGD(
        [
            {"params": [*model[4].parameters()], "lr": 0.1},
            {"params": [*model[:4].parameters()], "lr": 0.01, "weight_decay": 0.2},
        ],
        momentum=0.9,
    ),
    "parts and kinds": lambda model: torch.optim.AdamW(
        [
            {"params": [p for p in part.parameters() if (p.dim() > 1) == flat], "lr": lr}
            for part, lr in ((model[:4], 0.001), (model[4:], 0.01))
            for flat in (True, False)
        ]
    ),
    "taking turns": lambda model: torch.optim.AdamW(
        [
            {"params": [model[0].weight, *model[4].parameters()], "lr": 0.1},
            {"params": [model[0].bias, *model[1:4].parameters()], "lr": 0.2},
        ]
    ),
    "by name": lambda model: torch.optim.Adam(nn.DataParallel(model).named_parameters()),
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
    scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "lr_scheduler": scheduler.state_dict(),
            "scaler": scaler.state_dict(),
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
    scaler = torch.amp.GradScaler("cpu")
    scaler.load_state_dict(found["scaler"])
    assert scaler.state_dict()["scale"] == 512.0
    model = net()
    model[4] = nn.Linear(4, 9)
    model.load_state_dict(found["model"], strict=True)
    plain = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    plain.load_state_dict(found["optimizer"])
    assert plain.param_groups[0]["lr"] == 0.1
    state = copy.deepcopy(plain.state[model[0].weight]["momentum_buffer"])
    assert torch.equal(state, optimizer.state_dict()["state"][0]["momentum_buffer"])


def bound(model: nn.Module, optimizer: torch.optim.Optimizer, folder: Path, into: nn.Module) -> Any:
    """The names that the parameters of an optimizer were found to be."""
    file = folder / "t.pth"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    training = load(match(Document.of(into), read_contents(file))).document.training
    assert training is not None
    return training.bound["optimizer"]


def stepped(model: nn.Module, groups: Any) -> torch.optim.Optimizer:
    optimizer = torch.optim.Adam(groups)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def test_a_head_alone_is_found_in_a_model_that_trains_all(tmp_path: Path) -> None:
    model = net()
    optimizer = stepped(model, model[4].parameters())
    assert bound(model, optimizer, tmp_path, net()) == ("4.weight", "4.bias")
    file = tmp_path / "t.pth"
    document = load(match(Document.of(net()), read_contents(file))).document
    warnings = rebound(document.training, document).warnings
    assert len(warnings) == len(list(model.parameters())) - 2
    assert "0.weight is in no parameter group of optimizer" in warnings[0]


def test_layers_that_could_be_each_other_are_not_guessed(tmp_path: Path) -> None:
    """One group a layer, all of one shape: last to first looks like first to last."""

    def alike() -> nn.Sequential:
        return nn.Sequential(*(nn.Linear(4, 4) for _ in range(3)))

    model = alike()
    for layers in (list(model), list(model)[::-1]):
        groups = [{"params": [*layer.parameters()]} for layer in layers]
        assert bound(model, stepped(model, groups), tmp_path, alike()) is None
    part = stepped(model, model[1].parameters())  # nothing says which of the three
    assert bound(model, part, tmp_path, alike()) is None


def test_many_groups_in_the_models_order_or_backwards(tmp_path: Path) -> None:
    def tower() -> nn.Sequential:
        return nn.Sequential(*(nn.Linear(n + 2, n + 3) for n in range(6)))

    model = tower()
    names = [[f"{n}.weight", f"{n}.bias"] for n in range(6)]
    for step in (1, -1):
        groups = [{"params": [*layer.parameters()]} for layer in list(model)[::step]]
        wanted = tuple(name for each in names[::step] for name in each)
        assert bound(model, stepped(model, groups), tmp_path, tower()) == wanted


def test_groups_that_take_turns_in_two_ways_are_not_guessed(tmp_path: Path) -> None:
    def wide() -> nn.Sequential:
        return nn.Sequential(*(nn.Linear(4, 4) for _ in range(4)))

    model = wide()
    groups = [
        {"params": [*model[0].parameters(), *model[2].parameters()]},
        {"params": [*model[1].parameters(), *model[3].parameters()]},
    ]
    assert bound(model, stepped(model, groups), tmp_path, wide()) is None


def test_without_moments_several_groups_are_not_guessed(tmp_path: Path) -> None:
    model = net()
    groups = [{"params": [*model[:4].parameters()]}, {"params": [*model[4].parameters()]}]
    assert bound(model, torch.optim.SGD(groups, lr=0.1), tmp_path, net()) is None
    plain = torch.optim.SGD(model.parameters(), lr=0.1)
    names = tuple(name for name, _ in net().named_parameters())
    assert bound(model, plain, tmp_path, net()) == names


def test_a_deep_model_is_looked_through_at_once(tmp_path: Path) -> None:
    def deep() -> nn.Sequential:
        return nn.Sequential(*(nn.Linear(2, 2) for _ in range(300)), nn.Linear(2, 3))

    model = deep()
    parameters = list(model.parameters())
    groups = [{"params": parameters[::2]}, {"params": parameters[1::2]}]
    names = [name for name, _ in model.named_parameters()]
    assert bound(model, stepped(model, groups), tmp_path, deep()) == (*names[::2], *names[1::2])
    mixed = [{"params": parameters[::3]}, {"params": parameters[1::3] + parameters[2::3]}]
    assert bound(model, stepped(model, mixed), tmp_path, deep()) is None


def lightning(folder: Path) -> tuple[nn.Module, torch.optim.Optimizer, Path]:
    """What Lightning writes: lists of optimizers and schedulers beside the weights."""
    model, optimizer = trained(OPTIMIZERS["Adam"])
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 20)
    file = folder / "l.ckpt"
    torch.save(
        {
            "epoch": 2,
            "global_step": 40,
            "pytorch-lightning_version": "2.4.0",
            "state_dict": {f"net.{name}": t for name, t in model.state_dict().items()},
            "loops": {"fit_loop": {"epoch_progress": {"current": {"ready": 3}}}},
            "callbacks": {},
            "optimizer_states": [optimizer.state_dict()],
            "lr_schedulers": [scheduler.state_dict()],
            "hparams_name": "kwargs",
        },
        file,
    )
    return model, optimizer, file


def test_lists_of_optimizers_follow_their_parameters(tmp_path: Path) -> None:
    model, optimizer, file = lightning(tmp_path)
    session = Session(load(match(Document.of(net()), read_contents(file))).document)
    session.apply(Move("2", "", 3))
    (saved,) = save(session.document, tmp_path / "out.ckpt", SaveOptions("training"))
    found = torch.load(saved, weights_only=True)
    edited = session.document.model()
    plain = torch.optim.Adam(edited.parameters())
    plain.load_state_dict(found["optimizer_states"][0])
    torch.optim.lr_scheduler.OneCycleLR(plain, 0.1, 20).load_state_dict(found["lr_schedulers"][0])
    before, after = by_name(model, optimizer), by_name(edited, plain)
    assert torch.equal(after["2.weight"]["exp_avg"], before["3.weight"]["exp_avg"])
    assert torch.equal(after["3.weight"]["exp_avg"], before["2.weight"]["exp_avg"])
    assert found["loops"]["fit_loop"]["epoch_progress"]["current"]["ready"] == 3
    groups = rebound(session.document.training, session.document).groups
    assert list(groups) == ["optimizer_states.0"]


def test_two_optimizers_each_have_their_part(tmp_path: Path) -> None:
    model = net()
    optimizers = {
        "body": stepped(model, model[:4].parameters()).state_dict(),
        "head": stepped(model, model[4].parameters()).state_dict(),
    }
    file = tmp_path / "t.pth"
    torch.save({"model": model.state_dict(), "optimizers": optimizers}, file)
    document = load(match(Document.of(net()), read_contents(file))).document
    found = rebound(document.training, document)
    assert found.groups["optimizers.head"] == (("4.weight", "4.bias"),)
    assert not found.warnings


@pytest.mark.parametrize("what", EDITS)
def test_the_original_training_loads_into_the_edited_model(what: str, tmp_path: Path) -> None:
    """Edits first, then the file: moments still go to the parameters they were made for."""
    opened(OPTIMIZERS["Adam"], tmp_path)
    model, optimizer = trained(OPTIMIZERS["Adam"])
    session = Session(Document.of(net()))
    edits, places = EDITS[what]
    for edit in edits:
        session.apply(edit)
    plan = match(
        session.document, read_contents(tmp_path / "t.pth"), origin=session.history.origin,
        choices=["edits=before"],
    )  # fmt: skip
    document = load(plan, partial=what == "head").document
    edited, loaded, _ = built(document, optimizer)
    before, after = by_name(model, optimizer), by_name(edited, loaded)
    fresh = {"4.weight", "4.bias"} if what == "head" else set()
    assert set(after) == {n for n, _ in edited.named_parameters()} - fresh
    for name, state in after.items():
        place, _, last = name.partition(".")
        then = before[f"{places.get(place, place)}.{last}"]
        assert torch.equal(state["exp_avg"], then["exp_avg"]), name


def convolved(channels: int = 3, classes: int = 5) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, 4, 1), nn.Flatten(), nn.Linear(16, classes))


KEPT_MOMENTS: dict[str, Make] = {
    "Adam": lambda model: torch.optim.Adam(model.parameters(), amsgrad=True),
    "by name": lambda model: torch.optim.Adam(model.named_parameters()),
    "SGD": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "Adadelta": lambda model: torch.optim.Adadelta(model.parameters()),
    "Adagrad": lambda model: torch.optim.Adagrad(model.parameters()),
    "Adamax": lambda model: torch.optim.Adamax(model.parameters()),
    "Rprop": lambda model: torch.optim.Rprop(model.parameters()),
    "ASGD": lambda model: torch.optim.ASGD(model.parameters()),
    "Adafactor": lambda model: torch.optim.Adafactor(model.parameters()),
}


def resumed(
    make: Make, into: nn.Module, folder: Path, *choices: str
) -> tuple[torch.optim.Optimizer, nn.Module, torch.optim.Optimizer, list[str]]:
    """A training that goes on in a model of another size, after a step of plain torch.optim.

    Its moments are those from before that step.
    """
    torch.manual_seed(5)
    model = convolved()
    optimizer = make(model)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(8, 3, 2, 2)).square().sum().backward()
        optimizer.step()
    file = folder / "t.pth"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    plan = match(Document.of(into), read_contents(file), choices=choices)
    session = Session(load(plan).document)
    (saved,) = save(session.document, folder / "out.pth", SaveOptions("training"))
    found = torch.load(saved, weights_only=True)
    edited = session.document.model().train()
    edited.load_state_dict(found["model"], strict=True)
    goes_on = make(edited)
    goes_on.load_state_dict(found["optimizer"])
    moments = copy.deepcopy(goes_on)
    edited(torch.randn(8, edited[0].in_channels, 2, 2)).square().sum().backward()
    goes_on.step()
    notes = list(rebound(session.document.training, session.document).notes)
    assert all(each.isfinite().all() for each in edited.parameters())
    return optimizer, edited, moments, notes


@pytest.mark.parametrize("which", KEPT_MOMENTS)
@pytest.mark.parametrize("classes", [3, 9])
def test_moments_of_a_head_that_was_cut_are_cut_as_it_was(
    which: str, classes: int, tmp_path: Path
) -> None:
    optimizer, _, goes_on, notes = resumed(
        KEPT_MOMENTS[which], convolved(classes=classes), tmp_path, "classes=slice"
    )
    then, now = (each.state_dict()["state"] for each in (optimizer, goes_on))
    grown = classes == 9 and which in ("Rprop", "ASGD")  # they do not begin at zero
    if grown or which == "Adafactor":
        assert 2 not in now
        assert any("2.weight" in note and "begin afresh" in note for note in notes)
        return
    rows = min(classes, 5)
    for number in (2, 3):
        for key, value in then[number].items():
            if torch.is_tensor(value) and value.dim() > 0:
                assert torch.equal(now[number][key][:rows], value[:rows]), key
                assert now[number][key].shape[0] == classes
                assert not now[number][key][rows:].any()
            else:
                assert now[number][key] == value
    assert any("2.weight, 2.bias were cut as the weights were" in note for note in notes)


@pytest.mark.parametrize("how", ["sum", "mean", "slice"])
@pytest.mark.parametrize("channels", [1, 5])
def test_moments_of_computed_channels_begin_afresh_and_of_cut_ones_are_cut(
    how: str, channels: int, tmp_path: Path
) -> None:
    optimizer, _, goes_on, notes = resumed(
        KEPT_MOMENTS["Adam"], convolved(channels), tmp_path, f"channels={how}"
    )
    then, now = (each.state_dict()["state"] for each in (optimizer, goes_on))
    assert torch.equal(now[1]["exp_avg"], then[1]["exp_avg"])  # its bias was not touched
    if how == "slice":
        common = min(channels, 3)
        assert torch.equal(now[0]["exp_avg_sq"][:, :common], then[0]["exp_avg_sq"][:, :common])
        assert not now[0]["exp_avg_sq"][:, common:].any()
    else:
        assert 0 not in now
        assert any("the state of 0.weight was dropped" in note for note in notes)


def test_a_head_left_as_it_is_gets_none_of_the_files_moments(tmp_path: Path) -> None:
    model = convolved()
    optimizer = stepped(model, model.parameters())
    file = tmp_path / "t.pth"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    plan = match(Document.of(convolved(classes=9)), read_contents(file))
    edited, goes_on, _ = built(load(plan, partial=True).document, optimizer)
    assert edited[2].weight not in goes_on.state
    assert torch.equal(
        goes_on.state[edited[0].weight]["exp_avg"], optimizer.state[model[0].weight]["exp_avg"]
    )
    edited.train()(torch.randn(8, 3, 2, 2)).sum().backward()
    goes_on.step()

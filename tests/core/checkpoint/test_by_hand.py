"""Tensors that the user pairs, or leaves; held against what plain PyTorch gives by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import densenet121

from core.checkpoint import Plan, load, match, pair_text
from core.document import Document
from core.edits import Replace
from core.errors import CheckpointError, NothingInCommon
from core.files import read_contents
from core.session import Session
from tests.zoo import Tied


def net(classes: int = 4) -> nn.Module:
    return nn.ModuleDict({"body": nn.Linear(3, 5), "fc": nn.Linear(5, classes)})


@pytest.fixture
def document() -> Document:
    return Document.of(net())


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], Path]:
    def write(what: object) -> Path:
        torch.save(what, tmp_path / "file.pth")
        return tmp_path / "file.pth"

    return write


def renamed_head(classes: int = 4) -> dict[str, torch.Tensor]:
    """Names that no rule makes the model's."""
    names = {"fc.weight": "head.kernel", "fc.bias": "head.offset"}
    return {names.get(n, n): t for n, t in net(classes).state_dict().items()}


def standing(plan: Plan, kind: str) -> str:
    return next(each.standing for each in plan.conditions if each.kind == kind)


PAIRS: dict[str, str | None] = {"fc.weight": "head.kernel", "fc.bias": "head.offset"}


@pytest.mark.parametrize("as_texts", [False, True])
def test_a_head_of_another_name_is_paired(as_texts: bool, document: Document, written: Any) -> None:
    state = renamed_head()
    contents = read_contents(written(state))
    assert not match(document, contents).fits
    if as_texts:
        texts = [pair_text(*each) for each in PAIRS.items()]
        assert texts == ["pair=fc.weight<-head.kernel", "pair=fc.bias<-head.offset"]
        plan = match(document, contents, choices=texts)
    else:
        plan = match(document, contents, pairs=PAIRS)
    assert plan.complete
    assert standing(plan, "paired") == "notes"
    oracle = net()
    back = {"head.kernel": "fc.weight", "head.offset": "fc.bias"}
    oracle.load_state_dict({back.get(n, n): t for n, t in state.items()})
    for name, tensor in load(plan).document.state_dict().items():
        assert torch.equal(tensor, oracle.state_dict()[name]), name


def test_a_pair_stands_before_what_was_found(document: Document, written: Any) -> None:
    """Two tensors of one shape, exchanged: each goes where the user says."""
    layers = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    contents = read_contents(written(layers.state_dict()))
    pairs = {"0.weight": "1.weight", "1.weight": "0.weight"}
    found = load(match(Document.of(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))), contents,
                       pairs=pairs)).document.state_dict()  # fmt: skip
    assert torch.equal(found["0.weight"], layers[1].weight)
    assert torch.equal(found["1.weight"], layers[0].weight)
    assert torch.equal(found["0.bias"], layers[0].bias)


def test_what_a_pair_takes_away_is_missing_elsewhere(written: Any) -> None:
    layers = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    plan = match(
        Document.of(layers), read_contents(written(layers.state_dict())),
        pairs={"0.weight": "1.weight"},
    )  # fmt: skip
    assert [row.name for row in plan.with_status("missing")] == ["1.weight"]
    assert [row.stored for row in plan.with_status("unexpected")] == ["0.weight"]


def test_what_is_left_keeps_the_models_values(document: Document, written: Any) -> None:
    state = net().state_dict()
    plan = match(document, read_contents(written(state)), choices=["leave=fc.bias"])
    assert plan.fits
    assert not plan.complete
    assert [row.stored for row in plan.with_status("ignored")] == ["fc.bias"]
    found = load(plan)
    assert found.random == ("fc.bias",)
    mine = found.document.state_dict()
    assert torch.equal(mine["fc.bias"], document.state_dict()["fc.bias"])
    assert torch.equal(mine["fc.weight"], state["fc.weight"])


def test_a_tensor_of_the_file_alone_is_passed_over(document: Document, written: Any) -> None:
    state = net().state_dict()
    file = written({**state, "extra": torch.zeros(7)})
    with pytest.raises(CheckpointError, match="1 unexpected"):
        load(match(document, read_contents(file)))
    found = load(match(document, read_contents(file), choices=["leave=extra"]))
    assert torch.equal(found.document.state_dict()["fc.weight"], state["fc.weight"])


def test_a_tied_tensor_is_left_under_all_its_names(written: Any) -> None:
    document = Document.of(Tied())
    state = {name: torch.randn_like(tensor) for name, tensor in Tied().state_dict().items()}
    plan = match(document, read_contents(written(state)), choices=["leave=head.weight"])
    assert {row.name for row in plan.with_status("left")} == {"head.weight", "embedding.weight"}
    found = load(plan).document.state_dict()
    assert torch.equal(found["head.weight"], document.state_dict()["head.weight"])


def test_a_pair_of_other_sizes_is_offered_what_fits(document: Document, written: Any) -> None:
    contents = read_contents(written(renamed_head(9)))
    plan = match(document, contents, pairs=PAIRS)
    assert {row.name for row in plan.with_status("shape differs")} == {"fc.weight", "fc.bias"}
    offers = {choice.text for each in plan.conditions for choice in each.choices}
    assert offers == {"classes=slice"}
    cut = load(match(document, contents, pairs=PAIRS, choices=["classes=slice"])).document
    there = torch.load(contents.path)["head.kernel"]
    assert torch.equal(cut.state_dict()["fc.weight"], there[:4])


def test_a_pair_of_other_dimensions_is_never_cut(document: Document, written: Any) -> None:
    contents = read_contents(written(renamed_head()))
    pairs = {"fc.bias": "head.kernel", "fc.weight": None}
    plan = match(document, contents, pairs=pairs, choices=["sizes=slice"])
    (row,) = plan.with_status("shape differs")
    assert row.note == "has 2 dimensions in the file and 1 in the model"
    assert not [choice for each in plan.conditions for choice in each.choices]


def test_pairs_of_a_model_that_was_edited(written: Any) -> None:
    state = {**net().state_dict(), "spare.weight": torch.randn(7, 5)}
    session = Session(Document.of(net()))
    session.apply(Replace("fc", "Linear(5, 7)"))
    plan = match(
        session.document, read_contents(written(state)), origin=session.history.origin,
        pairs={"fc.weight": "spare.weight"},
    )  # fmt: skip
    found = load(plan).document.state_dict()
    assert torch.equal(found["fc.weight"], state["spare.weight"])
    assert torch.equal(found["body.weight"], state["body.weight"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pair=fc.weigth<-head.kernel", r"The model has no tensor 'fc.weigth'.*mean fc.weight"),
        ("pair=fc.weight<-haed.kernel", r"no tensor 'haed.kernel'.*Did you mean head.kernel"),
        ("leave=fc.bais", r"Neither the model nor .* 'fc.bais'.*Did you mean fc.bias"),
        ("pair=fc.weight", "is no pair; write pair=NAME IN THE MODEL<-NAME IN THE FILE"),
        ("keep=everything", "keep can be module prefix or prefix or spelling"),
    ],
)
def test_names_that_nobody_has(text: str, said: str, document: Document, written: Any) -> None:
    with pytest.raises(CheckpointError, match=said):
        match(document, read_contents(written(renamed_head())), choices=[text])


def test_one_tensor_is_paired_once(document: Document, written: Any) -> None:
    choices = ["pair=fc.weight<-head.kernel", "leave=fc.weight"]
    with pytest.raises(CheckpointError, match=r"fc.weight was paired twice"):
        match(document, read_contents(written(renamed_head())), choices=choices)


def test_of_several_sets_the_one_that_has_the_named_tensor(
    document: Document, written: Any
) -> None:
    file = written({"model": net().state_dict(), "model_ema": renamed_head()})
    plan = match(document, read_contents(file), pairs=PAIRS)
    assert plan.weights.label == "model_ema"
    assert plan.complete


def test_module_is_not_taken_away_where_it_is_to_be_kept(written: Any) -> None:
    wrapped = nn.DataParallel(net()).state_dict()
    contents = read_contents(written(wrapped))
    assert match(Document.of(net()), contents).complete
    with pytest.raises(NothingInCommon, match="nothing in common") as refused:
        match(Document.of(net()), contents, choices=["keep=module prefix"])
    assert {row.status for row in refused.value.plan.rows} == {"missing", "unexpected"}
    same = match(Document.of(nn.DataParallel(net())), contents, choices=["keep=module prefix"])
    assert same.complete
    assert standing(same, "kept") == "notes"


def test_a_prefix_and_old_names_are_kept(written: Any) -> None:
    contents = read_contents(written({f"net.{n}": t for n, t in net().state_dict().items()}))
    with pytest.raises(CheckpointError, match="nothing in common"):
        match(Document.of(net()), contents, choices=["keep=prefix"])
    with torch.device("meta"):
        model = densenet121()
    old = {n.replace("norm1.", "norm.1."): torch.empty(t.shape, dtype=t.dtype) for n, t in
           model.state_dict().items()}  # fmt: skip
    contents = read_contents(written(old))
    assert match(Document.of(model), contents).fits
    assert not match(Document.of(model), contents, choices=["keep=spelling"]).fits


def test_a_file_is_of_the_edited_model_where_the_user_says_so(written: Any) -> None:
    session = Session(Document.of(net()))
    session.apply(Replace("fc", "Linear(5, 7)"))
    contents = read_contents(written(net().state_dict()))
    before = match(session.document, contents, origin=session.history.origin)
    assert {row.name for row in before.with_status("new")} == {"fc.weight", "fc.bias"}
    now = match(session.document, contents, origin=session.history.origin, choices=["edits=after"])
    assert {row.name for row in now.with_status("shape differs")} == {"fc.weight", "fc.bias"}

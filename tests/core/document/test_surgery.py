"""Path copying: the new tree runs, the old one is untouched, all else is shared."""

import copy

import pytest
import torch
from torch import nn

from core.document import Document, parse_inputs
from core.document.surgery import retensored, with_tensors
from core.errors import EditRefused
from tests.zoo import ZOO, BoundMethod, PlainList, Shared, SharedBlock, Sibling, Tied, outputs


def _document(name: str) -> Document:
    build, inputs = ZOO[name]
    return Document.of(build(), parse_inputs(inputs))


def _frozen(root: nn.Module) -> tuple[dict[str, torch.Tensor], dict[str, set[str]]]:
    state = {name: tensor.clone() for name, tensor in root.state_dict().items()}
    return state, {name: set(module.__dict__) for name, module in root.named_modules()}


@pytest.mark.parametrize("name", ZOO)
def test_replacing_any_leaf_by_itself_changes_no_output_and_no_original(name: str) -> None:
    document = _document(name)
    args, kwargs = document.example_inputs()
    expected = outputs(document.root, args, kwargs)
    before = _frozen(document.root)
    for path, module in list(document.modules()):
        if module._modules or not path:
            continue
        edited = document.replace(path, copy.deepcopy(module))
        torch.testing.assert_close(outputs(edited.root, args, kwargs), expected)
        assert edited.module(path) is not module
    state, attributes = _frozen(document.root)
    assert attributes == before[1]
    for key, tensor in state.items():
        assert torch.equal(tensor, before[0][key])


@pytest.mark.parametrize("name", ZOO)
def test_everything_off_the_path_is_shared(name: str) -> None:
    document = _document(name)
    if document.tangled:
        pytest.skip("what reaches the change through other references is copied too")
    for path, module in document.modules():
        if not path or module._modules:
            continue
        edited = document.replace(path, nn.Identity())
        for other, same in document.modules():
            if not path.startswith(other) and other:
                assert edited.module(other) is same


def test_a_shared_module_is_replaced_at_every_use() -> None:
    document = Document.of(Shared())
    new = nn.Linear(6, 6)
    edited = document.replace("first", new)
    assert edited.module("first") is new
    assert edited.module("second") is new
    assert document.module("second") is not new


def test_a_shared_module_can_be_made_independent() -> None:
    document = Document.of(Shared())
    new = nn.Linear(6, 6)
    edited = document.replace("first", new, every_use=False)
    assert edited.module("first") is new
    assert edited.module("second") is document.module("first")


def test_a_layer_inside_a_shared_block_changes_at_both_places() -> None:
    document = Document.of(SharedBlock())
    edited = document.replace("left.0", nn.Linear(6, 6))
    assert edited.module("left") is edited.module("right")
    alone = document.replace("left.0", nn.Linear(6, 6), every_use=False)
    assert alone.module("right") is document.module("right")


def test_plain_references_follow_the_change() -> None:
    edited = Document.of(PlainList()).replace("a", nn.Identity())
    assert edited.root.order[1] is edited.module("a")
    edited = Document.of(Sibling()).replace("inner", nn.Identity())
    friend = edited.module("friend")
    assert friend.others[0] is edited.module("inner")
    assert friend.parents[0] is edited.root


def test_bound_methods_are_bound_to_the_copy() -> None:
    edited = Document.of(BoundMethod()).replace("fc", nn.Linear(4, 9))
    assert edited.root.function.__self__ is edited.root
    assert edited.root(torch.zeros(1, 4)).shape == (1, 9)


def test_hooks_survive() -> None:
    document = Document.of(ZOO["hooked"][0]())
    edited = document.replace("1", nn.Identity())
    assert edited.root(torch.zeros(1, 4)).shape == (1, 2)


def test_exchanging_a_tied_weight_exchanges_it_everywhere() -> None:
    root = Tied()
    weight = nn.Parameter(torch.zeros(11, 8))
    new = retensored(root, {id(root.head.weight): weight})
    assert new.head.weight is weight
    assert new.embedding.weight is weight
    assert new.body is root.body
    assert root.head.weight is not weight


def test_an_lstm_computes_with_the_exchanged_weights() -> None:
    lstm = nn.LSTM(3, 2).eval()
    zeros = {name: nn.Parameter(torch.zeros_like(p)) for name, p in lstm.named_parameters()}
    twin = with_tensors(lstm, zeros)
    x = torch.randn(4, 1, 3)
    assert twin(x)[0].abs().sum() == 0
    assert lstm(x)[0].abs().sum() > 0


def test_a_path_that_does_not_exist_is_refused_with_the_nearest() -> None:
    document = Document.of(nn.Sequential(nn.Linear(1, 1)))
    with pytest.raises(EditRefused, match="no module at '1'"):
        document.module("1")
    with pytest.raises(EditRefused, match="Did you mean first"):
        Document.of(Shared()).module("frist")


def test_a_model_handed_out_shares_no_weight_with_the_document() -> None:
    document = Document.of(Tied())
    model = document.model()
    assert model.head.weight is model.embedding.weight
    with torch.no_grad():
        model.head.weight.zero_()
    assert document.root.head.weight.abs().sum() > 0


def test_tangled_is_said_of_shared_tied_and_plainly_referenced_only() -> None:
    tangled = {name for name in ZOO if _document(name).tangled}
    assert tangled == {"tied", "shared", "shared block", "plain list", "sibling"}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_a_model_that_keeps_a_weight_it_has_computed_is_handed_out_to_train() -> None:
    normed = nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(4, 3)))
    document = Document.of(normed)
    x = torch.randn(2, 4)
    expected = normed(x)  # torch itself refuses to copy it after this
    model = document.model()
    assert torch.equal(model(x), expected)
    model(x).sum().backward()
    assert model[0].weight_g.grad is not None
    assert normed[0].weight_g.grad is None

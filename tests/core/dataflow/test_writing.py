"""A forward that is written does what the one did that it was read from, in both modes."""

import copy
import pickle

import pytest
import torch
from torch import nn

from core.analysis import analyse
from core.dataflow import graph_of, is_rewired, own_class, rewired, write_class
from core.document import Document, difference, ledger, record_of
from core.edits import AddInput, Insert, Remove, SetArguments
from core.errors import EditRefused
from tests.core.dataflow.flows import agree, document
from tests.core.dataflow.odd_forwards import READABLE, DropsOut, EvalOnly, Shapes
from tests.zoo import ZOO, Lists

MODELS = {**{k: v for k, v in ZOO.items() if k not in ("remembering", "recurrent")}, **READABLE}


def written(fed: Document, path: str = "") -> Document:
    return rewired(fed, path, graph_of(fed, path))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_written_forward_gives_what_the_original_gives_in_both_modes(name: str) -> None:
    fed = document(*MODELS[name])
    after = written(fed)
    assert is_rewired(after.root)
    assert isinstance(after.root, type(fed.root))
    assert agree(after.root, fed.root, fed)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_children_tensors_and_names_stay_the_same_objects(name: str) -> None:
    fed = document(*MODELS[name])
    after = written(fed)
    assert dict(after.root._modules) == dict(fed.root._modules)
    assert {k: id(v) for k, v in after.root.state_dict(keep_vars=True).items()} == {
        k: id(v) for k, v in fed.root.state_dict(keep_vars=True).items()
    }
    assert ledger(fed, after).share_kept == 1.0


def test_shapes_and_costs_of_a_written_module_are_those_of_the_original() -> None:
    fed = document(*ZOO["dict output"])
    before, after = analyse(fed), analyse(written(fed))
    assert (before.macs, before.output, before.parameters) == (
        after.macs,
        after.output,
        after.parameters,
    )
    assert not after.problems


def test_the_text_reads_as_one_would_write_it() -> None:
    module = DropsOut().eval()
    text = write_class(module, graph_of(document(DropsOut, "3,4"), "")).text
    assert text == (
        "class RewiredDropsOut(DropsOut):\n"
        '    """DropsOut with another way through it."""\n'
        "\n"
        "    def forward(self, x):\n"
        "        body = self.body(x)\n"
        "        dropout = F.dropout(body, p=0.5, training=self.training)\n"
        "        if self.training:\n"
        "            aux = self.aux(dropout)\n"
        "        return (dropout, aux) if self.training else dropout\n"
    )


def test_numbers_slices_and_messages_are_written_out() -> None:
    text = write_class(Shapes().eval(), graph_of(document(Shapes, "2,3,8,8"), "")).text
    assert 'f"height {' in text
    assert "{{wanted}}" in text
    assert "[:, 0] = 0" in text
    text = write_class(EvalOnly().eval(), graph_of(document(EvalOnly, "3,4"), "")).text
    assert "(2.0 if self.training else 0.5)" in text
    assert "if not self.training:" in text


def test_shapes_are_told_as_comments() -> None:
    fed = document(*ZOO["two inputs"])
    text = write_class(fed.root, graph_of(fed, ""), shapes={"body": "2×6"}).text
    assert "body = self.body(x)  # 2×6\n" in text


def test_children_of_lists_and_dictionaries_are_called_by_their_place() -> None:
    text = write_class(Lists().eval(), graph_of(document(Lists, "2,4"), "")).text
    assert "self.layers[0](x)" in text
    assert 'self.by_name["linear"](' in text


def test_what_is_written_can_be_copied_and_pickled() -> None:
    fed = document(*ZOO["dict output"])
    after = written(fed)
    for twin in (copy.deepcopy(after.root), pickle.loads(pickle.dumps(after.root)), after.model()):
        assert type(twin) is type(after.root)
        assert agree(twin, fed.root, fed)


def test_equal_modules_become_one_class_and_other_ones_do_not() -> None:
    first, second = document(*ZOO["tied"]), document(*ZOO["tied"])
    assert type(written(first).root) is type(written(second).root)
    assert type(written(first).root) is not type(written(document(*ZOO["shared"])).root)


def test_writing_twice_stays_one_class_away_from_the_own_class() -> None:
    fed = document(*ZOO["unused"])
    twice = written(written(fed))
    assert own_class(twice.root) is type(fed.root)
    assert type(twice.root).__mro__[1] is type(fed.root)


def test_a_class_that_nobody_uses_any_more_is_forgotten() -> None:
    import gc

    from core.dataflow import classes

    after = written(document(*ZOO["bare"]))
    name = type(after.root).__qualname__
    assert getattr(classes, name) is type(after.root)
    del after
    from core.analysis import clear_caches

    clear_caches()
    gc.collect()
    with pytest.raises(AttributeError, match="no re-wired class"):
        getattr(classes, name)


def test_the_constructor_call_is_remembered_and_marked_as_edited() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "2,4")
    after = written(fed)
    record = record_of(after.root)
    assert record is not None
    assert record.edited
    assert record.cls is nn.Sequential


def test_a_re_wired_container_takes_no_children_and_no_arguments() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "2,4")
    after = written(fed)
    with pytest.raises(EditRefused, match="forward of its own"):
        Insert("", None, "ReLU()").apply(after)
    with pytest.raises(EditRefused, match="re-wired"):
        SetArguments("", {"x": 1}).apply(after)
    assert isinstance(Remove("1").apply(after).module("1"), nn.Identity)


def test_the_comparison_of_two_documents_names_the_class() -> None:
    fed = document(*ZOO["dict output"])
    assert [str(each) for each in difference(fed, written(fed))] == [
        "~ (root): DictOutput(body, classes) -> RewiredDictOutput(body, classes)"
    ]


def test_a_nested_module_is_written_with_the_way_to_it_copied() -> None:
    fed = document(lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 4)), nn.ReLU()), "2,4")
    after = written(fed, "0")
    assert type(after.root) is nn.Sequential
    assert after.module("1") is fed.module("1")
    assert is_rewired(after.module("0"))
    assert not is_rewired(fed.module("0"))
    assert torch.equal(after.module("0.0").weight, fed.module("0.0").weight)


def test_the_comparison_goes_on_below_a_re_wired_module() -> None:
    fed = document(*ZOO["two inputs"])
    after = AddInput("", "more", (2, 3), before="fc_add").apply(fed)
    assert [str(each) for each in difference(fed, after)][1:] == [
        "~ fc_add: Linear(in_features=7, out_features=3, bias=True)"
        " -> Linear(in_features=10, out_features=3, bias=True)"
    ]

"""A bare list of tensors: no names, so that only their order can say which is which.

``torch.save(list(model.parameters()))`` writes one. Shapes that agree one by one make it likely and
prove nothing: two layers of one size could have changed places. So it is offered, never assumed.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from core.files import Contents, StoredTensor, WeightSet
from core.files.naming import Shape


def bare_list(contents: Contents) -> WeightSet | None:
    """Return the tensors of a file that is a list of nothing else, named by their number."""
    tree = contents.tree
    if not isinstance(tree, list | tuple) or not tree:
        return None
    tensors = {str(n): each for n, each in enumerate(tree) if isinstance(each, StoredTensor)}
    return WeightSet("", tensors) if len(tensors) == len(tree) else None


def in_order(
    own: Mapping[str, Tensor], model: Mapping[str, Shape], file: Mapping[str, Shape]
) -> dict[str, str] | None:
    """Return name in the model -> number in the list, if all shapes agree in order, or ``None``.

    The model's tensors are those of its state dict, or its parameters alone, each once.
    """
    seen: set[int] = set()
    parameters = []
    for name, tensor in own.items():
        if isinstance(tensor, nn.Parameter) and name in model and id(tensor) not in seen:
            seen.add(id(tensor))
            parameters.append(name)
    for names in (list(model), parameters):
        if [model[name] for name in names] == list(file.values()):
            return dict(zip(names, file, strict=True))
    return None

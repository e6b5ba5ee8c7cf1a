"""A user's own file, as it would lie beside a notebook."""

import torch
from torch import Tensor, nn


def scaled(x: Tensor) -> Tensor:
    """A function of the user's own."""
    return x * 2


class Net(nn.Module):
    """A small net with a branch on training."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.body = nn.Linear(3, width)
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.body(x))
        x = nn.functional.dropout(x, 0.3, self.training)
        return self.head(torch.relu(scaled(x)))

"""Two blocks of Dosovitskiy et al., An Image is Worth 16x16 Words (ViT, 2020)."""

from torch import Tensor, nn

from core.blocks.choices import Activation, activation_layer, at_least_one


class PatchEmbedding(nn.Module):
    """Cut an image into patches and make one token of each.

    ``(B, in_channels, H, W)`` to ``(B, H // patch_size * W // patch_size, embed_dim)``, row by row;
    rows and columns that fill no patch are left out.
    """

    def __init__(self, in_channels: int, embed_dim: int, patch_size: int = 16) -> None:
        super().__init__()
        at_least_one(in_channels=in_channels, embed_dim=embed_dim, patch_size=patch_size)
        self.in_channels = in_channels
        self.embed_dim = embed_dim
        self.patch_size = patch_size
        self.proj = nn.Conv2d(in_channels, embed_dim, patch_size, stride=patch_size)

    def forward(self, x: Tensor) -> Tensor:
        """Project each patch."""
        return self.proj(x).flatten(2).transpose(1, 2)


class TransformerEncoderBlock(nn.Module):
    """Self-attention, then a small MLP; each is normalised before and added to its input.

    ``(B, tokens, embed_dim)`` to the same. The MLP is ``mlp_ratio`` times as wide.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        *,
        activation: Activation = "GELU",
    ) -> None:
        super().__init__()
        at_least_one(embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(
                f"embed_dim is split over the heads; {num_heads} do not divide {embed_dim}."
            )
        hidden = int(embed_dim * mlp_ratio)
        at_least_one(hidden=hidden)
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.mlp_ratio = mlp_ratio
        self.dropout = dropout
        self.activation = activation
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden),
            activation_layer(activation),
            nn.Dropout(dropout),
            nn.Linear(hidden, embed_dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Let the tokens look at each other, then work on each."""
        y = self.norm1(x)
        x = x + self.drop(self.attn(y, y, y, need_weights=False)[0])
        return x + self.mlp(self.norm2(x))

"""How tensors travel: read, changed, written, taken home."""

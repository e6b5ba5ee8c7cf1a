"""What a user takes away, tried without Modelwright."""

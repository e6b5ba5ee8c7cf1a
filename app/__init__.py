"""The window: it shows snapshots of a session and asks for edits; it never changes a model."""

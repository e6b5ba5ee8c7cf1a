"""The parts of the window: each shows a State and asks for edits; none knows another."""

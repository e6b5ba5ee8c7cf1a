"""A graph as a picture: laid out off the GUI thread, drawn by one widget."""

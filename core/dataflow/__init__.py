"""One module's forward as a graph: read, changed, and written again as Python."""

"""Questions to the user, and the sheets that stand over the window."""

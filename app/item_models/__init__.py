"""Qt item models: they hold a snapshot and move it when another is shown."""

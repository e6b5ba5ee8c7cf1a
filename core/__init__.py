"""Modelwright without a screen."""

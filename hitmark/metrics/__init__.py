"""Metrics: what a controlled clip reached and what it kept. Pure functions of arrays; units in each docstring."""

"""What a method does inside the model, measured: the shift that masks cause, and how far a start agrees with the boxes.

Probes are controls that change nothing; `generate(..., watch=probes)` lets them look.
"""

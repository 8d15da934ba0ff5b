"""Pictures as people have them: read upright, as 8-bit RGB, and brought to the shape of a clip."""

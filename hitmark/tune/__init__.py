"""Finding the parameters of a method that suit a model, on tune scenes."""

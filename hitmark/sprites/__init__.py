"""The sprite world: small drawings made for this project, the clips built of them and the model trained on these."""

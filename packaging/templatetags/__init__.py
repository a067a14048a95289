"""Template tags of the app `packaging`."""

"""Template tags of the app `assembly`."""

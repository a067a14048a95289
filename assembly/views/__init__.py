"""The screens of the app `assembly`, by topic."""

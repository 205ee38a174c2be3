"""The pytest plugin of feedserver."""

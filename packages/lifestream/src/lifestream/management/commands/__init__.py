"""The commands: each module is the command of its name, for `manage.py` and for `lifestream`."""

"""The commands, one module each in `commands`, and what they share.

In: the arguments of a command. Out: lines on the terminal, files, and an exit status.

`base`: the class of all commands, which escapes control characters. `file_output`: the file that a command writes.
`lookup`: the feed or lifestream that an argument names. `output`: tables, progress bars and shortages. `readings`: what
`read` prints. `reloading`: `serve --reload`.

This package never imports `site`: its commands run in any project that has the app.
"""

"""The commands of `syncflow`: each module here exports `command`, and its name is the command's.

Import what is heavy inside the command, so that `syncflow --help` is quick.
"""

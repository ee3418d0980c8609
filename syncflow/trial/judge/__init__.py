"""From evidence to figures. Nothing in this package does I/O or looks at a clock.

`docs/users/trial.md` gives every figure's definition in words.
"""

"""A believable small shop to look at before one is connected, in an account of its own (docs/adr/0015).

`goods` says what it sells, `story` what happened in its last ninety days, `store` and `history` write that
down, and `accounts` makes the account and removes it.
"""

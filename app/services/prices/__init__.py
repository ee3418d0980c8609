"""Prices in shops: base price and rule, what is wanted, and the one path by which it is written.

- `base`, `rules`, `listings`: what a person sets;
- `wants`: which listings are to be looked at; `plan`: what each is to show;
- `drain`: claim, read, attempt, write, record; `attempts`: its record; `readings`: what was seen; `brake`;
- `told`: events; `preview`: what a rule would do.
"""

"""CSV files that merchants upload: received in pieces, checked row by row, applied batch by batch.

`receive.py` stores the file; `check.py` reads it and stores what each row would do; a person decides
(`decide.py`); `apply.py` does it. What a row means is the kind's: `catalog.py`, `counted.py`. Each batch is
one transaction that also moves the import's own cursor, so that work which ends anywhere goes on from there.
"""

"""Sums over many rows, kept up to date by a job that folds in what changed since.

Nothing is added to the transactions that take orders in and book stock. What is to be folded is found
without them: orders differ from what they were counted as (`orders.py`), movements and writes are passed by
id once all that could have drawn a lower one have ended (`horizon.py`), variants are noted
(`values.py`). Each slice moves the sums and notes that it did in one transaction, so that nothing counts
twice, whatever crashed.
"""

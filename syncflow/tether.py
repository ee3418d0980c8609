"""Become another program that does not outlive the process that started it.

Run by path as `python -I -S tether.py SIGNAL PARENT UID GID PROGRAM [ARGUMENT...]`, standard library only.
On Linux the kernel sends SIGNAL to the program when PARENT dies, even by kill -9 (PR_SET_PDEATHSIG); other
systems have no such thing. UID and GID of -1 keep the user; otherwise privileges are dropped first, since
dropping them clears the death signal. The interpreter may lie where that user cannot read, so everything
is loaded before.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
COMMAND_NOT_FOUND = 127


def main(arguments: list[str]) -> None:
    death_signal, parent, uid, gid = (int(argument) for argument in arguments[:4])
    program = arguments[4:]
    libc = ctypes.CDLL(None, use_errno=True)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux" and libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        return  # The parent died before the kernel knew of the wish.
    try:
        os.execvp(program[0], program)  # noqa: S606
    except OSError as err:
        sys.stderr.write(f"cannot run {program[0]}: {err.strerror}\n")
        sys.exit(COMMAND_NOT_FOUND)


if __name__ == "__main__":
    main(sys.argv[1:])

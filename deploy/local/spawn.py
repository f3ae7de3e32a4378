"""Becomes another program that dies with its parent: `spawn.py PARENT SIGNAL IDENTITY COMMAND …`.

IDENTITY is `same`, `user:UID` or `namespace:UID`; COMMAND starts with a full path (looking it up
would import more of Python, which another user may not be allowed to read).

A start script of our own instead of `preexec_fn`: code between fork and exec in a process that has
threads (gRPC, asyncio) may deadlock, and Python 3.12 warns about it.

PR_SET_PDEATHSIG is what leaves nothing behind when the parent is killed with -9 and can stop nobody
itself. The kernel forgets it when the user id changes, so it is set last.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CLONE_NEWUSER = 0x10000000
SIGKILL = 9  # importing `signal` (and with it `enum`) would take as long as all the rest


def enter_namespace(uid: int) -> None:
    """Be `uid` to oneself and root to the file system: PostgreSQL refuses to be root."""
    euid, egid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are refused here")
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{uid} {euid} 1")
    write("/proc/self/gid_map", f"{uid} {egid} 1")


def write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123 - pathlib would double the start time of each child
        file.write(text)


def become(uid: int) -> None:
    """Another user, yet one whom closed folders do not stop: our code and data may lie in /root."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    only = 1 << CAP_DAC_OVERRIDE
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)
    if libc.capset(header, effective_permitted_inheritable) == 0:  # or we have to do without
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def die_with(parent: int, signum: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to be told
        os.kill(os.getpid(), SIGKILL)


def main() -> None:
    parent, signum, identity, *command = sys.argv[1:]
    kind, _, uid = identity.partition(":")
    try:
        if kind == "namespace":
            enter_namespace(int(uid))
        elif kind == "user":
            become(int(uid))
        die_with(int(parent), int(signum))
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: cannot be started: {error.strerror or error}")


if __name__ == "__main__":
    main()

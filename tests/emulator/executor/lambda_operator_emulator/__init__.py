"""Plugins for LocalEmu in lambda-operator's conformance suite.

``tests/emulator/ensure`` installs this package, and LocalEmu finds it by its entry
points: an executor with which functions become ready without Docker, and two hooks
that leave out what the suite has no use for and tie the process to who started it.
"""

# What installs Python programs in the tests: sourced by tests/emulator/ensure and
# tests/tools/checkov/ensure.

say() { printf '%s\n' "$*" >&2; }

# A hash of what comes on stdin, short enough for a directory's name.
hash() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-12; }

# Whether a program is a Python 3.12 or 3.13 that can make a virtual environment. A shim of
# pyenv's exists for each version that is installed, and fails when that version isn't activated.
usable() {
  "$1" -c 'import ensurepip, venv, sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# find_python WHO: prints a usable Python, from PATH, else one that pyenv has installed but not activated.
find_python() {
  local name found root
  for name in python3.13 python3.12 python3; do
    found=$(command -v "$name") && usable "$found" && echo "$found" && return
  done
  root=${PYENV_ROOT:-$HOME/.pyenv}
  if command -v pyenv >/dev/null; then root=$(pyenv root 2>/dev/null || echo "$root"); fi
  for found in "$root"/versions/*/bin/python3.13 "$root"/versions/*/bin/python3.12; do
    usable "$found" && echo "$found" && return
  done
  say "error: $1 needs Python 3.12 or 3.13 with the modules venv and ensurepip, and none was found:"
  say "       neither python3.13, python3.12 or python3 on PATH, nor below $root/versions."
  say "       Install one, for example: apt install python3.12-venv, brew install python@3.12, or pyenv install 3.12."
  return 1
}

#!/usr/bin/python3
"""Writes the migrations into a C source: embed.py OUTPUT FILE...  A file's name is its number, 0001.sql and so on without a gap."""
import sys
from pathlib import Path


def literal(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main(output, *names):
    files = sorted(Path(name) for name in names)
    parts = ['#include "store/migrate.h"\n', "const char *const uc_migrations[] = {"]
    for number, path in enumerate(files, 1):
        if int(path.stem) != number:
            sys.exit(f"{path}: wanted number {number}")
        parts += ["    " + literal(line) for line in path.read_text(encoding="ascii").splitlines() if line]
        parts[-1] += ","
    parts += ["};", "", f"const int uc_migration_count = {len(files)};", ""]
    Path(output).write_text("\n".join(parts), encoding="ascii")


main(*sys.argv[1:])
